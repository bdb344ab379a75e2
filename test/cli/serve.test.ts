import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { afterEach, expect, test } from 'vitest'
import { hostDocuments } from '../../bench/fleet.ts'
import { listen } from '../../src/cli/listen.ts'
import { mostResident } from './served.ts'
import { CLI, hostXml, virtCpu } from './virt-cpu.ts'

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

/** Starts the built command and waits until it says where it is. */
const serve = (...args: string[]) => serveOn([], ...args)

async function serveOn(
  flags: readonly string[],
  ...args: string[]
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [...flags, CLI, 'serve', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  while (!/\n/.test(said)) await once(child.stdout ?? child, 'data')
  return { child, url: /http:\S+/.exec(said)?.[0] ?? '' }
}

/** All that a raw connection is answered. */
async function raw(url: string, write: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let heard = ''
  socket.setEncoding('utf8').on('data', text => {
    heard += text
  })
  socket.on('error', () => {})
  socket.write(write)
  await once(socket, 'close')
  return heard
}

test('answers until Ctrl-C, which is 130', async () => {
  const { child, url } = await serve()
  const body = JSON.stringify({ cpus: [hostXml('Penryn')] })
  const response = await fetch(`${url}v1/baseline`, { method: 'POST', body })
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ model: 'Penryn' })
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([130, null])
})

