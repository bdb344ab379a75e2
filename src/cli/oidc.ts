import type { createRemoteJWKSet, JWTPayload, JWTVerifyGetKey } from 'jose'
import { type Authenticate, ROLES } from '../http/access.ts'
import { RequestRefused } from '../http/answer.ts'
import type { Role } from '../inventory/access.ts'
import { CommandError, UsageError } from './spec.ts'

/** Whose tokens a server believes, and what their claims let do. */
export interface OidcSettings {
  /** The URL that tokens name as `iss`. */
  readonly issuer: string
  /** What tokens name as `aud`. */
  readonly audience: string
  /** The claim that says what its holder is: `groups`, or `realm_access.roles`. */
  readonly claim: string
  /** What may be in it, with the role that it gives. */
  readonly roles: ReadonlyMap<string, Role>
}

/** Signatures of key pairs only: a public key must never be taken for a shared secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** Seconds that clocks may differ. */
const TOLERANCE = 30

/** @throws UsageError */
export function readIssuer(text: string): string {
  const { protocol, hostname } = URL.canParse(text) ? new URL(text) : { protocol: '', hostname: '' }
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (protocol === 'https:' || (protocol === 'http:' && isHere)) return text
  throw new UsageError(`takes the https URL of an OpenID provider, not '${text}'`)
}

/** @throws UsageError */
export const readRoles = (values: readonly string[]): ReadonlyMap<string, Role> =>
  new Map(
    values.map(value => {
      const [, said, name] = /^(.+)=(\w+)$/.exec(value) ?? []
      const role = ROLES.find(one => one === name)
      if (said === undefined || !role)
        throw new UsageError(`takes VALUE=ROLE, a role of ${ROLES.join(', ')}, not '${value}'`)
      return [said, role]
    }),
  )

/** Verifies tokens that an OpenID provider signed. Its keys are fetched when they are needed, and kept. @throws CommandError */
export async function openOidc(settings: OidcSettings): Promise<Authenticate> {
  const jose = await import('jose').catch(error => {
    throw new CommandError(['--oidc-issuer needs the package jose: npm install jose'], { cause: error })
  })
  const { issuer, audience } = settings
  let keys: Promise<JWTVerifyGetKey> | undefined
  return async token => {
    if (token.split('.').length !== 3) return undefined
    keys ??= fetchKeys(issuer, jose.createRemoteJWKSet)
    const found = await keys.catch(error => {
      keys = undefined
      throw cannotAsk(error)
    })
    const rules = {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: TOLERANCE,
      requiredClaims: ['exp', 'sub'],
    }
    try {
      const { payload } = await jose.jwtVerify(token, found, rules)
      return { name: `oidc:${payload.sub}`, roles: rolesOf(payload, settings) }
    } catch (error) {
      if (!(error instanceof jose.errors.JOSEError) || UNASKED.includes(error.code)) throw cannotAsk(error)
      return undefined
    }
  }
}

/** What jose says where it cannot fetch keys. */
const UNASKED = ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']

const cannotAsk = (cause: unknown): RequestRefused =>
  Object.assign(new RequestRefused('busy', 'the OpenID provider cannot be asked for its keys'), { cause })

/** @throws Error where the provider does not say where its keys are, or is another one */
async function fetchKeys(issuer: string, open: typeof createRemoteJWKSet): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(5000) })
  if (!response.ok) throw new Error(`${url}: status ${response.status}`)
  const said: unknown = await response.json()
  const { issuer: named, jwks_uri: keys } = said as { readonly issuer?: unknown; readonly jwks_uri?: unknown }
  if (named !== issuer || typeof keys !== 'string')
    throw new Error(`${url} is not the configuration of ${issuer}`)
  return open(new URL(readIssuer(keys)))
}

function rolesOf(payload: JWTPayload, { claim, roles }: OidcSettings): Role[] {
  const inside = (value: unknown, key: string): unknown =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? value[key as never] : undefined
  const whole = inside(payload, claim)
  const said = whole ?? claim.split('.').reduce(inside, payload)
  const words = Array.isArray(said) ? said : String(said ?? '').split(' ')
  const given = new Set(words.map(word => roles.get(word)))
  return ROLES.filter(role => given.has(role))
}
