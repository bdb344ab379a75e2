import type { ErrorKind } from '../questions/ask.ts'

/** Why a request gets no answer: the contract's kinds, and what only a server has. */
export type Refusal =
  | ErrorKind
  | 'not-found'
  | 'bad-method'
  | 'forbidden'
  | 'too-large'
  /** It took longer than the server allows. */
  | 'too-long'
  /** It took more memory than the server allows. */
  | 'too-much'
  /** Too many others wait. */
  | 'busy'
  | 'fault'

const STATUS = {
  'bad-request': 400,
  forbidden: 403,
  'not-found': 404,
  'bad-method': 405,
  'too-large': 413,
  fault: 500,
  'too-long': 503,
  'too-much': 503,
  busy: 503,
} as const

export type Status = 200 | 400 | 403 | 404 | 405 | 413 | 422 | 500 | 503

/** The status of an error. What libvirt refuses, and input that cannot be read, is 422. */
export const statusOf = (kind: Refusal): Status =>
  Object.hasOwn(STATUS, kind) ? STATUS[kind as keyof typeof STATUS] : 422

/** A request that is not answered, and why: its path, its size or where it comes from. */
export class RequestRefused extends Error {
  override readonly name = 'Refused'
  readonly kind: Refusal

  constructor(kind: Refusal, message: string) {
    super(message)
    this.kind = kind
  }
}
