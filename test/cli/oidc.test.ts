import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as jose from 'jose'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openOidc, readIssuer, readRoles } from '../../src/cli/oidc.ts'
import type { Authenticate } from '../../src/http/access.ts'
import { killServers, startServer } from './served.ts'

afterEach(killServers)

const KEY = { kid: 'k1', alg: 'RS256' }
const pair = await jose.generateKeyPair('RS256', { extractable: true })
const stranger = await jose.generateKeyPair('RS256')
const published = { ...(await jose.exportJWK(pair.publicKey)), ...KEY, use: 'sig' }

let asked = 0
let isDown = false
let areKeysDown = false
let issuer = ''
/** A provider: its configuration and its keys. */
const provider = createServer((request, response) => {
  asked++
  if (isDown) response.writeHead(500).end()
  else if (request.url === '/.well-known/openid-configuration')
    response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }))
  else if (areKeysDown) response.writeHead(502).end()
  else response.end(JSON.stringify({ keys: [published] }))
})

let authenticate: Authenticate
const settings = () => ({
  issuer,
  audience: 'virt-cpu',
  claim: 'groups',
  roles: readRoles(['ops=plan', 'team/sre=admin']),
})
beforeAll(async () => {
  await once(provider.listen(0, '127.0.0.1'), 'listening')
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
  authenticate = await openOidc(settings())
})
afterAll(() => provider.close())

interface Signed {
  readonly claims?: object
  readonly issuer?: string
  readonly audience?: string
  readonly expires?: string | null
  readonly subject?: string | null
}

/** A token as the provider signs it, but for what is given. */
function sign(given: Signed = {}, key: jose.CryptoKey | Uint8Array = pair.privateKey, header: object = KEY) {
  const {
    claims = { groups: ['ops', 'others'] },
    audience = 'virt-cpu',
    expires = '1m',
    subject = 'ann',
  } = given
  const token = new jose.SignJWT({ ...claims })
    .setProtectedHeader({ ...KEY, ...header })
    .setIssuer(given.issuer ?? issuer)
    .setAudience(audience)
  if (subject !== null) token.setSubject(subject)
  if (expires !== null) token.setExpirationTime(expires)
  return token.sign(key)
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('a signed token has the roles of its claim', async () => {
  expect(await authenticate(await sign())).toEqual({ name: 'oidc:ann', roles: ['plan'] })
  const roles = async (claims: object) => (await authenticate(await sign({ claims })))?.roles
  expect(await roles({ groups: ['team/sre', 'ops'] })).toEqual(['plan', 'admin'])
  expect(await roles({ groups: 'ops others' })).toEqual(['plan'])
  expect(await roles({ groups: ['nobody', 7, null, ['ops']] })).toEqual([])
  expect(await roles({})).toEqual([])
  expect(await roles({ groups: { ops: true } })).toEqual([])
})

test('the claim may be within another', async () => {
  const nested = await openOidc({ ...settings(), claim: 'realm_access.roles' })
  expect(await nested(await sign({ claims: { realm_access: { roles: ['ops'] } } }))).toMatchObject({
    roles: ['plan'],
  })
  expect(await nested(await sign({ claims: { 'realm_access.roles': ['ops'] } }))).toMatchObject({
    roles: ['plan'],
  })
  const odd = await openOidc({ ...settings(), claim: '__proto__.constructor' })
  expect(await odd(await sign())).toMatchObject({ roles: [] })
})

test('its keys are fetched once', async () => {
  const before = asked
  for (let i = 0; i < 20; i++) expect(await authenticate(await sign())).toBeDefined()
  expect(asked).toBe(before)
})

const REFUSED: Readonly<Record<string, () => Promise<string> | string>> = {
  'signed by another key': () => sign({}, stranger.privateKey),
  'a key that nobody has': () => sign({}, pair.privateKey, { kid: 'k2' }),
  'of another issuer': () => sign({ issuer: 'https://evil.example' }),
  'for another audience': () => sign({ audience: 'other' }),
  expired: () => sign({ expires: '-1m' }),
  'without an end': () => sign({ expires: null }),
  'of nobody': () => sign({ subject: null }),
  'not valid yet': () => sign({ claims: { nbf: Math.floor(Date.now() / 1000) + 3600 } }),
  'without a signature: alg none': async () => {
    const [, claims] = (await sign()).split('.')
    return `${base64({ alg: 'none' })}.${claims}.`
  },
  'with its signature cut off': async () => (await sign()).replace(/[^.]+$/, ''),
  'with other claims': async () => {
    const [header, , signature] = (await sign()).split('.')
    return `${header}.${base64({ iss: issuer, aud: 'virt-cpu', sub: 'ann', exp: 9e9, groups: ['team/sre'] })}.${signature}`
  },
  'signed with the public key as a shared secret': async () => {
    const pem = await jose.exportSPKI(pair.publicKey)
    return sign({}, new TextEncoder().encode(pem), { alg: 'HS256' })
  },
  'with a key of its own': async () => {
    const jwk = await jose.exportJWK(stranger.publicKey)
    return sign({}, stranger.privateKey, { jwk, kid: undefined })
  },
  'with a URL of its keys': () => sign({}, stranger.privateKey, { jku: 'https://evil.example/keys' }),
  'of three words': () => 'a.b.c',
  'no signed token': () => `vc_${'a'.repeat(43)}`,
}

test.each(Object.entries(REFUSED))('%s: nobody', async (_, make) => {
  expect(await authenticate(await make())).toBeUndefined()
})

test('a provider that is down, or is another, is no reason to call a token bad', async () => {
  const other = await openOidc({ ...settings(), issuer: `${issuer}/` })
  await expect(other(await sign())).rejects.toThrow('the OpenID provider cannot be asked')
  const late = await openOidc(settings())
  isDown = true
  await expect(late(await sign())).rejects.toMatchObject({ kind: 'busy' })
  isDown = false
  areKeysDown = true
  await expect(late(await sign())).rejects.toMatchObject({ kind: 'busy' })
  areKeysDown = false
  expect(await late(await sign())).toMatchObject({ name: 'oidc:ann' })
})

test('the built command believes the provider that it is given', async () => {
  const args = ['--oidc-issuer', issuer, '--oidc-audience', 'virt-cpu', '--oidc-role', 'ops=read']
  const { child, url: root, said } = await startServer(['--log', 'json', ...args], 20_000)
  const url = `${root}v1/cpu-models`
  const statusOf = async (token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return (await fetch(url, { method: 'POST', body: '{"arch": "x86_64"}', headers })).status
  }
  expect(await statusOf(await sign())).toBe(200)
  expect(await statusOf()).toBe(401)
  expect(await statusOf(await sign({}, stranger.privateKey))).toBe(401)
  expect(await statusOf(await sign({ claims: { groups: ['others'] } }))).toBe(403)
  child.kill('SIGTERM')
  await once(child, 'close')
  expect(said()).toMatch(/"who":"oidc:ann".*"status":200/)
})

test('settings: https alone, and roles that there are', () => {
  expect(readIssuer('https://id.example.org/realms/ops')).toBe('https://id.example.org/realms/ops')
  for (const url of ['http://id.example.org', 'ftp://127.0.0.1', 'id.example.org', 'file:///etc/passwd'])
    expect(() => readIssuer(url)).toThrow('takes the https URL')
  for (const role of ['ops', 'ops=root', '=admin'])
    expect(() => readRoles([role])).toThrow('takes VALUE=ROLE')
})
