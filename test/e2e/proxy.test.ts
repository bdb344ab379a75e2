import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { CLI, folderOf, hostXml, runProcess } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'
import { freePort } from './access.ts'

/** The recipes of deploy/proxy: the real proxy before the real server. */

const PROXY = join(import.meta.dirname, '..', '..', 'deploy', 'proxy')
const NAME = 'cpu.example.org'

/** Where things are in a test. */
interface Places {
  readonly folder: string
  readonly https: number
  readonly http: number
  readonly upstream: number
}

/** A proxy by its recipe, with the test's ports and certificate instead of the recipe's own. */
interface Proxy {
  readonly name: string
  readonly program: string
  /** Writes what it is to run by. @returns the arguments that check it, and those that start it */
  readonly prepare: (places: Places) => { readonly check: string[]; readonly run: string[] }
}

const NGINX: Proxy = {
  name: 'nginx',
  program: '/usr/sbin/nginx',
  prepare: ({ folder, https, http, upstream }) => {
    const recipe = replaced(readFileSync(join(PROXY, 'nginx.conf'), 'utf8'), [
      [/\n +listen \[::\]:\d+.*;/g, ''],
      ['listen 443', `listen 127.0.0.1:${https}`],
      ['listen 80', `listen 127.0.0.1:${http}`],
      ['127.0.0.1:8680', `127.0.0.1:${upstream}`],
      ['/etc/ssl/virt-cpu/fullchain.pem', join(folder, 'cert.pem')],
      ['/etc/ssl/virt-cpu/key.pem', join(folder, 'key.pem')],
    ])
    writeFileSync(join(folder, 'site.conf'), recipe)
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map(one => `${one}_temp_path ${folder}/${one};`)
      .join(' ')
    const user = process.getuid?.() === 0 ? 'user root;' : ''
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; ${user} pid ${folder}/pid; error_log stderr; events {}
http { access_log off; ${temporary} include ${folder}/site.conf; }\n`,
    )
    const run = ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')]
    return { check: ['-t', '-q', ...run], run }
  },
}

const CADDY: Proxy = {
  name: 'caddy',
  program: '/usr/bin/caddy',
  prepare: ({ folder, https, http, upstream }) => {
    const recipe = replaced(readFileSync(join(PROXY, 'Caddyfile'), 'utf8'), [
      [`\n${NAME} {`, `\n${NAME} {\n\tbind 127.0.0.1\n\ttls ${folder}/cert.pem ${folder}/key.pem`],
      ['reverse_proxy 127.0.0.1:8680', `reverse_proxy 127.0.0.1:${upstream}`],
    ])
    const own = `{\n\tadmin off\n\thttp_port ${http}\n\thttps_port ${https}\n\tdefault_bind 127.0.0.1\n}\n`
    writeFileSync(join(folder, 'Caddyfile'), own + recipe)
    const given = ['--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
    return { check: ['validate', ...given], run: ['run', ...given] }
  },
}

/** A recipe with other values; each must be in it. */
function replaced(recipe: string, changes: readonly (readonly [string | RegExp, string])[]): string {
  return changes.reduce((given, [from, to]) => {
    expect(given).toMatch(from)
    return given.replace(from, to)
  }, recipe)
}

const running: ChildProcess[] = []
const servers: Server[] = []
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  for (const server of servers) server.close()
})

/** A certificate of its own for the name. */
function certificateIn(folder: string): string {
  const subject = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`]
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
  const made = runProcess('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    ...subject,
    ...files,
  ])
  expect(made.status, made.stderr).toBe(0)
  return readFileSync(join(folder, 'cert.pem'), 'utf8')
}

const missing = needed('proxies', notInstalled(NGINX.program, CADDY.program, 'openssl'))
describe.skipIf(missing).each([NGINX, CADDY])(
  `$name before the server (${missing ?? 'installed'})`,
  proxy => {
    let ca = ''
    let log = ''
    let places: Places
    /** Answers for the server in one test. */
    let stub: RequestListener | undefined

    /** Starts the proxy before an upstream, and waits until it listens. */
    async function start(upstream: number): Promise<Places> {
      const folder = folderOf({})
      ca = certificateIn(folder)
      const made = { folder, upstream, https: await freePort(), http: await freePort() }
      const { check, run } = proxy.prepare(made)
      const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
      const checked = runProcess(proxy.program, check, { env })
      expect(checked.status, checked.stderr).toBe(0)
      running.push(spawn(proxy.program, run, { stdio: 'ignore', env: { ...process.env, ...env } }))
      await vi.waitUntil(() => opens(made.https), WAIT)
      return made
    }

    beforeAll(async () => {
      const port = await freePort()
      const server = spawn(
        process.execPath,
        [CLI, 'serve', '--port', String(port), '--name', NAME, '--proxy', '127.0.0.1', '--log', 'json'],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      )
      running.push(server)
      server.stderr.setEncoding('utf8').on('data', (part: string) => {
        log += part
      })
      await vi.waitUntil(() => opens(port), WAIT)
      places = await start(port)
    })

    interface Asked extends RequestOptions {
      readonly body?: string | Buffer
    }

    /** Asks the proxy by the public name. */
    async function ask(path: string, { body, headers, ...options }: Asked = {}) {
      const sent = request({
        host: '127.0.0.1',
        port: places.https,
        servername: NAME,
        ca,
        path,
        agent: false,
        headers: { host: NAME, ...headers },
        ...options,
      })
      sent.on('error', () => {})
      sent.end(body)
      const [response] = await once(sent, 'response')
      return { status: response.statusCode, headers: response.headers, text: await text(response), response }
    }

    test('passes questions on, with the client’s address and an id of its own', async () => {
      const body = JSON.stringify({ cpus: [hostXml('Penryn')] })
      const spoofed = {
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-host': 'evil.example',
        'x-request-id': 'mine',
      }
      // Another address of this machine: the proxy's own is 127.0.0.1.
      const options = { method: 'POST', body, localAddress: '127.0.0.2', headers: spoofed }
      const answer = await ask('/v1/baseline', options)
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        200,
        expect.objectContaining({ model: 'Penryn' }),
      ])
      const id = answer.headers['x-request-id']
      expect(id).toMatch(/^[0-9a-f-]{32,36}$/)
      await expect.poll(() => log).toContain(`"id":"${id}"`)
      const [line = ''] = log.split('\n').filter(one => one.includes(String(id)))
      expect(JSON.parse(line)).toMatchObject({ client: '127.0.0.2', path: '/v1/baseline', status: 200 })
      expect(log).not.toMatch(/203\.0\.113\.9|"mine"/)
    })

    test('shows the page, with its policy and for https alone', async () => {
      const { status, headers } = await ask('/')
      expect(status).toBe(200)
      expect(headers['content-security-policy']).toContain('frame-ancestors')
      expect(headers['strict-transport-security']).toBe('max-age=31536000')
      const plain = await fetch(`http://127.0.0.1:${places.http}/v1/hosts/a?name=b`, {
        method: 'PUT',
        headers: { host: NAME },
        redirect: 'manual',
      })
      expect(plain.status).toBe(308)
    })

    test('takes bodies as large as the server does, and refuses larger ones', async () => {
      const large = await ask('/v1/baseline', { method: 'POST', body: Buffer.alloc(15 * 2 ** 20, ' ') })
      expect(large.status).toBe(400)
      expect(large.text).toContain('the text ends where a value should be')
      const larger = await ask('/v1/baseline', { method: 'POST', body: Buffer.alloc(17 * 2 ** 20, ' ') })
      expect(larger.status).toBe(413)
    })

    test('passes events on as they come, and a report with its condition', async () => {
      const upstream = createServer((from, to) => stub?.(from, to))
      servers.push(upstream)
      await once(upstream.listen(0, '127.0.0.1'), 'listening')
      const kept = places
      places = await start((upstream.address() as { port: number }).port)
      let next = () => {}
      stub = (_, to) => {
        to.writeHead(200, { 'content-type': 'text/event-stream' })
        to.write('data: first\n\n')
        next = () => to.end('data: second\n\n')
      }
      const sent = request({
        host: '127.0.0.1',
        port: places.https,
        servername: NAME,
        ca,
        path: '/v1/events',
        headers: { host: NAME },
      })
      sent.end()
      const [response] = await once(sent, 'response')
      const [first] = await once(response.setEncoding('utf8'), 'data')
      // The second is not written before the first has arrived.
      expect(first).toBe('data: first\n\n')
      next()
      const [second] = await once(response, 'data')
      expect(second).toBe('data: second\n\n')

      let seen: unknown
      stub = (from, to) => {
        seen = {
          method: from.method,
          url: from.url,
          match: from.headers['if-none-match'],
          token: from.headers.authorization,
        }
        to.writeHead(304).end()
      }
      const headers = { 'if-none-match': '"abc"', authorization: 'Bearer t' }
      const report = await ask('/v1/hosts/a?name=%6e&pool=x%2fy', { method: 'PUT', body: 'text', headers })
      expect(report.status).toBe(304)
      expect(seen).toEqual({
        method: 'PUT',
        url: '/v1/hosts/a?name=%6e&pool=x%2fy',
        match: '"abc"',
        token: 'Bearer t',
      })
      places = kept
    })
  },
)

const WAIT = { timeout: 30_000, interval: 50 }

const opens = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
