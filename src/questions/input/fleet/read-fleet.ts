import { ParseError } from '../../../core/parse-error.ts'
import { readText } from '../../../formats/dialects.ts'
import type { Context } from '../../context.ts'
import { assembleFleet, type ReadFleet } from './assemble.ts'
import { type FleetDocument, poolOfPath } from './document.ts'
import type { Member } from './member.ts'
import { membersOf } from './read-members.ts'
import { readRules } from './read-rules.ts'

/** A fleet as the JSON contract gives it: documents by path, a fleet file's content. */
export interface FleetInput {
  readonly documents: readonly { readonly path: string; readonly text: string }[]
  readonly fleet?: unknown
}

/**
 * The fleet of a request. The first folder of a path is a pool, as a subfolder of a directory is.
 * @throws ParseError, LibvirtError
 */
export function fleetOfInput(context: Context, { documents, fleet }: FleetInput): ReadFleet {
  const known = new Map<string, readonly Member[]>()
  const read = documents.map(({ path, text }): FleetDocument => {
    const members = known.get(text) ?? membersOfText(context, text, path)
    known.set(text, members)
    return { path, name: path, pool: poolOfPath(path), members }
  })
  const rules =
    fleet === undefined
      ? undefined
      : readRules(context, fleet, (path, what) => new ParseError(`${['fleet', ...path].join('.')}: ${what}`))
  const empty = read.filter(({ members }) => members.length === 0)
  const { notes, ...answer } = assembleFleet(context, read, rules)
  return {
    ...answer,
    notes: [...empty.map(({ path }) => ({ kind: 'file-without-cpu', source: path }) as const), ...notes],
  }
}

/** The members of a fleet that a text in any dialect describes. @throws ParseError, LibvirtError */
const membersOfText = (context: Context, text: string, source: string): Member[] =>
  readText(text, source, { hosts: true }).flatMap(found => membersOf(context, found, source))
