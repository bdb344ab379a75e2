import type { CpuMap } from '../map/cpu-map.ts'
import { answerVerb, errorOf } from '../questions/ask.ts'
import { contextOf } from '../questions/context.ts'
import { idText, parseRequest, withId } from '../questions/request.ts'
import { type Refusal, RequestRefused, type Status, statusOf } from './refused.ts'

/** What requests are answered from. */
interface Sources {
  /** For requests that name no map. */
  readonly own: CpuMap
  /** The maps that requests may name. */
  readonly named: ReadonlyMap<string, CpuMap>
}

/** A response: its status and its JSON. */
export interface HttpAnswer {
  readonly status: Status
  readonly body: string
}

/**
 * Answers the text of a request for a verb: what the contract has, an error included. Anything else that is thrown
 * is a fault of ours.
 */
export function answerRequest({ own, named }: Sources, verb: string, text: string): HttpAnswer {
  try {
    const request = parseRequest(text)
    const map = readMap(request.cpuMap, own, named)
    const said = answerVerb(contextOf(map), { ...request, verb })
    const body = request.id === undefined ? JSON.stringify(said) : withId(idText(request.id, text), said)
    return { status: 200, body }
  } catch (error) {
    const said = error instanceof RequestRefused ? error : errorOf(error)
    if (!said) throw error
    return makeRefusal(said.kind, said.message)
  }
}

export const makeRefusal = (kind: Refusal, message: string): HttpAnswer => ({
  status: statusOf(kind),
  body: JSON.stringify({ error: { kind, message } }),
})

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
