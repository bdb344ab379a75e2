import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { bytewise } from '../../core/text.ts'
import { groupHosts } from '../groups.ts'
import type { FleetGuest } from '../guest.ts'
import { groupGuestsByPool } from '../guest.ts'
import type { FleetHost } from '../host.ts'
import { findMissing } from '../obstacles.ts'
import { baselineOf, splitIntoPools } from '../pools.ts'
import type { Valuation } from '../value.ts'

/** A guest whose CPU is not what its pool offers: it keeps it until it is powered off and started again. */
interface GuestRestart {
  readonly guest: FleetGuest
  /** The pool of the host it runs on. */
  readonly pool: string
  /** What it would have more, of security and performance, in map order. */
  readonly gains: readonly Feature[]
  /** What it has and some host of its pool is known to lack: it cannot go to every host, and would lose these. */
  readonly beyond: readonly Feature[]
  /** The worth of `gains`. */
  readonly worth: number
}

/**
 * The guests to power off and start anew, in order: first those that cannot go everywhere in their pool,
 * the ones with most beyond it first, since they stand in the way of every drain; then those that gain most;
 * then by name. Virtualization and platform features are the guest's own choice and are no gain here.
 */
export function findGuestRestarts(
  valuation: Valuation,
  hosts: readonly FleetHost[],
  guests: readonly FleetGuest[],
): GuestRestart[] {
  const { table } = valuation
  const wanted = table.setOf(table.list.filter(isGain))
  const members = groupGuestsByPool(guests, hosts)
  return splitIntoPools(groupHosts(hosts))
    .flatMap(({ label, groups }) => {
      const offer = baselineOf(groups)
      return (members.get(label) ?? []).map(guest => {
        const gains = offer.meet(wanted).minus(guest.features)
        const beyond = table.in(
          groups.reduce((all, group) => all.join(findMissing(guest, group).missing), FeatureSet.empty),
        )
        return { guest, pool: label, gains: table.in(gains), beyond, worth: valuation.worth(gains) }
      })
    })
    .filter(({ gains, beyond }) => gains.length + beyond.length > 0)
    .sort(
      (a, b) =>
        b.beyond.length - a.beyond.length || b.worth - a.worth || bytewise(a.guest.name, b.guest.name),
    )
}

const isGain = ({ class: of }: Feature): boolean => of === 'security' || of === 'performance'
