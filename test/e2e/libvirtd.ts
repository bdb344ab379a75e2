import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** The programs of Debian's libvirt, the system daemon among them. */
const PROGRAMS = ['/usr/sbin/libvirtd', '/usr/bin/virsh']

/** Behaviour that virt-cpu is held against. */
const VERSION = /^11\.3\./

/** Why no daemon can be started here; undefined: it can. */
export function whyNoDaemon(): string | undefined {
  const absent = PROGRAMS.filter(path => !existsSync(path))
  if (absent.length > 0) return `${absent.join(' and ')} not installed`
  if (process.getuid?.() !== 0) return 'only root can start libvirtd'
  const version = spawnSync('virsh', ['--version'], { encoding: 'utf8' }).stdout.trim()
  return VERSION.test(version) ? undefined : `virsh is ${version}, and the answers compared are of 11.3`
}

/**
 * A daemon of our own: other sockets, and, where this system lets us mount, other folders than those of one that may
 * run here already.
 */
export class Libvirtd {
  readonly uri: string
  readonly #folder: string
  readonly #child: ChildProcess

  private constructor(folder: string, child: ChildProcess) {
    this.uri = `qemu+unix:///system?socket=${folder}/libvirt-sock`
    this.#folder = folder
    this.#child = child
  }

  /** @param path where it looks for QEMU */
  static async start(path: string): Promise<Libvirtd> {
    const folder = mkdtempSync(join(tmpdir(), 'lv-'))
    writeFileSync(
      join(folder, 'libvirtd.conf'),
      `unix_sock_dir = "${folder}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "3:file:${folder}/log"\n`,
    )
    const mounts = FOLDERS.map(name => `mkdir -p ${name} && mount -t tmpfs none ${name} && `).join('')
    const run = 'exec env PATH="$1" /usr/sbin/libvirtd --config "$0/libvirtd.conf" --pid-file "$0/pid"'
    const alone = spawnSync('unshare', ['-m', 'true']).status === 0
    const script = ['sh', '-c', alone ? mounts + run : run, folder, `${path}:${SYSTEM_PATH}`]
    const [program = '', ...args] = alone ? ['unshare', '-m', ...script] : script
    const child = spawn(program, args, { stdio: 'ignore' })
    const daemon = new Libvirtd(folder, child)
    await daemon.#listening()
    return daemon
  }

  /** What virsh prints of this daemon. */
  virsh(...args: string[]): string {
    const { stdout, stderr, status } = spawnSync('virsh', ['-q', '-c', this.uri, ...args], {
      encoding: 'utf8',
      timeout: 120_000,
    })
    if (status !== 0) throw new Error(`virsh ${args.join(' ')}: ${stderr}${this.#log()}`)
    return stdout
  }

  async stop(): Promise<void> {
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.kill()
    await ended
    rmSync(this.#folder, { recursive: true })
  }

  async #listening(): Promise<void> {
    for (let i = 0; i < 200; i++) {
      if (existsSync(join(this.#folder, 'libvirt-sock'))) return
      if (this.#child.exitCode !== null) break
      await setTimeout(100)
    }
    this.#child.kill()
    throw new Error(`libvirtd does not listen: ${this.#log()}`)
  }

  #log(): string {
    const log = join(this.#folder, 'log')
    return existsSync(log) ? readFileSync(log, 'utf8') : ''
  }
}

/** Where a daemon keeps its state. */
const FOLDERS = ['/run/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt']

/** What the daemon runs besides QEMU. */
const SYSTEM_PATH = '/usr/sbin:/sbin'
