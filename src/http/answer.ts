import type { Database } from '../map/database.ts'
import { ask, errorOf } from '../questions/ask.ts'
import { checkLibvirt, parseRequest } from '../questions/request.ts'
import { idText, withId } from '../questions/request-id.ts'
import { Refused } from './refused.ts'
import { type Refusal, type Status, statusOf } from './status.ts'

/** What requests are answered from. */
interface Sources {
  /** For requests that name no map. */
  readonly database: Database
  /** The maps that requests may name. */
  readonly maps: ReadonlyMap<string, Database>
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
export function answer({ database, maps }: Sources, verb: string, text: string): Answered {
  try {
    const request = parseRequest(text)
    checkLibvirt(request.libvirt)
    const db = databaseOf(request.cpuMap, database, maps)
    const said = ask({ db }, { ...request, verb })
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
function databaseOf(name: unknown, own: Database, maps: ReadonlyMap<string, Database>): Database {
  if (name === undefined) return own
  const map = typeof name === 'string' ? maps.get(name) : undefined
  if (map) return map
  const known = maps.size > 0 ? `known: ${[...maps.keys()].join(', ')}` : 'the server was given none'
  throw new Refused('forbidden', `cpuMap must be the name of a map that the server was given; ${known}`)
}
