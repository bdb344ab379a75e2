import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { CLI, folderOf, type Ran } from '../cli/virt-cpu.ts'
import { isLong } from '../effort.ts'
import { needed } from '../needs.ts'
import { reference } from '../reference.ts'
import { type Libvirtd, sharedLibvirtd, whyNoDaemon } from './libvirtd.ts'
import { AS_LIBVIRT, besideEnvironment } from './qemus.ts'

const why = needed('libvirt 11.3 and QEMU, and may start a daemon', whyNoDaemon())
let daemon: Libvirtd

function run(program: string, args: readonly string[], cwd: string, env?: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise(resolve => {
    const child = execFile(program, args, { cwd, env, timeout: 300_000 }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    )
  })
}

/** What a real virsh and virt-cpu do with the same command line, QEMU and map. */
async function both(args: readonly string[], cwd: string) {
  const environment = { ...process.env, ...besideEnvironment(daemon) }
  const [theirs, mine] = await Promise.all([
    run('virsh', ['-c', daemon.uri, ...args], cwd),
    run(process.execPath, [CLI, ...AS_LIBVIRT, ...args], cwd, environment),
  ])
  return { ours: mine, theirs: { ...theirs, stderr: asOurs(theirs.stderr) } }
}

/** Some versions of libvirt name the file where others say `at line`; virsh calls a warning an error. */
const asOurs = (stderr: string): string =>
  stderr
    .replace(/^error: [^ ]+:(\d+): /gm, 'error: at line $1: ')
    .replace(/^error: (using host CPU definition)/gm, 'warning: $1')

/** `<cpudata>` is ours to read; the caret of `]]>` moved between versions of libxml2; the limits are virsh's; of a line that is
 * too long each shows another part. */
const OTHERWISE = /^(cpudata|bad-cdata-end|manycpu257|deep)/

/** What QEMU has a name for and guests that migrate do not get. */
const OWN = folderOf({
  'unmigratable.xml': `<cpu mode='custom' match='exact'><model>qemu32</model>
    <feature policy='require' name='invtsc'/><feature policy='require' name='xsaves'/></cpu>`,
})

const corpus = join(import.meta.dirname, '..', 'corpus', 'xml')
const folders: readonly (readonly [string, ...(readonly string[])[]])[] = [
  [
    corpus,
    ['hypervisor-cpu-compare', '--virttype', 'qemu', '--error'],
    ['hypervisor-cpu-baseline', '--virttype', 'qemu', '--migratable'],
  ],
  ...(isLong ? ['in', 'in2'] : []).flatMap(name => {
    const folder = reference('virsh-observed', name)
    return folder ? [[folder, ['hypervisor-cpu-compare'], ['hypervisor-cpu-baseline']] as const] : []
  }),
]

/** Two at a time: a host has at least so many CPUs. */
async function differences(
  folder: string,
  [command = '', ...options]: readonly string[],
): Promise<unknown[]> {
  const all = readdirSync(folder).filter(name => !OTHERWISE.test(name))
  const names = all.filter((_, i) => isLong || i % 3 === 0)
  const found: unknown[] = []
  const next = names.values()
  const work = async () => {
    for (const name of next) {
      const { ours, theirs } = await both([command, name, ...options], folder)
      if (JSON.stringify(ours) !== JSON.stringify(theirs)) found.push({ name, ours, theirs })
    }
  }
  await Promise.all([work(), work()])
  return found
}

describe.skipIf(why)(`side by side with virsh and QEMU (${why ?? 'installed'})`, () => {
  beforeAll(async () => {
    daemon = await sharedLibvirtd()
  })

  for (const [folder, ...commands] of folders) {
    for (const command of commands) {
      const title = `${isLong ? 'every file' : 'every third file'} of ${folder.split('/').slice(-2).join('/')}: ${command.join(' ')}`
      test(title, async () => expect(await differences(folder, command)).toEqual([]), 900_000)
    }
  }

  test.each([
    [['hypervisor-cpu-models']],
    [['hypervisor-cpu-models', '--all']],
    [['hypervisor-cpu-models', '--virttype', 'qemu']],
    [['hypervisor-cpu-models', '--virttype', 'xen']],
    [['hypervisor-cpu-models', '--virttype', 'bogus']],
    [['hypervisor-cpu-models', '--virttype', '']],
    [['hypervisor-cpu-models', '--machine', 'q35']],
    [['hypervisor-cpu-models', '--machine', 'none']],
    [['hypervisor-cpu-models', '--arch', 'sparc']],
    [['hypervisor-cpu-models', '--arch', 'x86']],
    [['hypervisor-cpu-models', '--emulator', '/nosuch']],
    [['hypervisor-cpu-models', '--emulator', '/etc/passwd']],
    [['hypervisor-cpu-models', 'x']],
    [['hypervisor-cpu-baseline', '--model', 'EPYC']],
    [['hypervisor-cpu-baseline', '--model', 'Snowridge', '--virttype', 'qemu']],
    [['hypervisor-cpu-baseline', '--model', 'Snowridge', '--features']],
    [['hypervisor-cpu-baseline', '--model', 'max']],
    [['hypervisor-cpu-baseline']],
    [['hypervisor-cpu-baseline', 'cpu-guest.xml', '--model', 'EPYC']],
    [['hypervisor-cpu-baseline', 'cpu-guest.xml', 'qemu', '/usr/bin/qemu-system-x86_64', 'x86_64', 'q35']],
    [['hypervisor-cpu-baseline', 'cpu-guest.xml', '--ignore-host']],
    [['hypervisor-cpu-compare', 'cpu-guest.xml', 'qemu', '/usr/bin/qemu-system-x86_64', 'x86_64', 'bogus']],
    [['hypervisor-cpu-compare', 'cpu-guest.xml', '--validate', '--error']],
    [['hypervisor-cpu-compare', 'cpu-host.xml', '--validate']],
    [['hypervisor-cpu-compare', 'nosuch.xml', '--virttype', 'bogus']],
    [['hypervisor-cpu-compare', 'cpu-guest.xml', '--virttype', 'bogus']],
    [['-r', 'hypervisor-cpu-compare', 'cpu-guest.xml']],
    [['-r', 'hypervisor-cpu-baseline', 'cpu-guest.xml']],
    [['-r', 'hypervisor-cpu-models']],
    [['-c', 'test:///default', 'hypervisor-cpu-compare', 'cpu-guest.xml']],
    [['-c', 'test:///default', 'hypervisor-cpu-baseline', 'cpu-guest.xml']],
    ...['armv6l', 'armv7b', 'armv7l', 'i686', 'ppc', 'ppc64le', 'ppcemb', 'riscv32'].flatMap(arch => [
      [['hypervisor-cpu-models', '--all', '--arch', arch]],
      [['domcapabilities', '--arch', arch]],
    ]),
    [['hypervisor-cpu-models', '--emulator', '/usr/bin/qemu-system-aarch64', '--arch', 'armv6l']],
    [['hypervisor-cpu-models', '--emulator', '/usr/bin/qemu-system-ppc64', '--arch', 'ppc']],
    ...['i686', 'x86_64'].flatMap(arch => [
      [['hypervisor-cpu-baseline', 'unmigratable.xml', '--arch', arch, '--migratable']],
      [['hypervisor-cpu-compare', 'unmigratable.xml', '--arch', arch, '--error']],
    ]),
  ])('%j', async args => {
    const { ours, theirs } = await both(args, args.includes('unmigratable.xml') ? OWN : corpus)
    expect(ours).toEqual(theirs)
  })
})
