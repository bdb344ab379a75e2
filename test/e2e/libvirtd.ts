import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { libvirtMissing } from './libvirt-daemon.ts'

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
 * A daemon of our own, with sockets and folders that no other has; where this system lets nobody mount, the system's
 * own, which is shared with other tests.
 */
export class Libvirtd {
  readonly uri: string
  /** Where it looks for QEMU. */
  readonly path: string
  readonly #own: { readonly folder: string; readonly child: ChildProcess } | undefined

  private constructor(uri: string, path: string, own?: { folder: string; child: ChildProcess }) {
    this.uri = uri
    this.path = path
    this.#own = own
  }

  /** @param path where it shall look for QEMU; the system's own looks elsewhere */
  static async start(path: string): Promise<Libvirtd> {
    if (spawnSync('unshare', ['-m', 'true']).status !== 0) return Libvirtd.#shared()
    const folder = mkdtempSync(join(tmpdir(), 'lv-'))
    writeFileSync(
      join(folder, 'libvirtd.conf'),
      `unix_sock_dir = "${folder}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "3:file:${folder}/log"\n`,
    )
    const mounts = FOLDERS.map(name => `mkdir -p ${name} && mount -t tmpfs none ${name} && `).join('')
    const run = 'exec env PATH="$1" /usr/sbin/libvirtd --config "$0/libvirtd.conf" --pid-file "$0/pid"'
    const args = ['-m', 'sh', '-c', mounts + run, folder, `${path}:${SYSTEM_PATH}`]
    const child = spawn('unshare', args, { stdio: 'ignore' })
    const daemon = new Libvirtd(`qemu+unix:///system?socket=${folder}/libvirt-sock`, path, { folder, child })
    await daemon.#listening(folder, child)
    return daemon
  }

  static #shared(): Libvirtd {
    const missing = libvirtMissing()
    if (missing !== undefined) throw new Error(missing)
    return new Libvirtd('qemu:///system', process.env.PATH ?? '')
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
    if (!this.#own) return
    const { folder, child } = this.#own
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill()
    // It finishes asking QEMU first, which may take longer than a test's end has.
    const patience = globalThis.setTimeout(() => child.kill('SIGKILL'), 3000)
    await ended
    clearTimeout(patience)
    rmSync(folder, { recursive: true, force: true })
  }

  async #listening(folder: string, child: ChildProcess): Promise<void> {
    for (let i = 0; i < 200; i++) {
      if (existsSync(join(folder, 'libvirt-sock'))) return
      if (child.exitCode !== null) break
      await setTimeout(100)
    }
    child.kill()
    throw new Error(`libvirtd does not listen: ${this.#log()}`)
  }

  #log(): string {
    const log = join(this.#own?.folder ?? '', 'log')
    return existsSync(log) ? readFileSync(log, 'utf8') : ''
  }
}

/** Where a daemon keeps its state. */
const FOLDERS = ['/run/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt']

/** What the daemon runs besides QEMU. */
const SYSTEM_PATH = '/usr/sbin:/sbin'
