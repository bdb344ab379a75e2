import { ParseError } from '../../core/parse-error.ts'
import { guessOf } from '../../formats/guess.ts'
import type { Note } from '../words/note.ts'

/** What is known of a document that is left out. */
interface LeftOut {
  readonly path: string
  /** Its text, or the beginning of it; absent: it could not be read at all. */
  readonly text?: string | undefined
  /** Its first bytes, where it was not given as text. */
  readonly bytes?: Uint8Array | undefined
  /** What reading it threw; absent: it holds nothing of use. */
  readonly error?: unknown
}

/**
 * The note on a document that nobody named and that is left out: `file-skipped` where a host or a guest was meant,
 * `file-without-cpu` for everything else that lies about.
 */
export function noteOfSkipped({ path, text, bytes, error }: LeftOut): Note {
  const guess = text === undefined ? undefined : guessOf(text, path, bytes)
  const looksLike = guess ? { looksLike: guess.looksLike } : {}
  const isMeant = error === undefined ? guess?.kind === 'part' : guess?.kind !== 'other'
  if (!isMeant) return { kind: 'file-without-cpu', source: path, ...looksLike }
  const fault = error === undefined ? 'it is in no format that is read' : faultOf(error)
  return { kind: 'file-skipped', source: path, fault, ...looksLike }
}

/** What went wrong, without the name of the document, in one line. */
function faultOf(error: unknown): string {
  if (error instanceof ParseError) return `${error.line > 0 ? `line ${error.line}: ` : ''}${error.what}`
  return error instanceof Error ? error.message : String(error)
}
