import { DEFAULT_LIBVIRT, type LibvirtVersion } from '../core/libvirt-version.ts'
import { CpuMap } from '../map/cpu-map.ts'
import { dataFile } from '../map/data.ts'
import type { Database } from '../map/database.ts'
import { builtinReleases } from '../map/releases.ts'
import { allOptions, isKnown } from './arguments.ts'
import { type CommandTable, GROUPS } from './command.ts'
import type { CommandSpec, OptionSpec } from './spec.ts'

/** Help as it is called: `kubectl virtcpu` runs the program by the name that plugins of kubectl have. */
export const asCalled = (help: string): string =>
  /[\\/]kubectl-virtcpu(?:\.\w+)?$/.test(process.argv[1] ?? '')
    ? help.replace(/\bvirt-cpu (?=\S)/g, 'kubectl virtcpu ')
    : help

/** `virt-cpu --help` */
export function generalHelp(commands: CommandTable): string {
  const width = Math.max(...Object.keys(commands).map(name => name.length)) + 2
  const groups = Object.entries(GROUPS).map(([group, heading]) => {
    const own = Object.entries(commands).filter(([, entry]) => entry.group === group)
    const lines = own.map(([name, { summary }]) => `    ${name.padEnd(width)}${summary}`)
    return `  ${heading}:\n${lines.join('\n')}`
  })
  return `
virt-cpu [options]... [<command_string>]
virt-cpu [options]... <command> [args...]

  options:
    -c | --connect=URI      test:///default behaves as libvirt's test driver; any local URI is this host
    -q | --quiet            no empty line after the output
    -h | --help             this help
    -v | --version[=TYPE]   version, TYPE is short or long
    -V                      long version
         --cpu-map=DIR      an installed libvirt's cpu_map instead of the built-in data (or VIRT_CPU_MAP)
         --libvirt=VERSION  whose behaviour and data: a version from 11.3 on; 12.8 by default
    -r | --readonly         refuse what libvirt does not allow on a read-only connection
    -t | --timing           how long each command took
    -d NUM -e CHAR -k NUM -K NUM -l FILE --no-pkttyagent
                            accepted as virsh does, without effect

${groups.join('\n\n')}

  \`virt-cpu COMMAND --help\` describes a command and its options.

  example:
    virt-cpu cpu-baseline examples/redhat-guide/*.xml --explain
`
}

/** `virt-cpu -V`: the newest of what the data knows, as the data says it. */
export function longVersion(version: string): string {
  const releases = builtinReleases()
  const latest = (tool: string) => releases.lookedAt(tool).at(-1) ?? 'none'
  const emulators = QEMU_ARCHES.map(arch => `${latest(`qemu-${arch}`)} (${arch})`).join(', ')
  return `virt-cpu ${version}, Node ${process.versions.node}
The newest that the data knows:
  libvirt    ${latest('libvirt')}; answers as ${DEFAULT_LIBVIRT} unless --libvirt says otherwise
  QEMU       ${latest('qemu')} (x86_64), ${emulators}
  kernel     ${newest(dataFile('x86/kvm.txt').text, /\bkernel (\d+\.\d+)/g)} (KVM)
  microcode  ${newest(dataFile('effects.txt').text, /^effect \S+ microcode : (\d{4}-\d\d)/gm)} (vendors' advisories)
  vendors    ${vendorsOf(CpuMap.builtIn().of('x86')).join('; ')}
`
}

/** Those whose QEMU was looked at, besides x86_64. */
const QEMU_ARCHES = ['aarch64', 'ppc64', 'riscv64', 's390x']

/** The greatest version or date that a text tells. */
const newest = (text: string, pattern: RegExp): string =>
  Array.from(text.matchAll(pattern), ([, found = '']) => found)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1) ?? 'none'

