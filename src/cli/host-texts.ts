import { LibvirtError, type LibvirtErrorKind } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'
import { type HttpAnswer, makeRefusal, RequestRefused, toBytes } from '../http/answer.ts'
import { type DerivedProfile, type ReadReport, readTextsWith, type TextReader } from '../inventory/derive.ts'
import { errorOf } from '../questions/ask.ts'
import { BadRequest, type Context } from '../questions/context.ts'
import type { WorkerPool } from './worker-pool.ts'

/** By which a worker is asked to read the text of a host; no question is called so. */
export const HOST_TEXT = 'host text'

/** How long a worker may read one text, in ms: one of 2 MiB takes two seconds at most on a processor of its own. */
const PATIENCE = 20_000

interface TextRequest {
  readonly task: keyof TextReader
  readonly text: string
  readonly source: string
}

/** Sets are lists in JSON. */
const listed = (_: string, value: unknown): unknown => (value instanceof Set ? { set: [...value] } : value)
const unlisted = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'set' in value ? new Set(value.set as string[]) : value

/** In a worker: reads the text of a host. @throws a fault of ours */
export async function answerHostText(context: Context, body: Uint8Array): Promise<HttpAnswer> {
  const { task, text, source } = JSON.parse(new TextDecoder().decode(body)) as TextRequest
  try {
    const read = await readTextsWith(context)[task](text, source)
    return { status: 200, body: toBytes(JSON.stringify(read, listed)) }
  } catch (error) {
    const said = errorOf(error)
    if (!said) throw error
    return makeRefusal(said.kind, error instanceof LibvirtError ? error.detail : said.message)
  }
}

/** Reads texts in the workers of a pool, so that none keeps the server from answering, or takes its memory. */
export function readTextsIn(crew: WorkerPool): TextReader {
  const ask = async (request: TextRequest): Promise<unknown> => {
    const body = toBytes(JSON.stringify(request))
    const { status, body: answer } = await crew.answerFirst(HOST_TEXT, body, PATIENCE).catch(error => {
      throw error instanceof RequestRefused ? tooHeavy(request.source) : error
    })
    const said = JSON.parse(new TextDecoder().decode(answer), unlisted)
    if (status === 200) return said
    const { kind, message } = said.error as {
      kind: LibvirtErrorKind | 'bad-request' | 'bad-input'
      message: string
    }
    throw errorAs(kind, message)
  }
  return {
    read: async (text, source) => (await ask({ task: 'read', text, source })) as ReadReport,
    derive: async (text, source) => (await ask({ task: 'derive', text, source })) as DerivedProfile,
  }
}

const tooHeavy = (source: string): BadRequest =>
  new BadRequest(`${source}: the text takes more time or memory than reading a host may`)

/** The error that a worker met. */
function errorAs(kind: LibvirtErrorKind | 'bad-request' | 'bad-input', message: string): Error {
  if (kind === 'bad-request') return new BadRequest(message)
  return kind === 'bad-input' ? new ParseError(message) : new LibvirtError(kind, message)
}
