import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { GivenTokens, readTokens } from '../../src/cli/tokens.ts'
import { killServers, startServer } from './served.ts'
import { virtCpu } from './virt-cpu.ts'

afterEach(killServers)

const serve = (args: readonly string[], env?: NodeJS.ProcessEnv) => startServer(args, 20_000, env)

/** A new token, and its setting, from the command. */
function newToken(user: string): { readonly secret: string; readonly setting: string } {
  const { stdout, status } = virtCpu(['serve', '--new-token', user])
  expect(status).toBe(0)
  const [, secret = '', setting = ''] = /^(vc_[\w-]{43})$[\s\S]*^token: \["(.*)"\]$/m.exec(stdout) ?? []
  return { secret, setting }
}

const body = '{"arch": "x86_64"}'
const ask = (url: string, secret?: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${url}v1/cpu-models`, {
    method: 'POST',
    body,
    headers: { ...(secret && { authorization: `Bearer ${secret}` }), ...headers },
  })
const statusOf = async (...args: Parameters<typeof ask>) => (await ask(...args)).status

test('what other machines can reach needs tokens', () => {
  for (const address of ['0.0.0.0', '::', '192.0.2.1', 'cpu.example.org']) {
    expect(virtCpu(['serve', '--listen', address, '--check-config'])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: other machines can reach .*: give the server --token/),
    })
  }
  for (const address of ['127.0.0.1', '127.1.2.3', '::1', 'localhost'])
    expect(virtCpu(['serve', '--listen', address, '--check-config']).status).toBe(0)
  const { setting } = newToken('me=admin')
  expect(virtCpu(['serve', '--listen', '0.0.0.0', '--token', setting, '--check-config']).status).toBe(0)
})

test.each([
  [['--token', 'ci=read'], /--token takes NAME=ROLE\+ROLE:sha256:HASH:2027-01-31: `serve --new-token/],
  [
    ['--token', `ci=root:sha256:${'a'.repeat(64)}`],
    /--token takes .*with roles of report, read, plan, admin/,
  ],
  [['--token', `ci=read:sha256:${'a'.repeat(64)}:2027-02-99`], /--token takes/],
  [['--token', `vc_${'a'.repeat(43)}`], /--token takes/],
  [['--new-token', 'ci=read+root'], /--new-token takes NAME=ROLE\+ROLE:2027-01-31, with roles/],
  [['--rate', '-1'], /--rate takes a number from 0/],
  [['--tls-cert', 'x.pem'], /--tls-cert and --tls-key belong together/],
  [['--tls-cert', 'x.pem', '--tls-key', 'x.pem'], /x\.pem/],
  [['--oidc-issuer', 'https://id.example.org'], /--oidc-issuer needs --oidc-audience, and --oidc-role/],
  [['--oidc-issuer', 'http://id.example.org'], /--oidc-issuer takes the https URL/],
])('%j is refused', (args, message) => {
  const { status, stdout, stderr } = virtCpu(['serve', '--check-config', ...args])
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(message)
})

test('a token that settings have is let in, from the environment and on every address', async () => {
  const [ci, admin, old] = [
    newToken('ci=read'),
    newToken('me=admin:2099-12-31'),
    newToken('old=admin:2020-01-31'),
  ]
  const { url } = await serve(['--listen', '0.0.0.0'], {
    VIRT_CPU_SERVE_TOKEN: `${ci.setting} ${admin.setting} ${old.setting}`,
  })
  const here = url.replace('0.0.0.0', '127.0.0.1')
  expect(await statusOf(here)).toBe(401)
  expect(await statusOf(here, ci.secret)).toBe(200)
  expect(await statusOf(here, admin.secret)).toBe(200)
  expect(await statusOf(here, old.secret)).toBe(401)
  expect(await statusOf(here, `${ci.secret.slice(0, -1)}${ci.secret.endsWith('A') ? 'E' : 'A'}`)).toBe(401)
  expect((await fetch(here)).status).toBe(200)
  const list = await fetch(`${here}v1/tokens`, { headers: { authorization: `Bearer ${admin.secret}` } })
  const { tokens } = (await list.json()) as { tokens: object[] }
  expect(tokens).toMatchObject([
    { name: 'ci', roles: ['read'], lastUsed: expect.any(String), createdBy: 'settings' },
    { name: 'me', expires: '2100-01-01T00:00:00.000Z' },
    { name: 'old', lastUsed: null },
  ])
})

