import { writeSync } from 'node:fs'
import { isTerminal, STDERR } from './globals.ts'

/** The state that both threads see: nobody draws, the other thread draws, or it is over. */
const [IDLE, DRAWING, OVER] = [0, 1, 2] as const

/**
 * What a command does while it takes long: a line on stderr, where that is a terminal, after half a second. Another
 * thread draws it, for computing leaves this one no time to.
 */
export class Activity {
  readonly #state = new Int32Array(new SharedArrayBuffer(8))
  #worker: import('node:worker_threads').Worker | undefined

  /** @param what the first thing it does: `reading the fleet` */
  static async start(what: string): Promise<Activity> {
    const activity = new Activity()
    if (!isTerminal(STDERR) || process.env.TERM === 'dumb' || !(await import('node:tty')).isatty(STDERR))
      return activity
    const { Worker } = await import('node:worker_threads')
    const workerData = { state: activity.#state, what, fd: STDERR }
    activity.#worker = new Worker(`(${draw})(require('node:worker_threads'), require('node:fs'))`, {
      eval: true,
      workerData,
    })
    activity.#worker.unref()
    return activity
  }

  /** What it does from now on. */
  next(what: string): void {
    this.#worker?.postMessage(what)
  }

  /** Takes the line away: nothing is drawn any more. */
  end(): void {
    if (!this.#worker) return
    while (Atomics.compareExchange(this.#state, 0, IDLE, OVER) === DRAWING)
      Atomics.wait(this.#state, 0, DRAWING, 5)
    Atomics.notify(this.#state, 0)
    if (this.#state[1] === 1) writeSync(STDERR, '\r\x1b[K')
    this.#worker = undefined
  }
}

/** Runs in the other thread, where nothing of this file is known. */
function draw(
  { workerData, parentPort, receiveMessageOnPort }: typeof import('node:worker_threads'),
  fs: typeof import('node:fs'),
): void {
  const { state, fd } = workerData as { state: Int32Array; what: string; fd: number }
  let { what } = workerData as { what: string }
  const started = Date.now()
  for (let wait = 500; Atomics.wait(state, 0, 0, wait) === 'timed-out'; wait = 200) {
    for (let told = parentPort && receiveMessageOnPort(parentPort); told; ) {
      what = told.message as string
      told = parentPort && receiveMessageOnPort(parentPort)
    }
    if (Atomics.compareExchange(state, 0, 0, 1) !== 0) return
    const seconds = Math.round((Date.now() - started) / 1000)
    fs.writeSync(fd, `\r\x1b[K${what} … ${seconds} s `)
    state[1] = 1
    Atomics.store(state, 0, 0)
    Atomics.notify(state, 0)
  }
}

/** A bar on stderr for work that has a number of parts, where stderr is a terminal, after half a second. */
export class ProgressBar {
  readonly #count: number
  readonly #isShown = isTerminal(STDERR)
  readonly #started = performance.now()
  #drawn = false

  /** @param count of the parts */
  constructor(count: number) {
    this.#count = count
  }

  /** Draws how many parts are done and how many failed. */
  show(done: number, failed: number): void {
    if (!this.#isShown || performance.now() - this.#started < 500) return
    const part = Math.round((20 * (done + failed)) / Math.max(this.#count, 1))
    const bar = `${'#'.repeat(part)}${'.'.repeat(20 - part)}`
    process.stderr.write(`\r[${bar}] ${done + failed} of ${this.#count}, ${failed} failed `)
    this.#drawn = true
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#drawn) process.stderr.write('\r\x1b[K')
  }
}
