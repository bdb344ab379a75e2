import { describe, expect, test } from 'vitest'
import { answerRequest } from '../../src/http/answer.ts'
import { createApp } from '../../src/http/app.ts'
import { EXAMPLES } from '../../src/http/examples.ts'
import { LARGEST_BODY } from '../../src/http/read-body.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { QUESTIONS } from '../../src/questions/table.ts'
import { askNow } from '../ask-now.ts'
import { hostXml } from '../cli/virt-cpu.ts'

const PAGE = `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'x'">`
const HOSTS = { host: '127.0.0.1:8680' }
const cpus = [hostXml('Penryn', ['vmx']), hostXml('Nehalem', ['vmx', 'ds'])]

const faults: unknown[] = []
const sources = { own: CpuMap.builtIn(), named: new Map([['old', CpuMap.builtIn()]]) }
const app = createApp({
  version: '1.2.3',
  answer: async (verb, body) => answerRequest(sources, verb, body),
  page: PAGE,
  names: ['fleet.example'],
  onFault: error => faults.push(error),
})

async function send(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
  const init =
    body === undefined
      ? { headers: { ...HOSTS, ...headers } }
      : {
          method: 'POST',
          headers: { ...HOSTS, ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }
  const response = await app.request(path, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  }
}

describe('answers', () => {
  test('a verb answers as batch does', async () => {
    const { status, json } = await send('/v1/baseline', { id: 7, cpus, explain: true })
    expect(status).toBe(200)
    expect(json).toEqual({ id: 7, ...askNow({ verb: 'baseline', cpus, explain: true }) })
  })

  test('no is an answer', async () => {
    const guest = `<cpu><model>Nehalem</model></cpu>`
    const { status, json } = await send('/v1/compare', { host: cpus[0], cpu: guest })
    expect([status, json.result]).toEqual([200, 'incompatible'])
  })

  test('a request may name a map that the server was given', async () => {
    expect((await send('/v1/cpu-models', { arch: 'x86_64', cpuMap: 'old' })).status).toBe(200)
  })

  test('the page, health and the description', async () => {
    expect((await send('/')).text).toBe(PAGE)
    expect((await send('/healthz')).json).toEqual({ status: 'ok', version: '1.2.3' })
    expect((await send('/readyz')).json).toEqual({ status: 'ready' })
    const { json } = await send('/v1/openapi.json')
    expect(Object.keys(json.paths)).toEqual([
      ...Object.keys(QUESTIONS).map(verb => `/v1/${verb}`),
      '/v1/openapi.json',
      '/readyz',
      '/v1/jobs/{id}',
      '/v1/jobs/{id}/result',
      '/metrics',
      '/healthz',
      '/',
    ])
    const { schema } = json.paths['/v1/decode'].post.requestBody.content['application/json']
    expect(schema).toMatchObject({
      properties: {
        cpuid: { type: 'array', items: { items: { maximum: 0xffff_ffff } } },
        as: { enum: ['host', 'guest'] },
        id: {},
      },
    })
  })
})

describe('refusals', () => {
  test.each([
    ['/v1/nosuch', {}, 404, 'not-found', /unknown verb 'nosuch'; known: decode,/],
    ['/v1/toString', {}, 404, 'not-found', /unknown verb/],
    ['/v1/baseline', '{"cpus": [', 400, 'bad-request', /line 1, column 11/],
    ['/v1/baseline', '{\n "cpus": }', 400, 'bad-request', /line 2, column 10/],
    ['/v1/baseline', '[]', 400, 'bad-request', /a request is a JSON object/],
    ['/v1/baseline', '', 400, 'bad-request', /line 1, column 1/],
    ['/v1/baseline', {}, 400, 'bad-request', /the input cpus is missing/],
    ['/v1/baseline', { cpus: [1] }, 400, 'bad-request', /cpus\[0\] must be the text of a CPU/],
    ['/v1/baseline', { cpus: [], more: 1 }, 400, 'bad-request', /no input is called more/],
    ['/v1/baseline', { cpus, libvirt: '1.0' }, 400, 'bad-request', /libvirt: must be/],
    ['/v1/baseline', `{"id": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`, 400, 'bad-request', /nested/],
    ['/v1/baseline', { cpus: ['<cpu'] }, 422, 'bad-input', /cpus\[0\]/],
    ['/v1/baseline', { cpus: ['<a>'.repeat(1e5)] }, 422, 'bad-input', /cpus\[0\]/],
    ['/v1/baseline', { cpus: [hostXml('Nosuch')] }, 422, 'internal', /Unknown CPU model Nosuch/],
    ['/v1/baseline', { cpus, cpuMap: '/etc' }, 403, 'forbidden', /name of a map.*known: old/],
    ['/v1/baseline', { cpus, cpuMap: '__proto__' }, 403, 'forbidden', /name of a map/],
    ['/v1/baseline', ' '.repeat(LARGEST_BODY + 1), 413, 'too-large', /more than/],
    ['/v1/baseline', undefined, 405, 'bad-method', /takes POST, not GET/],
    ['/healthz', {}, 405, 'bad-method', /takes GET, HEAD, not POST/],
    ['/v1/nosuch', undefined, 404, 'not-found', /nothing is at GET/],
    ['/etc/passwd', undefined, 404, 'not-found', /nothing is at GET/],
  ])('%s %.40j is %i %s', async (path, body, status, kind, message) => {
    const answer = await send(path, body)
    expect([answer.status, answer.json.error.kind]).toEqual([status, kind])
    expect(answer.json.error.message).toMatch(message)
  })

  test('another site’s request', async () => {
    const from = async (headers: Readonly<Record<string, string>>) =>
      (await send('/v1/cpu-models', { arch: 'x86_64' }, headers)).status
    expect(await from({ host: 'evil.example' })).toBe(403)
    expect(await from({ host: '127.0.0.1.evil.example:8680' })).toBe(403)
    expect(await from({ origin: 'http://evil.example' })).toBe(403)
    expect(await from({ origin: 'null' })).toBe(403)
    expect(await from({ origin: 'http://127.0.0.1:8680' })).toBe(200)
    expect(await from({ host: 'localhost:8680' })).toBe(200)
    expect(await from({ host: '[::1]:8680' })).toBe(200)
    expect(await from({ host: 'fleet.example:8680' })).toBe(200)
  })
})

test('every response is kept safe, and only the page may run anything', async () => {
  for (const [path, body] of [['/'], ['/nosuch'], ['/v1/baseline', '{'], ['/healthz']] as const) {
    const { headers } = await send(path, body)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
    const policy = path === '/' ? "default-src 'none'; script-src 'x'" : "default-src 'none'"
    expect(headers.get('content-security-policy')).toBe(`${policy}; frame-ancestors 'none'`)
  }
})

test.each(['- b: 1\n'.repeat(200_000), '\n'.repeat(500_000)])(
  'a text of many lines holds no CPU',
  async text => {
    const { status, json } = await send('/v1/hosts', { documents: [{ path: 'x', text: `a:\n${text}` }] })
    expect([status, json.hosts]).toEqual([200, []])
  },
)

/** What no route may fall for, each with the statuses that it may get. */
const HOSTILE: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ['a foreign origin', { origin: 'https://evil.example' }, '{}'],
  ['a rebound name', { host: 'evil.example' }, '{}'],
  ['a forwarded name of nobody', { host: 'evil.example', 'x-forwarded-host': 'fleet.example' }, '{}'],
  ['no JSON', {}, '{'],
  ['a deep document', {}, '['.repeat(1e5)],
  ['a prototype', {}, '{"__proto__": {"a": 1}, "constructor": 1}'],
  ['a path for a map', {}, '{"cpuMap": "../../etc"}'],
  ['an unknown input', {}, '{"nosuch": 1}'],
]

