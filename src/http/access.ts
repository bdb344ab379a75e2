import type { Context, MiddlewareHandler } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { globs } from '../core/text.ts'
import type { AuditEntry, Role, StoredToken, TokenStore } from '../inventory/access.ts'
import { isQuestion } from '../questions/table.ts'
import { type Refusal, RequestRefused } from './answer.ts'

/** What a token may be for. */
export const ROLES = ['report', 'read', 'plan', 'admin'] as const satisfies readonly Role[]

/** Who may do what a role is for. */
const HOLDERS: Readonly<Record<Role, readonly Role[]>> = {
  report: ['report', 'admin'],
  read: ['read', 'plan', 'admin'],
  plan: ['plan', 'admin'],
  admin: ['admin'],
}

/** Who asks. */
export type Asker = Pick<StoredToken, 'name' | 'roles'> & { readonly hosts?: string | undefined }

/** Where tokens are looked up. */
export type KnownTokens = Pick<TokenStore, 'find' | 'list' | 'used'>

/** Finds out whose token it is. Undefined: nobody's, or it is not valid any more. */
export type Authenticate = (token: string) => Promise<Asker | undefined>

/**
 * The hash by which tokens are kept. One round is enough: a secret of 256 random bits cannot be guessed, as a password
 * can, however fast the hash is; and looked up by it, a token is found without a comparison that takes as long as it fits.
 */
export async function hashToken(secret: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret)))
  return Array.from(hash, byte => byte.toString(16).padStart(2, '0')).join('')
}

/** Looks tokens up in stores, the first one that has it counts. */
export const authenticateBy =
  (stores: readonly KnownTokens[], now: () => number): Authenticate =>
  async secret => {
    const hash = await hashToken(secret)
    for (const store of stores) {
      const token = await store.find(hash)
      if (!token) continue
      if (token.revoked || (token.expires && token.expires.getTime() <= now())) return undefined
      await store.used(token.id)
      return token
    }
    return undefined
  }

/** What a route needs; `nothing`: not even a token. */
type Need = Role | 'nothing'

/** What each route needs. The first row that fits counts; what has none is the administrator's. */
const NEEDS: readonly (readonly [methods: readonly string[], path: RegExp, need: Need])[] = [
  [['GET'], /^\/(?:healthz|readyz|v1\/openapi\.json)?$/, 'nothing'],
  [['GET', 'POST', 'DELETE'], /^\/v1\/(?:tokens|audit-log)(?:\/|$)/, 'admin'],
  [['PUT'], /^\/v1\/hosts\/[^/]+$/, 'report'],
  [['POST'], /^\/v1\/reports$/, 'report'],
  [['DELETE'], /^\/v1\/hosts\/[^/]+$/, 'plan'],
  [['PUT'], /^\/v1\/pools\/[^/]+\/pinned$/, 'plan'],
  [['PUT'], /^\/v1\/alerts\/[^/]+\/acknowledged$/, 'plan'],
  [['DELETE'], /^\/v1\/jobs\/[^/]+$/, 'read'],
  [['GET'], /^\/v1\/(?:hosts|pools|jobs|alerts)\/[^/]+(?:\/[^/]+)?$/, 'read'],
  [['GET'], /^\/metrics$/, 'read'],
  // Questions, lists, and what is not there.
  [['GET', 'POST'], /^\/v1\/[^/]+$/, 'read'],
]

const needOf = (method: string, path: string): Need =>
  NEEDS.find(([methods, pattern]) => methods.includes(method) && pattern.test(path))?.[2] ?? 'admin'

/** What handlers find in the context of a request that was let in. */
export interface AccessVariables {
  readonly who: Asker
  /** What the audit log should know beside the path. */
  readonly detail: unknown
}

export interface AccessOptions {
  /** Absent: no token is needed, and whoever can reach the server may do everything. */
  readonly authenticate?: Authenticate | undefined
  /** Whether no token is needed all the same, as long as there is none. */
  readonly isOpen?: () => Promise<boolean>
  readonly limiter?: RateLimiter | undefined
  /** Is told of every request to change something, those refused too. */
  readonly audit?: ((entry: AuditEntry) => void | Promise<void>) | undefined
}