test('SIGHUP: one token takes the place of another, and both are valid in between', async () => {
  const config = join(mkdtempSync(join(tmpdir(), 'serve-')), 'serve.yaml')
  const [first, second] = [newToken('ci=read'), newToken('ci=read')]
  const give = (...tokens: readonly string[]) => writeFileSync(config, JSON.stringify({ token: tokens }))
  give(first.setting)
  const { child, url, said } = await serve(['--config', config, '--log', 'json'])
  const both = async () => [await statusOf(url, first.secret), await statusOf(url, second.secret)]
  const readAgain = async (times: number) => {
    child.kill('SIGHUP')
    await expect.poll(() => said().split('read again').length - 1).toBe(times)
  }
  expect(await both()).toEqual([200, 401])
  give(first.setting, second.setting)
  await readAgain(1)
  expect(await both()).toEqual([200, 200])
  give(second.setting)
  await readAgain(2)
  expect(await both()).toEqual([401, 200])
  give('nonsense')
  await readAgain(3)
  expect(said()).toMatch(/nothing was read again: .*token takes NAME=/)
  expect(await both()).toEqual([401, 200])
})

/** A certificate for localhost, and its key, made by openssl. */
function certify(folder: string, name: string): readonly [cert: string, key: string] {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const to = ['-keyout', key, '-out', cert, '-days', '2', '-subj', `/CN=${name}`]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...kind, ...to, '-addext', 'subjectAltName=DNS:localhost'], {
    stdio: 'ignore',
  })
  return [cert, key]
}

