import { loadYaml, mayHoldYaml } from '../formats/yaml.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { CpuMap } from '../map/cpu-map.ts'
import { answerWith, type ErrorKind, errorOf, idText, parseRequest, withId } from '../questions/ask.ts'
import { contextOf, NeedsPrograms } from '../questions/context.ts'
import { loadQuestion } from '../questions/table.ts'
import { type FleetSource, type Resolve, resolveFleets } from './inventory-fleet.ts'

/** What requests are answered from. */
export interface Sources {
  /** For requests that name no map. */
  readonly own: CpuMap
  /** The maps that requests may name. */
  readonly named: ReadonlyMap<string, CpuMap>
  /** Bytes that an answer may have; absent: any number. */
  readonly largest?: number
  /** Signs of JSON that a body may have, those in its texts too; absent: any number. */
  readonly signs?: number
  /** The hosts of the inventory; absent: there is none. */
  readonly fleets?: FleetSource | undefined
  /** Reads what a request names in place of texts and documents; absent: it may name hosts of the inventory. */
  readonly resolve?: Resolve
  /** Is told how far an answer is. */
  readonly onProgress?: (progress: AnswerProgress) => void
}

/** How far an answer is. */
export interface AnswerProgress {
  /** It waits for a worker, reads its hosts, works, or its answer is written down. */
  readonly stage: 'waiting' | 'reading' | 'answering' | 'writing'
  /** How much of the stage is done, from 0 to 1; absent: nobody knows. */
  readonly share?: number
}

/** A response: its status and its JSON. */
export interface HttpAnswer {
  readonly status: Status
  readonly body: Uint8Array<ArrayBuffer>
}

/** `,`, `[` and `{`: JSON has no more values than these, and one. */
const SIGNS = [0x2c, 0x5b, 0x7b]

/**
 * Refuses a body of many small values, which take a hundred times its bytes when they are read: JSON.parse stops for no
 * limit of a thread's memory.
 * @throws RequestRefused
 */
function refuseCrowd(body: Uint8Array, most: number): void {
  let signs = 0
  for (const byte of body) if (SIGNS.includes(byte) && ++signs > most) break
  if (signs > most)
    throw new RequestRefused('too-large', `the body has more than ${most} values: send less at once`)
}

/**
 * Answers the body of a request for a verb: what the contract has, an error included. Anything else that is thrown
 * is a fault of ours.
 */
export async function answerRequest(
  {
    own,
    named,
    fleets = noFleets,
    resolve = (context, question, request) =>
      resolveFleets(context, question, request, fleets, share => onProgress({ stage: 'reading', share })),
    largest = Infinity,
    signs = Infinity,
    onProgress = () => {},
  }: Sources,
  verb: string,
  bytes: Uint8Array,
): Promise<HttpAnswer> {
  try {
    onProgress({ stage: 'reading' })
    refuseCrowd(bytes, signs)
    const text = new TextDecoder().decode(bytes)
    if (mayHoldYaml(text)) await loadYaml()
    const request = parseRequest(text)
    const map = readMap(request.cpuMap, own, named)
    const context = contextOf(map)
    const question = await loadQuestion(verb)
    const resolved = await resolve(context, question, request)
    onProgress({ stage: 'answering' })
    const said = answerWith(context, question, { ...resolved.request, verb }, resolved.prepare)
    onProgress({ stage: 'writing' })
    const json = request.id === undefined ? JSON.stringify(said) : withId(idText(request.id, text), said)
    if (json.length > largest)
      throw new RequestRefused('too-large', `the answer has more than ${largest} bytes`)
    return { status: 200, body: toBytes(json) }
  } catch (error) {
    if (error instanceof NeedsPrograms) return makeRefusal('forbidden', error.message)
    const said = error instanceof RequestRefused ? error : errorOf(error)
    if (!said) throw error
    return makeRefusal(said.kind, said.message)
  }
}

/** The hosts of an inventory, where it has some. @throws RequestRefused, InventoryError */
export const fleetsIn =
  (open: () => Promise<Inventory>): FleetSource =>
  async of => {
    const stored = await (await open()).storedFleet(of)
    if (stored.hosts > 0) return stored
    const { pool, time } = of
    const where = pool === undefined ? '' : pool === '' ? ' without a pool' : ` in a pool called '${pool}'`
    const when = time ? ` at ${time.toISOString()}` : ''
    throw new RequestRefused('not-found', `the inventory has no host${where}${when}`)
  }

const noFleets: FleetSource = () => {
  throw new RequestRefused('not-found', 'this server has no inventory: start it with --store')
}

export const makeRefusal = (kind: Refusal, message: string): HttpAnswer => ({
  status: statusOf(kind),
  body: toBytes(JSON.stringify({ error: { kind, message } })),
})

/** Text as it is sent. */
export const toBytes = (text: string) => new TextEncoder().encode(text)

/** @throws Refused for a path; a map is configured when the server is started */
function readMap(name: unknown, own: CpuMap, maps: ReadonlyMap<string, CpuMap>): CpuMap {
  if (name === undefined) return own
  const map = typeof name === 'string' ? maps.get(name) : undefined
  if (map) return map
  const known = maps.size > 0 ? `known: ${[...maps.keys()].join(', ')}` : 'the server was given none'
  throw new RequestRefused(
    'forbidden',
    `cpuMap must be the name of a map that the server was given; ${known}`,
  )
}

/** Why a request gets no answer: the contract's kinds, and what only a server has. */
export type Refusal =
  | ErrorKind
  | 'not-found'
  | 'bad-method'
  | 'unauthorized'
  | 'forbidden'
  | 'too-large'
  /** It took longer than the server allows. */
  | 'too-long'
  /** It took more memory than the server allows. */
  | 'too-much'
  /** Too many others wait. */
  | 'busy'
  /** This client asks too often. */
  | 'too-many'
  /** There is one already. */
  | 'conflict'
  /** The disk of the inventory is. */
  | 'full'
  /** The inventory cannot be reached now. */
  | 'unavailable'
  | 'fault'

const STATUS = {
  'bad-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'bad-method': 405,
  conflict: 409,
  'too-large': 413,
  'too-many': 429,
  fault: 500,
  'too-long': 503,
  'too-much': 503,
  busy: 503,
  unavailable: 503,
  full: 507,
} as const

export type Status = 200 | 201 | 400 | 401 | 403 | 404 | 405 | 409 | 413 | 422 | 429 | 500 | 503 | 507

/** The status of an error. What libvirt refuses, and input that cannot be read, is 422. */
const statusOf = (kind: Refusal): Status =>
  Object.hasOwn(STATUS, kind) ? STATUS[kind as keyof typeof STATUS] : 422

/** A request that is not answered, and why: its path, its size or where it comes from. */
export class RequestRefused extends Error {
  override readonly name = 'Refused'
  readonly kind: Refusal

  constructor(kind: Refusal, message: string) {
    super(message)
    this.kind = kind
  }
}
