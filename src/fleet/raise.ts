import type { Feature } from '../core/feature.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import { NEVER_OFFERED } from '../policy/qemu-names.ts'
import { bytewise } from './bytewise.ts'
import { groupHosts } from './groups.ts'
import type { FleetGuest } from './guest.ts'
import { Homes } from './homes.ts'
import type { FleetHost } from './host.ts'
import { baselineOf, poolsOf } from './pools.ts'
import type { Valuation } from './value.ts'

/** A guest whose CPU is not what its pool offers: it keeps it until it is powered off and started again. */
export interface Raise {
  readonly guest: FleetGuest
  /** The pool of the host it runs on. */
  readonly pool: string
  /** What it would have more, of security and performance, in map order. */
  readonly gains: readonly Feature[]
  /** What it has beyond its pool: it cannot go to every host, and would lose these. */
  readonly beyond: readonly Feature[]
  /** The worth of `gains`. */
  readonly worth: number
}

/**
 * The guests to power off and start anew, in order: first those that cannot go everywhere in their pool,
 * the ones with most beyond it first, since they stand in the way of every drain; then those that gain most;
 * then by name. Virtualization and platform features are the guest's own choice and are no gain here.
 */
export function raises(
  valuation: Valuation,
  hosts: readonly FleetHost[],
  guests: readonly FleetGuest[],
): Raise[] {
  const { table } = valuation
  const homes = new Homes(hosts)
  const offers = new Map(poolsOf(groupHosts(hosts)).map(({ label, groups }) => [label, baselineOf(groups)]))
  const wanted = table.setOf(table.list.filter(isGain))
  return guests
    .flatMap((guest): Raise[] => {
      const home = homes.of(guest)
      const offer = home && offers.get(home.pool ?? '')
      if (!home || !offer) return []
      const gains: FeatureSet = offer.meet(wanted).minus(guest.features)
      const beyond = guest.features.minus(offer)
      if (gains.isEmpty && beyond.isEmpty) return []
      return [
        {
          guest,
          pool: home.pool ?? '',
          gains: table.in(gains),
          beyond: table.in(beyond),
          worth: valuation.worth(gains),
        },
      ]
    })
    .sort(
      (a, b) =>
        b.beyond.length - a.beyond.length || b.worth - a.worth || bytewise(a.guest.name, b.guest.name),
    )
}

const isGain = ({ name, class: of, migratable }: Feature): boolean =>
  (of === 'security' || of === 'performance') && migratable && !NEVER_OFFERED.has(name)
