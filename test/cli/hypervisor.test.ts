import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CLI, folderOf, hostXml, virtCpu } from './virt-cpu.ts'

const root = join(import.meta.dirname, '..', '..')
const HOSTS = 'examples/hypervisors'
const on = (name: string) => ['--replies', `${HOSTS}/${name}.replies`]
const run = (...args: string[]) => virtCpu(args, { cwd: root })

const guestXml = (model: string, ...features: string[]): string =>
  `<cpu mode='custom' match='exact'><model>${model}</model>${features
    .map(name => `<feature policy='require' name='${name}'/>`)
    .join('')}</cpu>`

const folder = folderOf({
  'sky.xml': guestXml('Skylake-Server'),
  'ice.xml': guestXml('Icelake-Server'),
  'vmx.xml': guestXml('Skylake-Server', 'vmx'),
  'host.xml': hostXml('Nehalem', ['vmx']),
  'bad.xml': "<cpu mode='foo'/>",
})
const file = (name: string) => join(folder, name)

describe('hypervisor-cpu-compare', () => {
  test('says what virsh says', () => {
    const [sky, ice] = [file('sky.xml'), file('ice.xml')]
    expect(run('hypervisor-cpu-compare', sky, ...on('sky-03'))).toEqual({
      status: 0,
      stdout: `The CPU provided by hypervisor on the host is a superset of CPU described in ${sky}\n\n`,
      stderr: '',
    })
    expect(run('hypervisor-cpu-compare', ice, ...on('sky-03'))).toEqual({
      status: 1,
      stdout: `CPU described in ${ice} is incompatible with the CPU provided by hypervisor on the host\n\n`,
      stderr: '',
    })
  })

  test('a host as input is warned of', () => {
    const { stderr } = run('hypervisor-cpu-compare', file('host.xml'), ...on('sky-03'))
    expect(stderr).toBe('warning: using host CPU definition as input may provide incorrect results\n')
  })

  test('several files, a line each, then the options of virsh by position', () => {
    const files = [file('sky.xml'), file('ice.xml')]
    const { status, stdout } = run('hypervisor-cpu-compare', ...files, 'kvm', ...on('sky-03'))
    expect([status, stdout.trimEnd().split('\n').length]).toEqual([1, 2])
    const { stderr } = run(
      'hypervisor-cpu-compare',
      ...files,
      'kvm',
      '/bin/qemu',
      'x86_64',
      'bogus',
      ...on('sky-03'),
    )
    expect(stderr).toContain("the machine 'bogus' is not supported by emulator '/bin/qemu'")
    expect(run('hypervisor-cpu-compare', 'a', 'kvm', 'b', 'c', 'd', 'e').stderr).toBe(
      "error: unexpected data 'e'\n",
    )
  })

  test.each([
    [['--virttype', 'bogus'], 'invalid argument: unknown virttype: bogus'],
    [['--arch', 'x86'], 'invalid argument: unknown architecture: x86'],
    [['--arch', 's390x'], "architecture from emulator 'x86_64' doesn't match given architecture 's390x'"],
    [['--virttype', 'xen'], "Emulator '/usr/bin/qemu-system-x86_64' does not support virt type 'xen'"],
    [
      ['--virttype', 'qemu'],
      "QEMU '/usr/bin/qemu-system-x86_64' does not support reporting CPU model for virttype 'qemu'",
    ],
  ])('%j is refused', (options, message) => {
    const { status, stderr } = run('hypervisor-cpu-compare', file('sky.xml'), ...options, ...on('sky-03'))
    expect(status).toBe(1)
    expect(stderr).toContain(`error: Failed to compare hypervisor CPU with ${file('sky.xml')}\nerror: `)
    expect(stderr).toContain(message)
  })
})

describe('hypervisor-cpu-baseline', () => {
  test('a model, without what the host cannot give it', () => {
    expect(run('hypervisor-cpu-baseline', '--model', 'Nehalem', ...on('sky-03')).stdout).toBe(
      "<cpu mode='custom' match='exact'>\n  <model fallback='forbid'>Nehalem</model>\n</cpu>\n\n",
    )
    const { stdout } = run('hypervisor-cpu-baseline', '--model', 'Cascadelake-Server', ...on('ice-01'))
    expect(stdout).toContain("<feature policy='disable' name='hle'/>")
  })

  test('every host of a directory can give the answer', () => {
    const { status, stdout, stderr } = run('hypervisor-cpu-baseline', '--replies', HOSTS, '--explain')
    expect(status).toBe(0)
    expect(stderr).toContain(`not on ${HOSTS}/ice-01.replies:`)
    const answer = folderOf({ 'answer.xml': stdout })
    for (const name of ['cas-01', 'ice-01', 'sky-03']) {
      expect(run('hypervisor-cpu-compare', join(answer, 'answer.xml'), ...on(name)).status).toBe(0)
    }
  })

  test('--model is no XML', () => {
    const { stderr } = run('hypervisor-cpu-baseline', '--model', 'a</model><x>', ...on('sky-03'))
    expect(stderr).toBe('error: internal error: Unknown CPU model a</model><x>\n')
  })

  test.each([
    [[], 'Either --file or --model must be provided'],
    [[file('sky.xml'), '--model', 'x'], 'Options --file and --model are mutually exclusive'],
    [[file('bad.xml'), '--virttype', 'bogus'], 'unsupported configuration: Invalid mode attribute'],
    [
      ['--model', 'Nehalem', '--ignore-host', ...on('sky-03')],
      'ignoring host is only allowed when computing baseline from multiple CPUs',
    ],
    [
      ['--model', 'Nehalem', '--ignore-host', '--machine', 'bogus', ...on('sky-03')],
      'ignoring host is only allowed when computing baseline from multiple CPUs',
    ],
    [
      ['--model', 'Nehalem', '--ignore-host', '--libvirt', '11.3'],
      "command 'hypervisor-cpu-baseline' doesn't support option --ignore-host",
    ],
    [['--replies', 'package.json'], 'package.json'],
    [['--replies', 'data/x86'], 'data/x86: no hypervisor is recorded there'],
    [
      ['--model', 'Nehalem', '--replies', 'nosuch'],
      "Failed to open file 'nosuch': No such file or directory",
    ],
  ])('%j is refused', (args, message) => {
    const { status, stderr } = run('hypervisor-cpu-baseline', ...args)
    expect(status).toBe(1)
    expect(stderr).toContain(message)
  })
})

