import { sql } from 'kysely'
import type { Db } from './schema.ts'

/** What a token lets do: report hosts, ask, plan (ask, pin and decide), everything. */
export type Role = 'report' | 'read' | 'plan' | 'admin'

/** A token as it is kept: never its secret, only a hash of that. */
export interface StoredToken {
  /** What it is called in lists and the audit log. */
  readonly id: string
  /** What its owner is called. */
  readonly name: string
  readonly roles: readonly Role[]
  /** Glob of the ids of the hosts that it may report; undefined: of all. */
  readonly hosts: string | undefined
  readonly created: Date
  readonly createdBy: string
  readonly expires: Date | undefined
  readonly revoked: Date | undefined
  readonly lastUsed: Date | undefined
}

export interface NewToken
  extends Pick<StoredToken, 'id' | 'name' | 'roles' | 'hosts' | 'createdBy' | 'expires'> {
  /** Of its secret, in hex. */
  readonly hash: string
}

export interface TokenStore {
  /** @throws InventoryError for an id or a hash that there is */
  add(token: NewToken): Promise<StoredToken>
  /** By the hash of its secret; also one that has expired or was revoked. */
  find(hash: string): Promise<StoredToken | undefined>
  /** By their ids. */
  list(): Promise<readonly StoredToken[]>
  /** False: there is none that could be. */
  revoke(id: string): Promise<boolean>
  /** Notes that it was used, at most once a minute. */
  used(id: string): Promise<void>
}

/** Who did what. */
export interface AuditEntry {
  readonly who: string
  readonly action: string
  readonly target?: string | undefined
  readonly address?: string | undefined
  /** More that JSON can say. */
  readonly detail?: unknown
}

export interface AuditLog {
  write(entry: AuditEntry): Promise<void>
  /** Newest first, those before that number; at most `limit`. */
  list(search?: {
    readonly before?: number | undefined
    readonly limit?: number | undefined
  }): Promise<readonly (AuditEntry & { readonly number: number; readonly at: Date })[]>
}

/** The tokens in a database. */
export const tokensIn = (db: Db): TokenStore => ({
  async add({ roles, hosts, createdBy, expires, ...token }) {
    const row = await db
      .insertInto('token')
      .values({
        ...token,
        roles: JSON.stringify(roles),
        hosts: hosts ?? null,
        created_by: createdBy,
        expires: expires ?? null,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    return tokenOf(row)
  },
  async find(hash) {
    const row = await db.selectFrom('token').selectAll().where('hash', '=', hash).executeTakeFirst()
    return row && tokenOf(row)
  },
  async list() {
    return (await db.selectFrom('token').selectAll().orderBy('id').execute()).map(tokenOf)
  },
  async revoke(id) {
    const now = sql<Date>`now()`
    const change = db.updateTable('token').set({ revoked: now }).where('id', '=', id)
    return (await change.where('revoked', 'is', null).returning('id').execute()).length > 0
  },
  async used(id) {
    const isOld = sql<boolean>`(last_used is null or last_used < now() - interval '1 minute')`
    const change = db.updateTable('token').set({ last_used: sql<Date>`now()` })
    await change.where('id', '=', id).where(isOld).execute()
  },
})

const ROLES: readonly Role[] = ['report', 'read', 'plan', 'admin']

interface TokenRow {
  readonly id: string
  readonly name: string
  readonly roles: readonly string[]
  readonly hosts: string | null
  readonly created: Date
  readonly created_by: string
  readonly expires: Date | null
  readonly revoked: Date | null
  readonly last_used: Date | null
}

const tokenOf = (row: TokenRow): StoredToken => ({
  id: row.id,
  name: row.name,
  roles: ROLES.filter(role => row.roles.includes(role)),
  hosts: row.hosts ?? undefined,
  created: row.created,
  createdBy: row.created_by,
  expires: row.expires ?? undefined,
  revoked: row.revoked ?? undefined,
  lastUsed: row.last_used ?? undefined,
})

/** The audit log in a database. */
export const auditLogIn = (db: Db): AuditLog => ({
  async write({ who, action, target, address, detail }) {
    const more = { target: target ?? null, address: address ?? null }
    const said = detail === undefined ? null : JSON.stringify(detail)
    await db
      .insertInto('audit_log')
      .values({ who, action, ...more, detail: said })
      .execute()
  },
  async list({ before, limit = 100 } = {}) {
    let query = db.selectFrom('audit_log').selectAll().orderBy('id', 'desc').limit(limit)
    if (before !== undefined) query = query.where('id', '<', before)
    return (await query.execute()).map(({ id, target, address, detail, ...row }) => ({
      ...row,
      number: id,
      target: target ?? undefined,
      address: address ?? undefined,
      detail: detail ?? undefined,
    }))
  },
})
