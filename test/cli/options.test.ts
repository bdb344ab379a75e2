import { expect, test } from 'vitest'
import { folderOf, hostXml, virtCpu } from './virt-cpu.ts'

const folder = folderOf({ 'a.xml': hostXml('Penryn', ['vmx']) })
const run = (...args: string[]) => virtCpu(args, { cwd: folder })

const ANSWER = `<cpu mode='custom' match='exact'>
  <model fallback='forbid'>Penryn</model>
  <vendor>Intel</vendor>
  <feature policy='require' name='vmx'/>
</cpu>

`

test.each([
  ['positional', ['cpu-baseline', 'a.xml']],
  ['--file F', ['cpu-baseline', '--file', 'a.xml']],
  ['--file=F', ['cpu-baseline', '--file=a.xml']],
  ['after --', ['cpu-baseline', '--', 'a.xml']],
  ['one string', ["cpu-baseline 'a.xml'"]],
  [
    'global options before',
    ['-c', 'test:///default', '-r', '-d0', '-k', '5', '-K', '3', '-l', '/dev/null', 'cpu-baseline', 'a.xml'],
  ],
  [
    'options of consoles and polkit',
    ['-e', '^]', '--escape=x', '--no-pkttyagent', '-c', 'test:///default', 'cpu-baseline', 'a.xml'],
  ],
  ['a cluster', ['-rc', 'test:///default', 'cpu-baseline', 'a.xml']],
  ['a beginning of a long option', ['--conn=test:///default', 'cpu-baseline', 'a.xml']],
  ['ours before', ['--libvirt', '11.3', 'cpu-baseline', 'a.xml']],
  ['ours after', ['cpu-baseline', 'a.xml', '--libvirt=12.8']],
  ['global options after', ['cpu-baseline', '-r', 'a.xml', '-c', 'test:///default', '--debug=0']],
])('a file is given as virsh takes it: %s', (_, args) => {
  expect(run(...args)).toEqual({ status: 0, stdout: ANSWER, stderr: '' })
})

test('a command of our own suggests the option, and the word of one', () => {
  const said = (...args: string[]) => run('explain', '.', ...args).stderr
  expect(said('--Formatt', 'qemu')).toContain("doesn't support option --Formatt; did you mean --format?")
  expect(said('--format', 'Proxmx')).toContain('did you mean proxmox?')
})

const EXPAND = "command 'domcapabilities' doesn't support option --expand-cpu-features"

test.each([
  [['cpu-baseline'], "command 'cpu-baseline' requires <file> option"],
  [['cpu-models', 'x86_64', 'y'], "unexpected data 'y'"],
  [['cpu-baseline', 'a.xml', '--features', '--features'], 'option --features already seen'],
  [['cpu-compare', 'a.xml', '--error', '--error'], 'option --error already seen'],
  [['cpu-baseline', 'a.xml', '--features=yes'], "invalid '=' after option --features"],
  [['cpu-baseline', '--bogus', 'a.xml'], "command 'cpu-baseline' doesn't support option --bogus"],
  [['cpu-baseline', '--file'], 'expected syntax: --file <string>'],
  [['cpu-models', '--arch'], 'expected syntax: --arch <string>'],
  [['cpu-models', '--ar', 'x86_64'], "command 'cpu-models' doesn't support option --ar"],
  [['nosuch'], "unknown command: 'nosuch'"],
  [['-x'], "unsupported option '-x'. See --help."],
  [['--nolong'], "unsupported option '--nolong'. See --help."],
  [['-c'], "option '-c'/'--connect' requires an argument"],
  [['-d', 'x', 'cpu-models', 'aarch64'], 'option -d takes a numeric argument'],
  [['-k', 'x', 'cpu-models', 'aarch64'], 'Invalid value for option -k'],
  [['-e', '^1', 'cpu-models', 'aarch64'], "Invalid string '^1' for escape sequence"],
  [['-e', '', 'cpu-models', 'aarch64'], "Invalid string '' for escape sequence"],
  [['--escape=ab', 'cpu-models', 'aarch64'], "Invalid string 'ab' for escape sequence"],
  [['--libvirt', '11.3', '--no-pk', 'cpu-models', 'aarch64'], "unsupported option '--no-pk'. See --help."],
  [['--libvirt=11.3', 'domcapabilities', '--expand-cpu-features'], EXPAND],
  [['cpu-models aarch64; domcapabilities --expand-cpu-features --libvirt 11.3'], EXPAND],
  [['bad arg; cpu-models aarch64'], "unknown command: 'bad'"],
  [['cpu-models aarch64; bad arg'], "unknown command: 'bad'"],
  [['cpu-models aarch64; cpu-models x y; bad'], "unexpected data 'y'"],
  [['cpu-models aarch64\ncpu-models'], "command 'cpu-models' requires <arch> option"],
  [['-K', '-5', 'cpu-models', 'aarch64'], 'option -K requires a positive integer argument'],
])('%j is refused in virsh’s words, and nothing runs', (args, message) => {
  // One of ours may be meant; a string of commands is virsh's own.
  const status = args[0] === 'nosuch' ? 2 : 1
  expect(run(...args)).toEqual({ status, stdout: '', stderr: `error: ${message}\n` })
})

