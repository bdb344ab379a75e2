import { textOfEvidence } from '../inventory/derive.ts'
import { type FleetOf, openStoredFleet, parseFleetName, type StoredFleet } from '../inventory/stored-fleet.ts'
import { BadRequest, type Context } from '../questions/context.ts'
import { type FleetInput, type OpenedFleet, standFor } from '../questions/input/fleet/open-fleet.ts'
import { secondsOf } from '../questions/input/fleet/read-rules.ts'
import type { AnyQuestion } from '../questions/question.ts'

/** Where hosts of an inventory come from; it throws where there are none. */
export type FleetSource = (of: FleetOf) => Promise<StoredFleet>

type Json = Readonly<Record<string, unknown>>

/** Reads what a request names. @throws RequestRefused, BadRequest, ParseError, LibvirtError */
export type Resolve = (context: Context, question: AnyQuestion, request: Json) => Promise<Resolved>

/** A request without the fleets that it names, and what its checked input is told of them. */
interface Resolved {
  readonly request: Json
  /** Makes the checked input stand for the fleets. */
  readonly prepare: (input: unknown) => void
}

/**
 * Finds the fleets of the inventory that a request names, and reads them: `fleet: "inventory:pool@time"`, or a fleet file's
 * content with `from: "inventory:pool@time"`; of drift in `before` and `after`.
 * @param onShare is told how much of a fleet was read
 * @throws BadRequest, and what the source throws
 */
export async function resolveFleets(
  context: Context,
  question: AnyQuestion,
  request: Json,
  source: FleetSource,
  onShare: (share: number) => void = () => {},
): Promise<Resolved> {
  return resolveParts(question, request, async part => {
    const { fleet, ...rest } = part
    const { from, ...rules } = typeof fleet === 'string' ? { from: fleet } : ((fleet ?? {}) as Json)
    if (from === undefined) return { part }
    if (part.documents !== undefined)
      throw new BadRequest(`${question.name}: give documents or a fleet of the inventory, not both`)
    const said = typeof fleet === 'string' ? undefined : rules
    const of = { ...parseFleetName(from), within: shortestPeriod(rules.requirements) }
    const { hosts, parts } = await source(of)
    const onRead = (count: number) => onShare(Math.min(1, count / hosts))
    const opened = await openStoredFleet(context, parts, { rules: said, unpack: textOfEvidence, onRead })
    return { part: { ...rest, documents: [] }, fleet: opened }
  })
}

/** The parts of a request that are fleets are opened each: the request itself, or of drift `before` and `after`. */
export async function resolveParts(
  question: AnyQuestion,
  request: Json,
  openPart: (part: Json) => Promise<{ readonly part: Json; readonly fleet?: OpenedFleet }>,
): Promise<Resolved> {
  const fleets = new Map<string, OpenedFleet>()
  const open = async (given: Json, place: string) => {
    const { part, fleet } = await openPart(given)
    if (fleet) fleets.set(place, fleet)
    return part
  }
  let resolved: Json = hasFleet(question.input) ? await open(request, '') : request
  for (const [key, schema] of Object.entries(entriesOf(question.input))) {
    const part = request[key]
    if (hasFleet(schema) && isObject(part)) resolved = { ...resolved, [key]: await open(part, key) }
  }
  const prepare = (input: unknown) => {
    for (const [place, fleet] of fleets)
      standFor((place === '' ? input : (input as Json)[place]) as FleetInput, fleet)
  }
  return { request: resolved, prepare }
}

/** The shortest time within which requirements want reports; undefined: none does. */
function shortestPeriod(requirements: unknown): number | undefined {
  const all = Array.isArray(requirements) ? requirements : []
  const periods = all.flatMap(one => (isObject(one) ? [one['reported-within']] : []))
  const seconds = periods.flatMap(period => (typeof period === 'string' ? (secondsOf(period) ?? []) : []))
  const known = seconds.filter(Number.isFinite)
  return known.length > 0 ? Math.min(...known) : undefined
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** The members of what a schema describes. */
const entriesOf = (schema: unknown): Json =>
  isObject(schema) && isObject(schema.entries) ? schema.entries : {}

/** Whether what a schema describes is a fleet: documents, with what a fleet file says. */
export const hasFleet = (schema: unknown): boolean => {
  const entries = entriesOf(schema)
  return 'documents' in entries && 'fleet' in entries
}
