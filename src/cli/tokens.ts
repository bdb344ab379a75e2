import { randomBytes } from 'node:crypto'
import { hashToken, type KnownTokens, ROLES } from '../http/access.ts'
import { idOf } from '../http/token-routes.ts'
import type { Role, StoredToken } from '../inventory/access.ts'
import { UsageError } from './spec.ts'

/** The first moment at which a token that is valid on a day is not any more. */
export const endOf = (day: string): Date => new Date(Date.parse(day) + 86_400_000)

/** 256 random bits, after a sign by which tokens are found where they should not be. */
export const makeSecret = (): string => `vc_${randomBytes(32).toString('base64url')}`

/** A character of a URL as it is, or percent-encoded however often; `code` are the hex digits of its encoded forms. */
const either = (plain: string, code: string): string => `(?:${plain}|%(?:25)*(?!25)(?:${code}))`

const SIGN = either('[\\w-]', '3\\d|[46][1-9a-f]|[57][\\da]|5f|2d')
const DOT = either('\\.', '2e')
const START = either('v', '76') + either('c', '63') + either('_', '5f')
const SIGNED = either('e', '65') + either('y', '79') + either('j', '4a')

/** Tokens, and signed ones of OpenID providers, in texts and in URLs. */
const SECRETS = new RegExp(`${START}${SIGN}{43}|${SIGNED}${SIGN}+${DOT}${SIGN}+${DOT}${SIGN}*`, 'gi')

/** A text without the tokens in it. */
export const withoutSecrets = (text: string): string => text.replace(SECRETS, 'TOKEN')

/** A token as settings have it. */
export interface TokenSetting {
  readonly name: string
  readonly roles: readonly Role[]
  readonly hash: string
  /** The last day on which it is valid, such as `2027-01-31`. */
  readonly until?: string | undefined
}

const USER = /^([\w.@-]{1,64})=([a-z+]+)(?::sha256:([0-9a-f]{64}))?(?::(\d{4}-\d\d-\d\d))?$/

/** @throws UsageError */
function readUser(text: string, form: string) {
  const [, name = '', list = '', hash, until] = USER.exec(text) ?? []
  const roles = ROLES.filter(role => list.split('+').includes(role))
  const isWrong = list.split('+').length !== roles.length || Number.isNaN(Date.parse(until ?? '2000-01-01'))
  if (isWrong) throw new UsageError(`${form}, with roles of ${ROLES.join(', ')}, not '${text}'`)
  return { name, roles, hash, until }
}

/** @throws UsageError */
export const readTokens = (values: readonly string[]): readonly TokenSetting[] =>
  values.map(value => {
    const form = 'takes NAME=ROLE+ROLE:sha256:HASH:2027-01-31'
    const { hash, ...user } = readUser(value, form)
    if (hash === undefined) throw new UsageError(`${form}: \`serve --new-token NAME=ROLE\` prints one`)
    return { ...user, hash }
  })

/** A new token, and the setting by which a server knows it. @throws UsageError */
export async function printNewToken(user: string): Promise<string> {
  const { name, roles, until } = readUser(user, '--new-token takes NAME=ROLE+ROLE:2027-01-31')
  const secret = makeSecret()
  const day = until === undefined ? '' : `:${until}`
  const setting = `${name}=${roles.join('+')}:sha256:${await hashToken(secret)}${day}`
  return `# the token, for the client alone: nothing shows it again\n${secret}\n# the setting, for the server\ntoken: ["${setting}"]\n`
}

/** The tokens that a server was given by its settings. */
export class GivenTokens implements KnownTokens {
  #tokens: ReadonlyMap<string, Omit<StoredToken, 'lastUsed'>> = new Map()
  readonly #used = new Map<string, Date>()

  constructor(settings: readonly TokenSetting[]) {
    this.replace(settings)
  }

  get isEmpty(): boolean {
    return this.#tokens.size === 0
  }

  /** From now on these are valid, and no others. */
  replace(settings: readonly TokenSetting[]): void {
    const created = new Date()
    this.#tokens = new Map(
      settings.map(({ name, roles, hash, until }) => [
        hash,
        {
          ...{ id: idOf(name, hash), name, roles, hosts: undefined, created, createdBy: 'settings' },
          ...{ expires: until === undefined ? undefined : endOf(until), revoked: undefined },
        },
      ]),
    )
  }

  async find(hash: string): Promise<StoredToken | undefined> {
    const token = this.#tokens.get(hash)
    return token && this.#withUse(token)
  }

  async list(): Promise<readonly StoredToken[]> {
    return [...this.#tokens.values()].map(token => this.#withUse(token))
  }

  async used(id: string): Promise<void> {
    this.#used.set(id, new Date())
  }

  #withUse(token: Omit<StoredToken, 'lastUsed'>): StoredToken {
    return { ...token, lastUsed: this.#used.get(token.id) }
  }
}
