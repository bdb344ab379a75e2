import type { Context, Hono } from 'hono'
import * as v from 'valibot'
import type { Role } from '../inventory/access.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { checkInput } from '../questions/ask.ts'
import { jsonSchemaOf } from '../questions/json-schema.ts'
import { SCHEMA_VERSION } from '../questions/question.ts'
import { described, type Schema } from '../questions/schema.ts'
import type { AccessVariables } from './access.ts'
import { RequestRefused } from './answer.ts'
import type { Body } from './read-body.ts'

type RouteContext = Context<{ Variables: AccessVariables }>

/** Reads a request's body, of at most so many bytes. @throws RequestRefused */
export type ReadRequest = (c: RouteContext, most?: number) => Promise<Body>

/** Where clients hear what happens. */
interface EventSource {
  readonly stream: (after: Date | undefined, pool: string | undefined) => Promise<ReadableStream<Uint8Array>>
}

/** What the routes of the inventory need. */
export interface InventoryRoutes {
  /** @throws RequestRefused while it cannot be had */
  readonly open: () => Promise<Inventory>
  readonly read: ReadRequest
  readonly events: EventSource
}

/** A request for a route, as far as it is checked. */
export interface Asked<Query = unknown> {
  readonly c: RouteContext
  readonly inventory: Inventory
  /** What stands in the path: the id of a host, the label of a pool, or the number of an alert. */
  readonly id: string
  readonly query: Query
  readonly read: ReadRequest
  readonly events: EventSource
}

interface Media {
  readonly description: string
  /** Absent: `application/json`. */
  readonly type?: string
  readonly schema?: Schema
  readonly example?: unknown
}

/** A route of the inventory, and what describes it. Who may take it says `access.ts`. */
export interface InventoryRoute {
  readonly method: 'get' | 'put' | 'post' | 'delete'
  /** As OpenAPI writes it: `/v1/hosts/{id}`. */
  readonly path: string
  readonly operation: string
  readonly role: Role
  readonly summary: string
  readonly description?: string
  readonly query?: Schema
  readonly body?: Media
  /** By status. */
  readonly answers: Readonly<Record<number, Media>>
  readonly handle: (asked: Asked) => Promise<Response>
}

/** A route whose handler knows the type of its query. */
export const route = <Query extends Schema>(
  given: Omit<InventoryRoute, 'handle' | 'query'> & {
    readonly query: Query
    readonly handle: (asked: Asked<v.InferOutput<Query>>) => Promise<Response>
  },
): InventoryRoute => given as InventoryRoute

/** The keys of every document, and these. */
export const answerOf = (entries: v.ObjectEntries): Schema =>
  v.strictObject({ schema: v.literal(SCHEMA_VERSION), ...entries })

/** A document as it is sent. */
export const sendJson = (c: RouteContext, answer: object, status: 200 | 201 = 200): Response =>
  c.json({ schema: SCHEMA_VERSION, ...answer }, status)

/** As many bytes are read ahead of a client. */
const AHEAD = 2 ** 16

/** Lines as they are sent, made as fast as the client reads them. */
export function sendLines(lines: AsyncIterable<string>): Response {
  const iterator = lines[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(`${value}\n`))
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: AHEAD, size: bytes => bytes?.length ?? 0 },
  )
  return new Response(stream, { headers: { 'content-type': 'application/x-ndjson' } })
}

/** Whoever asks for nothing more than the path says. */
export const NO_QUERY = v.strictObject({})

/** A text of one line. */
const line = (most: number, least = 0) =>
  v.pipe(
    v.string('must be text'),
    v.regex(
      new RegExp(`^[^\\p{Cc}\\p{Cs}]{${least},${most}}$`, 'u'),
      `must be one line of ${least} to ${most} characters`,
    ),
  )

const HOST_ID = 'must be letters, digits, . _ or -, up to 128, and begin with a letter or digit'

/** What a host is known by. */
export const HostId = v.pipe(
  v.string(HOST_ID),
  v.regex(/^[A-Za-z0-9][\w.-]{0,127}$/, HOST_ID),
  v.description('What the host is known by.'),
)

const ALERT_NUMBER = 'must be the number of an alert'

/** What an alert is known by. */
const AlertNumber = v.pipe(
  v.string(ALERT_NUMBER),
  v.regex(/^\d{1,9}$/, ALERT_NUMBER),
  v.description('What the alert is known by.'),
)

/** The label of a pool. */
export const PoolLabel = described(line(128), 'The label of a pool, empty for none.')

/** What may stand in a path, by the name that it has there. */
const PARAMETERS: Readonly<Record<string, Schema>> = { id: HostId, name: PoolLabel, number: AlertNumber }

