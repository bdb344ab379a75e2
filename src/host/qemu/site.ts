import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ProbeError } from '../files/file-error.ts'
import { makeFolder } from '../files/write.ts'
import { NATIVE_ONLY } from './emulator.ts'
import { FIRMWARE } from './firmware.ts'
import { type Guard, type GuestMachine, Qemu, QemuEnded, type QemuOptions } from './qemu.ts'

/** Where QEMUs are started: this host, or one that ssh reaches. */
export interface Site {
  /** What answers call it. */
  readonly name: string
  /** What ssh is given before what is to run there. Absent: this host. */
  readonly ssh?: readonly string[] | undefined
}

/** What a guest of a trial is started with. */
export interface SiteGuest extends Pick<QemuOptions, 'accelerator'> {
  readonly binary: string
  readonly guest: GuestMachine
  /** What is in the file `FIRMWARE`. */
  readonly firmware: Uint8Array
  /** See `GuestProgram`. */
  readonly load: readonly string[]
  readonly incoming?: string | undefined
}

type Command = readonly [string, ...string[]]

/** The file of a guest's state in its folder. */
const STATE = 'state'
/** How QEMU writes and reads it. */
export const [TO_STATE, FROM_STATE] = [`exec:cat >${STATE}`, `exec:cat ${STATE}`]

/**
 * A folder on a site in which a QEMU works, that only its user can see. It is gone when QEMU and the connection are:
 * on this host `guard` sees to it.
 */
export class Workplace {
  readonly site: Site
  readonly #guard: Guard
  readonly #name = `virt-cpu-${randomUUID()}`
  readonly #folder: string

  /** @param folder on this host */
  constructor(site: Site, folder: string, guard: Guard) {
    this.site = site
    this.#folder = folder
    this.#guard = guard
  }

  /** @throws ProbeError where the site cannot be reached, or has no QEMU; LibvirtError, QemuEnded as `Qemu` does */
  async start({ binary, guest, firmware, load, incoming, accelerator }: SiteGuest): Promise<Qemu> {
    const { ssh } = this.site
    if (!ssh) {
      makeFolder(this.#folder, 0o700)
      writeFileSync(join(this.#folder, FIRMWARE), firmware)
    }
    try {
      return await Qemu.start(binary, {
        accelerator,
        guest,
        program: { load, incoming },
        folder: ssh ? tmpdir() : this.#folder,
        guard: this.#guard,
        through: ssh && (([, ...args]) => throughShell(ssh, this.#script(binary, args, firmware))),
      })
    } catch (error) {
      if (ssh && error instanceof QemuEnded && NOT_QEMU.includes(error.status ?? 0))
        throw new ProbeError(`${this.site.name}: ${error.message}`)
      throw error
    }
  }

  /** Takes the state that a guest left behind to where another QEMU waits for it. @throws ProbeError */
  async carryTo(target: Workplace): Promise<void> {
    const source = this.#run(`cat ${this.#path}/${STATE}`)
    const sink = target.#run(`cat >${target.#path}/${STATE}`)
    source.stdout.pipe(sink.stdin)
    const [left, right] = await Promise.all([waitFor(source), waitFor(sink)])
    for (const [{ site }, { status, words }] of [[this, left] as const, [target, right] as const])
      if (status !== 0) throw new ProbeError(`${site.name}: the guest's state is lost: ${words}`)
  }

  /** Where the folder is, as the site's shell has it. */
  get #path(): string {
    return this.site.ssh ? `"\${TMPDIR:-/tmp}/${this.#name}"` : quote(this.#folder)
  }

  #run(script: string): ChildProcessWithoutNullStreams {
    const { ssh } = this.site
    const [program, ...args]: Command = ssh ? throughShell(ssh, script) : ['sh', '-c', script]
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    if (child.pid !== undefined) this.#guard.watch(child.pid)
    child.stdin.on('error', () => {}) // it has ended, and says why
    return child
  }

  /**
   * Runs QEMU in a folder of its own, ends it when standard input ends, since whoever started it is gone then, and
   * removes the folder.
   */
  #script(binary: string, args: readonly string[], firmware: Uint8Array): string {
    const name = binary.split('/').at(-1) ?? binary
    return `
      d=${this.#path}; q=$(command -v ${quote(name)}) || q=${NATIVE_ONLY}
      [ -x "$q" ] || { echo ${quote(`there is no ${name} on the PATH`)} >&2; exit ${NO_QEMU}; }
      mkdir -m 700 "$d" && cd "$d" || exit ${NO_QEMU}
      trap 'cd /; rm -rf "$d"' EXIT; trap 'exit 143' HUP INT TERM
      echo ${encode(gzipSync(firmware))} | base64 -d | gzip -dc >${FIRMWARE} && mkfifo input || exit ${NO_QEMU}
      exec 3<&0
      "$q" ${args.map(quote).join(' ')} <input & p=$!
      { cat <&3 >input; kill -9 $p; } >/dev/null 2>&1 & c=$!
      # The shell tells of a child that was killed, to whoever is gone.
      exec >/dev/null 2>&1
      wait $p; s=$?
      kill $c
      exit $s`
  }
}

/** What a shell ends with where there is no QEMU to end. */
const NO_QEMU = 127
/** With that of ssh: it did not come there. */
const NOT_QEMU: readonly number[] = [NO_QEMU, 255]

/** As one word for a shell. */
const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

const encode = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64')

/** Whatever the user's own shell is there: it sees no character that means anything to it. */
const throughShell = (ssh: readonly string[], script: string): Command => [
  'ssh',
  ...ssh,
  `exec sh -c 'eval "$(echo ${encode(script)} | base64 -d)"'`,
]

function waitFor(
  child: ChildProcessWithoutNullStreams,
): Promise<{ readonly status: number | null; readonly words: string }> {
  let words = ''
  child.stderr.on('data', (bytes: Buffer) => {
    words = (words + bytes.toString('utf8')).slice(-1000)
  })
  return new Promise(resolve => {
    child.on('error', error => resolve({ status: null, words: error.message }))
    child.on('close', status => resolve({ status, words: words.trim() }))
  })
}
