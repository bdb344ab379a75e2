import { gunzipSync } from 'node:zlib'
import type { Draw } from '../random.ts'

/** Something that takes input from outside: a reader, a question or a route. */
export interface Target {
  /** `reader:cpuid-r`, `question:pools`, `route:hosts` */
  readonly name: string
  /** Inputs as they should be. */
  readonly samples: readonly Buffer[]
  /** A changed input. */
  readonly mutate: (sample: Buffer, other: Buffer, draw: Draw) => Buffer
  /**
   * What comes of an input, as text: the answer, or a refusal in our own words. Equal inputs have equal ones.
   * @throws Broken, and whatever is a fault of ours
   */
  readonly run: (input: Buffer) => Promise<string>
  /** Equal inputs may have different answers: something is stored in between. */
  readonly hasState?: boolean
  readonly close?: () => Promise<void>
}

/** An answer that breaks a promise. */
export class Broken extends Error {
  override readonly name = 'Broken'
}

/** What is wrong about an input's outcome. */
export interface Fault {
  /** Faults of one kind have it in common: what is wrong, and where. */
  readonly kind: string
  readonly detail: string
}

/** Processor milliseconds that an input may take, those of its size beside. */
const MOST_MS = 1500
const MS_PER_KILOBYTE = 15

/** Characters that an answer may have, those of its input's size beside. */
const MOST_CHARACTERS = 2_000_000
const CHARACTERS_PER_BYTE = 500

/** Holds an input against all that must be so of any. Undefined: it is. */
export async function check(
  { run, hasState }: Target,
  input: Buffer,
  isTwice = true,
): Promise<Fault | undefined> {
  const from = process.cpuUsage()
  const first = await outcomeOf(run, input)
  const { user, system } = process.cpuUsage(from)
  if (typeof first !== 'string') return first
  const took = (user + system) / 1000
  if (took > MOST_MS + (MS_PER_KILOBYTE * sizeOf(input)) / 1024)
    return { kind: 'slow', detail: `${Math.round(took)} ms of processor time` }
  if (first.length > MOST_CHARACTERS + CHARACTERS_PER_BYTE * sizeOf(input))
    return { kind: 'an answer much larger than its input', detail: `${first.length} characters` }
  const polluted = POLLUTABLE.find(({ of, names }) => Reflect.ownKeys(of).length !== names)
  if (polluted)
    return { kind: 'a prototype was changed', detail: Reflect.ownKeys(polluted.of).map(String).join(' ') }
  if (!isTwice || hasState) return undefined
  const second = await outcomeOf(run, input)
  if (typeof second !== 'string' || second === first) return typeof second === 'string' ? undefined : second
  return { kind: 'two answers to one input', detail: `${difference(first, second)}` }
}

const POLLUTABLE = [Object, Array, String, Function, Map, Promise, RegExp, Number].map(
  ({ prototype: of }) => ({
    of,
    names: Reflect.ownKeys(of).length,
  }),
)

/** What a packed input holds counts. */
function sizeOf(input: Buffer): number {
  if (input[0] !== 0x1f || input[1] !== 0x8b) return input.length
  try {
    return gunzipSync(input, { maxOutputLength: 2 ** 24 }).length
  } catch {
    return input.length
  }
}

async function outcomeOf(run: Target['run'], input: Buffer): Promise<string | Fault> {
  try {
    return await run(input)
  } catch (error) {
    return faultOf(error)
  }
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error))
    return { kind: 'something was thrown that is no error', detail: String(error) }
  if (error instanceof Broken) return { kind: kindOf(error.message), detail: error.message }
  const place = /\n\s+at (?:async )?([\w.$#<> ]+)/.exec(error.stack ?? '')?.[1] ?? ''
  return {
    kind: `${error.name} in ${place.trim()}: ${kindOf(error.message)}`,
    detail: error.stack ?? error.message,
  }
}

/** A message without what differs from one input to the next. */
const kindOf = (message: string): string =>
  (message.split('\n')[0] ?? '')
    .replace(/(['"`]).*?\1/g, '…')
    .replace(/\d+/g, 'N')
    .slice(0, 120)

function difference(one: string, other: string): string {
  let at = 0
  while (one[at] === other[at]) at++
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 40), at + 60))
  return `${around(one)} and ${around(other)}`
}
