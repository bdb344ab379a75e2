import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { isObject, type JsonObject } from '../../formats/json/json-value.ts'

type QmpChild = Pick<ChildProcess, 'on'> & {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
}

/** More than QEMU's longest reply by far; a program that writes without end is none. */
const LONGEST_LINE = 64 * 2 ** 20

/** What a child prints on stderr is shown up to here. */
const LONGEST_WORDS = 4096

/** The JSON messages that a child writes, a line each. Whatever ends them ends the waiting too. */
export class MessageReader {
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
      this.#words = (this.#words + bytes.toString('utf8')).slice(0, LONGEST_WORDS)
    })
    child.on('error', error => this.#stop(error))
    // After the streams are read to their end, so that its last words are heard.
    child.on('close', (status, signal) => this.#stop(new Error(this.#ending(status, signal))))
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
