import * as v from 'valibot'
import { InventoryError } from '../inventory/fault.ts'
import type { Accepted, Inventory, PastHost, Refused, StoredHost } from '../inventory/inventory.ts'
import { checkInput, errorOf } from '../questions/ask.ts'
import { BadRequest } from '../questions/context.ts'
import { described, text, whole, word } from '../questions/schema.ts'
import { type Asker, mayReport } from './access.ts'
import { RequestRefused } from './answer.ts'
import {
  AfterId,
  type Asked,
  answerOf,
  HostId,
  HostName,
  type InventoryRoute,
  moment,
  NO_QUERY,
  number,
  PoolLabel,
  route,
  SearchText,
  sendJson,
  sendLines,
} from './inventory-routes.ts'

/** As much as the text of one host may have: capabilities, registers and a hundred guests are some 300 KiB. */
const LARGEST_REPORT = 2 * 2 ** 20

const Hash = described(v.pipe(v.string(), v.regex(/^[\da-f]{64}$/)), 'SHA-256 of a text, in hex.')

/** What is known of a host beside the bits of its CPU. */
const Facts = v.strictObject({
  arch: text('Its architecture.'),
  vendor: v.optional(text('Who made its CPU.')),
  brand: v.optional(text('What its CPU calls itself.')),
  model: v.optional(text('The model that it was said to be.')),
  signature: v.optional(text('Family, model and stepping: `6.85.4`.')),
  physBits: v.optional(whole('Bits of a physical address.')),
  microcode: v.optional(whole('The version of its microcode.')),
  kernel: v.optional(text('The version of its kernel.')),
  hypervisor: v.optional(text('Its hypervisor.')),
  libvirt: v.optional(text('The version of its libvirt.')),
  cpus: v.optional(whole('How many processors it has.')),
  documents: described(v.array(v.string()), 'The kinds of documents that it was read from.'),
})

const HOST = {
  id: HostId,
  name: HostName,
  pool: PoolLabel,
  cpu: whole('The number of its CPU, which equal hosts share.'),
  facts: Facts,
  evidence: Hash,
  reporter: described(v.nullable(v.string()), 'Whose token it was reported with last.'),
  firstSeen: moment('When it was reported first.'),
  seen: moment('When it was reported last.'),
}

/** What a host was for some time. */
export const Past = v.strictObject({
  since: moment('From when on.'),
  until: described(v.nullable(v.string()), 'Until when; null: it still is.'),
  name: HostName,
  pool: PoolLabel,
  cpu: HOST.cpu,
  facts: Facts,
  evidence: Hash,
})

const EXAMPLE_HOST = {
  ...{ id: '4c4c4544004235108058b7c04f463232', name: 'ice-01', pool: 'intel', cpu: 7 },
  facts: {
    arch: 'x86_64',
    vendor: 'Intel',
    model: 'Icelake-Server',
    microcode: 218_104_736,
    documents: ['cpuinfo'],
  },
  ...{ evidence: 'a'.repeat(64), reporter: 'agent', firstSeen: '2026-11-01T00:00:00.000Z' },
  seen: '2026-11-30T12:00:00.000Z',
}

const hostJson = ({ reporter, firstSeen, seen, ...host }: StoredHost) => ({
  ...host,
  ...{ reporter: reporter ?? null, firstSeen, seen },
})

export const pastJson = ({ until, since, ...host }: PastHost) => ({ since, until: until ?? null, ...host })

const noHost = (id: string): RequestRefused =>
  new RequestRefused('not-found', `the inventory has no host '${id}'`)

const ReportQuery = v.strictObject({ name: v.optional(HostName), pool: v.optional(PoolLabel) })

/** Hosts that come from files are changed there alone. @throws RequestRefused */
async function refuseSynced({ inventory, id }: Pick<Asked, 'inventory' | 'id'>): Promise<void> {
  const file = (await inventory.synced.filesOf([id])).get(id)
  if (file) throw new RequestRefused('conflict', saidOfFile(id, file))
}

const saidOfFile = (
  id: string,
  { source, files }: { readonly source: string; readonly files: readonly string[] },
) => `'${id}' comes from ${files.join(', ')} of ${source}: change it there`

