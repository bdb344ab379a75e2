import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { Hono } from 'hono'
import { afterEach, expect, test } from 'vitest'
import { hostDocuments } from '../../bench/fleet.ts'
import { listen } from '../../src/cli/commands/serve.ts'
import { CLI, hostXml, virtCpu } from './virt-cpu.ts'

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

/** Starts the built command and waits until it says where it is. */
async function serve(...args: string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [CLI, 'serve', '--port', '0', ...args], {
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
    { headers: 100, request: 200, stop: 200 },
  )
  const post = 'POST /v1/baseline HTTP/1.1\r\nHost: localhost\r\n'
  expect(await raw(server.url, post)).toMatch(/^HTTP\/1\.1 408 /)
  await server.stop()
})

test('half-sent uploads fill no more than their budget, and small requests are answered', async () => {
  const { child, url } = await serve()
  const { hostname, port } = new URL(url)
  const part = Buffer.alloc(12 * 2 ** 20, 32)
  const answers = Array.from({ length: 60 }, () => {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.write('POST /v1/baseline HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777216\r\n\r\n')
    socket.write(part)
    return socket
  })
  // Eight of the largest bodies fit: at least 50 of 60 are refused, and no more than that are waited for.
  await new Promise<void>(resolve => {
    let refused = 0
    const count = (text: Buffer) => {
      if (/^HTTP\/1.1 503/.test(String(text)) && ++refused === 45) resolve()
    }
    for (const socket of answers) socket.once('data', count)
  })
  for (let i = 0; i < 20; i++) {
    const body = JSON.stringify({ cpus: [hostXml('Penryn')] })
    expect((await fetch(`${url}v1/baseline`, { method: 'POST', body })).status).toBe(200)
  }
  expect(residentMegabytes(child.pid)).toBeLessThan(512)
  for (const socket of answers) socket.destroy()
})

/** What a process has in memory now. */
function residentMegabytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

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
  const patience = { headers: 60_000, request: 120_000, stop: 100 }
  const server = await listen(app.fetch, { address: '127.0.0.1', port: 0 }, patience)
  const stalled = raw(server.url, 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf')
  await fetch(server.url, { method: 'POST', body: 'whole' })
  await server.stop()
  expect(await stalled).toBe('')
})

test('500 idle connections keep nobody out', async () => {
  const { url } = await serve()
  const { hostname, port } = new URL(url)
  const idle = Array.from({ length: 500 }, () => connect(Number(port), hostname).on('error', () => {}))
  await Promise.all(idle.map(socket => once(socket, 'connect')))
  expect((await fetch(`${url}healthz`)).status).toBe(200)
  for (const socket of idle) socket.destroy()
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
