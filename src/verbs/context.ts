import type { Database } from '../database/database.ts'

/** What a question is answered from. */
export interface Context {
  readonly db: Database
}
