import * as v from 'valibot'
import { ParseError } from '../../../core/parse-error.ts'
import { readText } from '../../../formats/dialects.ts'
import type { Context } from '../../context.ts'
import { described } from '../../schema.ts'
import type { Note } from '../../words/note.ts'
import { assembleFleet, type ReadFleet } from './assemble.ts'
import { type FleetDocument, type Member, poolOfPath } from './members.ts'
import { membersOf } from './read-members.ts'
import { readRules } from './read-rules.ts'
import { type FleetView, viewOf } from './view.ts'

const document = v.strictObject(
  { path: v.string('must be text'), text: v.string('must be text') },
  'must be {path, text}',
)

/** A fleet, as every question about one takes it. */
export const fleetInput = {
  documents: described(
    v.array(document, 'must be a list of {path, text}'),
    'Documents of hosts, hypervisors and guests; the first folder of a path is a pool.',
  ),
  fleet: v.optional(
    described(
      v.record(v.string(), v.unknown(), 'must be an object'),
      'What a fleet file says (docs/fleet-file.md).',
    ),
  ),
}

/** A fleet that was read, ready for questions. */
export interface OpenedFleet {
  readonly view: FleetView
  readonly notes: readonly Note[]
}

const opened = new WeakMap<object, OpenedFleet>()

/**
 * An input that stands for a fleet that was already read, from files for instance: questions take it as they take
 * documents, and nothing is read twice.
 */
export function inputOfFleet(fleet: OpenedFleet): FleetInput {
  const input: FleetInput = { documents: [] }
  opened.set(input.documents, fleet)
  return input
}

/** The fleet of a request. @throws ParseError, LibvirtError */
export function openFleet(context: Context, input: FleetInput): OpenedFleet {
  const known = opened.get(input.documents)
  if (known) return known
  const { fleet, notes } = fleetOfInput(context, input)
  return { view: viewOf(context, fleet), notes }
}

/** The fleet of a request, which must have a host. @throws ParseError, LibvirtError */
export function openFleetWithHosts(context: Context, input: FleetInput): OpenedFleet {
  const fleet = openFleet(context, input)
  if (fleet.view.fleet.hosts.length === 0) throw new ParseError('no host in the documents')
  return fleet
}

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
