import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { decodeBytes } from '../../src/formats/decode-bytes.ts'
import { authenticateBy, hashToken, ROLES } from '../../src/http/access.ts'
import { answerRequest, fleetsIn } from '../../src/http/answer.ts'
import { createApp } from '../../src/http/app.ts'
import { describeApi } from '../../src/http/openapi.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { openInventory } from '../../src/inventory/open.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import type { Draw } from '../random.ts'
import { mutateJson } from './json.ts'
import { mutateText, SIGNS } from './mutate.ts'
import { corpus } from './samples.ts'
import { Broken, type Target } from './target.ts'

/** A request, as its input has it in JSON. */
interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

type Json = Readonly<Record<string, unknown>>

/** An operation of the description that the server gives of itself. */
interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly example?: unknown }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> }
  readonly responses: Readonly<Record<string, Json>>
}

/** What no client should learn. */
const INNER = /node_modules|\.[jt]s:\d|\n\s+at \w|syntax error at|postgres:|relation "/

/** Every route of a server with an inventory: in a folder, or in the PostgreSQL that DATABASE_URL names. */
export async function routes(): Promise<Target[]> {
  const server = await startServer()
  const { paths } = (await describeApi('0', { tokens: true, inventory: true })) as unknown as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  }
  const texts = corpus()
    .map(({ bytes }) => decodeBytes(bytes))
    .filter(text => text.length < 20_000)
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: false })
  const targets = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Target => {
      const schemas = new Map<number, ValidateFunction | undefined>()
      const schemaOf = (status: number) => {
        if (!schemas.has(status)) schemas.set(status, compile(ajv, operation, status))
        return schemas.get(status)
      }
      return {
        name: `route:${operation.operationId}`,
        samples: samplesOf(path, method, operation).map(one => Buffer.from(JSON.stringify(one))),
        mutate: (sample, other, draw) => mutateAsked(sample, other, draw, texts),
        run: input => ask(server, input, { path, method, schemaOf }),
        hasState: true,
      }
    }),
  )
  const [first, ...rest] = targets
  return first ? [{ ...first, close: server.close }, ...rest] : []
}

interface Server {
  readonly app: ReturnType<typeof createApp>
  readonly faults: unknown[]
  readonly close: () => Promise<void>
}

