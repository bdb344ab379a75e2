import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type {
  CallToolRequest,
  CallToolResult,
  ServerNotification,
  ServerRequest,
  Tool,
} from '@modelcontextprotocol/sdk/types.js'
import { type AnswerProgress, RequestRefused, toBytes } from '../http/answer.ts'
import { answerSchema, inputSchema, REQUEST_KEYS, withFleetsFrom } from '../questions/json-schema.ts'
import { type PartInput, partOf } from '../questions/part.ts'
import type { AnyQuestion } from '../questions/question.ts'
import { loadQuestion } from '../questions/table.ts'
import { Report } from '../report/report.ts'
import { linesOf } from './command.ts'
import type { Session } from './globals.ts'
import type { WorkerPool } from './worker-pool.ts'

// Questions as tools of the Model Context Protocol: what they take and return, and how calls are answered.

type Json = Readonly<Record<string, unknown>>

/** What answers a call is told by. */
type Call = RequestHandlerExtra<ServerRequest, ServerNotification>

/** The stages of an answer, in their order. */
const STAGES: readonly AnswerProgress['stage'][] = ['waiting', 'reading', 'answering', 'writing']

/** Keys of the JSON contract that a call has otherwise, or that lead to files. */
const NOT_INPUTS = ['id', 'verb', 'cpuMap']

/** Offers questions as tools, and answers calls in workers: one that takes long keeps no other from its answer, and can be ended. */
export class ToolDesk {
  readonly #crew: WorkerPool
  readonly #names: readonly string[]
  readonly #session: Session
  readonly #under = new Set<Promise<CallToolResult>>()

  constructor(crew: WorkerPool, names: readonly string[], session: Session) {
    this.#crew = crew
    this.#names = names
    this.#session = session
  }

  list(): Promise<Tool[]> {
    return Promise.all(this.#names.map(async name => toolOf(await loadQuestion(name))))
  }

  has(name: string): boolean {
    return this.#names.includes(name)
  }

  /** When nothing is under way, and all answers were handed to the client. */
  async idle(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under)
    await new Promise(setImmediate)
  }

  call(params: CallToolRequest['params'], call: Call): Promise<CallToolResult> {
    const answer = this.#answer(params, call).catch(error => {
      if (error instanceof RequestRefused) return failure(error.message)
      return failure(linesOf(error).join('\n'))
    })
    this.#under.add(answer)
    return answer.finally(() => this.#under.delete(answer))
  }

  async #answer(
    { name, arguments: given = {} }: CallToolRequest['params'],
    call: Call,
  ): Promise<CallToolResult> {
    const stray = NOT_INPUTS.find(key => key in given)
    if (stray !== undefined) return failure(`${name}: no input is called ${stray}`)
    const request = toBytes(JSON.stringify({ libvirt: this.#session.libvirt, ...given }))
    const onProgress = reporterFor(call)
    const { status, body } = await this.#crew.answer(name, request, call.signal, { onProgress })
    const text = new TextDecoder().decode(body)
    const document = JSON.parse(text)
    if (status !== 200) return failure(document.error.message)
    const part = shorten(document, text.length, given.cursor as number | undefined)
    if (part === undefined) return failure(tooLong(text.length))
    const said = await textOf(await loadQuestion(name), document, given)
    const content = part === document ? [said] : [said, cutNote(text.length, document, part)]
    return { content: content.map(one => ({ type: 'text', text: one })), structuredContent: part }
  }
}

/** What cannot be answered, and why: for whoever asked to put right. */
const failure = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true })

/** Tells a client how far its answer is, where it wants to know. */
function reporterFor({ _meta, sendNotification }: Call): (progress: AnswerProgress) => void {
  const { progressToken } = _meta ?? {}
  if (progressToken === undefined) return () => {}
  let last = -1
  return ({ stage, share = 0 }) => {
    const progress = STAGES.indexOf(stage) + share
    if (progress <= last) return
    last = progress
    const params = { progressToken, progress, total: STAGES.length, message: stage }
    sendNotification({ method: 'notifications/progress', params }).catch(() => {})
  }
}