/** Stores what a host reports; one that is known by its hash is not even read. */
async function report({ c, inventory, id, query, read }: Asked<v.InferOutput<typeof ReportQuery>>) {
  const about = { ...query, reporter: c.get('who').name }
  const hash = hashIn(c.req.header('if-none-match'))
  await refuseSynced({ inventory, id })
  if (hash !== undefined && (await inventory.touch(id, hash, about))) return c.body(null, 304)
  const body = await read(c, LARGEST_REPORT)
  try {
    if (hash !== undefined && hash !== (await hashOf(body.bytes)))
      throw new RequestRefused('bad-request', 'If-None-Match is not the SHA-256 of the body')
    const accepted = await inventory.report({ id, text: textOf(body.bytes), ...about })
    c.set('detail', { result: accepted.result })
    return sendJson(c, accepted, accepted.result === 'created' ? 201 : 200)
  } catch (error) {
    throw isClone(error) ? new RequestRefused('conflict', error.message) : error
  } finally {
    body.release()
  }
}

/** @throws RequestRefused for what is no such hash */
function hashIn(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const [, hash] = /^(?:W\/)?"([\da-f]{64})"$/i.exec(header.trim()) ?? []
  if (hash) return hash.toLowerCase()
  throw new RequestRefused('bad-request', 'If-None-Match takes "HASH", the SHA-256 of the body in hex')
}

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(hash, byte => byte.toString(16).padStart(2, '0')).join('')
}

/** @throws RequestRefused */
function textOf(bytes: Uint8Array): string {
  try {
    // With its byte order mark, if it has one: the hash is that of all bytes.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new RequestRefused('bad-request', 'the body is not UTF-8')
  }
}

const ListQuery = v.strictObject({
  search: v.optional(SearchText),
  pool: v.optional(PoolLabel),
  cpu: v.optional(number('The number of a CPU.', 1, 2_147_483_647)),
  after: v.optional(AfterId),
  limit: v.optional(number('At most so many; 50 by default.', 1, 1000)),
  format: v.optional(
    word(['json', 'ndjson'], '`ndjson`: every host with its text, as `POST /v1/reports` takes them.'),
  ),
})

async function list({ c, inventory, query }: Asked<v.InferOutput<typeof ListQuery>>) {
  const { search, format, ...rest } = query
  if (format === 'ndjson') return sendLines(hostLines(inventory, { text: search, ...rest }))
  const { hosts, next } = await inventory.hosts({ text: search, ...rest })
  return sendJson(c, { hosts: hosts.map(hostJson), next: next ?? null })
}

/** Hosts that are read at once while all are returned. */
const PART = 100

/** Every host with its text, a line each. */
async function* hostLines(
  inventory: Inventory,
  { limit, ...search }: Parameters<Inventory['hosts']>[0] & object,
): AsyncGenerator<string> {
  let left = limit ?? Number.POSITIVE_INFINITY
  for (let { after } = search; left > 0; ) {
    const { hosts, next } = await inventory.hosts({ ...search, after, limit: Math.min(PART, left) })
    const hashes = [...new Set(hosts.map(({ evidence }) => evidence))]
    const texts = new Map(
      await Promise.all(hashes.map(async hash => [hash, await inventory.evidence(hash)] as const)),
    )
    for (const { id, name, pool, seen, evidence } of hosts)
      yield JSON.stringify({ id, name, pool, at: seen, text: texts.get(evidence) })
    if (next === undefined) return
    after = next
    left -= hosts.length
  }
}

const ExportQuery = v.strictObject({ pool: v.optional(PoolLabel) })

const ImportLine = v.strictObject({
  id: HostId,
  text: text('What describes the host.'),
  name: v.optional(HostName),
  pool: v.optional(PoolLabel),
  at: v.optional(v.pipe(v.string(), v.isoTimestamp(), v.toDate(), v.description('When; absent: now.'))),
})

/** Hosts that are written at once. */
const BATCH = 100

/** Stores many hosts, and says of each line what became of it. */
async function importHosts({ c, inventory, read }: Asked) {
  const body = await read(c)
  const counts: Record<string, number> = {}
  const answers: string[] = []
  try {
    const lines = textOf(body.bytes)
      .split('\n')
      .filter(line => line.trim() !== '')
    for (let i = 0; i < lines.length; i += BATCH)
      for (const answer of await importPart(inventory, c.get('who'), lines.slice(i, i + BATCH))) {
        const result = 'error' in answer ? 'refused' : answer.result
        counts[result] = (counts[result] ?? 0) + 1
        answers.push(`${JSON.stringify(answer)}\n`)
      }
  } finally {
    body.release()
    c.set('detail', counts)
  }
  return c.body(answers.join(''), 200, { 'content-type': 'application/x-ndjson' })
}