type AccessContext = Context<{
  Bindings: { readonly client?: string; readonly onKnown?: (who: string) => void }
  Variables: AccessVariables
}>

const LOCAL: Asker = { name: 'local', roles: ['admin'] }

/** Lets in who may do what they ask for, and no more often than they may. @throws RequestRefused, HTTPException */
export function guard({ authenticate, isOpen, limiter }: AccessOptions): MiddlewareHandler {
  const bearer = bearerAuth({
    realm: 'virt-cpu',
    verifyToken: async (token, c: AccessContext) => {
      const who = await authenticate?.(token)
      if (who) c.set('who', who)
      return who !== undefined
    },
    noAuthenticationHeader: {
      message: messageOf('unauthorized', 'a token is needed: Authorization: Bearer TOKEN'),
    },
    invalidAuthenticationHeader: { message: messageOf('bad-request', 'Authorization takes: Bearer TOKEN') },
    invalidToken: {
      message: messageOf('unauthorized', 'the token is not known, or it is not valid any more'),
    },
  })
  return async (c: AccessContext, next) => {
    const { path, method } = c.req
    const need = needOf(method === 'HEAD' ? 'GET' : method, path)
    if (need === 'nothing') return next()
    const address = limiter ? networkOf(c.env?.client ?? '') : ''
    if (authenticate && !(await isOpen?.())) {
      const failed = `failed ${address}`
      limit(c, limiter, failed)
      await bearer(c, async () => {}).catch(error => {
        limiter?.count(failed, COST_OF_FAILURE)
        throw error
      })
    } else c.set('who', LOCAL)
    const who = c.get('who')
    c.env?.onKnown?.(who.name)
    limit(c, limiter, `${who.name} ${address}`)
    limiter?.count(`${who.name} ${address}`)
    checkRole(who, need, path)
    return next()
  }
}

const messageOf = (kind: Refusal, message: string) => ({ error: { kind, message } })

/** A bad token counts as so many requests. */
const COST_OF_FAILURE = 10

/** @throws RequestRefused */
function limit(c: AccessContext, limiter: RateLimiter | undefined, client: string): void {
  const seconds = Math.ceil(limiter?.waitOf(client) ?? 0)
  if (seconds <= 0) return
  c.header('retry-after', String(seconds))
  throw new RequestRefused('too-many', `too many requests: ask again in ${seconds} s`)
}

/** Whether a client that may report may report this host. */
export const mayReport = ({ hosts }: Pick<Asker, 'hosts'>, id: string): boolean =>
  hosts === undefined || globs(hosts, id)

/** @throws RequestRefused */
function checkRole({ name, roles, hosts }: Asker, need: Role, path: string): void {
  if (!roles.some(role => HOLDERS[need].includes(role)))
    throw new RequestRefused(
      'forbidden',
      `this takes the role ${need}; ${name} has ${roles.join(', ') || 'none'}`,
    )
  const [, host] = /^\/v1\/hosts\/([^/]+)$/.exec(path) ?? []
  if (need === 'report' && host !== undefined && !mayReport({ hosts }, decoded(host)))
    throw new RequestRefused('forbidden', `${name} may report hosts called ${hosts} alone`)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Tells the audit log of every request to change something. */
export const auditChanges =
  ({ audit }: AccessOptions): MiddlewareHandler =>
  async (c: AccessContext, next) => {
    await next()
    const { method, path } = c.req
    const isChange = !['GET', 'HEAD', 'OPTIONS'].includes(method) && !isAsked(method, path)
    // 304: nothing was changed.
    if (!audit || !isChange || c.res.status === 304) return
    const detail = { status: c.res.status, ...(c.get('detail') as object | undefined) }
    const who = c.get('who')?.name ?? 'unknown'
    await audit({ who, action: method, target: path, address: c.env?.client, detail })
  }

/** Whether it is a question, which changes nothing. */
const isAsked = (method: string, path: string): boolean =>
  method === 'POST' && isQuestion(/^\/v1\/([^/]+)$/.exec(path)?.[1])

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