/** Each vendor with its newest families, by the years of the notes. */
const vendorsOf = ({ vendors, families }: Database): string[] =>
  vendors.map(({ name }) => {
    const own = families.filter(({ vendor }) => vendor?.name === name)
    const year = newest(own.map(({ note }) => note).join('\n'), /\b((?:19|20)\d\d)\b/g)
    const latest = own.filter(({ note }) => note.includes(year)).map(family => family.name)
    return `${name} ${latest.join(' ')} (${year})`
  })

/**
 * `virt-cpu COMMAND --help`. Commands of virsh's are laid out as virsh does, with the options that this version of virsh
 * has; ours fit 80 columns.
 */
export function commandHelp(spec: CommandSpec, summary: string, libvirt: LibvirtVersion): string {
  const all = allOptions(spec)
  const theirs = spec.options.filter(option => !option.ours && isKnown(option, libvirt))
  const ours = all.filter(option => option.ours)
  const sections =
    spec.style === 'virsh'
      ? [
          ['SYNOPSIS', `    ${[spec.name, ...theirs.map(synopsisOf)].join(' ')}`],
          ['DESCRIPTION', `    ${spec.description}`],
          ['OPTIONS', theirs.map(virshLine).join('\n')],
          ['OPTIONS THAT VIRSH DOES NOT HAVE', ours.map(virshLine).join('\n')],
        ]
      : [
          ['SYNOPSIS', wrap([`${spec.name}`, ...[...theirs, ...ours].map(synopsisOf)], 4, 8)],
          ['DESCRIPTION', wrap(spec.description.split(' '), 4)],
          ['OPTIONS', listOptions([...theirs, ...ours])],
        ]
  return [
    ['NAME', `    ${spec.name} - ${spec.summary ?? summary}`],
    ...sections,
    ['EXAMPLE', `    ${spec.example}`],
  ]
    .filter(([, body]) => body !== '')
    .map(([title, body]) => `  ${title}\n${body}\n`)
    .join('\n')
}

function synopsisOf({ name, value, positional, required }: OptionSpec): string {
  if (positional) {
    const word = `<${name}>${positional === 'many' ? '...' : ''}`
    return required ? word : `[${word}]`
  }
  return value === undefined ? `[${dashed(name)}]` : `[${dashed(name)} <${value}>]`
}

/** `--host`, `-k` */
const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`)

/** `--host <file>`; one that may be given without its name in brackets. */
function optionOf({ name, value, positional }: OptionSpec): string {
  const option = positional ? `[--${name}]` : dashed(name)
  return value === undefined ? option : `${option} <${value}>`
}

/** virsh's column is 17 wide, and two blanks follow a longer name. */
function virshLine(option: OptionSpec): string {
  const full = optionOf(option)
  return `    ${full.length > 14 ? `${full}  ` : full.padEnd(17)}${option.help}`
}

/** The widest column of options; what a longer one means stands below it. */
const MOST = 22

/** Options and what they mean, in two columns. */
function listOptions(options: readonly OptionSpec[]): string {
  const width = Math.min(MOST, Math.max(...options.map(option => optionOf(option).length)))
  const column = 4 + width + 2
  return options
    .map(option => {
      const full = optionOf(option)
      const help = wrap(option.help.split(' '), column)
      return full.length > width
        ? `    ${full}\n${help}`
        : `    ${full.padEnd(width)}${help.slice(4 + width)}`
    })
    .join('\n')
}

/** The most columns of a line. */
const COLUMNS = 80

/** Words in lines that begin after so many blanks, all but the first after `hanging`. */
function wrap(words: readonly string[], indent: number, hanging = indent): string {
  const lines: string[] = []
  let line = ' '.repeat(indent)
  for (const [i, word] of words.entries()) {
    const isFirst = line.trim() === ''
    if (i > 0 && !isFirst && line.length + 1 + word.length > COLUMNS) {
      lines.push(line)
      line = `${' '.repeat(hanging)}${word}`
    } else line += isFirst ? word : ` ${word}`
  }
  return [...lines, line].join('\n')
}