/** Whose certificate a server shows. */
async function subjectOf(url: string): Promise<string> {
  const socket = tlsConnect({ port: Number(new URL(url).port), rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

test('--tls-cert: HTTPS alone, with a certificate that SIGHUP reads again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  const [cert, key] = certify(folder, 'first')
  const { child, url, said } = await serve(['--tls-cert', cert, '--tls-key', key, '--log', 'json'])
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/$/)
  const answer = await new Promise<number | undefined>((resolve, reject) => {
    httpsRequest(url.replace('127.0.0.1', 'localhost'), { ca: readFileSync(cert) }, ({ statusCode }) =>
      resolve(statusCode),
    )
      .on('error', reject)
      .end()
  })
  expect(answer).toBe(200)
  expect(await subjectOf(url)).toBe('first')
  const plain = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
  plain.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(plain.resume(), 'close')
  for (const [i, file] of certify(folder, 'second').entries())
    writeFileSync(i === 0 ? cert : key, readFileSync(file))
  child.kill('SIGHUP')
  await expect.poll(() => said()).toContain('and the certificate')
  expect(await subjectOf(url)).toBe('second')
  writeFileSync(cert, 'nonsense')
  child.kill('SIGHUP')
  await expect.poll(() => said()).toContain('nothing was read again')
  expect(await subjectOf(url)).toBe('second')
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test.each(['json', 'text', 'none'])(
  '--log %s: no token is ever written, wherever a client puts it',
  async form => {
    const [ci, admin] = [newToken('ci=read'), newToken('me=admin')]
    const stranger = `vc_${'Zz9-'.repeat(11).slice(0, 43)}`
    const signed = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl'
    const args = ['--log', form, '--token', ci.setting, '--token', admin.setting, '--proxy', '127.0.0.1']
    const { child, url, said } = await serve(args)
    const secrets = [ci.secret, admin.secret, stranger, signed]
    const encoded = (text: string, percent: string) =>
      text.replace(/./g, one => `${percent}${one.charCodeAt(0).toString(16).padStart(2, '0')}`)
    for (const secret of secrets) {
      await ask(url, secret)
      await ask(url, undefined, { authorization: secret })
      await ask(url, secret, {
        'x-request-id': secret,
        'x-forwarded-for': secret,
        cookie: secret,
        referer: secret,
      })
      await ask(url, secret, { origin: `http://${secret}` })
      for (const method of ['GET', 'PUT', 'DELETE', 'POST']) {
        const headers = { authorization: `Bearer ${admin.secret}` }
        const more = method === 'GET' ? {} : { body: JSON.stringify({ name: secret, roles: [secret] }) }
        for (const path of [
          `v1/hosts/${secret}`,
          `v1/tokens/${secret}`,
          `v1/tokens?token=${secret}`,
          `${'a'.repeat(180)}${secret}`,
          ...['%', '%25', '%2525'].flatMap(percent => [
            `v1/tokens/${encoded(secret, percent)}`,
            `v1/hosts/${secret.replace('_', `${percent}5F`).replace('.', `${percent}2e`)}?name=${encoded(secret, percent)}`,
          ]),
        ])
          await fetch(`${url}${path}`, { method, headers, ...more })
      }
    }
    await new Promise(resolve => setTimeout(resolve, 100))
    child.kill('SIGTERM')
    await once(child, 'close')
    // As it is, and decoded as often as somebody may who reads the log.
    for (let log = said(), last = ''; log !== last; ) {
      for (const secret of secrets)
        for (let at = 0; at + 16 <= secret.length; at++) expect(log).not.toContain(secret.slice(at, at + 16))
      last = log
      log = log.replace(/%([2-7][\da-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    }
    // The audit log is written whatever else is.
    expect(said()).toMatch(/DELETE/)
    if (form === 'json')
      expect(said()).toMatch(/"level":"audit","who":"me","action":"DELETE","target":"\/v1\/tokens\/TOKEN"/)
  },
)

test('a public name without tokens is told of', async () => {
  const { setting } = newToken('ci=read')
  const { said } = await serve(['--name', 'cpu.example.org'])
  await expect.poll(() => said()).toMatch(/let through to it as cpu\.example\.org may do everything\n$/)
  const safe = await serve(['--name', 'cpu.example.org', '--token', setting])
  expect(safe.said()).not.toMatch(/may do everything/)
})

test('a store with tokens lets nobody in without one, while it opens neither', async () => {
  const store = join(mkdtempSync(join(tmpdir(), 'store-')), 'db')
  const { secret, setting } = newToken('me=admin')
  const first = await serve(['--store', store, '--token', setting])
  const headers = { authorization: `Bearer ${secret}` }
  const ready = async () => (await fetch(`${first.url}readyz`)).status
  await expect.poll(ready, { timeout: 40_000 }).toBe(200)
  const body = '{"name": "ci", "roles": ["read"]}'
  const made = await fetch(`${first.url}v1/tokens`, { method: 'POST', headers, body })
  const { token } = (await made.json()) as { token: string }
  expect([made.status, token]).toEqual([201, expect.stringMatching(/^vc_/)])
  first.child.kill('SIGTERM')
  await once(first.child, 'close')
  const { url } = await serve(['--store', store])
  const early = await Promise.all([statusOf(url), ...['v1/hosts', 'v1/tokens'].map(at => fetch(url + at))])
  for (const one of early) expect([401, 503]).toContain(typeof one === 'number' ? one : one.status)
  await expect.poll(() => statusOf(url, token), { timeout: 30_000 }).toBe(200)
  expect(await statusOf(url)).toBe(401)
}, 90_000)

test('--rate: 429 with Retry-After, for this client alone', async () => {
  const [ci, other] = [newToken('ci=read'), newToken('other=read')]
  const { url } = await serve(['--rate', '5', '--token', ci.setting, '--token', other.setting])
  for (let i = 0; i < 5; i++) expect(await statusOf(url, ci.secret)).toBe(200)
  const refused = await ask(url, ci.secret)
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await statusOf(url, other.secret)).toBe(200)
})

test('tokens of settings know their use', async () => {
  const tokens = new GivenTokens(readTokens([`ci=report+read:sha256:${'a'.repeat(64)}`]))
  await tokens.used('ci-aaaaaaaa')
  expect(await tokens.list()).toMatchObject([{ roles: ['report', 'read'], lastUsed: expect.any(Date) }])
})
