import type { Database } from '../map/database.ts'

/** What a question is answered from. */
export interface Context {
  readonly db: Database
}
