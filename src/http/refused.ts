import type { Refusal } from './status.ts'

/** A request that is not answered, and why: its path, its size or where it comes from. */
export class RequestRefused extends Error {
  override readonly name = 'Refused'
  readonly kind: Refusal

  constructor(kind: Refusal, message: string) {
    super(message)
    this.kind = kind
  }
}