test('a debug level out of range is warned of', () => {
  const { status, stderr } = run('-d', '9', 'cpu-baseline', 'a.xml')
  expect([status, stderr]).toEqual([0, 'error: ignoring debug level 9 out of range [0-4]\n'])
})

test('an empty file name is found out when the command runs', () => {
  const expected = {
    status: 1,
    stdout: '\n',
    stderr: "error: Failed to get option 'file': Option argument is empty\n",
  }
  expect(run('cpu-baseline', '')).toEqual(expected)
  expect(run('cpu-baseline', '--file=')).toEqual(expected)
})

test('a misspelt command is answered with the nearest one', () => {
  expect(run('cpu-baselin').stderr).toContain("did you mean 'cpu-baseline'?")
})

test('a remote URI is refused with a hint, before anything runs', () => {
  const { status, stdout, stderr } = run('-c', 'qemu+ssh://host/system', 'cpu-baseline', 'a.xml')
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^error: failed to connect to the hypervisor\nerror: .*--host FILE/)
})

test('several commands in one string: the status is the last one’s', () => {
  const { status, stdout } = run('cpu-models bogus; cpu-models "aarch64" # comment\ncpu-models aarch64')
  expect([status, stdout]).toEqual([0, '\nall CPU models are accepted\n\nall CPU models are accepted\n\n'])
  expect(run('cpu-models aarch64; cpu-models bogus').status).toBe(1)
})

test('a single quote that is never closed holds the rest, as in virsh', () => {
  expect(run("cpu-models 'aarch64; x").stderr).toContain('cannot find architecture aarch64; x\n')
})

test('--timing says after each command how long it took', () => {
  const { stdout } = run('-t', 'cpu-models aarch64; cpu-models aarch64')
  expect(stdout).toMatch(/^(all CPU models are accepted\n\n\(Time: \d+\.\d{3} ms\)\n\n){2}$/)
  expect(run('-tq', 'cpu-models', 'aarch64').stdout).toMatch(/^\n\(Time: [\d.]+ ms\)\n\n$/)
  expect(run('-t', 'cpu-models').stdout).toBe('')
  const own = run('tree', 'EPYC-v1', '--json', '--timing')
  expect(JSON.parse(own.stdout)).toBeTruthy()
  expect(own.stderr).toMatch(/^\(Time: [\d.]+ ms\)\n$/)
})

test('our own commands tell a wrong call by status 2', () => {
  expect(run('decode')).toEqual({
    status: 2,
    stdout: '',
    stderr: "error: command 'decode' requires <file> option\n",
  })
  expect(run('decode', 'a.xml', '--as', 'x').status).toBe(2)
  expect(run('completion', 'tcsh').status).toBe(2)
})

test('a libvirt whose behaviour we do not know is refused', () => {
  expect(run('cpu-baseline', 'a.xml', '--libvirt', '9.0').stderr).toBe(
    "error: --libvirt takes a version from 11.3 on, such as 11.3 or 12.8, not '9.0'\n",
  )
})

test('global options after the command do what they do before it', () => {
  expect(run('cpu-baseline', 'a.xml', '-q').stdout).toBe(ANSWER.slice(0, -1))
  expect(run('cpu-baseline', 'a.xml', '--quiet')).toEqual(run('-q', 'cpu-baseline', 'a.xml'))
  expect(run('decode', '--version')).toEqual(run('--version'))
  expect(run('decode', '-h')).toEqual(run('decode', '--help'))
  expect(run('cpu-baseline', 'a.xml', '-c', 'qemu+ssh://far/system')).toMatchObject({ status: 1, stdout: '' })
  expect(run('cpu-baseline', '--', '-q').stderr).toBe(
    "error: Failed to open file '-q': No such file or directory\n",
  )
})

test('a mistake in what stands before the command has the status of the command', () => {
  expect(run('--libvirt', '9', 'cpu-baseline', 'a.xml').status).toBe(1)
  expect(run('--libvirt', '9', 'decode', 'a.xml').status).toBe(2)
  expect(run('-c', 'qemu+ssh://far/system', 'decode', 'a.xml').status).toBe(2)
})

test('a value that only the question can judge is refused by the name of its option', () => {
  for (const [args, words] of [
    [
      ['audit', '--model', 'Skylake-Servr', 'a.xml'],
      /^error: --model must be .*; did you mean Skylake-Server\?/,
    ],
    [['audit', '--guest-os', 'windows', 'a.xml'], /^error: --guest-os must be a system that is known/],
    [['fits', '--os', 'rhel', 'a.xml'], /^error: --os must be a system that is known/],
  ] as const) {
    const { status, stderr } = run(...args)
    expect([args, status]).toEqual([args, 2])
    expect(stderr).toMatch(words)
  }
})

test('doctor: a text in which no error is known is status 1, an empty one too', () => {
  for (const input of ['', 'hello\n']) expect(virtCpu(['doctor', '-'], { input }).status).toBe(1)
  expect(virtCpu(['doctor', '-'], { input: 'Illegal instruction (core dumped)\n' }).status).toBe(0)
})
