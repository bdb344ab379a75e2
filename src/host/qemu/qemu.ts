import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { JsonObject } from '../../formats/json/json-value.ts'
import type { QmpCommand, QmpExchange } from '../../qemu/qmp/exchange.ts'
import type { Interview } from './interview.ts'
import { MessageReader } from './messages.ts'

/** How long a QEMU may say nothing, in milliseconds. It answers within 0.3 s; a busy host takes its time. */
const TIMEOUT = 120_000

export interface QemuOptions {
  /** What `accel=` is set to. */
  readonly accelerator: 'kvm:tcg' | 'kvm' | 'tcg'
  /** A machine with a CPU, stopped before its first instruction; absent: no machine. */
  readonly guest?: { readonly machine: string; readonly cpu: string } | undefined
  /** How long it may say nothing, in milliseconds; absent: 120 s. */
  readonly timeout?: number | undefined
}

/** A QEMU that runs no guest and only answers questions. It never outlives this process. */
export class Qemu {
  readonly #binary: string
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #messages: MessageReader
  readonly #release: () => void

  private constructor(binary: string, { accelerator, guest, timeout = TIMEOUT }: QemuOptions) {
    this.#binary = binary
    this.#child = spawn(binary, makeArguments(accelerator, guest), {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, LC_ALL: 'C' },
    })
    this.#messages = new MessageReader(this.#child, timeout)
    this.#release = this.#child.pid === undefined ? () => {} : killWithParent(this.#child.pid)
  }

  /**
   * Starts a binary and waits until it listens.
   * @throws LibvirtError where it cannot be started, ends, is silent for too long, or is no QEMU
   */
  static async start(binary: string, options: QemuOptions): Promise<Qemu> {
    const qemu = new Qemu(binary, options)
    await qemu.#next(message => 'QMP' in message)
    return qemu
  }

  /** @throws LibvirtError where QEMU ends instead of answering, or does not answer */
  async ask(command: QmpCommand): Promise<JsonObject> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`)
    return this.#next(message => 'return' in message || 'error' in message, command.execute)
  }

  /** Puts an interview's questions; answers what it found, and what was said. */
  async interview<T>(interview: Interview<T>): Promise<{ found: T; said: readonly QmpExchange[] }> {
    const said: QmpExchange[] = []
    let step = interview.next()
    while (!step.done) {
      const command = step.value
      const reply = await this.ask(command)
      said.push({ command, reply, line: 0 })
      step = interview.next(reply)
    }
    return { found: step.value, said }
  }

  /** Ends it at once: it has no state to lose. */
  end(): void {
    this.#messages.end()
    this.#child.kill('SIGKILL')
    this.#release()
  }

  async #next(wanted: (message: object) => boolean, asked?: string): Promise<JsonObject> {
    try {
      return await this.#messages.next(wanted)
    } catch (cause) {
      this.end()
      const why = cause instanceof Error ? cause.message : String(cause)
      const where = asked === undefined ? '' : ` (asked for ${asked})`
      const detail = `Failed to start QEMU binary ${this.#binary} for probing: ${why}${where}`
      throw new LibvirtError('internal', detail, { cause })
    }
  }
}

const makeArguments = (accelerator: string, guest: QemuOptions['guest']): string[] => [
  '-S',
  '-no-user-config',
  '-nodefaults',
  '-nographic',
  '-machine',
  `${guest?.machine ?? 'none'},accel=${accelerator}`,
  ...(guest ? ['-cpu', guest.cpu, '-m', '16'] : []),
  '-qmp',
  'stdio',
]

/**
 * Ties a child, which must lead a process group, to this process: however this one ends, by Ctrl-C or `kill -9`
 * too, a shell that waits for a pipe to close kills the group. Answers how to let go once the child has ended.
 */
function killWithParent(pid: number): () => void {
  if (process.platform === 'win32') return () => {}
  const script = 'read -r _; kill -9 -"$1"'
  const guard = spawn('/bin/sh', ['-c', script, 'guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  // Where there is no shell the child is still ended by whoever started it.
  guard.on('error', () => {})
  guard.unref()
  return () => void guard.kill('SIGKILL')
}
