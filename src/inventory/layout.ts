import { sql } from 'kysely'
import type { FeatureTable } from '../core/feature-table.ts'
import { BITS, type Db } from './schema.ts'

/**
 * Which bit of a CPU's bit strings is which feature: by name, in the order in which databases of CPUs came to know them,
 * so that new data never moves a bit.
 */
export class Layout {
  readonly #db: Db
  readonly #names = new Map<string, readonly string[]>()

  constructor(db: Db) {
    this.#db = db
  }

  /** The names of an architecture's bits; those of `table` are among them. */
  async of(arch: string, table?: FeatureTable): Promise<readonly string[]> {
    const known = this.#names.get(arch) ?? []
    const wanted = table?.list.map(({ name }) => name) ?? []
    const has = new Set(known)
    if (known.length > 0 && wanted.every(name => has.has(name))) return known
    const names = await this.#add(arch, wanted)
    this.#names.set(arch, names)
    return names
  }

  /** Two servers never give one bit to two names. */
  #add(arch: string, wanted: readonly string[]): Promise<readonly string[]> {
    return this.#db.transaction().execute(async db => {
      await sql`select pg_advisory_xact_lock(7046301)`.execute(db)
      const rows = await db
        .selectFrom('feature')
        .select('name')
        .where('arch', '=', arch)
        .orderBy('id')
        .execute()
      const names = rows.map(({ name }) => name)
      const has = new Set(names)
      const added = wanted.filter(name => !has.has(name))
      if (names.length + added.length > BITS)
        throw new RangeError(`${arch} has more than ${BITS} features: the tables need a migration`)
      const values = added.map((name, i) => ({ arch, id: names.length + i, name }))
      if (values.length > 0) await db.insertInto('feature').values(values).execute()
      return [...names, ...added]
    })
  }
}

/** The bit string of the names that are in `set`. */
export const bitsOf = (names: readonly string[], set: ReadonlySet<string>): string =>
  names
    .map(name => (set.has(name) ? '1' : '0'))
    .join('')
    .padEnd(BITS, '0')

/** The names whose bits are set. */
export const namesOfBits = (names: readonly string[], bits: string): string[] =>
  names.filter((_, i) => bits[i] === '1')
