/** How often a client may ask, in a bucket that fills again. */
interface Bucket {
  /** Requests that are left. */
  readonly left: number
  /** When as many were left, in milliseconds. */
  readonly at: number
}

/** Lets each client ask so many times a minute, as many of them at once as it likes. */
export class RateLimiter {
  readonly #perMinute: number
  readonly #now: () => number
  readonly #most: number
  /** From the client that was silent longest on. */
  readonly #buckets = new Map<string, Bucket>()

  /** @param most as many clients are remembered; the one that was silent longest is forgotten, and may ask anew */
  constructor(perMinute: number, now: () => number, most = 10_000) {
    this.#perMinute = perMinute
    this.#now = now
    this.#most = most
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#buckets.size
  }

  /** Seconds until a client may ask; 0: now. */
  waitOf(client: string): number {
    const missing = 1 - this.#leftOf(client)
    return missing <= 0 ? 0 : (missing * 60) / this.#perMinute
  }

  /** Counts what a client asked, as so many requests. */
  count(client: string, requests = 1): void {
    const bucket = { left: Math.max(0, this.#leftOf(client) - requests), at: this.#now() }
    this.#buckets.delete(client)
    this.#buckets.set(client, bucket)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > this.#most && oldest !== undefined) this.#buckets.delete(oldest)
  }

  #leftOf(client: string): number {
    const { left, at } = this.#buckets.get(client) ?? { left: this.#perMinute, at: 0 }
    return Math.min(this.#perMinute, left + ((this.#now() - at) * this.#perMinute) / 60_000)
  }
}

/**
 * Those who share a limit: an IPv4 address, or the /64 of an IPv6 address, for whoever has one of its addresses has
 * 2⁶⁴ of them.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [before = '', after] = address.toLowerCase().split('::')
  const head = before.split(':').filter(Boolean)
  const tail = after?.split(':').filter(Boolean) ?? []
  // The last two groups may be written as an IPv4 address.
  const left = Math.max(0, 8 - head.length - tail.length - (address.includes('.') ? 1 : 0))
  const groups = after === undefined ? head : [...head, ...Array<string>(left).fill('0'), ...tail]
  return `${groups
    .slice(0, 4)
    .map(group => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