async function startServer(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  const { DATABASE_URL: url } = process.env
  const inventory = await openInventory(url === undefined ? { folder: join(folder, 'store') } : { url })
  for (const role of ROLES) {
    const token = { id: role, name: role, hash: await hashToken(role), roles: [role], createdBy: 'fuzz' }
    await inventory.tokens.add({ ...token, hosts: undefined, expires: undefined })
  }
  const faults: unknown[] = []
  const app = createApp({
    version: '0',
    page: '<!doctype html>',
    answer: async (verb, body) =>
      answerRequest(
        { own: CpuMap.builtIn(), named: new Map(), fleets: fleetsIn(async () => inventory) },
        verb,
        body,
      ),
    onFault: error => faults.push(error),
    access: { authenticate: authenticateBy([inventory.tokens], Date.now), audit: () => {} },
    tokens: tokenRoutes(inventory),
    inventory: { open: async () => inventory, state: async () => 'ready' },
  })
  const close = async () => {
    await inventory.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { app, faults, close }
}

const tokenRoutes = ({ tokens, auditLog }: Inventory) => ({
  ...{ known: [tokens], store: tokens, auditLog },
  ...{ makeSecret: () => `vc_${Math.random()}`, endOf: (day: string) => new Date(day) },
})

function compile(ajv: Ajv2020, { responses }: Operation, status: number): ValidateFunction | undefined {
  const content = responses[status]?.content as
    | Readonly<Record<string, { readonly schema?: object }>>
    | undefined
  const schema = content?.['application/json']?.schema
  return schema && ajv.compile(schema)
}

const REPORT =
  "<capabilities><host><uuid>6a1e7d3c-0000-4000-8000-000000000001</uuid><cpu><arch>x86_64</arch><model>Skylake-Server</model><vendor>Intel</vendor><feature name='vmx'/></cpu></host></capabilities>"

/** Requests that a route takes: with its example, of a host and a pool that are there once one was reported. */
function samplesOf(path: string, method: string, operation: Operation): Asked[] {
  const { parameters = [], requestBody } = operation
  const [[, media] = []] = Object.entries(requestBody?.content ?? {})
  const given = media?.example ?? (requestBody ? REPORT : undefined)
  const body = given === undefined || typeof given === 'string' ? given : JSON.stringify(given)
  const query = parameters.flatMap(one =>
    one.in === 'query' ? [[one.name, String(one.example ?? '1')] as [string, string]] : [],
  )
  const place = path.replace(/\{(\w+)\}/g, (_, name) => (name === 'number' ? '1' : 'n1'))
  const asked = {
    method: method.toUpperCase(),
    headers: { host: 'localhost', authorization: 'Bearer admin' },
    body,
  }
  const withQuery = query.length > 0 ? [{ ...asked, path: `${place}?${new URLSearchParams(query)}` }] : []
  return [
    { ...asked, path: place },
    ...withQuery,
    ...query.map(one => ({ ...asked, path: `${place}?${new URLSearchParams([one])}` })),
  ]
}

function mutateAsked(sample: Buffer, other: Buffer, draw: Draw, texts: readonly string[]): Buffer {
  const asked = JSON.parse(sample.toString()) as Asked
  const foreign = JSON.parse(other.toString()) as Asked
  const material = { words: SIGNS, other: draw.pick(texts) }
  const changed = {
    ...asked,
    body: asked.body === undefined ? undefined : bodyOf(asked.body, foreign.body ?? '', draw, material),
  }
  const headers = draw.chance(0.3) ? headersOf(asked.headers, draw) : asked.headers
  const path = draw.chance(0.6) ? pathOf(asked.path, foreign.path, draw) : asked.path
  const method = draw.chance(0.05)
    ? draw.pick(['GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'])
    : asked.method
  return Buffer.from(JSON.stringify({ ...changed, headers, path, method }))
}

function bodyOf(
  body: string,
  foreign: string,
  draw: Draw,
  material: { words: readonly string[]; other: string },
): string {
  if (draw.chance(0.3)) return body
  try {
    if (draw.chance(0.9))
      return mutateJson(JSON.parse(body), draw, { ...material, donor: JSON.parse(foreign || body) })
  } catch {
    // A text of another kind.
  }
  return draw.chance(0.1) ? material.other : mutateText(body, draw, material)
}

/** Changes what stands between the signs of a path. */
function pathOf(path: string, foreign: string, draw: Draw): string {
  if (draw.chance(0.05)) return foreign
  const parts = path.split(/(?<=[/?&=])|(?=[/?&=])/)
  const at = 1 + draw.number(Math.max(parts.length - 1, 1))
  return parts.map((part, i) => (i === at ? draw.pick(PARTS) : part)).join('')
}

const PARTS = [
  ...[
    '',
    '/',
    '?',
    '&',
    '=',
    '0',
    '1',
    '-1',
    '2',
    '999999999',
    '9999999999',
    '1e9',
    'NaN',
    '0x1',
    '%00',
    '%ff',
    '%',
    '%2f',
    '%2e%2e',
    '..',
  ],
  ...[
    '__proto__',
    'constructor',
    'n1',
    'blue',
    'x'.repeat(129),
    'x'.repeat(3000),
    '%27%3bdrop%20table%20host%3b--',
    '%F0%9F%99%82',
    '%ED%A0%80',
  ],
  ...[
    '2026-11-01',
    '2026-02-30',
    '0000-00-00',
    '9999-12-31T23:59:59Z',
    '-271821-04-20',
    '2026-11-01T12:30%2B99:99',
    'true',
    '*',
    '[a]',
    '%5B',
    '(',
    '%5C',
    '{}',
  ],
]

function headersOf(headers: Asked['headers'], draw: Draw): Asked['headers'] {
  const [name, values] = draw.pick(HEADERS)
  return { ...headers, [name]: draw.pick(values) }
}

const TEXTS = ['', '0', '-1', 'x', '"', '*', ',', ';', 'a=b', 'x'.repeat(5000), '__proto__']

const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  [
    'authorization',
    [
      '',
      'Bearer',
      'Bearer ',
      'Basic eA==',
      ...ROLES.map(role => `Bearer ${role}`),
      'bearer admin',
      'Bearer __proto__',
    ],
  ],
  ['content-type', ['text/plain', 'application/json; charset=utf-16', 'multipart/form-data', ...TEXTS]],
  ['content-encoding', ['gzip', 'identity', 'br', ...TEXTS]],
  ['content-length', ['0', '1', '99999999999', '-1', 'x']],
  ['prefer', ['respond-async', 'wait=0', 'wait=-1', 'wait=x', 'wait=1e9', 'wait=1, respond-async', ...TEXTS]],
  ['if-none-match', ['*', '"x"', 'W/"x"', ...TEXTS]],
  ['accept', ['text/html', 'application/x-ndjson', '*/*', ...TEXTS]],
  ['last-event-id', ['2026-11-01T00:00:00.000Z', '0', 'x', ...TEXTS]],
  ['host', ['localhost', 'evil.example', '127.0.0.1', '[::1]', ...TEXTS]],
  ['origin', ['null', 'http://localhost', 'https://evil.example', ...TEXTS]],
  ['x-forwarded-host', ['localhost', 'evil.example']],
]

