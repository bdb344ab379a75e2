import type { ErrorKind } from '../verbs/ask.ts'

/** Why a request gets no answer, where no verb was asked: the contract's kinds, and what only HTTP has. */
export type Refusal = ErrorKind | 'not-found' | 'forbidden' | 'too-large' | 'fault'

const STATUS = { 'bad-request': 400, forbidden: 403, 'not-found': 404, 'too-large': 413, fault: 500 } as const

export type Status = 400 | 403 | 404 | 413 | 422 | 500

/** The status of an error. What libvirt refuses, and input that cannot be read, is 422. */
export const statusOf = (kind: Refusal): Status =>
  Object.hasOwn(STATUS, kind) ? STATUS[kind as keyof typeof STATUS] : 422
