import { safeParse } from 'valibot'
import { LibvirtError } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'
import { BadRequest } from './bad-request.ts'
import type { Context } from './context.ts'
import type { Outcome } from './question.ts'
import { VERBS } from './table.ts'
import { printNote } from './words/describe.ts'

export { BadRequest }

/** What every request may have beside its verb's inputs. */
const ENVELOPE = ['id', 'verb', 'cpuMap', 'libvirt', 'explain']

/**
 * Answers a request of the JSON contract: the answer's keys, notes and, where asked for, `explain`.
 * @throws BadRequest, LibvirtError, ParseError
 */
export function ask(context: Context, request: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { verb: name } = request
  const verb = typeof name === 'string' && Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
  if (!verb) {
    const known = Object.keys(VERBS).join(', ')
    throw new BadRequest(
      `${name === undefined ? 'no verb' : `unknown verb ${JSON.stringify(name)}`}; known: ${known}`,
    )
  }
  const given = Object.fromEntries(Object.entries(request).filter(([key]) => !ENVELOPE.includes(key)))
  const checked = safeParse(verb.input, given, { abortEarly: true })
  if (!checked.success) throw new BadRequest(`${name}: ${complaint(checked.issues[0])}`)
  return answerOf(verb.run(context, checked.output, { explain: request.explain === true }))
}

const answerOf = ({ answer, notes = [], explain }: Outcome): Record<string, unknown> => ({
  ...answer,
  notes: notes.map(printNote),
  ...(explain ? { explain } : {}),
})

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
