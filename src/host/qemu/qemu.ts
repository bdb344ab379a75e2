import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { Dialogue } from '../../arch/dialogue.ts'
import type { Topology } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { isObject, type JsonObject } from '../../formats/json/json.ts'
import { makeEndingError } from '../../qemu/guest/ending.ts'
import type { QmpCommand, QmpExchange } from '../../qemu/qmp/reply.ts'

type QmpChild = Pick<ChildProcess, 'on'> & {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
}

/** More than QEMU's longest reply by far; a program that writes without end is none. */
const LONGEST_LINE = 64 * 2 ** 20

/** So much of the end of what a child prints on stderr is kept: QEMU has a line for each feature that it cannot give each of its CPUs. */
const LONGEST_WORDS = 8 * 2 ** 20

/** The program ended by itself; the message is what it said. */
export class QemuEnded extends Error {
  /** Its exit status; null: a signal ended it. */
  readonly status: number | null

  constructor(words: string, status: number | null) {
    super(words)
    this.status = status
  }
}

/** The JSON messages that a child writes, a line each. Whatever ends them ends the waiting too. */
class MessageReader {
  readonly #timeout: number
  #text = ''
  #words = ''
  #fault: Error | undefined
  readonly #messages: JsonObject[] = []
  #wake: (() => void) | undefined