/** What messages call that. */
const NAMED: Readonly<Record<string, string>> = { id: 'the host', name: 'the pool', number: 'the alert' }

export const HostName = described(line(253, 1), 'What people call the host.')
export const SearchText = described(line(253), 'Part of an id or a name, in capital letters or not.')
export const AfterId = described(line(253), 'As `next` of an answer said: what comes behind it.')
export const Why = described(line(1000, 1), 'Why, for those who read it later.')

/** A whole number in a query. */
export const number = (description: string, least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`
  return v.pipe(
    v.string(message),
    v.regex(/^\d{1,10}$/, message),
    v.transform(Number),
    v.minValue(least, message),
    v.maxValue(most, message),
    v.description(description),
  )
}

const TIME = 'must be a day such as 2026-11-01, or a time with its zone such as 2026-11-01T12:30Z'

/** A moment in a query; a day is its beginning in UTC. */
export const time = (description: string) =>
  v.pipe(
    v.string(TIME),
    v.regex(/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/, TIME),
    v.check(text => !Number.isNaN(Date.parse(text)), TIME),
    v.toDate(),
    v.description(description),
  )

/** A moment in an answer. */
export const moment = (description: string) =>
  v.pipe(v.string(), v.isoTimestamp(), v.description(description))

/** Adds the routes of the inventory; without one they say how a server gets one. */
export function addInventoryRoutes<E extends { Variables: AccessVariables }>(
  app: Hono<E>,
  routes: readonly InventoryRoute[],
  given: InventoryRoutes | undefined,
): void {
  for (const { method, path, operation, query = NO_QUERY, handle } of routes) {
    app.on(method.toUpperCase(), path.replace(/\{(\w+)\}/, ':$1'), async context => {
      const c = context as unknown as RouteContext
      if (!given) throw new RequestRefused('not-found', 'this server has no inventory: start it with --store')
      const [[parameter, id] = ['', '']] = Object.entries(c.req.param() as Readonly<Record<string, string>>)
      const inPath = PARAMETERS[parameter]
      if (inPath) checkInput(inPath, id, { name: NAMED[parameter] ?? '' })
      const checked = checkInput(query, c.req.query(), { name: operation })
      return handle({
        c,
        inventory: await given.open(),
        id,
        query: checked,
        read: given.read,
        events: given.events,
      })
    })
  }
}

/** The methods that each path has. */
export function methodsOf(routes: readonly InventoryRoute[]): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>()
  for (const { method, path } of routes) {
    const own = method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]
    methods.set(path, [...(methods.get(path) ?? []), ...own])
  }
  return methods
}

type Json = Readonly<Record<string, unknown>>

/** The routes as OpenAPI has them. @param refusals what describes the statuses of refusals */
export function describeRoutes(
  routes: readonly InventoryRoute[],
  refusals: (statuses: readonly number[]) => Json,
): Json {
  const paths: Record<string, Json> = {}
  for (const one of routes)
    paths[one.path] = { ...paths[one.path], [one.method]: describeRoute(one, refusals) }
  return paths
}

function describeRoute(
  { method, path, operation, role, summary, description, query, body, answers }: InventoryRoute,
  refusals: (statuses: readonly number[]) => Json,
): Json {
  const [, name] = /\{(\w+)\}/.exec(path) ?? []
  const inPath = name && {
    ...{ name, in: 'path', required: true },
    schema: jsonSchemaOf(PARAMETERS[name] ?? PoolLabel),
  }
  const content = ({ type = 'application/json', schema, example }: Media) => ({
    [type]: { ...(schema && { schema: jsonSchemaOf(schema) }), ...(example !== undefined && { example }) },
  })
  const answer = ([status, media]: [string, Media]) => [
    status,
    { description: media.description, ...(status !== '304' && { content: content(media) }) },
  ]
  return {
    operationId: operation,
    tags: ['inventory'],
    summary,
    description: `${description ? `${description} ` : ''}Takes the role \`${role}\`.`,
    parameters: [...(inPath ? [inPath] : []), ...describeQuery(query)],
    ...(body && { requestBody: { required: true, description: body.description, content: content(body) } }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(answer)),
      ...refusals([400, 401, 403, 404, ...(method === 'get' ? [] : [413, 422]), 429, 503, 507]),
    },
  }
}

/** The parameters of a query, all of them optional but for those that are required. */
function describeQuery(query: Schema | undefined): Json[] {
  const { properties = {}, required = [] } = (query ? jsonSchemaOf(query) : {}) as {
    readonly properties?: Readonly<Record<string, Json>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    ...{ name, in: 'query', description, schema },
    ...(required.includes(name) && { required: true }),
  }))
}
