import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { runProcess } from '../cli/virt-cpu.ts'
import { notInstalled } from '../needs.ts'
import { DAEMON } from '../setup/run-folder.ts'

/** The targets whose QEMUs the daemon finds; all that Debian has take it most of a minute to look through. */
const TARGETS = 'aarch64 arm i386 loongarch64 ppc ppc64 riscv32 riscv64 s390x x86_64'.split(' ')

const QEMUS = TARGETS.map(target => `/usr/bin/qemu-system-${target}`)

/** Behaviour that virt-cpu is held against. */
const VERSION = /^11\.3\./

/** Returns why virt-cpu cannot be held against virsh and its map here; undefined where it can. */
export function whyNoVirsh(): string | undefined {
  const reason = notInstalled('/usr/bin/virsh', '/usr/share/libvirt/cpu_map/index.xml')
  if (reason) return reason
  const version = runProcess('virsh', ['--version']).stdout.trim()
  return VERSION.test(version) ? undefined : `virsh is ${version}, and the answers compared are of 11.3`
}

/** Returns why no daemon can look at QEMUs here; undefined where one can. */
export function whyNoDaemon(): string | undefined {
  const reason = whyNoVirsh() ?? notInstalled('/usr/sbin/libvirtd', ...QEMUS)
  if (reason) return reason
  return process.getuid?.() === 0 ? undefined : 'only root can start libvirtd'
}

/** A libvirtd to compare with. */
export interface Libvirtd {
  readonly uri: string
  /** Where it looks for QEMU. */
  readonly path: string
}

/**
 * Returns the daemon that all test files of a run share; whoever asks first starts it. It has sockets and folders that
 * no other has. Where this system lets nobody mount, it is the system's own.
 */
export async function sharedLibvirtd(): Promise<Libvirtd> {
  if (spawnSync('unshare', ['-m', 'true']).status !== 0) return systemLibvirtd()
  const folder = join(tmpdir(), DAEMON)
  const path = join(folder, 'qemu')
  if (takes(folder)) start(folder, path)
  await until(() => existsSync(join(folder, 'libvirt-sock')), folder)
  return { uri: `qemu+unix:///system?socket=${folder}/libvirt-sock`, path }
}

/** Returns what virsh prints of a daemon. */
export function virsh({ uri }: Libvirtd, ...args: string[]): string {
  const { stdout, stderr, status } = runProcess('virsh', ['-q', '-c', uri, ...args])
  if (status !== 0) throw new Error(`virsh ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** Creates a folder; returns false where another test file has. */
function takes(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Where a daemon keeps its state. */
const FOLDERS = ['/run/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt']

/** What the daemon runs besides QEMU. */
const SYSTEM_PATH = '/usr/sbin:/sbin'

/** A daemon that nobody talks to ends after so many seconds, should nobody end it. */
const IDLE = '600'

/** Starts a daemon that outlives this test file: the run's end stops it. */
function start(folder: string, path: string): void {
  mkdirSync(path)
  for (const file of QEMUS) symlinkSync(file, join(path, file.split('/').at(-1) ?? ''))
  writeFileSync(
    join(folder, 'libvirtd.conf'),
    `unix_sock_dir = "${folder}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "3:file:${folder}/log"\n`,
  )
  const mounts = FOLDERS.map(name => `mkdir -p ${name} && mount -t tmpfs none ${name} && `).join('')
  const run = `exec env PATH="$1" /usr/sbin/libvirtd --timeout ${IDLE} --config "$0/libvirtd.conf" --pid-file "$0/pid"`
  const args = ['-m', 'sh', '-c', mounts + run, folder, `${path}:${SYSTEM_PATH}`]
  spawn('unshare', args, { stdio: 'ignore', detached: true }).unref()
}

async function until(happens: () => boolean, folder: string): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (happens()) return
    await setTimeout(100)
  }
  const log = join(folder, 'log')
  throw new Error(`libvirtd does not listen: ${existsSync(log) ? readFileSync(log, 'utf8') : ''}`)
}

const connects = (): boolean => runProcess('virsh', ['-c', 'qemu:///system', 'version']).status === 0

/** The system's daemon; started where none runs, and then ending by itself. */
async function systemLibvirtd(): Promise<Libvirtd> {
  if (!connects()) {
    runProcess('virtlogd', ['-d', '--timeout', IDLE])
    runProcess('libvirtd', ['-d', '--timeout', IDLE])
  }
  await until(connects, '')
  return { uri: 'qemu:///system', path: process.env.PATH ?? '' }
}
