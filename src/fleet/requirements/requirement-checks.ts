import { FeatureSet } from '../../core/feature-set.ts'
import { matches } from '../../core/signature.ts'
import type { Database } from '../../map/database.ts'
import type { Level } from '../../map/levels.ts'
import { WEIGHT_CLASSES } from '../../map/weights.ts'
import type { CauseFinder } from '../causes/cause-of.ts'
import { oddOnes } from '../causes/odd-ones.ts'
import { signatureKey } from '../causes/peers.ts'
import type { Fleet } from '../fleet.ts'
import type { Group } from '../groups.ts'
import { guestsByPool } from '../guests-by-pool.ts'
import type { FleetHost } from '../host.ts'
import { stuckGuests } from '../places.ts'
import { baselineOf, type FleetPool } from '../pools.ts'
import { weightClass } from '../value.ts'
import type { Requirement } from './requirement.ts'
import type { Demand, RequirementFailure } from './requirement-result.ts'

/** What a check looks at. */
export interface Checked {
  readonly db: Database
  readonly levels: readonly Level[]
  readonly fleet: Fleet
  readonly finder: CauseFinder
  /** Every group of the fleet. */
  readonly groups: readonly Group[]
}

/** A kind of demand: what it is called, which requirements make it, and what breaks it in a pool. */
interface DemandKind {
  readonly demand: Demand
  /** Undefined where the requirement does not make it; else what breaks it, nothing where it is kept. */
  readonly failures: (
    checked: Checked,
    requirement: Requirement,
    pool: FleetPool,
  ) => RequirementFailure[] | undefined
}

/** Every kind of demand, in the order of reports. */
export const DEMANDS: readonly DemandKind[] = [
  {
    demand: 'level',
    failures: (checked, { level }, pool) =>
      level && [
        ...level.unknown.map((name): RequirementFailure => ({ kind: 'unknown-feature', name })),
        ...lacks(checked, pool, level.needs),
      ],
  },
  {
    demand: 'must-have',
    failures: (checked, { mustHave }, pool) => mustHave && lacks(checked, pool, mustHave),
  },
  {
    demand: 'must-not',
    failures: ({ db }, { mustNot }, { groups }) =>
      mustNot && db.features.in(baselineOf(groups).meet(mustNot)).map(feature => ({ kind: 'has', feature })),
  },
  { demand: 'model', failures: (checked, { model }, pool) => model && lacks(checked, pool, model.features) },
  {
    demand: 'vendor',
    failures: (_, { vendor: wanted }, pool) =>
      wanted === undefined
        ? undefined
        : hostsOf(pool).flatMap((host): RequirementFailure[] =>
            host.vendor === wanted ? [] : [{ kind: 'vendor', host, is: host.vendor, wanted }],
          ),
  },
  { demand: 'lost', failures: lostTooMany },
  {
    demand: 'hosts',
    failures: (_, { hosts: least }, pool) => (least === undefined ? undefined : tooFew(pool, least)),
  },
  {
    demand: 'phys-bits',
    failures: (_, { physBits: least }, pool) =>
      least === undefined
        ? undefined
        : hostsOf(pool).flatMap((host): RequirementFailure[] =>
            (host.physBits ?? 0) >= least ? [] : [{ kind: 'phys-bits', host, is: host.physBits, least }],
          ),
  },
  { demand: 'microcode', failures: tooOld },
  {
    demand: 'same-microcode',
    failures: (_, { sameMicrocode }, pool) => (sameMicrocode ? mixedMicrocode(pool) : undefined),
  },
  {
    demand: 'alike',
    failures: ({ db, finder }, { alike }, { groups }) =>
      alike ? oddOnes(db.features, finder, groups).map(odd => ({ kind: 'odd', odd })) : undefined,
  },
  {
    demand: 'not-vulnerable',
    failures: (_, { notVulnerable }, pool) => (notVulnerable ? hostsOf(pool).flatMap(vulnerable) : undefined),
  },
  {
    demand: 'movable',
    failures: ({ db, fleet }, { movable }, pool) =>
      movable
        ? [
            ...tooFew(pool, 2),
            ...stuckGuests(db.features, guestsOf(fleet, pool), pool.groups).map(
              (stuck): RequirementFailure => ({ kind: 'stuck', stuck }),
            ),
          ]
        : undefined,
  },
]

const guestsOf = ({ guests, hosts }: Fleet, { label }: FleetPool) =>
  guestsByPool(guests, hosts).get(label) ?? []

const hostsOf = ({ groups }: FleetPool): FleetHost[] => groups.flatMap(({ hosts }) => hosts)

/** A failure for each wanted feature that the pool's baseline lacks, in map order. */
function lacks({ db, finder }: Checked, { groups }: FleetPool, wanted: FeatureSet): RequirementFailure[] {
  return db.features.in(wanted.minus(baselineOf(groups))).map(feature => ({
    kind: 'lacks',
    feature,
    lacking: groups
      .filter(group => !feature.bits.leq(group.features))
      .map(group => ({ group, finding: finder.of(group)(feature) })),
  }))
}

function lostTooMany(
  { db }: Checked,
  { lost }: Requirement,
  { groups }: FleetPool,
): RequirementFailure[] | undefined {
  if (!lost) return undefined
  const any = groups.reduce((set, { features }) => set.join(features), FeatureSet.empty)
  const gone = db.features.in(any.minus(baselineOf(groups)))
  return WEIGHT_CLASSES.flatMap((of): RequirementFailure[] => {
    const most = lost[of]
    const features = gone.filter(feature => weightClass(feature) === of)
    return most === undefined || features.length <= most ? [] : [{ kind: 'lost', class: of, most, features }]
  })
}

function tooFew(pool: FleetPool, least: number): RequirementFailure[] {
  const hosts = hostsOf(pool).length
  return hosts < least ? [{ kind: 'hosts', hosts, least }] : []
}

/** Each host of a signature of which a revision is demanded. One without signature is not known to be any of them. */
function tooOld(_: Checked, { microcode }: Requirement, pool: FleetPool): RequirementFailure[] | undefined {
  return (
    microcode &&
    hostsOf(pool).flatMap(host => {
      const { signature, microcode: is } = host
      const demanded = microcode.find(({ of }) => signature && matches([of], signature))
      if (!demanded || (is ?? 0) >= demanded.least) return []
      return [{ kind: 'microcode', host, is, least: demanded.least } as const]
    })
  )
}

function mixedMicrocode({ groups }: FleetPool): RequirementFailure[] {
  const bySignature = new Map<string, FleetHost[]>()
  for (const group of groups) {
    const key = signatureKey(group)
    if (key !== undefined) bySignature.set(key, [...(bySignature.get(key) ?? []), ...known(group)])
  }
  return [...bySignature.values()].flatMap((hosts): RequirementFailure[] => {
    const newest = hosts.reduce((most, { microcode = 0 }) => Math.max(most, microcode), 0)
    const older = hosts.filter(({ microcode }) => microcode !== newest)
    return older.length > 0 ? [{ kind: 'older-microcode', hosts: older, newest }] : []
  })
}

const known = ({ hosts }: Group): FleetHost[] => hosts.filter(({ microcode }) => microcode !== undefined)

/** A host of which nothing is known is not known to be safe. */
function vulnerable(host: FleetHost): RequirementFailure[] {
  const { vulnerabilities } = host
  if (!vulnerabilities) return [{ kind: 'vulnerable', host, name: '', status: undefined }]
  return Object.entries(vulnerabilities)
    .filter(([, status]) => /^vulnerable/i.test(status))
    .map(([name, status]) => ({ kind: 'vulnerable', host, name, status }))
}