test.each(HOSTILE)('every route refuses %s', async (_, headers, body) => {
  for (const verb of Object.keys(QUESTIONS)) {
    for (const tail of ['', '/', '/..%2f..%2fetc%2fpasswd', '?x=1']) {
      const { status, text } = await send(`/v1/${verb}${tail}`, body, headers)
      expect([400, 403, 404, 405, 422], verb + tail).toContain(status)
      expect(text).not.toMatch(/\n\s+at |\.ts:\d|node_modules|root:/)
    }
  }
  for (const path of ['/', '/healthz', '/readyz', '/v1/openapi.json'])
    expect([403, 405], path).toContain((await send(path, body, headers)).status)
})

const SQL = `x'); DROP TABLE host; --" OR 1=1 /* \u0000 */`

/** A value once for each text in it, with SQL in its place. */
function* withSql(value: unknown): Generator<unknown> {
  if (typeof value === 'string') yield SQL
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value))
    for (const changed of withSql(inner))
      yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed }
}

test.each(Object.entries(EXAMPLES))('SQL in any text of %s is a text like others', async (verb, example) => {
  for (const body of [...withSql(example), { ...example, [SQL]: 1 }, { ...example, fields: [SQL] }]) {
    const { status, text } = await send(`/v1/${verb}`, body as object)
    expect([200, 400, 403, 422]).toContain(status)
    expect(text).not.toMatch(/\n\s+at |\.ts:\d|node_modules|syntax error/)
  }
})

test('answers that nobody reads count until they are sent', async () => {
  const held: (() => void)[] = []
  const large = createApp({
    version: '0',
    page: PAGE,
    bytes: 2 ** 20,
    answer: async () => ({ status: 200, body: new Uint8Array(2 ** 19) }),
  })
  const ask = async () => {
    const init = { method: 'POST', headers: HOSTS, body: '{}' }
    return (await large.request('/v1/hosts', init, { onSent: sent => held.push(sent) })).status
  }
  expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 503])
  held.pop()?.()
  expect(await ask()).toBe(200)
})

test('a body of too many values, and too large an answer, are refused', async () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ cpus }))
  const kindOf = async (limits: object) =>
    (await answerRequest({ ...sources, ...limits }, 'baseline', bytes)).status
  expect(await kindOf({ signs: 10, largest: 10_000 })).toBe(200)
  expect(await kindOf({ signs: 2 })).toBe(413)
  expect(await kindOf({ largest: 100 })).toBe(413)
})

test('nothing was a fault of ours', () => expect(faults).toEqual([]))
