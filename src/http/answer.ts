import type { CpuMap } from '../map/cpu-map.ts'
import { ask, errorOf } from '../questions/ask.ts'
import { contextOf } from '../questions/context.ts'
import { checkLibvirt, parseRequest } from '../questions/request.ts'
import { idText, withId } from '../questions/request-id.ts'
import { Refused } from './refused.ts'
import { type Refusal, type Status, statusOf } from './status.ts'

/** What requests are answered from. */
interface Sources {
  /** For requests that name no map. */
  readonly own: CpuMap
  /** The maps that requests may name. */
  readonly named: ReadonlyMap<string, CpuMap>
}

/** A response: its status and its JSON. */
export interface Answered {
  readonly status: Status
  readonly body: string
}

/**
 * Answers the text of a request for a verb: what the contract has, an error included. Anything else that is thrown
 * is a fault of ours.
 */
export function answer({ own, named }: Sources, verb: string, text: string): Answered {
  try {
    const request = parseRequest(text)
    checkLibvirt(request.libvirt)
    const map = mapOf(request.cpuMap, own, named)
    const said = ask(contextOf(map), { ...request, verb })
    const body = request.id === undefined ? JSON.stringify(said) : withId(idText(request.id, text), said)
    return { status: 200, body }
  } catch (error) {
    const said = error instanceof Refused ? error : errorOf(error)
    if (!said) throw error
    return refusal(said.kind, said.message)
  }
}

export const refusal = (kind: Refusal, message: string): Answered => ({
  status: statusOf(kind),
  body: JSON.stringify({ error: { kind, message } }),
})

/** @throws Refused for a path; a map is configured when the server is started */
function mapOf(name: unknown, own: CpuMap, maps: ReadonlyMap<string, CpuMap>): CpuMap {
  if (name === undefined) return own
  const map = typeof name === 'string' ? maps.get(name) : undefined
  if (map) return map
  const known = maps.size > 0 ? `known: ${[...maps.keys()].join(', ')}` : 'the server was given none'
  throw new Refused('forbidden', `cpuMap must be the name of a map that the server was given; ${known}`)
}
