import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { INVENTORY_ROUTES } from '../../src/http/openapi.ts'
import { killServers, mostResident, type Served, startServer } from '../cli/served.ts'
import { isLong } from '../effort.ts'
import { capabilities } from '../inventory/texts.ts'
import { needed } from '../needs.ts'
import { accessOfTest } from './access.ts'
import { startPostgres, whyNoPostgres } from './postgres.ts'

/** A server with an inventory, and clients who mean it no good. */

const MIB = 2 ** 20

/** As large as a report may be. */
const SIZE = 2 * MIB - 64

/** A part as often as there is room for it. */
const fill = (head: string, part: string, tail = ''): string =>
  head + part.repeat(Math.floor((SIZE - head.length - tail.length) / part.length)) + tail

const numbered = (part: (i: number) => string): string => {
  const count = Math.floor((SIZE - 64) / part(99_999).length)
  return Array.from({ length: count }, (_, i) => part(i)).join('')
}

/** Texts that take more time, or more memory, than their bytes say. */
const TEXTS: Readonly<Record<string, string>> = {
  'deep XML': fill('', '<a>'),
  'many elements': fill('<a>', '<b/>', '</a>'),
  'many attributes': `<cpu ${numbered(i => `a${i}="1" `)}/>`,
  'many CPUs': fill('', '<cpu><arch>x86_64</arch><model>Penryn</model></cpu>\n'),
  'many comments': fill('<a>', '<!---->', '</a>'),
  'entities that grow': `<!DOCTYPE a [<!ENTITY a "aaaa">${numbered(i => `<!ENTITY a${i} "&a;&a;&a;&a;">`).slice(0, 9999)}]><a>&a;</a>`,
  'deep JSON': fill('', '['),
  'many arrays': fill('[', '[],', '[]]'),
  'many keys': `{${numbered(i => `"k${i}":1,`)}"k":1}`,
  'many lines of YAML': fill('a:\n', '- b: 1\n'),
  'aliases that grow': `a: &a [x,x,x,x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*${i ? `b${i - 1}` : 'a'},*${i ? `b${i - 1}` : 'a'}]`).join('\n')}`,
  'one line': `flags : ${'a'.repeat(SIZE - 8)}`,
  'empty lines': '\n'.repeat(SIZE),
  'many processors': fill('', 'processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t: 85\nflags\t\t: avx\n\n'),
  'sections without end': fill('[virt-cpu-collect] 1\n', '[host]\n|name: a\n'),
  'no UTF-8': '\0'.repeat(SIZE),
}

/** Others are as bad as these: only `test:long` has time for them. */
const AS_BAD = ['many CPUs', 'many lines of YAML', 'sections without end', 'empty lines', 'deep JSON']

/** What should be data wherever it stands. */
const STRANGE = [
  `'; drop table host cascade; --`,
  `' or '1'='1`,
  `1); delete from host; --`,
  '\\',
  '%',
  '$1',
  '\0',
  '\ud800',
  '{}',
  '-1',
  '99999999999999999999',
  'NaN',
  '2026-02-30',
  '2026-11-01T00:00:00Z; select pg_sleep(9)',
  '../../../etc/passwd',
  'x'.repeat(5000),
]

/** What no client should learn, and no log need say. */
const INNER =
  /node_modules|\.[jt]s:\d|\bat \w+ \(|\b(?:select|insert|update|syntax error|relation)\b|postgres:|\/tmp\//i

interface Said {
  readonly status: number
  readonly text: string
}

/** Sends a path exactly as it is; a client that is cut off while it sends has status 0. */
function send(
  { url }: Served,
  method: string,
  path: string,
  body: string | Buffer | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<Said> {
  return new Promise(resolve => {
    const timeout = 120_000
    const options = { method, path, headers: { ...headers }, agent: false, timeout } as const
    const asked = request(new URL(url), options, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', part => {
        text += part
      })
      answer.once('close', () => resolve({ status: answer.statusCode ?? 0, text }))
      // A stream of events has no end.
      if (answer.headers['content-type'] === 'text/event-stream') answer.destroy()
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve({ status: 0, text: '' }))
    asked.end(body)
  })
}

/** A path of each route, with its query as given. */
const pathOf = (path: string, id: string, query: Readonly<Record<string, string>> = {}): string => {
  const asked = new URLSearchParams(query).toString()
  const name = new URLSearchParams({ id }).toString().slice(3).replaceAll('+', '%20')
  return path.replace(/\{\w+\}/, () => name) + (asked && `?${asked}`)
}

const keysOf = (schema: unknown): string[] => Object.keys((schema as { entries?: object })?.entries ?? {})

const postgres = needed('PostgreSQL', whyNoPostgres())

