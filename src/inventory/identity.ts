import type { Member, OwnFacts } from '../questions/input/fleet/members.ts'
import type { Identity } from './schema.ts'

/** Where a value of an identity stands in a member. */
type Own = { readonly [Key in (typeof IDENTITY_KEYS)[number]]?: string | undefined }

/** The parts of an identity. */
export const IDENTITY_KEYS = ['called', 'uuid', 'reported', 'tscHz'] as const satisfies (keyof Identity)[]

/** What a member says of who its host is. */
export const ownOf = ({ called, report, facts, own = facts as OwnFacts }: Member): Own => ({
  called,
  uuid: own.uuid,
  reported: report?.name,
  tscHz: own.tscHz?.toString(),
})

/** Who the host of these members is. */
export function findIdentity(members: readonly Member[]): Identity {
  const all = members.map(ownOf)
  const found = IDENTITY_KEYS.map(key => [key, all.find(own => own[key] !== undefined)?.[key]] as const)
  return Object.fromEntries(found.filter(([, value]) => value !== undefined))
}

/** The members of a text, for other hosts of which texts say the same but for who they are. */
export class SharedMembers {
  readonly #members: readonly { readonly member: Member; readonly is: Own; readonly follows: Follows }[]

  /** @param members what describes the host itself */
  constructor(members: readonly Member[]) {
    const identity = findIdentity(members)
    this.#members = members.map(member => {
      const is = ownOf(member)
      const follows = Object.fromEntries(IDENTITY_KEYS.map(key => [key, is[key] === identity[key]]))
      return { member, is, follows: follows as Follows }
    })
  }

  /** The members as those of another host, with which it shares their facts. */
  of(host: Identity): readonly Member[] {
    const reports = new Map<unknown, { readonly name?: string | undefined }>()
    return this.#members.map(({ member, is, follows }) => {
      const { report } = member
      const tscHz = follows.tscHz ? host.tscHz : is.tscHz
      if (report && !reports.has(report))
        reports.set(report, { ...report, name: follows.reported ? host.reported : is.reported })
      return {
        ...member,
        called: follows.called ? host.called : is.called,
        report: report && reports.get(report),
        own: {
          uuid: follows.uuid ? host.uuid : is.uuid,
          tscHz: tscHz === undefined ? undefined : BigInt(tscHz),
        },
      } as Member
    })
  }
}

/** Whether a member's values are those of the host's identity. */
type Follows = Readonly<Record<keyof Own, boolean>>