type LineAnswer =
  | Accepted
  | { readonly id: string | null; readonly error: { readonly kind: string; readonly message: string } }

/** The answers of some lines, in their order. */
async function importPart(
  inventory: Inventory,
  who: Asker,
  lines: readonly string[],
): Promise<readonly LineAnswer[]> {
  const given = lines.map(line => readLine(line, who))
  const files = await inventory.synced.filesOf(given.flatMap(one => ('text' in one ? one.id : [])))
  const read = given.map(one => {
    const file = files.get(one.id ?? '')
    if (!('text' in one) || !file) return one
    return { id: one.id, error: { kind: 'conflict', message: saidOfFile(one.id, file) } }
  })
  const hosts = read.flatMap(one => ('text' in one ? [{ ...one, reporter: who.name }] : []))
  const stored = (await inventory.reportAll(hosts)).values()
  return read.map(one => ('text' in one ? lineAnswer(stored.next().value) : one))
}

function readLine(line: string, who: Asker) {
  try {
    const host = checkInput(ImportLine, parseLine(line), { name: 'a line' })
    if (!mayReport(who, host.id))
      throw new BadRequest(`${who.name} may report hosts called ${who.hosts} alone`)
    return host
  } catch (error) {
    return { id: idIn(line), error: saidOf(error) }
  }
}

/** By which a client finds a line that is refused; null: it has none. */
function idIn(line: string): string | null {
  const [, id] = /^\s*\{\s*"id"\s*:\s*"([\w.-]{1,128})"/.exec(line) ?? []
  return id ?? null
}

/** @throws BadRequest */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new BadRequest(`a line is no JSON: ${error instanceof Error ? error.message : error}`)
  }
}

function lineAnswer(answer: Accepted | Refused | undefined): LineAnswer {
  if (!answer) throw new RangeError('every line has an answer')
  return 'error' in answer ? { id: answer.id, error: saidOf(answer.error) } : answer
}

/** Whether another machine reports under the same id. */
const isClone = (error: unknown): error is InventoryError =>
  error instanceof InventoryError && error.kind === 'clone'

/** @throws what is no fault of the line */
function saidOf(error: unknown) {
  if (isClone(error)) return { kind: 'conflict', message: error.message }
  const said = errorOf(error)
  if (!said) throw error
  return { kind: said.kind, message: said.message }
}

const ACCEPTED = {
  description: 'what became of it',
  schema: answerOf({
    id: HostId,
    hash: Hash,
    result: word(
      ['created', 'changed', 'seen', 'stale'],
      'The host is new; its CPU, facts, name or pool are others; only that it was seen is new; or what is stored is later.',
    ),
  }),
  example: { schema: 2, id: EXAMPLE_HOST.id, hash: EXAMPLE_HOST.evidence, result: 'created' },
}

const EXAMPLE_TEXT = '<cpu><arch>x86_64</arch><model>Icelake-Server</model><vendor>Intel</vendor></cpu>\n'

