// Writes completions/ and man/ anew from the built command: node scripts/shell-files.mjs
// With --check it says instead which of them differ.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** What the command prints. */
const printed = (...args) =>
  execFileSync(process.execPath, [join(root, 'dist/cli.cjs'), ...args], { encoding: 'utf8' })

const COMPLETIONS = { bash: 'virt-cpu.bash', zsh: '_virt-cpu', fish: 'virt-cpu.fish' }

/** The files, by their places. */
const shellFiles = () => ({
  ...Object.fromEntries(
    Object.entries(COMPLETIONS).map(([shell, file]) => [`completions/${file}`, printed('completion', shell)]),
  ),
  'man/virt-cpu.1': manPage(),
})

/** The manual of all commands, from their help texts. */
function manPage() {
  const [, options = '', commands = ''] =
    /\n {2}options:\n([\s\S]*?)\n\n([\s\S]*?)\n\n {2}`virt-cpu COMMAND/.exec(printed('--help')) ?? []
  const groups = commands.split('\n\n').map(group => group.split('\n'))
  const sections = groups.flatMap(([heading = '', ...lines]) => [
    `.SH ${roff(heading.trim().replace(/:$/, '').toUpperCase())}`,
    ...lines.map(line => commandSection(line.trim().split(/\s+/)[0])),
  ])
  return `${[
    `.TH VIRT-CPU 1 "" "virt-cpu ${version}" "User Commands"`,
    '.SH NAME\nvirt\\-cpu \\- guest CPU models for virtualization fleets',
    '.SH SYNOPSIS\n.B virt\\-cpu\n[\\fIoption\\fR]... \\fIcommand\\fR [\\fIargument\\fR]...',
    `.SH DESCRIPTION\n${roff(ABOUT)}`,
    `.SH OPTIONS\n${options
      .replace(/\n {20,}/g, '  ')
      .split('\n')
      .map(optionItem)
      .join('\n')}`,
    ...sections,
    `.SH EXIT STATUS\n${roff(STATUS)}`,
    '.SH SEE ALSO\n.BR virsh (1),\n.BR qemu\\-system\\-x86_64 (1)',
  ].join('\n')}\n`
}

const ABOUT = `Gives libvirt's answers about CPUs on any machine, and says why, down to the bit and the host. Commands of virsh's
print what virsh prints; the others begin with what they found, and end with what to do.`

const STATUS = `0: yes, or done. 1: the answer is no; of virsh's commands also an error. 2: of the others a mistake in the call, or a
file that cannot be read.`

/** A command's help text as a section. */
function commandSection(name) {
  const parts = printed(name, '--help')
    .split(/^ {2}(?=[A-Z])/m)
    .slice(1)
  return parts.map(part => helpPart(...splitHead(part))).join('\n')
}

const splitHead = part => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).trimEnd()]

function helpPart(head, body) {
  if (head === 'NAME') return `.SS ${roff(body.trim().replace(' - ', ': '))}`
  if (head === 'SYNOPSIS') return `.PP\n.B ${roff(body.trim().replace(/\s+/g, ' '))}`
  if (head === 'EXAMPLE')
    return `.PP\nExample:\n.PP\n.nf\n.RS\n${roff(body.replace(/^ {4}/gm, ''))}\n.RE\n.fi`
  if (!head.startsWith('OPTIONS')) return `.PP\n${roff(body.replace(/^ +/gm, ''))}`
  const title = head === 'OPTIONS' ? '' : '.PP\nWhat virsh does not have:\n'
  return (
    title +
    body
      .replace(/\n {8,}/g, '  ')
      .split('\n')
      .map(optionItem)
      .join('\n')
  )
}

/** `--name <value>  what it does`. What follows a line break begins with two blanks, too. */
function optionItem(line) {
  const [, option = '', text = ''] =
    /^\s*(.*?)(?: {2,}(.*))?$/.exec(line.replace(/^(\s*-\w \| --\S+) +/, '$1  ')) ?? []
  return `.TP\n.B ${roff(option)}\n${roff(text.replace(/ {2,}/g, ' ')) || '\\&'}`
}

/** Text in which no sign means something to roff, in lines that are no requests. */
const roff = text =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&')

const isCheck = process.argv.includes('--check')
for (const [path, text] of Object.entries(shellFiles())) {
  const place = join(root, path)
  if (isCheck && readFileSync(place, 'utf8') !== text) {
    console.error(`${path} is not as the command prints it: node scripts/shell-files.mjs`)
    process.exitCode = 1
  } else if (!isCheck) {
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, text)
  }
}
