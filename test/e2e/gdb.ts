import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A guest of QEMU's that is stopped before its first instruction, by the protocol of GDB's stubs. */
export class Guest {
  readonly #end: () => void
  readonly #socket: Socket
  #received = ''
  #answered: (reply: string) => void = () => {}

  private constructor(socket: Socket, end: () => void) {
    this.#socket = socket
    this.#end = end
    socket.on('data', data => this.#take(data.toString('latin1')))
  }

  /** @param args the machine and its CPU */
  static async start(binary: string, args: readonly string[]): Promise<Guest> {
    const folder = mkdtempSync(join(tmpdir(), 'gdb-'))
    const path = join(folder, 'socket')
    const stub = ['-S', '-gdb', `unix:${path},server=on,wait=off`, '-display', 'none', '-nodefaults']
    const child = spawn(binary, [...stub, '-accel', 'tcg', ...args], { stdio: 'ignore' })
    const end = () => {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
    for (let tries = 0; tries < 1200 && child.exitCode === null; tries++) {
      const socket = await open(path)
      if (socket) return new Guest(socket, end)
      await sleep(100)
    }
    end()
    throw new Error(`${binary} does not listen`)
  }

  /** Puts bytes into memory. */
  async write(address: number, bytes: Uint8Array): Promise<void> {
    await this.#ask(`M${address.toString(16)},${bytes.length.toString(16)}:${hex(bytes)}`)
  }

  async memory(address: number, length: number): Promise<Buffer> {
    return Buffer.from(await this.#ask(`m${address.toString(16)},${length.toString(16)}`), 'hex')
  }

  /** Sets a register, by the number that GDB has for it, to bytes in the target's order. */
  async set(register: number, bytes: Uint8Array): Promise<void> {
    await this.#ask(`P${register.toString(16)}=${hex(bytes)}`)
  }

  /** A register's bytes in the target's order. */
  async register(register: number): Promise<Buffer> {
    return Buffer.from(await this.#ask(`p${register.toString(16)}`), 'hex')
  }

  /** Runs one instruction. */
  async step(): Promise<void> {
    await this.#ask('s')
  }

  end(): void {
    this.#socket.destroy()
    this.#end()
  }

  /** `$TEXT#SUM`, answered in kind. */
  async #ask(text: string): Promise<string> {
    const sum = Buffer.from(text).reduce((all, byte) => (all + byte) & 0xff, 0)
    const reply = new Promise<string>(resolve => {
      this.#answered = resolve
    })
    this.#socket.write(`$${text}#${sum.toString(16).padStart(2, '0')}`)
    return reply
  }

  #take(text: string): void {
    this.#received += text
    const packet = /\$([^#]*)#../.exec(this.#received)
    if (!packet) return
    this.#received = this.#received.slice(packet.index + packet[0].length)
    this.#socket.write('+')
    this.#answered(packet[1] ?? '')
  }
}

const open = (path: string): Promise<Socket | undefined> =>
  new Promise(resolve => {
    const socket = connect(path, () => resolve(socket))
    socket.on('error', () => resolve(undefined))
  })

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** 64 bits, the least significant byte first. */
export function little(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

/** 64 bits, the most significant byte first. */
export const big = (value: number): Buffer => little(value).reverse()
