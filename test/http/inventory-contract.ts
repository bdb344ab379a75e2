import { createHash } from 'node:crypto'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { authenticateBy, hashToken } from '../../src/http/access.ts'
import { answerRequest, RequestRefused } from '../../src/http/answer.ts'
import { createApp } from '../../src/http/app.ts'
import { INVENTORY_ROUTES } from '../../src/http/openapi.ts'
import type { AuditEntry, Role } from '../../src/inventory/access.ts'
import { textOfEvidence } from '../../src/inventory/derive.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { openStoredFleet } from '../../src/inventory/stored-fleet.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { contextOf } from '../../src/questions/context.ts'
import { runs } from '../effort.ts'
import { capabilities } from '../inventory/texts.ts'

type Json = Readonly<Record<string, unknown>>

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const CLIENTS = ['none', 'wrong', 'report', 'read', 'plan', 'admin'] as const

const CPU = '<cpu match="exact"><model>Haswell</model></cpu>'

/** Every route of the inventory, and what `CLIENTS` get, for a host and a pool that are there. */
const ROUTES: readonly (readonly [string, string, readonly number[], string?])[] = [
  ['PUT', '/v1/hosts/walk', [401, 401, 200, 403, 403, 200], capabilities({})],
  ['POST', '/v1/reports', [401, 401, 200, 403, 403, 200], '{"id": "walk", "text": "x"}'],
  // The questions of these names.
  ['POST', '/v1/hosts', [401, 401, 403, 200, 200, 200], '{"documents": []}'],
  ['POST', '/v1/pools', [401, 401, 403, 400, 400, 400], '{}'],
  ['GET', '/v1/hosts', [401, 401, 403, 200, 200, 200]],
  ['HEAD', '/v1/hosts', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/hosts/walk', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/hosts/walk/evidence', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/pools', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/pools/walk', [401, 401, 403, 200, 200, 200]],
  ['PUT', '/v1/pools/walk/pinned', [401, 401, 403, 403, 200, 200], JSON.stringify({ cpu: CPU, why: 'test' })],
  ['GET', '/v1/changes?from=2026-01-01', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/fleet?pool=walk', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/export', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/timeline', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/sync', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/alerts', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/alerts/1', [401, 401, 403, 200, 200, 200]],
  ['GET', '/v1/alerts/x', [401, 401, 403, 400, 400, 400]],
  ['PUT', '/v1/alerts/1/acknowledged', [401, 401, 403, 403, 200, 200], '{"why": "test"}'],
  ['PUT', '/v1/alerts/99/acknowledged', [401, 401, 403, 403, 404, 404], '{"why": "test"}'],
  ['DELETE', '/v1/alerts/1', [401, 401, 403, 403, 403, 405]],
  ['GET', '/v1/audit-log', [401, 401, 403, 403, 403, 200]],
  ['GET', '/v1/tokens', [401, 401, 403, 403, 403, 200]],
  ['POST', '/v1/tokens', [401, 401, 403, 403, 403, 201], '{"name": "x", "roles": ["read"]}'],
  ['DELETE', '/v1/hosts/nobody', [401, 401, 403, 403, 404, 404]],
  ['PATCH', '/v1/hosts/walk', [401, 401, 403, 403, 403, 405]],
  ['DELETE', '/v1/pools/walk/pinned', [401, 401, 403, 403, 403, 405]],
]

/** The first alert, with what is hard to print. */
async function fireAlert({ alerts }: Inventory): Promise<void> {
  const keeper = { holder: 'test', patience: 0, receivers: [] }
  const long = `${'wörd '.repeat(40)}${'x'.repeat(200)}`
  const failures = [
    { text: long, remedy: `update ${long}` },
    { text: '.', remedy: '' },
  ]
  const detail = { summary: long, failures, failureCount: 30, hosts: ['n1', 'n2'], hostCount: 2 }
  await alerts.lead('test', 600, 'rules')
  const found = [{ rule: `é ${'rule '.repeat(30)}`, kind: 'level', pool: 'wälk', detail }]
  await alerts.keep({ pool: 'wälk', notes: [], found }, keeper)
}

