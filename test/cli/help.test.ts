import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exampleOf, listedCommands, runExample } from './help-examples.ts'
import { runProcess, virtCpu } from './virt-cpu.ts'

const root = join(import.meta.dirname, '..', '..')

test('--help lists the commands', () => {
  expect(listedCommands).toEqual(
    expect.arrayContaining(['cpu-baseline', 'cpu-compare', 'cpu-models', 'decode', 'batch']),
  )
})

test.each(listedCommands)('%s --help says what it takes, with an example that runs', name => {
  const { status, stdout } = virtCpu([name, '--help'])
  expect(status).toBe(0)
  expect(stdout).toMatch(new RegExp(`^ {2}NAME\n {4}${name} - `))
  const example = exampleOf(stdout)
  expect(example).toContain('virt-cpu')
  if (name === 'serve') return // runs until it is stopped: test/cli/serve.test.ts
  const ran = runExample(example)
  expect([ran.status === 0 || ran.status === 1, ran.stderr.includes('error:')], ran.stderr).toEqual([
    true,
    false,
  ])
})

const VIRSH = /^(?:(?:dom)?capabilities|(?:hypervisor-)?cpu-\w+)$/

test.each(listedCommands.filter(name => !VIRSH.test(name)))(
  '%s --help fits 80 columns and explains each option',
  name => {
    const lines = virtCpu([name, '--help']).stdout.split('\n')
    const wide = lines.filter(line => line.length > 80 && !line.includes('virt-cpu'))
    const bare = lines.filter(
      (line, i) => /^ {4}\[?--?\S+( <[^>]+>)?\s*$/.test(line) && !/^ {8}/.test(lines[i + 1] ?? ''),
    )
    expect([wide, bare]).toEqual([[], []])
  },
)

test('help COMMAND is COMMAND --help', () => {
  expect(virtCpu(['help', 'cpu-models']).stdout).toBe(virtCpu(['cpu-models', '--help']).stdout)
})

test("virsh's part of a help text is virsh's", () => {
  expect(
    virtCpu(['cpu-compare', '--help']).stdout.startsWith(`  NAME
    cpu-compare - compare host CPU with a CPU described by an XML file

  SYNOPSIS
    cpu-compare <file>... [--error] [--validate]

  DESCRIPTION
    compare CPU with host CPU

  OPTIONS
    [--file] <string>  file containing an XML CPU description
    --error          report error if CPUs are incompatible
    --validate       validate the XML document against schema
`),
  ).toBe(true)
})

test.each([
  ['domcapabilities', '11.3', '--disable-deprecated-features'],
  ['domcapabilities', '12.4', '--disable-deprecated-features --expand-cpu-features'],
  ['domcapabilities', '12.8', '--disable-deprecated-features --expand-cpu-features --supported-cpu-features'],
  ['hypervisor-cpu-baseline', '11.3', '--features --migratable --model'],
  ['hypervisor-cpu-baseline', '12.8', '--features --migratable --ignore-host --model'],
])('%s --help lists the options of virsh %s', (command, version, options) => {
  const { stdout } = virtCpu(['--libvirt', version, command, '--help'])
  const synopsis = stdout.split('\n')[4] ?? ''
  expect(synopsis.replaceAll(/[[\]]| <string>/g, '')).toMatch(new RegExp(` ${options}$`))
  const listed = [...(stdout.split('OPTIONS THAT')[0] ?? '').matchAll(/^ {4}(--[a-z-]+)/gm)]
  expect(listed.map(([, name]) => name).join(' ')).toMatch(new RegExp(`${options}$`))
})

test('versions', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const option of ['-v', '--version', '--version=short'])
    expect(virtCpu([option]).stdout).toBe(`${version}\n`)
  for (const option of ['-V', '--version=long'])
    expect(virtCpu([option]).stdout).toContain(`virt-cpu ${version}`)
})

test('the long version tells the newest that the data knows', () => {
  const { stdout } = virtCpu(['--version=long'])
  const releases = readFileSync(join(root, 'data', 'releases.txt'), 'utf8')
  const latest = (tool: string) => new RegExp(`^${tool} looked-at : .* (\\S+)$`, 'm').exec(releases)?.[1]
  expect(stdout).toMatch(new RegExp(`^ {2}libvirt +${latest('libvirt')};`, 'm'))
  expect(stdout).toMatch(
    new RegExp(`^ {2}QEMU +${latest('qemu')} .* ${latest('qemu-s390x')} \\(s390x\\)`, 'm'),
  )
  expect(stdout).toMatch(/^ {2}kernel +\d+\.\d+ /m)
  expect(stdout).toMatch(/^ {2}microcode +20\d\d-\d\d /m)
  expect(stdout).toMatch(/^ {2}vendors +Intel [^;]*\bDiamondRapids\b[^;]* \(2026\); AMD /m)
})

test.each(['bash', 'zsh', 'fish'])(
  'the completion script of %s is the one in completions/, and names every command',
  shell => {
    const { stdout } = virtCpu(['completion', shell])
    const file = { bash: 'virt-cpu.bash', zsh: '_virt-cpu', fish: 'virt-cpu.fish' }[shell] ?? ''
    expect(stdout).toBe(readFileSync(join(root, 'completions', file), 'utf8'))
    for (const name of listedCommands) expect(stdout).toContain(name)
  },
)

test.each([
  ['cpu-b', 'cpu-baseline'],
  ['cpu-baseline --mig', '--migratable'],
  ['completion f', 'fish'],
  ['decode --as g', 'guest'],
  ['--libv', '--libvirt'],
])('bash completes `%s` to %s', (line, expected) => {
  const words = ['virt-cpu', ...line.split(' ')]
  const script = `source completions/virt-cpu.bash
    COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _virt_cpu; echo "\${COMPREPLY[*]}"`
  const { stdout } = spawnSync('bash', ['-c', script], { cwd: root, encoding: 'utf8' })
  expect(stdout.trim()).toBe(expected)
})

test('the manual is made of the help texts', () => {
  const { status, stderr } = runProcess(process.execPath, ['scripts/shell-files.mjs', '--check'], {
    cwd: root,
  })
  expect(status, stderr).toBe(0)
})