const ENGINES = [
  {
    engine: 'a folder',
    // PGlite is a database in the memory of the server, beside what that has been given.
    most: 512 + 448,
    skip: undefined as string | undefined,
    open: async () => ({
      url: join(mkdtempSync(join(tmpdir(), 'inventory-')), 'store'),
      end: async () => {},
    }),
  },
  { engine: 'PostgreSQL', most: 512, skip: postgres, open: () => startPostgres() },
]

describe.each(ENGINES)('$engine', ({ most, skip, open }) => {
  describe.skipIf(skip)(skip ?? 'installed', () => {
    const { env, headers } = accessOfTest()
    let served: Served
    let end = async () => {}
    afterAll(async () => {
      killServers()
      await end()
    })
    const report = (id: string, text: string | Buffer, more: Readonly<Record<string, string>> = {}) =>
      send(served, 'PUT', `/v1/hosts/${id}`, text, { ...headers, ...more })

    test('opens, and takes a report', async () => {
      const store = await open()
      end = store.end
      const more = { ...env, VIRT_CPU_SERVE_STORE: store.url, VIRT_CPU_SERVE_RATE: '0' }
      served = await startServer(['--memory', '512', '--log', 'json'], 30_000, more)
      const ready = async () => (await send(served, 'GET', '/readyz', undefined, {})).status
      await expect.poll(ready).toBe(200)
      expect((await report('known', capabilities({}))).status).toBe(201)
    })
    test('bodies that swell are refused, below the limit, while others are answered', async () => {
      const bomb = gzipSync(Buffer.alloc(500 * MIB))
      let slowest = 0
      let isDone = false
      const watch = (async () => {
        for (; !isDone; await pause(20)) {
          const from = performance.now()
          if ((await send(served, 'GET', '/healthz', undefined, {})).status !== 200) slowest = Infinity
          slowest = Math.max(slowest, performance.now() - from)
        }
      })()
      const attack = mostResident(served.child.pid, async () => {
        for (const [name, text] of Object.entries(TEXTS)) {
          if (!isLong && AS_BAD.includes(name)) continue
          const sent = await Promise.all([0, 1].map(i => report(`n${i}`, text)))
          for (const { status, text: said } of sent) {
            expect([400, 413, 422], `${name}: ${said.slice(0, 300)}`).toContain(status)
            expect(said, name).not.toMatch(INNER)
          }
        }
        const line = JSON.stringify({ id: 'n', text: TEXTS['many processors'] })
        const batch = await send(served, 'POST', '/v1/reports', `${line}\n`.repeat(2), headers)
        expect([batch.status, batch.text.trim().split('\n').length]).toEqual([200, 2])
        // No encoding is undone: what is small when it comes stays so.
        expect((await report('bomb', bomb, { 'content-encoding': 'gzip' })).status).toBe(400)
      })
      const resident = await attack.finally(() => {
        isDone = true
      })
      await watch
      expect(resident).toBeLessThan(most)
      expect(slowest).toBeLessThan(2000)
      expect((await report('known', capabilities({ microcode: 2 }))).status).toBe(200)
    })

    test('bodies of 20 MB are refused on every route, and half-sent ones keep nobody out', async () => {
      const large = Buffer.alloc(20 * MIB, 32)
      const { hostname, port } = new URL(served.url)
      const half = Array.from({ length: 200 }, (_, i) => {
        const socket = connect(Number(port), hostname).on('error', () => {})
        socket.write(
          `PUT /v1/hosts/n${i} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${headers.authorization}\r\nContent-Length: 2000000\r\n\r\n${'x'.repeat(200_000)}`,
        )
        return socket
      })
      const resident = await mostResident(served.child.pid, async () => {
        for (const { method, path, body } of INVENTORY_ROUTES) {
          if (!body) continue
          const { status } = await send(served, method.toUpperCase(), pathOf(path, 'known'), large, headers)
          // One that still sends may find the connection closed.
          expect([0, 400, 413, 503], path).toContain(status)
        }
        for (const path of ['/v1/tokens', '/v1/baseline'])
          expect([0, 413]).toContain((await send(served, 'POST', path, large, headers)).status)
      })
      expect((await report('known', capabilities({ microcode: 3 }))).status).toBe(200)
      for (const socket of half) socket.destroy()
      expect(resident).toBeLessThan(most)
    })

    test('SQL and other strange texts are data in every field of every route', async () => {
      for (const { method, path, query, body } of INVENTORY_ROUTES) {
        const asked: [id: string, query: Record<string, string>][] = STRANGE.flatMap(strange => [
          ...(path.includes('{') ? [[strange, {}] as [string, Record<string, string>]] : []),
          ...keysOf(query).map(key => ['known', { [key]: strange }] as [string, Record<string, string>]),
        ])
        for (const [id, given] of asked) {
          // The host that all is held against stays.
          if (method === 'delete' && id === 'known') continue
          const place = pathOf(path, id, given)
          const { status, text } = await send(served, method.toUpperCase(), place, body && '{}', headers)
          expect(status, `${method} ${place}: ${text.slice(0, 200)}`).toBeLessThan(500)
          expect(status, place).toBeGreaterThan(0)
          if (status >= 400)
            expect(text.slice(0, 200), place).not.toMatch(/node_modules|\.[jt]s:\d|syntax error/)
        }
      }
      const fields = STRANGE.flatMap(strange => [
        ['PUT', '/v1/pools/p/pinned', { cpu: strange, why: strange }],
        ['PUT', '/v1/pools/p/pinned', { cpu: null, why: strange }],
        ['POST', '/v1/tokens', { name: strange, roles: ['read'] }],
        ['POST', '/v1/tokens', { name: 'x', roles: ['read'], hosts: strange, expires: strange }],
        ['POST', '/v1/reports', { id: strange, text: strange, name: strange, pool: strange, at: strange }],
        ['POST', '/v1/reports', { id: 'strange', text: capabilities({}), name: strange, pool: strange }],
        ['POST', '/v1/level', { fleet: `inventory:${strange}` }],
        ['POST', '/v1/level', { fleet: `inventory:p@${strange}` }],
        ['PUT', '/v1/hosts/strange', capabilities({ uuid: strange.replace(/[<&\0]/g, '') })],
      ]) as [string, string, object | string][]
      for (const [method, path, body] of fields) {
        const sent = typeof body === 'string' ? body : JSON.stringify(body)
        const { status, text } = await send(served, method, path, sent, headers)
        expect(status, `${path} ${sent.slice(0, 100)}: ${text.slice(0, 200)}`).toBeLessThan(500)
      }
      const { status, text } = await send(served, 'GET', '/v1/hosts/known', undefined, headers)
      expect([status, JSON.parse(text).id]).toEqual([200, 'known'])
    })

    test('tricks with paths lead nowhere', async () => {
      const tricks = [
        '/v1/hosts/..%2f..%2f..%2fetc%2fpasswd',
        '/v1/hosts/%2e%2e/%2e%2e/etc/passwd',
        '/v1/hosts/known/../../../etc/passwd',
        '/v1/hosts/known/evidence?hash=../../etc/passwd',
        '/v1/hosts/%00',
        '/v1/hosts/%ff',
        '/v1/hosts/%E0%A4%A',
        '/v1/hosts/known%00.txt',
        '/v1/hosts/known;jsessionid=1',
        '/v1//hosts//known',
        '//evil.example/v1/hosts',
        '/v1/tokens%2f',
        '/./v1/./tokens/.%2e',
        `/v1/hosts/${'a'.repeat(10_000)}`,
        '/v1/__proto__',
        '/v1/constructor',
        '/.git/config',
        '/etc/passwd',
        '\\..\\..\\etc\\passwd',
        '*',
      ]
      for (const trick of tricks)
        for (const method of ['GET', 'PUT', 'DELETE', 'POST']) {
          const { status, text } = await send(
            served,
            method,
            trick,
            method === 'PUT' || method === 'POST' ? '{}' : undefined,
            headers,
          )
          expect([400, 403, 404, 405], `${method} ${trick}: ${text.slice(0, 100)}`).toContain(status)
          expect(text).not.toMatch(/root:|node_modules|\.[jt]s:\d/)
        }
    })

    test('other sites and other names are refused on every route, with a good token too', async () => {
      const strangers: Readonly<Record<string, string>>[] = [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { host: 'evil.example' },
        { host: 'localhost.evil.example' },
        { host: '127.0.0.1.evil.example' },
        { host: 'evil.example', 'x-forwarded-host': 'localhost' },
        { host: 'evil.example', origin: 'http://evil.example' },
      ]
      for (const stranger of strangers)
        for (const { method, path } of INVENTORY_ROUTES) {
          const body = method === 'put' || method === 'post' ? '{}' : undefined
          const to = pathOf(path, 'known')
          const { status } = await send(served, method.toUpperCase(), to, body, { ...headers, ...stranger })
          expect(status, `${method} ${path} ${JSON.stringify(stranger)}`).toBe(403)
        }
    })

    test('nothing of all that is in the log as it came, and nothing was a fault', async () => {
      served.child.kill('SIGTERM')
      expect(await once(served.child, 'exit')).toEqual([0, null])
      const said = served.said()
      expect(said.split('\n').filter(line => line.includes('"level":"error"'))).toEqual([])
      expect(said).not.toContain(headers.authorization?.slice(7, 40))
      expect(said).not.toMatch(/drop table host cascade; --'|node_modules|<cpu>|processor\\t/)
      expect(Math.max(...said.split('\n').map(line => line.length))).toBeLessThan(1500)
    })
  })
})