/** The routes about hosts. */
export const HOST_ROUTES: readonly InventoryRoute[] = [
  route({
    ...{ method: 'put', path: '/v1/hosts/{id}', operation: 'report-host', role: 'report' },
    summary: 'Report a host',
    description:
      'The body is a text in any dialect that describes this one host: `virt-cpu collect` writes one. The same again is the same as once. With `If-None-Match: "HASH"`, the SHA-256 of the body in hex, a text that is known is answered with 304; a client that sends `Expect: 100-continue` need not send it then. Name and pool stay as they were where they are absent.',
    query: ReportQuery,
    body: { description: 'The text, of at most 2 MiB.', type: 'text/plain', example: EXAMPLE_TEXT },
    answers: {
      200: ACCEPTED,
      201: { ...ACCEPTED, description: 'the host is new' },
      304: { description: 'the text is known, and that the host was seen is noted' },
    },
    handle: report,
  }),
  route({
    ...{ method: 'get', path: '/v1/hosts', operation: 'list-hosts', role: 'read' },
    summary: 'Find hosts, in the order of their ids',
    query: ListQuery,
    answers: {
      200: {
        description: 'a page of them',
        schema: answerOf({
          hosts: v.array(v.strictObject(HOST)),
          next: described(
            v.nullable(v.string()),
            'What `after` takes for those that follow; null: none does.',
          ),
        }),
        example: { schema: 2, hosts: [EXAMPLE_HOST], next: null },
      },
    },
    handle: list,
  }),
  route({
    ...{ method: 'get', path: '/v1/export', operation: 'export', role: 'read' },
    summary: 'Get everything that the inventory keeps',
    description:
      'Hosts with their history and texts, and decisions; not tokens, the audit log and alerts. A line of JSON each, as `virt-cpu inventory import` reads them; the last one counts them, so that a part is noticed.',
    query: ExportQuery,
    answers: {
      200: {
        description: 'the lines',
        type: 'application/x-ndjson',
        example: '{"kind":"inventory","format":1}\n{"kind":"end","hosts":0,"decisions":0}\n',
      },
    },
    handle: async ({ inventory, query: { pool } }) => sendLines(inventory.exportLines(pool)),
  }),
  route({
    ...{ method: 'post', path: '/v1/reports', operation: 'report-hosts', role: 'report' },
    summary: 'Report many hosts at once',
    description: 'A line of JSON for each host; the answer has a line for each, in the same order.',
    query: NO_QUERY,
    body: {
      description:
        'Lines of `{"id", "text", "name", "pool", "at"}`, of at most 16 MiB; the last three are optional.',
      type: 'application/x-ndjson',
      example: `${JSON.stringify({ id: 'ice-01', pool: 'intel', text: EXAMPLE_TEXT })}\n`,
    },
    answers: {
      200: {
        description: 'a line for each line: `{"id", "hash", "result"}`, or `{"id", "error"}`',
        type: 'application/x-ndjson',
      },
    },
    handle: importHosts,
  }),
  route({
    ...{ method: 'get', path: '/v1/hosts/{id}', operation: 'host', role: 'read' },
    summary: 'Show a host and what it was',
    query: NO_QUERY,
    answers: {
      200: {
        description: 'the host',
        schema: answerOf({ ...HOST, history: described(v.array(Past), 'Newest first.') }),
        example: { schema: 2, ...EXAMPLE_HOST, history: [] },
      },
    },
    async handle({ c, inventory, id }) {
      const found = await inventory.host(id)
      if (!found) throw noHost(id)
      const { history, ...host } = found
      return sendJson(c, { ...hostJson(host), history: history.map(pastJson) })
    },
  }),
  route({
    ...{ method: 'delete', path: '/v1/hosts/{id}', operation: 'remove-host', role: 'plan' },
    summary: 'Take a host out, from now on; its history stays',
    query: NO_QUERY,
    answers: {
      200: {
        description: 'it is out',
        schema: answerOf({ removed: HostId }),
        example: { schema: 2, removed: EXAMPLE_HOST.id },
      },
    },
    async handle({ c, inventory, id }) {
      await refuseSynced({ inventory, id })
      if (!(await inventory.remove(id))) throw noHost(id)
      return sendJson(c, { removed: id })
    },
  }),
  route({
    ...{ method: 'get', path: '/v1/hosts/{id}/evidence', operation: 'host-evidence', role: 'read' },
    summary: 'Return the text that a host was reported with',
    query: v.strictObject({ hash: v.optional(Hash) }),
    answers: { 200: { description: 'the text', type: 'text/plain', example: EXAMPLE_TEXT } },
    async handle({ c, inventory, id, query: { hash } }) {
      const host = await inventory.host(id)
      const known = [host?.evidence, ...(host?.history.map(({ evidence }) => evidence) ?? [])]
      const wanted = hash ?? host?.evidence
      const found = wanted && known.includes(wanted) ? await inventory.evidence(wanted) : undefined
      if (found === undefined)
        throw host ? new RequestRefused('not-found', `'${id}' has no such text`) : noHost(id)
      return c.body(found, 200, { 'content-type': 'text/plain; charset=utf-8' })
    },
  }),
]
