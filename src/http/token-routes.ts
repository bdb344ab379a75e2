import type { Context, Hono } from 'hono'
import * as v from 'valibot'
import type { AuditLog, StoredToken, TokenStore } from '../inventory/access.ts'
import { checkInput, parseRequest } from '../questions/ask.ts'
import { described, text, whole, word } from '../questions/schema.ts'
import { type AccessVariables, hashToken, type KnownTokens, ROLES } from './access.ts'
import { RequestRefused } from './answer.ts'

/** What the routes about tokens and the audit log need. */
export interface TokenRoutes {
  /** Those that can be listed. */
  readonly known: readonly KnownTokens[]
  /** Where they can be made and revoked; absent: nowhere. */
  readonly store?: TokenStore | undefined
  /** Absent: changes are in the server's log alone. */
  readonly auditLog?: AuditLog | undefined
  /** A new token, which nobody can guess. */
  readonly makeSecret: () => string
  /** The first moment at which a token that is valid on a day is not any more. */
  readonly endOf: (day: string) => Date
  /** Reads a request's body. @throws RequestRefused */
  readonly read: (c: Context<{ Variables: AccessVariables }>) => Promise<string>
}

const DAY = 'must be a day such as 2027-01-31'

/** No token is called otherwise, and not every text can be looked up in a database. */
const ID = /^[\w.@-]{1,80}$/

/** What a token is made of. */
export const TokenInput = v.strictObject({
  name: v.pipe(
    text('Whose it is.'),
    v.regex(/^[\w.@-]{1,64}$/, 'must be letters, digits, . _ @ or -, up to 64'),
  ),
  roles: described(
    v.pipe(v.array(word(ROLES, 'A role.'), 'must be a list of roles'), v.minLength(1, 'must name a role')),
    'What it is for.',
  ),
  hosts: v.optional(text('Glob of the ids of the hosts that it may report; absent: all.')),
  expires: v.optional(described(v.pipe(v.string(DAY), v.isoDate(DAY)), 'Its last day; absent: it has none.')),
})

const AuditSearch = v.strictObject({
  before: v.optional(v.pipe(v.string(), v.transform(Number), whole('The number of an entry.'))),
  limit: v.optional(v.pipe(v.string(), v.transform(Number), whole('At most so many.', 1, 1000))),
})

/** Adds the routes with which administrators make and revoke tokens, and read who changed what. */
export function addTokenRoutes<E extends { Variables: AccessVariables }>(
  app: Hono<E>,
  routes: TokenRoutes,
): void {
  const { known, store, auditLog } = routes
  app.get('/v1/tokens', async c => {
    const tokens = (await Promise.all(known.map(one => one.list()))).flat()
    return c.json({ tokens: tokens.map(describe) })
  })
  app.post('/v1/tokens', async c => makeToken(c as never, routes))
  app.delete('/v1/tokens/:id', async c => {
    const id = c.req.param('id')
    if (ID.test(id) && (await store?.revoke(id))) return c.json({ revoked: id })
    throw new RequestRefused('not-found', `there is no token '${id}' that could be revoked here`)
  })
  app.get('/v1/audit-log', async c => {
    if (!auditLog)
      throw new RequestRefused('not-found', 'without a store, changes are in the log of the server alone')
    const search = checkInput(AuditSearch, c.req.query(), { name: 'audit-log' })
    return c.json({ entries: await auditLog.list(search) })
  })
}

async function makeToken(
  c: Context<{ Variables: AccessVariables }>,
  { store, makeSecret, endOf, read }: TokenRoutes,
): Promise<Response> {
  if (!store) throw new RequestRefused('forbidden', 'the tokens of this server are those of its settings')
  const { name, roles, hosts, expires } = checkInput(TokenInput, parseRequest(await read(c)), {
    name: 'tokens',
  })
  const secret = makeSecret()
  const hash = await hashToken(secret)
  const token = await store.add({
    ...{ id: idOf(name, hash), hash, name, roles, hosts, createdBy: c.get('who').name },
    expires: expires === undefined ? undefined : endOf(expires),
  })
  c.set('detail', { token: token.id, roles })
  return c.json({ token: secret, ...describe(token) }, 201)
}

/** What a token is called in lists: two of one name may be valid at once, while one takes the place of the other. */
export const idOf = (name: string, hash: string): string => `${name}-${hash.slice(0, 8)}`

/** A token as JSON, without its hash. */
const describe = ({
  id,
  name,
  roles,
  hosts,
  created,
  createdBy,
  expires,
  revoked,
  lastUsed,
}: StoredToken) => ({
  ...{ id, name, roles, hosts: hosts ?? null, created, createdBy },
  ...{ expires: expires ?? null, revoked: revoked ?? null, lastUsed: lastUsed ?? null },
})
