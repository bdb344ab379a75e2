import { type InferOutput, safeParse } from 'valibot'
import { LibvirtError } from '../core/libvirt-error.ts'
import { LIBVIRT_VERSIONS_TEXT, parseLibvirtVersion } from '../core/libvirt-version.ts'
import { ParseError } from '../core/parse-error.ts'
import { jsonFault } from '../formats/json/json.ts'
import { BadRequest, type Context, contextOf } from './context.ts'
import { checkFields, PartInput, partOf } from './part.ts'
import type { AnyQuestion, DocumentOf, InputOf } from './question.ts'
import type { Schema } from './schema.ts'
import { documentOf } from './words/describe.ts'

export { BadRequest, contextOf }

/** Is told of an input that was checked, before it is answered. */
type Prepare = (input: unknown) => void

/** What every request may have besides its question's inputs. */
const ENVELOPE = ['id', 'verb', 'cpuMap', 'libvirt', 'explain', 'fields', 'limit', 'cursor']

/**
 * Answers a request of the JSON contract: the answer's keys, notes and, where asked for, `explain`.
 * @param prepare is told of an input that was checked, before it is answered
 * @throws BadRequest, LibvirtError, ParseError
 */
export function answerWith(
  context: Context,
  question: AnyQuestion,
  request: Readonly<Record<string, unknown>>,
  prepare?: Prepare,
): Record<string, unknown> {
  const given = Object.fromEntries(Object.entries(request).filter(([key]) => !ENVELOPE.includes(key)))
  const part = checkInput(PartInput, request, question)
  checkFields(part, question)
  const document = answerUnchecked(
    asLibvirt(context, request.libvirt),
    question,
    given,
    request.explain === true,
    prepare,
  )
  return partOf(document, part)
}

/** The context with the version that a request names. @throws BadRequest for one whose behaviour is not known */
function asLibvirt(context: Context, version: unknown): Context {
  if (version === undefined) return context
  const known = typeof version === 'string' ? parseLibvirtVersion(version) : undefined
  if (!known) throw new BadRequest(`libvirt: must be ${LIBVIRT_VERSIONS_TEXT}`)
  return contextOf(context.map, known)
}

/** Answers one question; the answer's type is that of its schema. @throws BadRequest, LibvirtError, ParseError */
export function askQuestion<Q extends AnyQuestion>(
  context: Context,
  question: Q,
  input: InputOf<Q>,
): DocumentOf<Q> {
  const { explain, ...given } = input as { readonly explain?: boolean }
  return answerUnchecked(context, question, given, explain === true) as DocumentOf<Q>
}

/** Checks an input against its question's schema, and answers it. */
function answerUnchecked(
  context: Context,
  question: AnyQuestion,
  given: object,
  explain: boolean,
  prepare?: Prepare,
): Record<string, unknown> {
  const input = checkInput(question.input, given, question)
  prepare?.(input)
  return documentOf(question.run(context, input as never, { explain }))
}

/**
 * What is given, as a schema has it.
 * @param of what it is given to
 * @throws BadRequest that says what is wrong
 */
export function checkInput<S extends Schema>(
  schema: S,
  given: unknown,
  { name }: { readonly name: string },
): InferOutput<S> {
  const checked = safeParse(schema, given, { abortEarly: true })
  if (!checked.success) throw new BadRequest(`${name}: ${complaint(checked.issues[0])}`)
  return checked.output
}

interface Issue {
  readonly message: string
  readonly expected: string | null
  readonly received: string
  readonly path?: readonly { readonly key?: unknown }[] | undefined
}

function complaint({ message, expected, received, path = [] }: Issue): string {
  const place = path.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  const where = place.replace(/^\./, '')
  if (expected === 'never') return `no input is called ${where}`
  if (received === 'undefined') return `the input ${where} is missing`
  return where ? `${where} ${message}` : message
}

export type ErrorKind = LibvirtError['kind'] | 'bad-request' | 'bad-input'

/** An error as the contract has it; undefined for a fault of ours. */
export function errorOf(error: unknown): { readonly kind: ErrorKind; readonly message: string } | undefined {
  if (error instanceof LibvirtError) return { kind: error.kind, message: error.message }
  if (error instanceof ParseError) return { kind: 'bad-input', message: error.message }
  if (error instanceof BadRequest) return { kind: 'bad-request', message: error.message }
  return undefined
}

/** JSON that is known to be good, in pieces: strings, signs, and what else there is. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g

/**
 * A request's `id` as JSON text, exactly as it came: a number may have more digits than JavaScript keeps.
 * @param text the request that `id` was read from
 */
export const idText = (id: unknown, text: string): string =>
  isKept(id) ? JSON.stringify(id) : (memberText(text, 'id') ?? JSON.stringify(id))

const isKept = (id: unknown): boolean =>
  typeof id === 'number' ? Number.isSafeInteger(id) : typeof id !== 'object' || id === null

/** An answer as JSON text, after its `id`. */
export const withId = (id: string, answer: Readonly<Record<string, unknown>>): string =>
  `{"id":${id},${JSON.stringify(answer).slice(1)}`

/** The text of an object's member; of two of one name the last counts, as in `JSON.parse`. */
function memberText(text: string, name: string): string | undefined {
  let found: string | undefined
  let depth = 0
  let start = 0
  let before = ''
  let isIt = false
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (depth === 1 && token === ':') {
      isIt = JSON.parse(before) === name
      start = index + 1
    } else if (depth === 1 && (token === ',' || token === '}')) {
      if (isIt) found = text.slice(start, index).trim()
      isIt = false
    }
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    before = token
  }
  return found
}

type Request = Readonly<Record<string, unknown>>

/** As deep as a request may nest: an answer that repeats its `id` must be printable. */
const DEEPEST = 64

/**
 * A request of the JSON contract, read from text.
 * @param line the number of the text's first line, for messages
 * @throws BadRequest that says where
 */
export function parseRequest(text: string, line = 1): Request {
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch (cause) {
    const { offset, what } = jsonFault(text)
    const before = text.slice(0, offset).split('\n')
    const column = (before.at(-1) ?? '').length + 1
    throw new BadRequest(`line ${line + before.length - 1}, column ${column}: ${what}`, { cause })
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new BadRequest(`line ${line}, column 1: a request is a JSON object`)
  }
  if (isDeeper(request, DEEPEST)) {
    throw new BadRequest(`line ${line}, column 1: nested more than ${DEEPEST} deep`)
  }
  return request as Request
}

function isDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true
  const all: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  for (const one of all) {
    if (typeof one === 'object' && one !== null && isDeeper(one, levels - 1)) return true
  }
  return false
}
