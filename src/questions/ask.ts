import { type InferOutput, safeParse } from 'valibot'
import { LibvirtError } from '../core/libvirt-error.ts'
import { LIBVIRT_VERSIONS_TEXT, parseLibvirtVersion } from '../core/libvirt-version.ts'
import { ParseError } from '../core/parse-error.ts'
import { BadRequest, type Context, contextOf } from './context.ts'
import { checkFields, PartInput, partOf } from './part.ts'
import type { AnyQuestion, DocumentOf, InputOf } from './question.ts'
import type { Schema } from './schema.ts'
import { isQuestion, QUESTIONS } from './table.ts'
import { documentOf } from './words/describe.ts'

export { BadRequest }

/** What every request may have besides its question's inputs. */
const ENVELOPE = ['id', 'verb', 'cpuMap', 'libvirt', 'explain', 'fields', 'limit', 'cursor']

/**
 * Answers a request of the JSON contract: the answer's keys, notes and, where asked for, `explain`.
 * @throws BadRequest, LibvirtError, ParseError
 */
export const answerVerb = async (
  context: Context,
  request: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> => answerWith(context, await loadQuestion(request.verb), request)

/** @throws BadRequest where no question has that name */
async function loadQuestion(name: unknown): Promise<AnyQuestion> {
  if (isQuestion(name)) return QUESTIONS[name]()
  const what = name === undefined ? 'no verb' : `unknown verb ${JSON.stringify(name)}`
  throw new BadRequest(`${what}; known: ${Object.keys(QUESTIONS).join(', ')}`)
}

/** The same for a question that is loaded already. @throws BadRequest, LibvirtError, ParseError */
export function answerWith(
  context: Context,
  question: AnyQuestion,
  request: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const given = Object.fromEntries(Object.entries(request).filter(([key]) => !ENVELOPE.includes(key)))
  const part = checkInput(PartInput, request, question)
  checkFields(part, question)
  const document = answerUnchecked(
    asLibvirt(context, request.libvirt),
    question,
    given,
    request.explain === true,
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
): Record<string, unknown> {
  const input = checkInput(question.input, given, question)
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
