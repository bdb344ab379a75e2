import type { Database } from './database.ts'

/** What is worked out of a database once, when it is first asked for, and forgotten with it. */
export function perDatabase<T extends object>(make: (db: Database) => T): (db: Database) => T {
  const made = new WeakMap<Database, T>()
  return db => {
    let value = made.get(db)
    if (!value) {
      value = make(db)
      made.set(db, value)
    }
    return value
  }
}
