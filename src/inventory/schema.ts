import { type ColumnType, type Generated, type Kysely, sql } from 'kysely'
import type { FeatureTable } from '../core/feature-table.ts'

/** What is known of a host beside the bits of its CPU. */
export interface StoredFacts {
  readonly arch: string
  readonly vendor?: string | undefined
  readonly brand?: string | undefined
  readonly model?: string | undefined
  /** `6.85.4`: family, model, stepping. */
  readonly signature?: string | undefined
  readonly physBits?: number | undefined
  readonly microcode?: number | undefined
  readonly kernel?: string | undefined
  readonly hypervisor?: string | undefined
  readonly libvirt?: string | undefined
  readonly cpus?: number | undefined
  /** The kinds of documents that it was read from. */
  readonly documents: readonly string[]
}

/** What only this host is called and has; the rest it shares with others of its profile. */
export interface Identity {
  /** What its document calls it. */
  readonly called?: string | undefined
  readonly uuid?: string | undefined
  /** What its report calls it. */
  readonly reported?: string | undefined
  /** In decimal: JSON has no large numbers. */
  readonly tscHz?: string | undefined
}

/** Written as JSON text. */
type Json<T> = ColumnType<T, string, string>

/** A distinct CPU, as groups of a fleet are: bit strings by `feature`. */
interface CpuTable {
  id: Generated<number>
  hash: string
  arch: string
  vendor: string | null
  phys_bits: number | null
  present: string
  /** Present, or assumed to be. */
  possible: string
  absent: string
  offered: string
  /** Of `possible`: where a set bit is worse. */
  hazards: string
}

/** All that a text says of a host, but for what is its own. */
interface ProfileTable {
  id: Generated<number>
  hash: string
  cpu: number
  /** A text that says so. */
  evidence: Uint8Array
  facts: Json<StoredFacts>
}

interface HostTable {
  id: string
  name: string
  pool: string
  profile: number
  evidence: Uint8Array
  identity: Json<Identity>
  /** How many guests its text has. */
  guests: number
  reporter: string | null
  first_seen: Date
  seen: Date
}

/** What a host was from `since` on; `until` is null while it still is. Of one host they never overlap. */
interface HistoryTable {
  host: string
  since: Date
  until: Date | null
  name: string
  pool: string
  profile: number
  evidence: Uint8Array
  identity: Json<Identity>
  guests: number
}

interface DecisionTable {
  id: Generated<number>
  pool: string
  cpu: string | null
  before: string | null
  decided_by: string
  why: string
  at: Generated<Date>
}

interface TokenTable {
  id: string
  hash: string
  name: string
  roles: Json<string[]>
  hosts: string | null
  created: Generated<Date>
  created_by: string
  expires: Date | null
  revoked: Date | null
  last_used: Date | null
}

interface AuditTable {
  id: Generated<number>
  at: Generated<Date>
  who: string
  action: string
  target: string | null
  address: string | null
  detail: Json<unknown> | null
}

/** Where an alert is: something is wrong, but not for long enough; or for long enough; or it was. */
export type AlertState = 'pending' | 'firing' | 'resolved'

/** What is wrong, for people. */
export interface AlertDetail {
  /** In a line. */
  readonly summary: string
  /** What breaks the rule, and what remedies it; the first of them. */
  readonly failures: readonly { readonly text: string; readonly remedy: string }[]
  /** How many failures there are. */
  readonly failureCount: number
  /** Names of the hosts concerned; the first of them. */
  readonly hosts: readonly string[]
  /** How many there are. */
  readonly hostCount: number
}

interface AlertTable {
  id: Generated<number>
  rule: string
  kind: string
  pool: string
  state: AlertState
  since: Date
  fired: Date | null
  until: Date | null
  detail: Json<AlertDetail>
  acknowledged: Json<{ readonly by: string; readonly why: string; readonly at: string }> | null
  delivered: Date | null
}

/** What a receiver has not been told yet, oldest first. */
interface DeliveryTable {
  id: Generated<number>
  alert: number
  receiver: string
  status: 'firing' | 'resolved'
  /** Of the alert, as it was. */
  detail: Json<AlertDetail>
  at: Generated<Date>
  tries: number
  next: Date
}

/** The tables, as the newest migration leaves them. */
export interface Tables {
  cpu: CpuTable
  profile: ProfileTable
  evidence: { hash: Uint8Array; text: Uint8Array; dialect: string }
  host: HostTable
  history: HistoryTable
  pool_cpu: { pool: string; cpu: number; n: number }
  feature: { arch: string; id: number; name: string }
  decision: DecisionTable
  token: TokenTable
  audit_log: AuditTable
  setting: { key: string; value: string }
  alert: AlertTable
  delivery: DeliveryTable
  /** One row: who evaluates, until when, and the rules that are evaluated. */
  alert_lease: { holder: string; until: Date; rules: string }
  /** Pools in which something changed since they were evaluated. */
  touched_pool: { id: Generated<string>; pool: string; at: Generated<Date> }
}

export type Db = Kysely<Tables>

/** How many bits a CPU's features have; the architecture with most has 446. */
export const BITS = 1024

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