describe('models', () => {
  test('best first, and what keeps the others from it', () => {
    const { status, stdout } = run('models', '--usable-on', HOSTS)
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^14 models usable on all 3 hosts, best first\ndo: give guests Skylake-Server-noTSX-IBRS: /,
    )
    expect(stdout).toMatch(/\n\n {2}Skylake-Server-noTSX-IBRS {2}Intel\n/)
    const said = stdout.replaceAll(/\s+/g, ' ')
    expect(said).toContain(`lacks hle, rtm (${HOSTS}/ice-01.replies)`)
    expect(said).toContain(`unknown to the hypervisor (${HOSTS}/sky-03.replies)`)
  })

  test('domain capabilities are a host too; an old one does not say why', () => {
    const mode = "<mode name='custom' supported='yes'>"
    const models = "<model usable='yes'>Nehalem</model><model usable='no'>Westmere</model>"
    const old = `<domainCapabilities><arch>x86_64</arch><cpu>${mode}${models}</mode></cpu></domainCapabilities>`
    const path = join(folderOf({ 'old.xml': old }), 'old.xml')
    const { stdout } = run('models', '--usable-on', path, '--usable-on', `${HOSTS}/sky-03.replies`)
    expect(stdout).toMatch(/^1 model usable on all 2 hosts, best first\n/)
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`Westmere Intel for unknown reasons (${path})`)
  })

  test('none', () => {
    const path = join(folderOf({ 'none.xml': '<domainCapabilities/>' }), 'none.xml')
    expect(run('models', '--usable-on', path)).toEqual({
      status: 1,
      stdout: `no model is usable on ${path}\n`,
      stderr: '',
    })
  })
})

describe('guest check', () => {
  const web = 'examples/guests/web.xml'

  test('what a guest loses, its argument and the CPU that it would have', () => {
    const { status, stdout } = run('guest', 'check', web, ...on('ice-01'))
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^examples\/guests\/web.xml: starts without 2 features \(expected: nothing was\n {2}started\):\n {2}hle /,
    )
    expect(stdout).toContain('\n-cpu Cascadelake-Server,vmx=on,mpx=off\n<cpu ')
  })

  test('one refused guest is a no', () => {
    const refused = join(
      folderOf({
        'g.xml': `<domain type='kvm'><name>g</name><vcpu>1</vcpu>${guestXml('Icelake-Server')}</domain>`,
      }),
      'g.xml',
    )
    const { status, stdout } = run('guest', 'check', web, refused, ...on('cas-01'))
    expect(status).toBe(1)
    expect(stdout.replaceAll('\n  ', ' ')).toContain(
      `${refused}: refused: the CPU is incompatible with host CPU: Host CPU does not provide`,
    )
  })

  test.each([
    [['guest', 'start', web], "guest has check, not 'start'"],
    [['guest', 'check'], "command 'guest' requires <file> option"],
    [['guest', 'check', 'examples/fleet/ice-01.xml', ...on('cas-01')], 'no guest'],
    [['guest', 'check', 'nosuch.xml', ...on('cas-01')], "Failed to open file 'nosuch.xml'"],
  ])('%j is an error', (args, message) => {
    const { status, stderr } = run(...args)
    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })
})

describe.skipIf(process.platform === 'win32')('a QEMU that hangs', () => {
  const program = (text: string) => {
    const bin = folderOf({ qemu: `#!/bin/sh\necho $$ > "$0.pid"\n${text}\n` })
    chmodSync(join(bin, 'qemu'), 0o755)
    return join(bin, 'qemu')
  }
  const isAlive = (pid: number): boolean => {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  }
  const childrenOf = (pid: number | undefined): string[] =>
    spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter(Boolean)
  const until = async (happens: () => boolean) => {
    for (let tries = 0; tries < 5000 && !happens(); tries++) await new Promise(wake => setTimeout(wake, 20))
    return happens()
  }

  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'does not outlive virt-cpu that %s ends',
    async signal => {
      const qemu = program("trap '' INT TERM; sleep 1000 & wait; wait")
      const args = [CLI, 'hypervisor-cpu-models', '--emulator', qemu, '--no-cache']
      const child = spawn(process.execPath, args, { stdio: 'ignore' })
      const gone = new Promise(resolve => child.on('exit', resolve))
      const pidFile = `${qemu}.pid`
      expect(await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'))).toBe(
        true,
      )
      const pid = Number(readFileSync(pidFile, 'utf8'))
      expect(await until(() => childrenOf(child.pid).length === 2)).toBe(true) // QEMU and its guard
      child.kill(signal)
      await gone
      expect(await until(() => !isAlive(pid))).toBe(true)
    },
  )
})