  constructor(child: QmpChild, timeout: number) {
    this.#timeout = timeout
    const decoder = new StringDecoder('utf8')
    child.stdout.on('data', (bytes: Buffer) => this.#take(decoder.write(bytes)))
    child.stderr.on('data', (bytes: Buffer) => {
      this.#words = (this.#words + bytes.toString('utf8')).slice(-LONGEST_WORDS)
    })
    child.on('error', error => this.#stop(error))
    // After the streams are read to their end, so that its last words are heard.
    child.on('close', (status, signal) => this.#stop(new QemuEnded(this.#ending(status, signal), status)))
    child.stdin.on('error', () => {}) // the child is gone: `close` says so
  }

  /** The next wanted message; others are passed over. @throws Error where there will be none */
  async next(wanted: (message: object) => boolean): Promise<JsonObject> {
    for (;;) {
      for (let message = this.#messages.shift(); message; message = this.#messages.shift()) {
        if (wanted(message)) return message
      }
      if (this.#fault) throw this.#fault
      await this.#more()
    }
  }

  /** Nobody waits any more. */
  end(): void {
    this.#stop(new Error('ended'))
  }

  #more(): Promise<void> {
    return new Promise(resolve => {
      const late = `no answer within ${this.#timeout / 1000} s`
      const timer = setTimeout(() => this.#stop(new Error(late)), this.#timeout)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #take(text: string): void {
    const lines = (this.#text + text).split('\n')
    this.#text = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') this.#read(line)
    if (this.#text.length > LONGEST_LINE) this.#stop(new Error('it writes without end and is no QEMU'))
    this.#wake?.()
  }

  #read(line: string): void {
    try {
      const message: unknown = JSON.parse(line)
      if (isObject(message)) this.#messages.push(message)
      else this.#stop(new Error(`it is no QEMU: it wrote ${line.slice(0, 100)}`))
    } catch {
      this.#stop(new Error(`it is no QEMU: it wrote ${JSON.stringify(line.slice(0, 100))}`))
    }
  }

  #stop(fault: Error): void {
    this.#fault ??= fault
    this.#wake?.()
  }

  #ending(status: number | null, signal: string | null): string {
    const how = signal === null ? `status ${status}` : `signal ${signal}`
    return this.#words.trimEnd() || `it ended without a word, with ${how}`
  }
}

/** How long a QEMU may say nothing, in milliseconds. It answers within 0.3 s; a busy host takes its time. */
const TIMEOUT = 120_000

/** A machine with a CPU. */
export interface GuestMachine {
  readonly name?: string | undefined
  readonly machine: string
  readonly cpu: string
  readonly vcpus: number
  /** Absent: all. */
  readonly vcpusAtStart?: number | undefined
  readonly topology?: Topology | undefined
}

/** What the guest's CPU executes. */
interface GuestProgram {
  /** QEMU's arguments for it and its memory; paths are from the folder in which QEMU is started. */
  readonly load: readonly string[]
  /** Where the guest is migrated from, as QEMU's `-incoming` has it; absent: it starts. */
  readonly incoming?: string | undefined
}

export interface QemuOptions {
  /** What `accel=` is set to. */
  readonly accelerator: 'kvm:tcg' | 'kvm' | 'tcg'
  /** Absent: no machine. */
  readonly guest?: GuestMachine | undefined
  /** Absent: the guest is stopped before its first instruction. */
  readonly program?: GuestProgram | undefined
  /** The folder in which QEMU is started; absent: this process's. */
  readonly folder?: string | undefined
  /** Makes the command that is started of QEMU's, for a QEMU on another host. */
  readonly through?: ((command: readonly [string, ...string[]]) => readonly [string, ...string[]]) | undefined
  /** Who ends it when this process is gone; absent: a guard of its own. */
  readonly guard?: Guard | undefined
  /** How long it may say nothing, in milliseconds; absent: 120 s. */
  readonly timeout?: number | undefined
}

/** A QEMU that answers questions. It never outlives this process. */
export class Qemu {
  readonly #binary: string
  readonly #options: QemuOptions
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #messages: MessageReader
  readonly #release: () => void

  private constructor(binary: string, options: QemuOptions) {
    const { folder, timeout = TIMEOUT, guard = new Guard(), through = command => command } = options
    this.#binary = binary
    this.#options = options
    const [program, ...args] = through([binary, ...makeArguments(options)])
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      cwd: folder,
      env: { ...process.env, LC_ALL: 'C' },
    })
    if (this.#child.pid !== undefined) guard.watch(this.#child.pid)
    this.#messages = new MessageReader(this.#child, timeout)
    this.#release = options.guard ? () => {} : () => guard.release()
  }

  /**
   * Starts a binary and waits until it listens.
   * @throws LibvirtError where it cannot be started, ends, is silent for too long, or is no QEMU; QemuEnded where it
   * ends that was to run a program
   */
  static async start(binary: string, options: QemuOptions): Promise<Qemu> {
    const qemu = new Qemu(binary, options)
    await qemu.#next(message => 'QMP' in message)
    return qemu
  }

  /** @throws LibvirtError, QemuEnded where QEMU ends instead of answering, or does not answer */
  async ask(command: QmpCommand): Promise<JsonObject> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`)
    return this.#next(message => 'return' in message || 'error' in message, command.execute)
  }

  /** Asks the questions of a dialogue; returns what it found, and what was said. */
  async run<T>(dialogue: Dialogue<T, QmpCommand>): Promise<{ found: T; said: readonly QmpExchange[] }> {
    const said: QmpExchange[] = []
    let step = dialogue.next()
    while (!step.done) {
      const command = step.value
      const reply = await this.ask(command)
      said.push({ command, reply, line: 0 })
      step = dialogue.next(reply)
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
      const { guest, program } = this.#options
      if (program && cause instanceof QemuEnded) throw cause
      if (guest && cause instanceof QemuEnded) throw makeEndingError(guest.name, cause.message)
      const why = cause instanceof Error ? cause.message : String(cause)
      const where = asked === undefined ? '' : ` (asked for ${asked})`
      const detail = `Failed to start QEMU binary ${this.#binary} for probing: ${why}${where}`
      throw new LibvirtError('internal', detail, { cause })
    }
  }
}

const makeArguments = ({ accelerator, guest, program }: QemuOptions): string[] => [
  ...(program ? [] : ['-S']),
  '-no-user-config',
  '-nodefaults',
  '-nographic',
  '-machine',
  `${guest?.machine ?? 'none'},accel=${accelerator}`,
  ...(guest ? ['-cpu', guest.cpu, '-smp', printTopology(guest), '-msg', 'timestamp=on'] : []),
  ...(program ? program.load : guest ? ['-m', '256'] : []),
  ...(program?.incoming === undefined ? [] : ['-incoming', program.incoming]),
  '-qmp',
  'stdio',
]

/** A guest of no topology has a socket for each CPU; levels that only some machines have are told where they matter. */
function printTopology({ vcpus, vcpusAtStart = vcpus, topology }: GuestMachine): string {
  const { sockets = vcpus, dies = 1, clusters = 1, cores = 1, threads = 1 } = topology ?? {}
  const more = [dies > 1 ? `dies=${dies},` : '', clusters > 1 ? `clusters=${clusters},` : ''].join('')
  const most = vcpusAtStart < vcpus ? `,maxcpus=${vcpus}` : ''
  return `${vcpusAtStart}${most},sockets=${sockets},${more}cores=${cores},threads=${threads}`
}

/** Reads a line for each child, which must lead a process group; when there are no more lines, it ends them all. */
const GUARD = `
while read -r pid; do children="$children -$pid"; done
[ -z "$children" ] || kill -9 $children
[ -z "$1" ] || rm -rf -- "$1"`

/**
 * Ends children and removes a folder when this process is gone, however it ends, by Ctrl-C or \`kill -9\` too: a shell
 * that waits for a pipe to close.
 */
export class Guard {
  readonly #shell: ChildProcessByStdio<Writable, null, null> | undefined

  /** @param folder may not exist yet; absent: none */
  constructor(folder = '') {
    if (process.platform === 'win32') return
    this.#shell = spawn('/bin/sh', ['-c', GUARD, 'guard', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    // Where there is no shell the children are still ended by whoever started them.
    this.#shell.on('error', () => {})
    this.#shell.stdin.on('error', () => {})
    this.#shell.unref()
  }

  watch(pid: number): void {
    this.#shell?.stdin.write(`${pid}\n`)
  }

  /** The children have ended, and the folder is gone. */
  release(): void {
    this.#shell?.kill('SIGKILL')
  }
}