/** What the routes of every inventory do, in whatever engine. */
export function inventoryRoutes(open: () => Promise<Inventory>): void {
  let inventory: Inventory
  let app: ReturnType<typeof createApp>
  const audited: AuditEntry[] = []
  const faults: unknown[] = []

  beforeAll(async () => {
    inventory = await open()
    await fireAlert(inventory)
    const tokens = inventory.tokens
    for (const role of ['report', 'read', 'plan', 'admin'] as const) await give(role, [role])
    await give('web', ['report'], 'web-*')
    app = createApp({
      version: '0',
      page: '',
      answer: async (verb, body) => answerRequest({ own: CpuMap.builtIn(), named: new Map() }, verb, body),
      onFault: error => faults.push(error),
      access: {
        authenticate: authenticateBy([tokens], Date.now),
        audit: entry => void audited.push(entry),
      },
      tokens: {
        ...{ known: [tokens], store: tokens, auditLog: inventory.auditLog },
        ...{ makeSecret: () => `vc_${Math.random()}`, endOf: day => new Date(day) },
      },
      inventory: { open: async () => inventory, state: async () => 'ready' },
    })
  }, 60_000)
  afterAll(() => inventory?.close())

  const give = async (secret: string, roles: readonly Role[], hosts?: string) =>
    inventory.tokens.add({
      ...{ id: secret, name: secret, hash: await hashToken(secret), roles, createdBy: 'test' },
      ...{ hosts, expires: undefined },
    })

  async function ask(
    client: string,
    method: string,
    path: string,
    body?: string | Uint8Array<ArrayBuffer>,
    more: object = {},
  ) {
    const authorization = client === 'none' ? {} : { authorization: `Bearer ${client}` }
    const response = await app.request(path, {
      method,
      headers: { host: 'localhost', ...authorization, ...more },
      ...(body !== undefined && { body }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    const json = (isJson && text ? JSON.parse(text) : {}) as Json & { error: { message: string } }
    return { status: response.status, text, json, headers: response.headers }
  }
  const put = (id: string, text: string, query = '', more: object = {}, client = 'report') =>
    ask(client, 'PUT', `/v1/hosts/${id}${query}`, text, more)

  describe('every route, and every client', () => {
    beforeAll(async () => {
      await put('walk', capabilities({}), '?pool=walk')
    })

    test.each(ROUTES.map(given => ({ given, name: `${given[0]} ${given[1]}` })))(
      '$name',
      async ({ given }) => {
        const [method, path, expected, body] = given
        const found: number[] = []
        for (const client of CLIENTS) found.push((await ask(client, method, path, body)).status)
        expect(found).toEqual(expected)
      },
    )

    test('the table has every route of the inventory', () => {
      const known = ROUTES.map(([method, path]) => `${method} ${path.replace(/\?.*/, '')}`)
      const fill = (path: string) =>
        path.replace('{name}', 'walk').replace('{id}', 'walk').replace('{number}', '1')
      const missing = INVENTORY_ROUTES.map(
        ({ method, path }) => `${method.toUpperCase()} ${fill(path)}`,
      ).filter(one => !known.includes(one) && !/^DELETE|events/.test(one))
      expect(missing).toEqual([])
    })

    test('a method that a path has not is 405, with those that it has', async () => {
      const { status, headers } = await ask('admin', 'PATCH', '/v1/hosts/walk')
      expect([status, headers.get('allow')]).toEqual([405, 'PUT, GET, HEAD, DELETE'])
    })
  })

  test('an alert is a mail with a head and lines of 78 columns', async () => {
    for (const type of ['text/plain', 'message/rfc822']) {
      const mail = await ask('read', 'GET', '/v1/alerts/1?to=ops@example.org', undefined, { accept: type })
      expect([mail.status, mail.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`])
      const end = mail.text.indexOf('\n\n')
      const head = mail.text.slice(0, end)
      expect(head).toMatch(/^To: ops@example\.org\nSubject: =\?UTF-8\?B\?/)
      expect(head).toMatch(/^[ -~\n]*$/)
      for (const line of head.split('\n')) expect(line).toMatch(/^(?:[\w-]+: .+| .+)$/)
      const words = [...head.matchAll(/=\?UTF-8\?B\?([\w+/=]+)\?=/g)].map(([, word = '']) => word)
      const subject = words.map(word => Buffer.from(word, 'base64').toString('utf8')).join('')
      expect(subject).toContain('[firing] wälk: é rule rule')
      for (const line of mail.text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(78)
      expect(mail.text).toContain('- and 28 more\nHosts (2): n1, n2\n')
      expect(mail.text.endsWith('\n')).toBe(true)
    }
    const bare = await ask('read', 'GET', '/v1/alerts/1', undefined, { accept: 'text/plain' })
    expect(bare.text).toMatch(/^Subject: /)
    for (const to of ['a@b\nBcc: x@y', 'nobody', 'a@b,c@d']) {
      const { status } = await ask('read', 'GET', `/v1/alerts/1?to=${encodeURIComponent(to)}`)
      expect(status, to).toBe(400)
    }
  })

  test('alerts are found by state and pool, page by page', async () => {
    const numbers = async (query: string) => {
      const { json } = await ask('read', 'GET', `/v1/alerts${query}`)
      return [(json.alerts as readonly { number: number }[]).map(one => one.number), json.next]
    }
    expect(await numbers('?state=firing')).toEqual([[1], null])
    expect(await numbers(`?pool=${encodeURIComponent('wälk')}&limit=1`)).toEqual([[1], null])
    expect(await numbers('?state=resolved')).toEqual([[], null])
    expect(await numbers('?before=1')).toEqual([[], null])
    expect((await ask('read', 'GET', '/v1/alerts?state=on')).status).toBe(400)
  })

  test('every answer is as the description says', async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const { paths } = (await ask('none', 'GET', '/v1/openapi.json')).json as unknown as {
      paths: Record<string, Record<string, { responses: Record<string, { content: Record<string, Json> }> }>>
    }
    await put('said', capabilities({ microcode: 7 }), '?pool=said&name=first')
    await put('said', capabilities({ microcode: 8 }), '?pool=said')
    await ask('plan', 'PUT', '/v1/pools/said/pinned', JSON.stringify({ cpu: CPU, why: 'it is the oldest' }))
    const asked = [
      ['get', '/v1/hosts', '?pool=said'],
      ['get', '/v1/hosts/{id}', ''],
      ['get', '/v1/pools', ''],
      ['get', '/v1/pools/{name}', ''],
      ['get', '/v1/changes', '?from=2026-01-01&pool=said'],
      ['get', '/v1/timeline', '?pool=said'],
      ['get', '/v1/sync', ''],
      ['get', '/v1/alerts', ''],
      ['get', '/v1/alerts/{number}', ''],
      ['put', '/v1/alerts/{number}/acknowledged', ''],
      ['put', '/v1/hosts/{id}', ''],
      ['put', '/v1/pools/{name}/pinned', ''],
      ['delete', '/v1/hosts/{id}', ''],
    ] as const
    for (const [method, path, query] of asked) {
      const decision = JSON.stringify({ cpu: null, why: 'no more' })
      const known = JSON.stringify({ why: 'test' })
      const body = path.endsWith('pinned')
        ? decision
        : path.endsWith('acknowledged')
          ? known
          : capabilities({})
      const { json, status } = await ask(
        'admin',
        method.toUpperCase(),
        path.replace('{number}', '1').replace(/\{\w+\}/, 'said') + query,
        method === 'put' ? body : undefined,
      )
      expect(status, path).toBe(200)
      const described = paths[path]?.[method]?.responses[200]?.content['application/json']
      expect(described?.schema, path).toBeDefined()
      for (const [what, value] of Object.entries({ answer: json, example: described?.example })) {
        const validate = ajv.compile(described?.schema as Json)
        validate(value)
        expect(validate.errors, `${method} ${path}: ${what}`).toBeNull()
      }
    }
  })

  describe('a report', () => {
    test('is 201, the same again 200 or 304, another 200', async () => {
      const [one, other] = [capabilities({ microcode: 1 }), capabilities({ microcode: 2 })]
      const known = { 'if-none-match': `"${hashOf(one)}"` }
      const first = await put('r1', one, '?name=n&pool=p', known)
      expect([first.status, first.json]).toEqual([
        201,
        { schema: 2, id: 'r1', hash: hashOf(one), result: 'created' },
      ])
      const before = await inventory.host('r1')
      expect((await put('r1', one, '?name=n&pool=p')).json).toMatchObject({ result: 'seen' })
      const same = await put('r1', one, '?name=n&pool=p', known)
      expect([same.status, same.text]).toEqual([304, ''])
      expect(await inventory.host('r1')).toMatchObject({ ...before, seen: expect.any(Date) })
      // Known, but called otherwise.
      expect((await put('r1', one, '?name=n2&pool=p', known)).json).toMatchObject({ result: 'changed' })
      expect((await put('r1', one, '?name=n2&pool=p2', known)).json).toMatchObject({ result: 'changed' })
      expect((await put('r1', one, '', known)).status).toBe(304)
      const changed = await put('r1', other, '', { 'if-none-match': `"${hashOf(other)}"` })
      expect([changed.status, changed.json]).toMatchObject([200, { result: 'changed' }])
      const { json } = await ask('read', 'GET', '/v1/hosts/r1')
      expect(json).toMatchObject({ name: 'n2', pool: 'p2', reporter: 'report', facts: { microcode: 2 } })
      expect(json.history).toHaveLength(4)
      expect((await ask('read', 'GET', '/v1/hosts/r1/evidence')).text).toBe(other)
      expect((await ask('read', 'GET', `/v1/hosts/r1/evidence?hash=${hashOf(one)}`)).text).toBe(one)
      expect((await ask('read', 'GET', `/v1/hosts/r1/evidence?hash=${'0'.repeat(64)}`)).status).toBe(404)
    })

    test('that is known is answered before its body is read', async () => {
      const text = capabilities({ microcode: 77 })
      await put('r2', text)
      let isRead = false
      const body = new ReadableStream(
        {
          pull(controller) {
            isRead = true
            controller.close()
          },
        },
        { highWaterMark: 0 },
      )
      const init = { method: 'PUT', body, duplex: 'half' as const }
      const headers = {
        host: 'localhost',
        authorization: 'Bearer report',
        'if-none-match': `"${hashOf(text)}"`,
      }
      const response = await app.request('/v1/hosts/r2', { ...init, headers })
      expect([response.status, isRead]).toEqual([304, false])
    })

    test('is for the hosts of its token alone, one by one and many at once', async () => {
      expect((await put('web-1', capabilities({}), '', {}, 'web')).status).toBe(201)
      expect((await put('db-1', capabilities({}), '', {}, 'web')).status).toBe(403)
      const lines = ['web-2', 'db-1'].map(id => JSON.stringify({ id, text: capabilities({}) })).join('\n')
      const { text } = await ask('web', 'POST', '/v1/reports', lines)
      expect(
        text
          .trim()
          .split('\n')
          .map(line => JSON.parse(line)),
      ).toMatchObject([
        { id: 'web-2', result: 'created' },
        { id: 'db-1', error: { kind: 'bad-request', message: 'web may report hosts called web-* alone' } },
      ])
      expect(await inventory.host('db-1')).toBeUndefined()
    })

    test.each([
      ['a wrong hash', capabilities({}), { 'if-none-match': `"${'0'.repeat(64)}"` }, 400],
      ['no hash', capabilities({}), { 'if-none-match': '*' }, 400],
      ['nothing', '', {}, 400],
      ['no host', 'nonsense', {}, 400],
      ['broken XML', '<capabilities><host><cpu>', {}, 422],
      ['two hosts', capabilities({}) + capabilities({ model: 'Haswell' }), {}, 400],
      ['too much', 'x'.repeat(2 ** 21 + 1), {}, 413],
      ['no UTF-8', new Uint8Array([0x3c, 0xff, 0xfe]), {}, 400],
    ])('of %s is %#', async (_, text, more, status) => {
      const before = await inventory.pools()
      const said = await ask('report', 'PUT', '/v1/hosts/bad', text, more)
      expect([said.status, said.text]).toEqual([status, expect.stringContaining('"error"')])
      expect(await inventory.host('bad')).toBeUndefined()
      expect(await inventory.pools()).toEqual(before)
    })

    test('of what no database stores is refused, and is no fault', async () => {
      faults.length = 0
      for (const value of ['\\ud800', '\\u0000']) {
        const text = `{"cpu_info": "{\\"arch\\": \\"x86_64\\", \\"model\\": \\"Haswell\\", \\"vendor\\": \\"${value.replace('\\', '\\\\')}\\", \\"features\\": []}"}`
        const { status } = await put('strange', text)
        expect([200, 201, 400, 422]).toContain(status)
      }
      expect(faults.filter(error => !/cannot store/.test(String(error)))).toEqual([])
    })
  })

  test('all that is exported can be imported, and is the same again', async () => {
    for (const i of [1, 2, 3])
      await put(`x${i}`, capabilities({ microcode: i, uuid: `u${i}` }), `?pool=export&name=n${i}`)
    const all = await ask('read', 'GET', '/v1/hosts?format=ndjson&pool=export')
    expect(all.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = all.text.trim().split('\n')
    expect(lines.map(line => JSON.parse(line).id)).toEqual(['x1', 'x2', 'x3'])
    const results = async (body = all.text) =>
      (await ask('report', 'POST', '/v1/reports', body)).text
        .trim()
        .split('\n')
        .map(line => JSON.parse(line).result)
    expect(await results()).toEqual(['seen', 'seen', 'seen'])
    for (const i of [1, 2, 3]) await inventory.remove(`x${i}`)
    // What was taken out later stays out.
    expect(await results()).toEqual(['stale', 'stale', 'stale'])
    const moved = all.text.replaceAll('"id":"x', '"id":"y')
    expect(await results(moved)).toEqual(['created', 'created', 'created'])
    expect((await ask('read', 'GET', '/v1/hosts?format=ndjson&pool=export')).text).toBe(moved)
  })

  test('hosts are found by words, by pool and by CPU, page by page', async () => {
    const body = Array.from({ length: 25 }, (_, i) =>
      JSON.stringify({ id: `page-${String(i).padStart(2, '0')}`, pool: 'pages', text: capabilities({}) }),
    )
    await ask('report', 'POST', '/v1/reports', body.join('\n'))
    const ids: unknown[] = []
    for (let after: unknown = ''; after !== null; ) {
      const { json } = await ask('read', 'GET', `/v1/hosts?search=PAGE-&pool=pages&limit=10&after=${after}`)
      ids.push(...(json.hosts as Json[]).map(({ id }) => id))
      after = json.next
    }
    expect(ids).toEqual(body.map(line => JSON.parse(line).id))
    const [{ cpu } = { cpu: 0 }] = (await inventory.hosts({ pool: 'pages' })).hosts
    expect((await ask('read', 'GET', `/v1/hosts?cpu=${cpu}&pool=pages&limit=1000`)).json.hosts).toHaveLength(
      25,
    )
  })

  test('a pool shows what it computes beside what is pinned, and who decided it', async () => {
    await put('p1', capabilities({ model: 'Haswell' }), '?pool=mixed')
    await put('p2', capabilities({ model: 'Skylake-Server' }), '?pool=mixed')
    const decide = (cpu: string | null, why: string) =>
      ask('plan', 'PUT', '/v1/pools/mixed/pinned', JSON.stringify({ cpu, why }))
    expect((await decide(CPU, 'the oldest')).json).toMatchObject({
      number: expect.any(Number),
      by: 'plan',
      before: null,
    })
    expect((await decide('<cpu><model>', 'broken')).status).toBe(400)
    expect((await decide('<cpu><model>NoSuchModel</model></cpu>', 'unknown')).status).toBeGreaterThanOrEqual(
      400,
    )
    expect((await decide(CPU, '')).status).toBe(400)
    const { json } = await ask('read', 'GET', '/v1/pools/mixed')
    expect(json).toMatchObject({ hosts: 2, cpus: 2, pinned: { cpu: CPU, why: 'the oldest', by: 'plan' } })
    expect(json.baselines).toEqual(
      (await inventory.poolBaselines('mixed')).map(({ pool, physBits, ...rest }) => ({
        ...rest,
        physBits: physBits ?? null,
      })),
    )
    expect(json.decisions).toHaveLength(1)
    await decide(null, 'no more')
    expect((await ask('read', 'GET', '/v1/pools/mixed')).json).toMatchObject({ pinned: null })
    expect((await ask('read', 'GET', '/v1/pools/nosuch')).status).toBe(404)
  })

  test('who listens is told what happens, in order, and after a break what was missed', async () => {
    const listen = async (goal: RegExp, last?: string) => {
      const headers = {
        host: 'localhost',
        authorization: 'Bearer read',
        ...(last && { 'last-event-id': last }),
      }
      const response = await app.request('/v1/events?pool=told', { headers })
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      const said = (async () => {
        let all = ''
        while (!goal.test(all)) all += new TextDecoder().decode((await reader.read()).value)
        await reader.cancel()
        return all
      })()
      return { said }
    }
    const kinds = (text: string) => [...text.matchAll(/^event: (.*)$/gm)].map(([, kind]) => kind)
    const first = await listen(/host-removed/)
    await put('t1', capabilities({ model: 'Skylake-Server' }), '?pool=told')
    await put('t2', capabilities({ model: 'Skylake-Server' }), '?pool=untold')
    await put('t1', capabilities({ model: 'Haswell' }))
    await ask('plan', 'PUT', '/v1/pools/told/pinned', JSON.stringify({ cpu: CPU, why: 'told' }))
    await ask('plan', 'DELETE', '/v1/hosts/t1')
    const said = await first.said
    const all = ['host-added', 'host-changed', 'pinned', 'host-removed']
    expect(kinds(said).filter(kind => kind !== 'baseline-changed')).toEqual(all)
    expect(said).not.toContain('t2')
    const ids = [...said.matchAll(/^id: (.*)$/gm)].map(([, id]) => id)
    const again = await (await listen(/host-removed/, ids[0])).said
    expect(kinds(again)).toEqual(['host-changed', 'pinned', 'host-removed'])
    await put('t1', capabilities({ model: 'Skylake-Server' }), '?pool=told')
    const third = await listen(/baseline-changed/)
    await put('t1', capabilities({ model: 'Haswell' }))
    expect(await third.said).toContain('event: baseline-changed\ndata: {"host":null,"pool":"told"')
  }, 30_000)

  test('changes between two times', async () => {
    await put('c1', capabilities({ model: 'Skylake-Server', features: ['md-clear'] }), '?pool=changes')
    const { seen } = (await inventory.host('c1')) ?? { seen: new Date() }
    await put('c1', capabilities({ model: 'Skylake-Server' }), '?pool=changes')
    const { json } = await ask('read', 'GET', `/v1/changes?pool=changes&from=${seen.toISOString()}`)
    expect(json).toMatchObject({ changes: [{ id: 'c1', gained: [] }], next: null })
    for (const from of ['', 'soon', '2026-99-01', '2026-11-01T10:00', "'; drop table host; --"])
      expect((await ask('read', 'GET', `/v1/changes?from=${encodeURIComponent(from)}`)).status, from).toBe(
        400,
      )
    expect((await ask('read', 'GET', '/v1/changes')).status).toBe(400)
  })

  test('a fleet as plain data is opened as the same fleet', async () => {
    await put('f1', capabilities({ microcode: 1 }), '?pool=whole')
    await put('f2', capabilities({ model: 'Haswell' }), '?pool=whole')
    const { text } = await ask('read', 'GET', '/v1/fleet?pool=whole')
    const [head = '', ...lines] = text.trim().split('\n')
    expect(JSON.parse(head)).toEqual({ hosts: 2 })
    const opened = await openStoredFleet(contextOf(), lines, { unpack: textOfEvidence })
    const whole = await inventory.fleetAt({ pool: 'whole' })
    expect(opened.view.fleet).toEqual(whole.view.fleet)
    const before = await ask('read', 'GET', '/v1/fleet?pool=whole&time=2020-01-01')
    expect(before.text).toBe('{"hosts":0}\n')
    expect((await ask('read', 'GET', '/v1/fleet?time=soon')).status).toBe(400)
  })

  test('whoever changes something is told of, once, and not who changes nothing', async () => {
    const text = capabilities({ microcode: 99 })
    audited.length = 0
    await put('a1', text, '?pool=audit')
    await put('a1', text, '', { 'if-none-match': `"${hashOf(text)}"` })
    await ask('read', 'DELETE', '/v1/hosts/a1')
    await ask('plan', 'DELETE', '/v1/hosts/a1')
    expect(audited).toMatchObject([
      { who: 'report', action: 'PUT', target: '/v1/hosts/a1', detail: { status: 201, result: 'created' } },
      { who: 'read', action: 'DELETE', detail: { status: 403 } },
      { who: 'plan', action: 'DELETE', target: '/v1/hosts/a1', detail: { status: 200 } },
    ])
  })

  test('whatever stands in a field, nothing but that field takes it', async () => {
    faults.length = 0
    const before = (await inventory.hosts({ limit: 1000 })).hosts.length
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        "'; drop table host; --",
        "x' or '1'='1",
        '$1',
        '%',
        '_',
        '\\',
        '../../etc/passwd',
        '\u0000',
        '__proto__',
        'a'.repeat(300),
        '%00',
        '\r\nset-cookie: a=b',
      ),
    )
    const paths = (value: string) => {
      const v = encodeURIComponent(value)
      return [
        ...['GET', 'DELETE'].map(method => [method, `/v1/hosts/${v}`] as const),
        ['GET', `/v1/hosts/${v}/evidence`] as const,
        ['GET', `/v1/hosts/walk/evidence?hash=${v}`] as const,
        ...['search', 'pool', 'cpu', 'after', 'limit', 'format', v].map(
          name => ['GET', `/v1/hosts?${name}=${v}`] as const,
        ),
        ['GET', `/v1/pools/${v}`] as const,
        ...['from', 'to', 'pool', 'after'].map(
          name => ['GET', `/v1/changes?from=2030-01-01&${name}=${v}`] as const,
        ),
        ['GET', `/v1/audit-log?before=${v}`] as const,
        ['DELETE', `/v1/tokens/${v}`] as const,
      ]
    }
    const isWellFormed = (value: string) => !/\p{Cs}/u.test(value)
    await fc.assert(
      fc.asyncProperty(hostile.filter(isWellFormed), async value => {
        // A host that takes an earlier name again, after another, is one of two that share a machine-id.
        await inventory.remove('hostile')
        for (const [method, path] of paths(value)) {
          const { status, text } = await ask('admin', method, path)
          expect([200, 400, 404, 405], `${method} ${path}: ${text}`).toContain(status)
        }
        const v = encodeURIComponent(value)
        for (const query of [`name=${v}`, `pool=${v}`]) {
          const { status } = await put('hostile', capabilities({}), `?${query}`)
          expect([200, 201, 400]).toContain(status)
        }
        const body = JSON.stringify({ cpu: value, why: value })
        expect([200, 400, 422]).toContain(
          (await ask('admin', 'PUT', `/v1/pools/hostile/pinned`, body)).status,
        )
      }),
      { numRuns: 3 + runs(60, 12), examples: [['%'], ['_'], ['%']] },
    )
    expect(faults).toEqual([])
    await inventory.remove('hostile')
    expect((await inventory.hosts({ limit: 1000 })).hosts).toHaveLength(before)
  }, 120_000)

  test.each(['.', '..', '%2e%2e', '-x', 'a/b', 'a%2Fb', 'a%00', 'a b', 'ä', 'a'.repeat(129), '%zz'])(
    'no host is called %.20s',
    async id => {
      const { status } = await put(id, capabilities({}))
      expect([400, 403, 404, 405]).toContain(status)
    },
  )
}

/** What the routes say while the inventory cannot be had. */
export function closedInventory(): void {
  const appWith = (open: () => Promise<Inventory>) =>
    createApp({
      version: '0',
      page: '',
      answer: async () => ({ status: 200, body: new Uint8Array() }),
      inventory: { open, state: async () => 'opening' },
    })
  const get = async (app: ReturnType<typeof createApp>, path: string) => {
    const response = await app.request(path, { headers: { host: 'localhost' } })
    return [response.status, response.headers.get('retry-after'), await response.text()]
  }

  test('not open yet: 503, and when to ask again', async () => {
    const app = appWith(async () => {
      throw new RequestRefused('unavailable', 'the inventory is not open yet: ask again later')
    })
    expect(await get(app, '/v1/hosts')).toEqual([503, '5', expect.stringContaining('not open yet')])
    expect(await get(app, '/readyz')).toEqual([503, null, '{"status":"opening"}'])
  })

  test('none: 404, which says how to have one', async () => {
    const app = createApp({
      version: '0',
      page: '',
      answer: async () => ({ status: 200, body: new Uint8Array() }),
    })
    for (const path of ['/v1/hosts', '/v1/hosts/x', '/v1/pools', '/v1/changes'])
      expect(await get(app, path)).toEqual([404, null, expect.stringContaining('start it with --store')])
  })
}
