import type { Failure } from '../../formats/probed.ts'
import { codeOf, FileError, wordOf } from '../../node/file-error.ts'
import { RouteError } from './route-error.ts'

/** What came of trying. */
export type Attempt<T> =
  | { readonly value: T; readonly failure?: undefined }
  | { readonly failure: Failure; readonly value?: undefined }

/** What `read` answers, or why this way is not there; other errors are thrown. */
export function attempt<T>(tried: string, read: () => T): Attempt<T> {
  try {
    return { value: read() }
  } catch (error) {
    if (!(error instanceof RouteError || error instanceof FileError)) throw error
    return { failure: { tried, why: wordOf(codeOf(error.cause)) || error.message } }
  }
}
