import type { CpuMap } from '../map/cpu-map.ts'
import { ask as askContext } from './ask.ts'
import { contextOf } from './context.ts'
import type { Note } from './words/note.ts'

/** What every question may be asked with. */
export interface Options {
  /** Whose facts to answer from; absent: the data that comes with this package. */
  readonly map?: CpuMap
}

/** A note as data, with its sentence. */
type NoteWithText = Note & { readonly text: string }

/** An answer, with its notes as data. */
export type WithNotes<T> = Omit<T, 'notes'> & { readonly notes: readonly NoteWithText[] }

/**
 * Answers a request of the JSON contract, `{verb, …inputs}`; what `virt-cpu batch` does with a line.
 * @throws BadRequest for one that is not such a request, LibvirtError, ParseError
 */
export const ask = (
  request: Readonly<Record<string, unknown>>,
  options: Options = {},
): Record<string, unknown> => askContext(contextOf(options.map), request)

/** The verb's answer; its type is the table's, which tests hold. */
export const answer = <T>(verb: string, input: object, options?: Options): T =>
  ask({ verb, ...input }, options) as T
