import { RequestRefused } from './answer.ts'

/** As much as a request's body may have: some ten thousand host definitions. */
export const LARGEST_BODY = 16 * 2 ** 20

/** What is no larger is always held: while large bodies fill the budget, small questions are still answered. */
const ALWAYS_HELD = 32 * 2 ** 10

/** The bytes that the bodies of all requests, and the answers that nobody has read yet, may hold in memory together. */
export class ByteBudget {
  #left: number

  constructor(most: number) {
    this.#left = most
  }

  get left(): number {
    return this.#left
  }

  /** Reserves bytes. @returns whether as many were left */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#left += bytes
  }

  /** Reserves room for an answer of this size. @returns what gives it back @throws RequestRefused: busy */
  holdAnswer(size: number): () => void {
    const bytes = Math.max(0, size - ALWAYS_HELD)
    if (!this.take(bytes)) throw busy()
    return () => this.giveBack(bytes)
  }
}

/** The body of a request. Its bytes count in the budget until `release` is called. */
export interface Body {
  /** Empty where the request has no body. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly release: () => void
}

/**
 * Reads a request's body, whether its length is declared or it comes in chunks. A body that is too large, or larger
 * than what the budget has left, is refused before it is read where its length is declared.
 * @throws RequestRefused: too-large, busy; bad-request where the client goes away before its request is complete
 */
export async function readBody(request: Request, budget: ByteBudget, most = LARGEST_BODY): Promise<Body> {
  const declared = Number(request.headers.get('content-length'))
  if (declared > most) throw tooLarge(most)
  if (declared - ALWAYS_HELD > budget.left) throw busy()
  const reader = request.body?.getReader()
  const parts: Uint8Array[] = []
  let size = 0
  let taken = 0
  const release = () => {
    budget.giveBack(taken)
    taken = 0
  }
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      size += part.value.length
      if (size > most) throw tooLarge(most)
      const more = Math.max(0, size - ALWAYS_HELD) - taken
      if (!budget.take(more)) throw busy()
      taken += more
      parts.push(part.value)
    }
    return { bytes: join(parts, size), release }
  } catch (error) {
    release()
    if (error instanceof RequestRefused || !request.signal.aborted) throw error
    throw new RequestRefused('bad-request', 'the client went away before its request was complete')
  }
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const tooLarge = (most: number): RequestRefused =>
  new RequestRefused('too-large', `the body has more than ${most} bytes`)

const busy = (): RequestRefused =>
  new RequestRefused('busy', 'the server holds as many bytes of other requests as it may: ask again later')
