import { Session } from 'node:inspector'
import type { MessagePort } from 'node:worker_threads'
import { drawFrom } from '../random.ts'
import { minimise } from './minimise.ts'
import { questions } from './questions.ts'
import { readers } from './readers.ts'
import { routes } from './routes.ts'
import { check, type Fault, type Target } from './target.ts'

const MAKERS = { reader: readers, question: questions, route: routes }

/** All that can be fuzzed; `only` is a beginning of a name, or a name. */
export async function targetsOf(only = ''): Promise<Target[]> {
  const wanted = Object.entries(MAKERS).filter(([kind]) => only === '' || only.split(':')[0] === kind)
  const all = (await Promise.all(wanted.map(([, make]) => make()))).flat()
  const chosen = all.filter(({ name }) => only === '' || name === only || name.startsWith(`${only}:`))
  return chosen
}

/** What a campaign is to do. */
export interface Campaign {
  readonly seed: number
  readonly only: string | undefined
  /** Until when, as Date.now() counts. */
  readonly until: number
  /** Kinds of faults that were found before. */
  readonly known: readonly string[]
  /** The round to go on with: inputs of a round follow from the seed and its number. */
  readonly round: number
  /** Inputs that reached new code in rounds before. */
  readonly reached: readonly (readonly [string, Uint8Array])[]
}

/** What a worker says. */
export type Message =
  | { readonly kind: 'fault'; readonly target: string; readonly fault: Fault; readonly input: Uint8Array }
  | { readonly kind: 'round'; readonly round: number; readonly tried: number; readonly reached: number }
  | { readonly kind: 'new'; readonly target: string; readonly input: Uint8Array }
  | { readonly kind: 'end' }

/** How many inputs of a target are tried before those of the next. */
const AT_ONCE = 40

/** Tries inputs of every target in turn until time is up. */
export async function runCampaign(campaign: Campaign, port: MessagePort, now: SharedInput): Promise<void> {
  const targets = await targetsOf(campaign.only)
  const coverage = new Coverage()
  const pools = new Map(targets.map(({ name, samples }) => [name, [...samples]]))
  for (const [name, input] of campaign.reached) pools.get(name)?.push(Buffer.from(input))
  const known = new Set(campaign.known)
  const send = (message: Message) => port.postMessage(message)
  for (let { round } = campaign; Date.now() < campaign.until; round++) {
    let [tried, reached] = [0, 0]
    for (const target of targets) {
      if (Date.now() >= campaign.until) break
      const pool = pools.get(target.name) ?? []
      if (pool.length === 0) continue
      const tries = makeInputs(target, pool, { seed: campaign.seed, round, count: AT_ONCE })
      for (const input of tries) {
        now.set(target.name, input)
        tried++
        const fault = await check(target, input, tried % 4 === 0)
        const key = `${target.name.split(':')[0]} ${fault?.kind}`
        if (!fault || known.has(key)) continue
        known.add(key)
        send({ kind: 'fault', target: target.name, fault, input: await minimise(target, input, fault, now) })
      }
      for (const input of await coverage.findNew(target, tries, now)) {
        reached++
        pool.push(input)
        send({ kind: 'new', target: target.name, input })
      }
    }
    send({ kind: 'round', round, tried, reached })
  }
  for (const { close } of targets) await close?.()
  send({ kind: 'end' })
}

/** The inputs of a round: equal for equal seeds, as long as equal ones reached new code before. */
export function makeInputs(
  { name, mutate }: Target,
  pool: readonly Buffer[],
  { seed, round, count }: { readonly seed: number; readonly round: number; readonly count: number },
): Buffer[] {
  const draw = drawFrom(seed + round * 7919 + hashOf(name))
  return Array.from({ length: count }, () => mutate(draw.pick(pool), draw.pick(pool), draw))
}

const hashOf = (text: string): number =>
  [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7)

/** Where a hang is looked for: the input that is tried, in memory that outlives this thread. */
export class SharedInput {
  static readonly SIZE = 4 * 2 ** 20
  readonly #head: Int32Array
  readonly #bytes: Uint8Array
  readonly memory: SharedArrayBuffer

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#head = new Int32Array(memory, 0, 4)
    this.#bytes = new Uint8Array(memory, 16)
  }

  set(target: string, input: Uint8Array): void {
    const name = Buffer.from(target)
    this.#head[1] = name.length
    this.#head[2] = Math.min(input.length, this.#bytes.length - name.length)
    this.#bytes.set(name)
    this.#bytes.set(input.subarray(0, this.#head[2]), name.length)
    Atomics.add(this.#head, 0, 1)
  }

  /** How many inputs there were. */
  get count(): number {
    return Atomics.load(this.#head, 0)
  }

  get(): { readonly target: string; readonly input: Buffer } {
    const [, name = 0, size = 0] = this.#head
    const bytes = Buffer.from(this.#bytes.subarray(0, name + size))
    return { target: bytes.subarray(0, name).toString(), input: bytes.subarray(name) }
  }
}

/** Which parts of our code ran; it must be on before that code is loaded. */
class Coverage {
  readonly #session = new Session()
  readonly #seen = new Set<string>()

  constructor() {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** The inputs that made code run which none before did. */
  async findNew(target: Target, tries: readonly Buffer[], now: SharedInput): Promise<Buffer[]> {
    if (this.#take() === 0) return []
    const found: Buffer[] = []
    // New code was reached by some of them: by which ones shows when they run alone.
    const before = new Set(this.#last)
    for (const input of tries) {
      now.set(target.name, input)
      await check(target, input, false)
      this.#take()
      const news = this.#ran.filter(key => before.delete(key))
      if (news.length > 0) found.push(input)
      if (before.size === 0) break
    }
    return found
  }

  #last: readonly string[] = []
  #ran: readonly string[] = []

  /** Notes what ran since the last time; returns how much of it is new. */
  #take(): number {
    const ran: string[] = []
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error) return
      for (const { url, functions } of taken.result)
        if (url.endsWith('?covered'))
          for (const { ranges } of functions)
            for (const { startOffset, endOffset, count } of ranges)
              if (count > 0) ran.push(`${startOffset}-${endOffset}`)
    })
    this.#ran = ran
    this.#last = ran.filter(key => !this.#seen.has(key))
    for (const key of this.#last) this.#seen.add(key)
    return this.#last.length
  }
}
