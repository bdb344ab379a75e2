import * as v from 'valibot'
import { LibvirtError } from '../../../core/libvirt-error.ts'
import { ParseError } from '../../../core/parse-error.ts'
import { readText } from '../../../formats/dialects.ts'
import type { Context } from '../../context.ts'
import { described } from '../../schema.ts'
import type { Note } from '../../words/note.ts'
import { noteOfSkipped } from '../skipped.ts'
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
  noSkip: v.optional(
    described(
      v.boolean('must be true or false'),
      'Refuse documents that cannot be used; absent: they are left out and noted.',
    ),
  ),
}

/** A fleet that was read, ready for questions. */
export interface OpenedFleet {
  readonly view: FleetView
  /** Where hosts are of several architectures, the fleets of the others. */
  readonly others: readonly FleetView[]
  readonly notes: readonly Note[]
}

/** The fleet of each architecture. */
export const viewsOf = ({ view, others }: OpenedFleet): readonly FleetView[] => [view, ...others]

/** Makes what a fleet is asked by of what was read. */
export const openedFleet = (context: Context, { fleet, others, notes }: ReadFleet): OpenedFleet => ({
  view: viewOf(context, fleet),
  others: others.map(other => viewOf(context, other)),
  notes,
})

const opened = new WeakMap<object, OpenedFleet>()

/**
 * An input that stands for a fleet that was already read, from files for instance: questions take it as they take
 * documents, and nothing is read twice.
 */
export function inputOfFleet(fleet: OpenedFleet): FleetInput {
  const input: FleetInput = { documents: [] }
  standFor(input, fleet)
  return input
}

/** Makes an input, whose documents are its own, stand for a fleet that was already read. */
export const standFor = (input: FleetInput, fleet: OpenedFleet): void => {
  opened.set(input.documents, fleet)
}

/** The fleet of a request. @throws ParseError, LibvirtError */
export function openFleet(context: Context, input: FleetInput): OpenedFleet {
  const known = opened.get(input.documents)
  if (known) return known
  return openedFleet(context, fleetOfInput(context, input))
}

/** The fleet of a request, which must have a host. @throws ParseError, LibvirtError */
export function openFleetWithHosts(context: Context, input: FleetInput): OpenedFleet {
  const fleet = openFleet(context, input)
  if (viewsOf(fleet).every(view => view.fleet.hosts.length === 0))
    throw new ParseError('no host in the documents')
  return fleet
}

/** The fleet of a request, which must have a host or a guest. @throws ParseError, LibvirtError */
export function openFleetOfAny(context: Context, input: FleetInput): OpenedFleet {
  const fleet = openFleet(context, input)
  const isEmpty = ({ fleet: { hosts, guests } }: FleetView) => hosts.length + guests.length === 0
  return viewsOf(fleet).every(isEmpty) ? openFleetWithHosts(context, input) : fleet
}

/** A fleet as the JSON contract gives it: documents by path, a fleet file's content. */
export interface FleetInput {
  readonly documents: readonly { readonly path: string; readonly text: string }[]
  readonly fleet?: unknown
  /** Whether a document that cannot be used is an error. */
  readonly noSkip?: boolean | undefined
}

/**
 * The fleet of a request. The first folder of a path is a pool, as a subfolder of a directory is. Documents that cannot
 * be read are left out and noted, unless `noSkip` is set, or none is left.
 * @throws ParseError, LibvirtError
 */
export function fleetOfInput(context: Context, { documents, fleet, noSkip = false }: FleetInput): ReadFleet {
  const reader = new DocumentsReader(context, noSkip)
  const read = documents.flatMap(document => reader.read(document) ?? [])
  reader.end(read.length)
  const rules =
    fleet === undefined
      ? undefined
      : readRules(fleet, (path, what) => new ParseError(`${['fleet', ...path].join('.')}: ${what}`))
  const { notes, ...answer } = assembleFleet(context, read, rules)
  return { ...answer, notes: [...reader.notes, ...notes] }
}

/** Reads the documents of a request, equal texts once. */
class DocumentsReader {
  readonly notes: Note[] = []
  readonly #context: Context
  readonly #noSkip: boolean
  readonly #known = new Map<string, readonly Member[]>()
  readonly #errors: (ParseError | LibvirtError)[] = []

  constructor(context: Context, noSkip: boolean) {
    this.#context = context
    this.#noSkip = noSkip
  }

  /** Undefined where it holds nothing of a fleet, or cannot be read, which is noted. */
  read({ path, text }: FleetInput['documents'][number]): FleetDocument | undefined {
    try {
      const members = this.#known.get(text) ?? membersOfText(this.#context, text, path)
      this.#known.set(text, members)
      if (members.length > 0) return { path, name: path, pool: poolOfPath(path), members }
      if (this.#noSkip) this.#errors.push(new ParseError('holds no host and no guest', path))
      this.notes.push(noteOfSkipped({ path, text }))
    } catch (error) {
      if (!(error instanceof ParseError || error instanceof LibvirtError)) throw error
      this.#errors.push(error)
      this.notes.push(noteOfSkipped({ path, text, error }))
    }
    return undefined
  }

  /**
   * @param count how many documents could be read
   * @throws ParseError, LibvirtError for documents that cannot be read, where none may be, or none could
   */
  end(count: number): void {
    const [first, ...more] = this.#errors
    if (!first || (count > 0 && !this.#noSkip)) return
    if (more.length === 0) throw first
    throw new ParseError(this.#errors.map(({ message }) => message).join('\n'), '', 0, 0, '', {
      cause: first,
    })
  }
}

/** The members of a fleet that a text in any dialect describes. @throws ParseError, LibvirtError */
export const membersOfText = (context: Context, text: string, source: string): Member[] =>
  readText(text, source, { hosts: true }).flatMap(found => membersOf(context, found, source))
