import type { Member } from '../questions/input/fleet/members.ts'
import type { Identity } from './schema.ts'

/** Where a value of an identity stands in a member. */
type Own = { readonly [Key in (typeof IDENTITY_KEYS)[number]]?: string | undefined }

/** The parts of an identity. */
export const IDENTITY_KEYS = ['called', 'uuid', 'reported', 'tscHz'] as const satisfies (keyof Identity)[]

/** What a member says of who its host is. */
export const ownOf = ({ called, report, facts }: Member): Own => ({
  called,
  uuid: facts.uuid,
  reported: report?.name,
  tscHz: 'tscHz' in facts ? facts.tscHz?.toString() : undefined,
})

/** Who the host of these members is. */
export function findIdentity(members: readonly Member[]): Identity {
  const all = members.map(ownOf)
  const found = IDENTITY_KEYS.map(key => [key, all.find(own => own[key] !== undefined)?.[key]] as const)
  return Object.fromEntries(found.filter(([, value]) => value !== undefined))
}

/** The members of a profile's text as those of another host of the profile. */
export function membersFor(own: readonly Member[], from: Identity, to: Identity): readonly Member[] {
  const reports = new Map<unknown, { readonly name?: string | undefined }>()
  return own.map(member => {
    const mine = ownOf(member)
    const as = (key: keyof Own) => (mine[key] === from[key] ? to[key] : mine[key])
    const { report } = member
    if (report && !reports.has(report)) reports.set(report, { ...report, name: as('reported') })
    const tscHz = as('tscHz')
    const about = {
      ...member.facts,
      uuid: as('uuid'),
      tscHz: tscHz === undefined ? undefined : BigInt(tscHz),
    }
    return {
      ...member,
      called: as('called'),
      report: report && reports.get(report),
      facts: about,
    } as Member
  })
}