/** A question as a tool. */
function toolOf(question: AnyQuestion): Tool {
  const { name, summary } = question
  return {
    name,
    title: summary,
    description: `${summary}.${describeFleets(question)}`,
    inputSchema: requestSchema(question) as Tool['inputSchema'],
    outputSchema: outputSchema(question) as Tool['outputSchema'],
    annotations: {
      title: summary,
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
  }
}

const describeFleets = (question: AnyQuestion): string =>
  JSON.stringify(inputSchema(question)).includes('"documents"')
    ? ' Give `paths` of files and folders, or `documents`.'
    : ''

const PATHS: Json = {
  type: 'array',
  items: { type: 'string' },
  minItems: 1,
  description:
    'Files and folders to read in place of documents: hosts, hypervisors and guests; a subfolder is a pool, and the fleet.yaml of a folder says more.',
}

const FILE: Json = {
  type: 'object',
  properties: { file: { type: 'string' } },
  required: ['file'],
  additionalProperties: false,
  description: 'the path of a file with the text',
}

/** Inputs that are documents' texts, of questions that take no fleet; of others `text` alone. */
const TEXTS = ['text', 'cpu', 'cpus', 'host', 'hosts', 'guest', 'domain', 'replies']

function requestSchema(question: AnyQuestion): Json {
  const { explain, ...keys } = Object.fromEntries(
    Object.entries(REQUEST_KEYS).map(([key, schema]) => [key, withoutWords(schema as Json)]),
  )
  const own = inputSchema(question)
  const takesFleet = 'documents' in (own.properties as Json)
  const schema = withFiles(
    withFleetsFrom(own, () => ({ paths: PATHS })),
    takesFleet ? ['text'] : TEXTS,
  )
  const more = question.reasons ? { explain, ...keys } : keys
  return { ...schema, type: 'object', properties: { ...(schema.properties as Json), ...more } }
}

/** What all tools take is described once, in the instructions: a list of tools is read before every question. */
const withoutWords = ({ description, maximum, ...schema }: Json): Json => schema

/** The schema where a file may stand for a text of these names. Documents of fleets have `paths`. */
function withFiles(schema: Json, names: readonly string[]): Json {
  const members = (schema.properties ?? {}) as Readonly<Record<string, Json>>
  const properties = Object.entries(members).map(([key, one]) => {
    const isText = names.includes(key)
    if (isText && one.type === 'array') return [key, { ...one, items: orFile(one.items as Json) }]
    if (isText) return [key, orFile(one)]
    const items = one.items as Json | undefined
    if (key === 'documents' || !items?.properties) return [key, one]
    return [key, { ...one, items: withFiles(items, names) }]
  })
  return { ...schema, ...(properties.length > 0 && { properties: Object.fromEntries(properties) }) }
}

/** The schema of a text, or of one among other things, with that of a file. */
function orFile(schema: Json): Json {
  const members = (schema.anyOf as Json[] | undefined) ?? [schema]
  const isText = members.some(({ type, ...more }) => type === 'string' && !('enum' in more))
  if (!isText) return schema
  const { description } = schema
  const bare = members.map(({ description: said, ...one }) =>
    said === description ? one : { ...one, description: said },
  )
  return { ...(description !== undefined && { description }), anyOf: [...bare, FILE] }
}

/** The schema of the answer, of which a part alone may be asked for. */
function outputSchema(question: AnyQuestion): Json {
  const { anyOf, ...schema } = answerSchema(question)
  const partial = (one: Json): Json => ({ ...one, required: ALWAYS })
  if (anyOf === undefined) return { ...partial(schema), type: 'object' }
  return { type: 'object', anyOf: (anyOf as Json[]).map(partial) }
}

/** What every part of an answer has. */
const ALWAYS = ['schema', 'notes']

/** As much data as a client's model can take: 20,000 tokens. */
const MOST_DATA = 64_000

/**
 * The answer as a client can take it: itself, or the first items of each of its lists, or those keys of it that leave
 * room for others; undefined: nothing fits. Of an answer that is a page it is the beginning of that page.
 */
function shorten(document: Json, size: number, cursor = 0): Json | undefined {
  if (size <= MOST_DATA) return document
  const cutTo = (part: PartInput): Json | undefined => {
    const page = pageIn(document, partOf({ ...document }, part), cursor)
    return JSON.stringify(page).length <= MOST_DATA ? page : undefined
  }
  for (let limit = 1024; limit >= 1; limit = Math.floor(limit / 2)) {
    const page = cutTo({ limit })
    if (page) return page
  }
  const keys = smallestFirst(document)
  for (let kept = keys.length - 1; kept >= 0; kept--) {
    const page = cutTo({ fields: keys.slice(0, kept), limit: 1 })
    if (page) return page
  }
  return undefined
}

/** A part of an answer, whose page counts from the beginning of all if the answer is a page itself. */
function pageIn({ page: around }: Json, part: Json, cursor: number): Json {
  if (around === undefined) return part
  const { nextCursor } = part.page as Page
  const { nextCursor: after, totals } = around as Page
  return { ...part, page: { nextCursor: nextCursor === null ? after : cursor + nextCursor, totals } }
}

interface Page {
  readonly nextCursor: number | null
  readonly totals: Readonly<Record<string, number>>
}

/** The answers of a document: one, or of several architectures one for each. */
const answersIn = (document: Json): readonly Json[] =>
  Array.isArray(document.fleets) ? document.fleets.map(({ answer }) => answer) : [document]

/** The keys of an answer that may be left out, by how much room they take. */
function smallestFirst(document: Json): string[] {
  const sizes = new Map<string, number>()
  for (const [key, value] of answersIn(document).flatMap(Object.entries))
    if (!ALWAYS.includes(key)) sizes.set(key, (sizes.get(key) ?? 0) + JSON.stringify(value).length)
  return [...sizes].sort(([, a], [, b]) => a - b).map(([key]) => key)
}

const tooLong = (size: number): string =>
  `the answer has ${size} characters, of which ${MOST_DATA} may be sent, and its notes alone have more: ask about fewer hosts or files at once`

function cutNote(size: number, document: Json, part: Json): string {
  const kept = new Set(answersIn(part).flatMap(Object.keys))
  const left = smallestFirst(document).filter(key => !kept.has(key))
  const without = left.length > 0 ? ` without ${left.join(', ')}` : ''
  return (
    `The data of this answer has ${size} characters: structuredContent has the first items of each list${without}. ` +
    `For more of it use \`limit\` and \`cursor\` (\`page.nextCursor\`), or \`fields\`.`
  )
}

/** Lines of a report, and signs of a text, that are sent at most. */
const MOST_LINES = 100
const MOST_TEXT = 16_000

/** The answer as people read it; where it has no report, or a part of it was asked for, its JSON. */
async function textOf(question: AnyQuestion, document: Json, given: Json): Promise<string> {
  const isPart = 'fields' in given || 'limit' in given || 'cursor' in given
  const write = isPart ? undefined : await question.report?.()
  const isXml = typeof document.xml === 'string' && !isPart
  if (!write && !isXml) return cut(JSON.stringify(document))
  const report = new Report()
  if (write) write(report, document as never)
  else report.drawing(() => document.xml as string)
  const notes = (document.notes as { readonly text: string }[]).map(({ text }) => [`note: ${text}`])
  report.notes(notes, notes)
  const more = (lines: number) => `… of ${lines} lines; the data has all`
  return cut(report.text({ width: 120, paint: text => text, screen: { height: MOST_LINES, more } }).trimEnd())
}

const cut = (text: string): string =>
  text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}\n… cut: ${text.length} characters in all`
