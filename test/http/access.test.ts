import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endOf } from '../../src/cli/tokens.ts'
import { authenticateBy, hashToken, networkOf, RateLimiter } from '../../src/http/access.ts'
import { answerRequest } from '../../src/http/answer.ts'
import { createApp } from '../../src/http/app.ts'
import { EXAMPLES } from '../../src/http/examples.ts'
import { Jobs } from '../../src/http/jobs.ts'
import type { AuditEntry, NewToken, Role, StoredToken, TokenStore } from '../../src/inventory/access.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { runs } from '../effort.ts'

const NOW = Date.parse('2026-12-01')

/** A store as a database is one: tokens can be added and revoked. */
class MemoryStore implements TokenStore {
  readonly #tokens = new Map<string, StoredToken>()

  async add({ hash, ...token }: NewToken, more: Partial<StoredToken> = {}): Promise<StoredToken> {
    const stored = { ...token, created: new Date(NOW), revoked: undefined, lastUsed: undefined, ...more }
    this.#tokens.set(hash, stored)
    return stored
  }
  async find(hash: string) {
    return this.#tokens.get(hash)
  }
  async list() {
    return [...this.#tokens.values()]
  }
  async used(id: string) {
    this.#change(id, { lastUsed: new Date(NOW) })
  }
  async revoke(id: string) {
    return this.#change(id, { revoked: new Date(NOW) })
  }
  #change(id: string, more: Partial<StoredToken>): boolean {
    for (const [hash, token] of this.#tokens)
      if (token.id === id) return this.#tokens.set(hash, { ...token, ...more }) !== undefined
    return false
  }
}

const store = new MemoryStore()
const give = async (secret: string, roles: readonly Role[], more: Partial<StoredToken> = {}) =>
  store.add(
    {
      ...{ id: secret, name: secret, hash: await hashToken(secret), roles, createdBy: 'test' },
      ...{ hosts: more.hosts, expires: more.expires },
    },
    more,
  )

const CLIENTS = ['none', 'wrong', 'expired', 'revoked', 'report', 'read', 'plan', 'admin'] as const
for (const role of ['report', 'read', 'plan', 'admin'] as const) await give(role, [role])
await give('expired', ['admin'], { expires: new Date(NOW) })
await give('revoked', ['admin'], { revoked: new Date(NOW - 1) })
await give('both', ['report', 'read'], { hosts: 'web-*' })

const audited: AuditEntry[] = []
const app = createApp({
  version: '0',
  page: '',
  jobs: new Jobs({
    answer: async () => ({ status: 200, body: new Uint8Array() }),
    bytes: 1000,
    now: () => 0,
    makeId: () => 'job',
  }),
  figures: { now: () => 0, workers: () => ({ busy: 0, waiting: 0, most: 1 }) },
  answer: async (verb, body) => answerRequest({ own: CpuMap.builtIn(), named: new Map() }, verb, body),
  access: {
    authenticate: authenticateBy([store], () => NOW),
    audit: entry => {
      audited.push(entry)
    },
  },
  tokens: { known: [store], store, makeSecret: () => 'vc_new', endOf },
})

async function ask(client: string, method: string, path: string, body?: object) {
  const authorization = client === 'none' ? undefined : `Bearer ${client}`
  const response = await app.request(path, {
    method,
    headers: { host: 'localhost', ...(authorization && { authorization }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** What clients get, in the order of `CLIENTS`. Routes of the inventory that this server has not are 404 for those let in. */
const open = (status: number) => CLIENTS.map(() => status)
const closed = (report: number, read: number, plan: number, admin: number) => [
  ...[401, 401, 401, 401],
  ...[report, read, plan, admin],
]

const token = { name: 'ci', roles: ['read'] }

/** Every route, and what each client gets. */
const ROUTES: readonly (readonly [string, string, readonly number[], object?])[] = [
  ['GET', '/', open(200)],
  ['HEAD', '/', open(200)],
  ['GET', '/healthz', open(200)],
  ['GET', '/readyz', open(200)],
  ['GET', '/v1/openapi.json', open(200)],
  ...Object.entries(EXAMPLES).map(
    ([verb, input]) => ['POST', `/v1/${verb}`, closed(403, 200, 200, 200), input] as const,
  ),
  ['GET', '/v1/baseline', closed(403, 405, 405, 405)],
  ['POST', '/v1/nosuch', closed(403, 404, 404, 404), {}],
  ['PUT', '/v1/hosts/web-1', closed(404, 403, 403, 404), {}],
  ['GET', '/v1/hosts/web-1', closed(403, 404, 404, 404)],
  ['DELETE', '/v1/hosts/web-1', closed(403, 403, 404, 404)],
  ['PUT', '/v1/pools/web/pinned', closed(403, 403, 404, 404), {}],
  ['GET', '/v1/hosts', closed(403, 404, 404, 404)],
  ['GET', '/v1/hosts/web-1/evidence', closed(403, 404, 404, 404)],
  ['POST', '/v1/reports', closed(404, 403, 403, 404), {}],
  ['GET', '/v1/pools', closed(403, 404, 404, 404)],
  ['GET', '/v1/pools/web', closed(403, 404, 404, 404)],
  ['GET', '/v1/changes', closed(403, 404, 404, 404)],
  ['GET', '/v1/events', closed(403, 404, 404, 404)],
  ['GET', '/v1/alerts', closed(403, 404, 404, 404)],
  ['GET', '/v1/alerts/1', closed(403, 404, 404, 404)],
  ['PUT', '/v1/alerts/1/acknowledged', closed(403, 403, 404, 404), {}],
  ['GET', '/v1/sync', closed(403, 404, 404, 404)],
  ['GET', '/v1/fleet', closed(403, 404, 404, 404)],
  ['GET', '/v1/export', closed(403, 404, 404, 404)],
  ['GET', '/v1/timeline', closed(403, 404, 404, 404)],
  ['GET', '/v1/jobs/1', closed(403, 404, 404, 404)],
  ['DELETE', '/v1/jobs/1', closed(403, 404, 404, 404)],
  ['GET', '/metrics', closed(403, 200, 200, 200)],
  ['GET', '/v1/jobs/nobody', closed(403, 404, 404, 404)],
  ['DELETE', '/v1/jobs/nobody', closed(403, 404, 404, 404)],
  ['GET', '/v1/jobs/nobody/result', closed(403, 404, 404, 404)],
  ['GET', '/v1/tokens', closed(403, 403, 403, 200)],
  ['POST', '/v1/tokens', closed(403, 403, 403, 201), token],
  ['DELETE', '/v1/tokens/nobody', closed(403, 403, 403, 404)],
  ['DELETE', '/v1/tokens/%00', closed(403, 403, 403, 404)],
  ['GET', '/v1/audit-log', closed(403, 403, 403, 404)],
  // What no row speaks of is the administrator's.
  ['POST', '/', closed(403, 403, 403, 405), {}],
  ['PUT', '/v1/settings', closed(403, 403, 403, 404), {}],
  ['PATCH', '/v1/hosts/web-1', closed(403, 403, 403, 405), {}],
  ['GET', '/v1//tokens', closed(403, 403, 403, 404)],
  ['GET', '/v1/tokens/', closed(403, 403, 403, 404)],
  ['GET', '/v1/hosts/../tokens', closed(403, 403, 403, 200)],
  ['GET', '/V1/tokens', closed(403, 403, 403, 404)],
]

describe('every route, and every client', () => {
  test.each(ROUTES.map(route => ({ route, name: `${route[0]} ${route[1]}` })))('$name', async ({ route }) => {
    const [method, path, expected, body] = route
    const found: number[] = []
    for (const client of CLIENTS) found.push((await ask(client, method, path, body)).status)
    expect(Object.fromEntries(CLIENTS.map((client, i) => [client, found[i]]))).toEqual(
      Object.fromEntries(CLIENTS.map((client, i) => [client, expected[i]])),
    )
  })

  test('the table has every route that the server has', () => {
    // What is for every method refuses those that the others leave over; middleware is for every path.
    const routes = app.routes.filter(({ method, path }) => method !== 'ALL' && path !== '/*')
    expect(routes.length).toBeGreaterThan(20)
    const isKnown = ({ method, path }: (typeof routes)[number]) => {
      const pattern = new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`)
      return ROUTES.some(([known, at]) => known === method && pattern.test(at))
    }
    const missing = routes.filter(route => !isKnown(route)).map(({ method, path }) => `${method} ${path}`)
    expect(missing).toEqual([])
  })
})

test('a token may have several roles, and only some hosts', async () => {
  expect((await ask('both', 'PUT', '/v1/hosts/web-1', {})).status).toBe(404)
  expect((await ask('both', 'PUT', '/v1/hosts/web%2D1', {})).status).toBe(404)
  expect((await ask('both', 'PUT', '/v1/hosts/db-1', {})).status).toBe(403)
  expect((await ask('both', 'POST', '/v1/cpu-models', { arch: 'x86_64' })).status).toBe(200)
})

test.each([
  ['', 401, 'unauthorized'],
  ['Bearer', 400, 'bad-request'],
  ['Bearer  ', 400, 'bad-request'],
  ['Basic YWRtaW46YWRtaW4=', 400, 'bad-request'],
  ['Bearer admin admin', 400, 'bad-request'],
  ["Bearer ' OR 1=1 --", 400, 'bad-request'],
  [`Bearer ${'a'.repeat(10_000)}`, 401, 'unauthorized'],
  ['admin', 400, 'bad-request'],
])('Authorization: %.30s is %i', async (authorization, status, kind) => {
  const headers = { host: 'localhost', ...(authorization && { authorization }) }
  const response = await app.request('/v1/hosts', { method: 'POST', body: '{}', headers })
  expect([response.status, JSON.parse(await response.text()).error.kind]).toEqual([status, kind])
  expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /)
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
})

test('a token is of no use to another site, or by another name', async () => {
  const status = async (more: Readonly<Record<string, string>>) => {
    const headers = { host: 'localhost', authorization: 'Bearer admin', ...more }
    return (await app.request('/v1/tokens', { headers })).status
  }
  expect(await status({})).toBe(200)
  expect(await status({ origin: 'https://evil.example' })).toBe(403)
  expect(await status({ origin: 'null' })).toBe(403)
  expect(await status({ host: 'evil.example' })).toBe(403)
  expect(await status({ host: 'evil.example', 'x-forwarded-host': 'localhost' })).toBe(403)
})

test('nobody without a token learns of a token, of a verb or of a fault', async () => {
  for (const [method, path, , body] of ROUTES) {
    const { status, text } = await ask('wrong', method, path, body)
    if (status === 401) expect(JSON.parse(text).error.message).toMatch(/^the token is not known/)
  }
})

test('an administrator makes a token, which is shown once, and revokes it', async () => {
  const made = await ask('admin', 'POST', '/v1/tokens', { ...token, expires: '2027-01-31' })
  const { id, token: secret, ...shown } = JSON.parse(made.text)
  expect([made.status, secret]).toEqual([201, 'vc_new'])
  expect(shown).toMatchObject({
    name: 'ci',
    roles: ['read'],
    createdBy: 'admin',
    expires: '2027-02-01T00:00:00.000Z',
  })
  expect((await ask(secret, 'POST', '/v1/cpu-models', { arch: 'x86_64' })).status).toBe(200)
  const { text } = await ask('admin', 'GET', '/v1/tokens')
  expect(JSON.parse(text).tokens.find((one: { id: string }) => one.id === id)).toMatchObject({
    name: 'ci',
    lastUsed: '2026-12-01T00:00:00.000Z',
  })
  expect(text).not.toContain(secret)
  expect(text).not.toContain(await hashToken(secret))
  expect((await ask('admin', 'DELETE', `/v1/tokens/${id}`)).status).toBe(200)
  expect((await ask(secret, 'POST', '/v1/cpu-models', { arch: 'x86_64' })).status).toBe(401)
})

test.each<readonly [object, RegExp]>([
  [{ roles: ['read'] }, /name is missing/],
  [{ name: 'a b', roles: ['read'] }, /name must be letters/],
  [{ name: "x'; DROP TABLE token; --", roles: ['read'] }, /name must be letters/],
  [{ name: 'ci', roles: ['root'] }, /roles\[0\] must be "report" or/],
  [{ name: 'ci', roles: [] }, /roles must name a role/],
  [{ name: 'ci', roles: ['read'], expires: 'soon' }, /expires must be a day/],
  [{ name: 'ci', roles: ['read'], hash: 'x' }, /no input is called hash/],
])('no token is made of %j', async (body, message) => {
  const { status, text } = await ask('admin', 'POST', '/v1/tokens', body)
  expect(status).toBe(400)
  expect(JSON.parse(text).error.message).toMatch(message)
})

test('whoever changes something, or tries to, is in the audit log; questions are not', async () => {
  audited.length = 0
  await ask('read', 'POST', '/v1/cpu-models', { arch: 'x86_64' })
  await ask('read', 'GET', '/v1/tokens')
  expect(audited).toEqual([])
  await ask('admin', 'POST', '/v1/tokens', token)
  await ask('read', 'DELETE', '/v1/tokens/x')
  await ask('wrong', 'PUT', '/v1/hosts/web-1', {})
  expect(audited).toMatchObject([
    { who: 'admin', action: 'POST', target: '/v1/tokens', detail: { status: 201, roles: ['read'] } },
    { who: 'read', action: 'DELETE', target: '/v1/tokens/x', detail: { status: 403 } },
    { who: 'unknown', action: 'PUT', target: '/v1/hosts/web-1', detail: { status: 401 } },
  ])
  expect(JSON.stringify(audited)).not.toContain('vc_new')
})

describe('how often a client may ask', () => {
  test('never more than its share and what came back, whoever else asks', () => {
    const events = fc.array(fc.record({ client: fc.constantFrom('a', 'b', 'c'), pause: fc.nat(5000) }), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 60 }), (asked, rate) => {
        let now = 0
        const limiter = new RateLimiter(rate, () => now)
        const taken: Record<string, number> = {}
        for (const { client, pause } of asked) {
          now += pause
          if (limiter.waitOf(client) > 0) continue
          limiter.count(client)
          taken[client] = (taken[client] ?? 0) + 1
          expect(taken[client]).toBeLessThanOrEqual(rate + (now * rate) / 60_000 + 1e-6)
        }
      }),
      { numRuns: runs(300, 10) },
    )
  })

  test('after as long as it says, it is let in', () => {
    let now = 0
    const limiter = new RateLimiter(7, () => now)
    for (let i = 0; i < 7; i++) limiter.count('a')
    const wait = limiter.waitOf('a')
    now += wait * 1000 - 1
    expect(limiter.waitOf('a')).toBeGreaterThan(0)
    now += 2
    expect(limiter.waitOf('a')).toBe(0)
  })

  test('as many clients are remembered as there is room for', () => {
    const limiter = new RateLimiter(10, () => 0, 100)
    for (let i = 0; i < 10_000; i++) limiter.count(`client ${i}`)
    expect(limiter.size).toBe(100)
  })

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0db8::0001', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['', ''],
  ])('%s shares its limit with %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })

  test('addresses of one /64 are one client, however they are written', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    const groups = (count: number) => fc.array(group, { minLength: count, maxLength: count })
    // As URLs have it: with the longest run of zeros left out.
    const written = (all: readonly number[]) =>
      new URL(`http://[${all.map(one => one.toString(16)).join(':')}]`).hostname.slice(1, -1)
    fc.assert(
      fc.property(groups(4), groups(4), groups(4), (network, one, other) => {
        expect(networkOf(written([...network, ...one]))).toBe(networkOf(written([...network, ...other])))
        const next = network.map((value, i) => (i === 3 ? value ^ 1 : value))
        expect(networkOf(written([...network, ...one]))).not.toBe(networkOf(written([...next, ...one])))
      }),
      { numRuns: runs(300, 10) },
    )
  })

  test('429 says when to ask again; bad tokens count tenfold, and keep nobody else out', async () => {
    let now = NOW
    const limited = createApp({
      version: '0',
      page: '',
      answer: async () => ({ status: 200, body: new Uint8Array() }),
      access: {
        authenticate: authenticateBy([store], () => now),
        limiter: new RateLimiter(20, () => now),
      },
    })
    const status = async (secret: string, client: string, path = '/v1/hosts') => {
      const headers = { host: 'localhost', authorization: `Bearer ${secret}` }
      const response = await limited.request(path, { method: 'POST', headers, body: '{}' }, { client })
      return [response.status, response.headers.get('retry-after')]
    }
    for (let i = 0; i < 20; i++) expect(await status('read', '192.0.2.1')).toEqual([200, null])
    expect(await status('read', '192.0.2.1')).toEqual([429, '3'])
    expect(await status('read', '192.0.2.2')).toEqual([200, null])
    expect(await status('plan', '192.0.2.1')).toEqual([200, null])
    for (let i = 0; i < 2; i++) expect((await status('wrong', '192.0.2.9'))[0]).toBe(401)
    expect((await status('wrong', '192.0.2.9'))[0]).toBe(429)
    expect((await status('read', '192.0.2.9'))[0]).toBe(429)
    for (let i = 0; i < 2; i++) expect((await status('wrong', `2001:db8::${i}`))[0]).toBe(401)
    expect((await status('wrong', '2001:db8::9'))[0]).toBe(429)
    expect((await status('wrong', '2001:db8:0:1::9'))[0]).toBe(401)
    now += 60_000
    expect((await status('read', '192.0.2.9'))[0]).toBe(200)
    expect((await limited.request('/healthz', { headers: { host: 'localhost' } })).status).toBe(200)
  })
})