test('a body may come in chunks, or not at all', async () => {
  const { url } = await serve()
  const post = (head: string, body: string) =>
    raw(url, `POST /v1/cpu-models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${head}\r\n${body}`)
  const chunks = '8\r\n{"arch":\r\n8\r\n"s390x"}\r\n0\r\n\r\n'
  expect(await post('Transfer-Encoding: chunked\r\n', chunks)).toMatch(/^HTTP\/1.1 200 [\s\S]*"models":null/)
  expect(await post('', '')).toMatch(/^HTTP\/1.1 400 [\s\S]*the text ends where a value should be/)
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
    expect(
      (await raw(url, `${method} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).slice(0, 12),
    ).toBe('HTTP/1.1 405')
  }
})

test('a body of 20 MB is refused, with its length or without, and the server goes on', async () => {
  const { url } = await serve()
  const large = Buffer.alloc(20 * 2 ** 20, 32)
  const known = await fetch(`${url}v1/baseline`, { method: 'POST', body: large }).catch(error => error.cause)
  const chunks = new ReadableStream({
    start(stream) {
      for (let at = 0; at < large.length; at += 2 ** 16) stream.enqueue(large.subarray(at, at + 2 ** 16))
      stream.close()
    },
  })
  const streamed = await fetch(`${url}v1/baseline`, {
    method: 'POST',
    body: chunks,
    duplex: 'half',
  } as RequestInit).catch(error => error.cause)
  for (const answer of [known, streamed]) {
    // A client that is still sending may find the connection closed before it reads the refusal.
    if (answer instanceof Response) expect(answer.status).toBe(413)
    else expect(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']).toContain(answer.code)
  }
  expect((await fetch(`${url}healthz`)).status).toBe(200)
})

test('while heavy requests run, the server is well; what takes too long is ended', async () => {
  const { url } = await serve('--limit', '4')
  const documents = [...hostDocuments(2000)].map((text, i) => ({ path: `host-${i}.xml`, text }))
  const body = JSON.stringify({ documents })
  const heavy = Array.from({ length: 3 }, () => fetch(`${url}v1/migrate`, { method: 'POST', body }))
  let done = false
  const all = Promise.all(heavy).finally(() => {
    done = true
  })
  let healthy = 0
  while (!done) {
    const { status } = await fetch(`${url}healthz`)
    expect(status).toBe(200)
    healthy++
  }
  for (const answer of await all) {
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(await answer.json()).toMatchObject({ error: { kind: 'too-long' } })
  }
  expect(healthy).toBeGreaterThan(10)
  const small = JSON.stringify({ cpus: [hostXml('Penryn')] })
  expect((await fetch(`${url}v1/baseline`, { method: 'POST', body: small })).status).toBe(200)
})

test('a taken port, a bad one and a bad map are said', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  expect(virtCpu(['serve', '--port', String(port)])).toEqual({
    status: 2,
    stdout: '',
    stderr: `error: port ${port} is taken: stop what listens there, or choose another with --port (0: any free one)\n`,
  })
  taken.close()
  for (const args of [
    ['--port', '70000'],
    ['--port', 'x'],
    ['--limit', '0'],
    ['--cpu-map', 'DIR'],
    ['--cpu-map', 'a=/nosuch'],
  ])
    expect(virtCpu(['serve', ...args])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error: .+\n$/),
    })
})

test('who takes too long to ask is let go', async () => {
  const answer = () => new Response('unasked')
  const server = await listen(
    answer,
    { address: '127.0.0.1', port: 0 },
    { patience: { headers: 100, request: 200, answer: 200, stop: 200 } },
  )
  const post = 'POST /v1/baseline HTTP/1.1\r\nHost: localhost\r\n'
  expect(await raw(server.url, post)).toMatch(/^HTTP\/1\.1 408 /)
  await server.stop()
})

const post = (url: string, verb: string, request: object) =>
  fetch(`${url}v1/${verb}`, { method: 'POST', body: JSON.stringify(request) })

const MIB = 2 ** 20

/** Begins 60 uploads of 16 MiB, of which 12 come, and waits until 45 are refused: eight of the largest bodies fit. */
async function beginUploads(url: string): Promise<Socket[]> {
  const { hostname, port } = new URL(url)
  const part = Buffer.alloc(12 * MIB, 32)
  const sockets = Array.from({ length: 60 }, () => connect(Number(port), hostname).on('error', () => {}))
  let refused = 0
  await new Promise<void>(resolve => {
    for (const socket of sockets) {
      socket.once('data', text => {
        if (/^HTTP\/1.1 503/.test(String(text)) && ++refused === 45) resolve()
      })
      socket.write('POST /v1/baseline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777216\r\n\r\n')
      socket.write(part)
    }
  })
  return sockets
}

/** Bodies that take much more memory when they are read than they have bytes. */
const SWELLING: Readonly<Record<string, object | string>> = {
  'deep JSON': `{"cpus": [${'['.repeat(15 * MIB)}`,
  'many arrays': `{"cpus": [${'[],'.repeat(5 * MIB)}[]]}`,
  'many keys': `{${Array.from({ length: 1e6 }, (_, i) => `"k${i}":1`).join()}}`,
  'many arrays in a text': { documents: [{ path: 'x', text: `[${'[],'.repeat(5 * MIB)}[]]` }] },
  'many lines of YAML': { documents: [{ path: 'x', text: `a:\n${'- b: 1\n'.repeat(1.7 * MIB)}` }] },
  'many elements': { documents: [{ path: 'x', text: `<a>${'<b/>'.repeat(3.5 * MIB)}</a>` }] },
  'many empty lines': { documents: [{ path: 'x', text: '\n'.repeat(7 * MIB) }] },
}

test.each([
  ['a heap of 192 MB', ['--max-old-space-size=192'], []],
  ['--memory 512', [], ['--memory', '512']],
])('with %s, hostile bodies leave the server below 512 MB', async (_, flags, args) => {
  const { child, url } = await serveOn(flags, ...args)
  const most = await mostResident(child.pid, async () => {
    const uploads = await beginUploads(url)
    for (let i = 0; i < 20; i++)
      expect((await post(url, 'baseline', { cpus: [hostXml('Penryn')] })).status).toBe(200)
    await Promise.all(uploads.map(socket => socket.destroyed || once(socket.destroy(), 'close')))
    await expect
      .poll(async () => (await post(url, 'baseline', { cpus: ['x'.repeat(14 * MIB)] })).status)
      .toBe(422)
    for (const [name, body] of Object.entries(SWELLING)) {
      const sent = typeof body === 'string' ? body : JSON.stringify(body)
      const { status } = await fetch(`${url}v1/hosts`, { method: 'POST', body: sent })
      expect([200, 400, 413, 422, 503], name).toContain(status)
    }
  })
  expect(most).toBeLessThan(512)
  expect((await post(url, 'baseline', { cpus: [hostXml('Penryn')] })).status).toBe(200)
})

test('who asks without reading is let go', async () => {
  const { child, url } = await serveOn(['--max-old-space-size=256'])
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  socket.pause()
  const most = await mostResident(child.pid, async () => {
    socket.write('GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5000))
    for (let i = 0; i < 20; i++) expect((await fetch(`${url}healthz`)).status).toBe(200)
  })
  socket.destroy()
  expect(most).toBeLessThan(300)
})

test('a client that goes away in the middle of an upload is no fault of ours', async () => {
  const { child, url } = await serve()
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write('POST /v1/baseline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{')
  await fetch(`${url}healthz`)
  socket.resetAndDestroy()
  await once(socket, 'close')
  expect((await fetch(`${url}healthz`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(said).toBe('')
})

test('a stalled upload does not hold the stop', async () => {
  const app = new Hono().post('*', async c => c.text(await c.req.text()))
  const patience = { headers: 60_000, request: 120_000, answer: 60_000, stop: 100 }
  const server = await listen(app.fetch, { address: '127.0.0.1', port: 0 }, { patience })
  const stalled = raw(server.url, 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf')
  await fetch(server.url, { method: 'POST', body: 'whole' })
  await server.stop()
  expect(await stalled).toBe('')
})

test('idle and slow connections keep nobody out: the oldest makes room', async () => {
  const { url } = await serve('--memory', '384')
  const { hostname, port } = new URL(url)
  const idle = Array.from({ length: 1000 }, (_, i) => {
    const socket = connect(Number(port), hostname).on('error', () => {})
    if (i % 2) socket.write('POST /v1/baseline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf')
    return socket
  })
  await Promise.all(idle.map(socket => once(socket, 'connect')))
  expect((await fetch(`${url}healthz`)).status).toBe(200)
  for (const socket of idle) socket.destroy()
})

test('Ctrl-C ends within ten seconds whatever is asked', async () => {
  const { child, url } = await serve()
  const documents = [...hostDocuments(2000)].map((text, i) => ({ path: `host-${i}.xml`, text }))
  const heavy = Array.from({ length: 6 }, () => post(url, 'migrate', { documents }).catch(() => 'cut'))
  const { hostname, port } = new URL(url)
  const slow = connect(Number(port), hostname).on('error', () => {})
  slow.write('POST /v1/baseline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n')
  const drip = setInterval(() => slow.write(' '), 2000)
  await new Promise(resolve => setTimeout(resolve, 1000))
  const started = performance.now()
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(performance.now() - started).toBeLessThan(10_000)
  clearInterval(drip)
  slow.destroy()
  await Promise.all(heavy)
})

test('--proxy: only a proxy that was named is believed', async () => {
  const ask = (url: string) =>
    raw(
      url,
      'GET /healthz?secret HTTP/1.1\r\nConnection: close\r\nHost: upstream\r\nX-Forwarded-Host: cpu.example.org\r\n' +
        'X-Forwarded-For: 192.0.2.7, 127.9.9.9\r\nX-Request-Id: of-the-proxy\r\nOrigin: https://cpu.example.org\r\n\r\n',
    )
  const name = ['--name', 'cpu.example.org', '--log', 'json']
  const strange = await serve(...name)
  const refused = await ask(strange.url)
  expect(refused).toMatch(/^HTTP\/1.1 403 /)
  expect(refused).toMatch(/\nx-request-id: [0-9a-f-]{36}\r/)
  expect(await logOf(strange.child)).toMatchObject([{ client: '127.0.0.1', path: '/healthz', status: 403 }])
  const known = await serve(...name, '--proxy', '127.0.0.0/8')
  expect(await ask(known.url)).toMatch(/^HTTP\/1.1 200 [\s\S]*\nx-request-id: of-the-proxy\r/)
  expect(await logOf(known.child)).toMatchObject([
    { id: 'of-the-proxy', client: '192.0.2.7', method: 'GET', path: '/healthz', status: 200 },
  ])
})

/** Stops a server, and returns its lines of JSON. */
async function logOf(child: ChildProcess): Promise<object[]> {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  child.kill('SIGTERM')
  await once(child, 'close')
  expect(said).not.toContain('secret')
  return said
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
}

test('settings come from options, the environment and a file, in this order', () => {
  const folder = mkdtempSync(join(tmpdir(), 'serve-'))
  const config = join(folder, 'serve.yaml')
  writeFileSync(config, 'port: 1\nlimit: 2\nlog: json\nname: [a.example, b.example]\n')
  const check = (args: readonly string[], env = {}) =>
    virtCpu(['serve', '--check-config', '--config', config, ...args], { env: { ...process.env, ...env } })
  const { status, stdout } = check(['--port', '3'], { VIRT_CPU_SERVE_PORT: '4', VIRT_CPU_SERVE_LIMIT: '5' })
  expect(status).toBe(0)
  expect(stdout).toContain('port: "3" # --port\n')
  expect(stdout).toContain('limit: "5" # VIRT_CPU_SERVE_LIMIT\n')
  expect(stdout).toContain(`log: "json" # ${config}: log\n`)
  expect(stdout).toContain(`name: ["a.example","b.example"] # ${config}: name\n`)
  expect(check(['--port', 'x'], { VIRT_CPU_SERVE_PROXY: '10.0.0.0/8 here' })).toEqual({
    status: 2,
    stdout: '',
    stderr:
      "error: --port takes a number from 0 to 65535, not 'x'\n" +
      "error: VIRT_CPU_SERVE_PROXY takes an address or a network such as 10.0.0.0/8, not 'here'\n",
  })
  writeFileSync(config, 'prot: 1\n')
  expect(check([]).stderr).toBe(`error: ${config}: there is no setting called prot\n`)
  writeFileSync(config, stdout)
  expect(check([]).status).toBe(0)
})

test('--name: a proxy’s clients are answered', async () => {
  const { url } = await serve('--name', 'cpu.example.org')
  const ask = (head: string) =>
    raw(url, `GET /healthz HTTP/1.1\r\nConnection: close\r\n${head}\r\n\r\n`).then(text => text.slice(9, 12))
  expect(await ask('Host: cpu.example.org')).toBe('200')
  expect(await ask('Host: CPU.example.org:443\r\nOrigin: https://cpu.example.org')).toBe('200')
  expect(await ask('Host: 127.0.0.1:8680\r\nOrigin: https://cpu.example.org')).toBe('200')
  expect(await ask('Host: other.example.org')).toBe('403')
  expect(await ask('Host: cpu.example.org\r\nOrigin: https://other.example.org')).toBe('403')
})
