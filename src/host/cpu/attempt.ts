import { ParseError } from '../../core/parse-error.ts'
import type { RouteFailure } from '../../formats/host/probed.ts'
import { codeOf, FileError, wordOf } from '../files/file-error.ts'

/** A way to read CPUs that is not there on this machine, and why. */
export class RouteError extends Error {
  override readonly name = 'RouteError'
}

/** What came of trying. */
type Attempt<T> =
  | { readonly value: T; readonly failure?: undefined }
  | { readonly failure: RouteFailure; readonly value?: undefined }

/** What `read` answers, or why this way is not there; faults of ours are thrown. */
export function tryRoute<T>(tried: string, read: () => T): Attempt<T> {
  try {
    return { value: read() }
  } catch (error) {
    return { failure: { tried, why: describeFailure(error) } }
  }
}

function describeFailure(error: unknown): string {
  if (error instanceof FileError) return wordOf(codeOf(error.cause)) || error.message
  if (error instanceof RouteError || error instanceof ParseError) return error.message
  throw error
}