/** What a route's own answers are held against. */
interface OfRoute {
  readonly path: string
  readonly method: string
  readonly schemaOf: (status: number) => ValidateFunction | undefined
}

/** @throws Broken for a fault of the server, or an answer that is not as it describes it */
async function ask({ app, faults }: Server, input: Buffer, route: OfRoute): Promise<string> {
  const request = requestOf(input)
  if (!request) return 'no request'
  faults.length = 0
  const response = await app.request(request)
  const { status } = response
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/event-stream')) {
    await response.body?.cancel()
    return `${status} events`
  }
  const text = await response.text()
  const [fault] = faults
  if (fault) throw fault
  if (status >= 500) throw new Broken(`status ${status}: ${text.slice(0, 200)}`)
  if (INNER.test(text.slice(0, 2000)) && status >= 400)
    throw new Broken(`an answer shows the inside: ${text.slice(0, 200)}`)
  if (type.startsWith('application/json') && text !== '')
    checkJson(text, status, isOwnPath(request, route) ? route : undefined)
  return `${status} ${text}`
}

/** Undefined where no client could send it. */
function requestOf(input: Buffer): Request | undefined {
  try {
    const { method, path, headers, body } = JSON.parse(input.toString()) as Asked
    const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD'
    return new Request(`http://localhost${path.startsWith('/') ? path : `/${path}`}`, {
      method,
      headers,
      ...(hasBody && { body }),
    })
  } catch {
    return undefined
  }
}

const isOwnPath = ({ url, method }: Request, route: OfRoute): boolean =>
  method === route.method.toUpperCase() &&
  new RegExp(`^${route.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(new URL(url).pathname)

function checkJson(text: string, status: number, route: OfRoute | undefined): void {
  const answer = JSON.parse(text) as Readonly<Record<string, unknown>>
  if (status >= 400) {
    const { error } = answer as { readonly error?: { readonly kind?: unknown; readonly message?: unknown } }
    if (typeof error?.kind !== 'string' || typeof error.message !== 'string')
      throw new Broken(`a refusal of another form: ${text.slice(0, 200)}`)
    return
  }
  // A part of an answer is not as the schema of the whole says.
  const validate = answer.page === undefined ? route?.schemaOf(status) : undefined
  if (!validate || validate(answer)) return
  const [{ instancePath = '', message = '' } = {}] = validate.errors ?? []
  throw new Broken(`an answer that is not as the server describes it: ${instancePath} ${message}`)
}
