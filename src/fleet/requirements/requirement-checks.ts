import type { FleetCpus } from '../../arch/driver.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { matches } from '../../core/model.ts'
import { globs } from '../../core/text.ts'
import type { Database } from '../../map/database.ts'
import type { Level } from '../../map/levels.ts'
import { WEIGHT_CLASSES } from '../../map/weights.ts'
import type { CauseFinder } from '../causes/cause-of.ts'
import { signatureKey } from '../causes/cpu-facts.ts'
import { withoutVoid } from '../causes/finding.ts'
import { findOutliers } from '../causes/lost.ts'
import type { Fleet, KeptCpu } from '../fleet.ts'
import { baselineOf, type FleetPool, type Group, splitIntoPools } from '../groups.ts'
import { evidenceOfGuest, type FleetGuest, followsHost, groupGuestsByPool, guestsByPoolOf } from '../guest.ts'
import type { FleetHost } from '../host.ts'
import { findUnsafe } from '../interest.ts'
import { findHazards, isOpen } from '../obstacles.ts'
import { findCommonOffer } from '../offered.ts'
import { findStuckGuests, type StuckGuest } from '../places.ts'
import { weightClassOf } from '../value.ts'
import type {
  NamedSystem,
  Requirement,
  RequirementFailure,
  RequirementKind,
  UnknownNeed,
} from './requirement.ts'

/** Whether a pool meets one rule of a requirement. */
export interface RequirementResult {
  /** The requirement's name. */
  readonly requirement: string
  readonly kind: RequirementKind
  /** The pool's label. */
  readonly pool: string
  /** Why it does not; empty: nothing speaks against it. */
  readonly failures: readonly RequirementFailure[]
  /** What it needs besides and nothing is known of on some hosts. */
  readonly unknown: readonly UnknownNeed[]
}

/**
 * Every rule of every requirement of each pool that it is for, in that order: requirements as they are given,
 * pools bytewise. A requirement whose labels fit no pool is a failure of its own: policy that covers nothing.
 */
export function checkFleet(checked: FleetCheckInput): RequirementResult[] {
  const pools = splitIntoPools(checked.groups)
  const required = checked.fleet.requirements.flatMap(requirement => {
    const meant = pools.filter(({ label }) => appliesTo(requirement, label))
    if (meant.length === 0) return [reportNoPool(requirement)]
    const ofPools = meant.flatMap(pool => checkPool(checked, requirement, pool))
    return requirement.pools === undefined ? [...ofPools, ...checkPoolless(checked, requirement)] : ofPools
  })
  return [...required, ...pools.flatMap(pool => checkKept(checked, pool))]
}

/** Whether a pool's hosts still give its kept CPU, which nobody has to require. */
function checkKept(checked: FleetCheckInput, pool: FleetPool): RequirementResult[] {
  const kept = keptOf(checked, pool)
  if (!kept) return []
  const found = findMissing(checked, pool, kept.features)
  return [resultOf({ requirement: 'kept CPU', kind: 'kept-cpu', pool: pool.label }, found)]
}

const keptOf = ({ fleet }: FleetCheckInput, { label }: FleetPool): KeptCpu | undefined =>
  fleet.kept?.get(label)

const resultOf = (
  about: Pick<RequirementResult, 'requirement' | 'kind' | 'pool'>,
  found: readonly (RequirementFailure | UnknownNeed)[],
): RequirementResult => ({
  ...about,
  failures: found.filter(one => one.kind !== 'unknown'),
  unknown: found.filter(one => one.kind === 'unknown'),
})

/** What every guest must have, of those of which nobody says in which pool they are. */
function checkPoolless(checked: FleetCheckInput, requirement: Requirement): RequirementResult[] {
  const { guests, hosts } = checked.fleet
  const placed = new Set([...groupGuestsByPool(guests, hosts).values()].flat())
  const apart = guests.filter(guest => !placed.has(guest)).map(guest => ({ ...guest, pool: '' }))
  if (apart.length === 0) return []
  const alone = { ...checked, fleet: { ...checked.fleet, guests: apart, hosts: [] }, groups: [] }
  const { name, level, mustHave, os } = requirement
  return checkPool(alone, { name, level, mustHave, os }, { label: '', groups: [] })
}

const appliesTo = ({ pools }: Requirement, label: string): boolean =>
  pools === undefined || pools.some(pattern => globs(pattern, label))

const checkPool = (
  checked: FleetCheckInput,
  requirement: Requirement,
  pool: FleetPool,
): RequirementResult[] =>
  REQUIREMENT_CHECKS.flatMap(({ kind, findFailures }) => {
    const found = findFailures(checked, requirement, pool)
    return found ? [resultOf({ requirement: requirement.name, kind, pool: pool.label }, found)] : []
  })

const reportNoPool = ({ name, pools = [] }: Requirement): RequirementResult => ({
  requirement: name,
  kind: 'pools',
  pool: pools.join(' '),
  failures: [{ kind: 'no-pool', labels: pools }],
  unknown: [],
})

/** What a check looks at. */
interface FleetCheckInput {
  readonly db: Database
  readonly cpus: FleetCpus
  readonly levels: readonly Level[]
  readonly fleet: Fleet
  readonly finder: CauseFinder
  /** Every group of the fleet. */
  readonly groups: readonly Group[]
  /** The time by which it is judged, in milliseconds since 1970; absent: nobody's report is known to be late. */
  readonly now?: number | undefined
  /** All that a system needs. @throws what its `fault` makes where that is not known */
  readonly needsOf: (system: NamedSystem) => FeatureSet
}

/** A kind of rule: its name, and what breaks it in a pool. */
interface RequirementCheck {
  readonly kind: RequirementKind
  /** Undefined where the requirement does not make it; else what breaks it, nothing where it is kept. */
  readonly findFailures: (
    checked: FleetCheckInput,
    requirement: Requirement,
    pool: FleetPool,
  ) => (RequirementFailure | UnknownNeed)[] | undefined
}

/** Every kind of rule, in the order of reports. */
const REQUIREMENT_CHECKS: readonly RequirementCheck[] = [
  {
    kind: 'level',
    findFailures: (checked, { level }, pool) =>
      level && [
        ...level.unknown.map((name): RequirementFailure => ({ kind: 'unknown-feature', name })),
        ...findMissing(checked, pool, level.needs),
        ...findKeptWithout(checked, pool, level.needs),
        ...findGuestsWithout(checked, pool, level.needs),
      ],
  },
  {
    kind: 'os',
    findFailures: (checked, { os }, pool) =>
      os && os.length > 0
        ? os
            .map(checked.needsOf)
            .flatMap(needs => [
              ...findMissing(checked, pool, needs),
              ...findGuestsWithout(checked, pool, needs),
            ])
        : undefined,
  },
  {
    kind: 'must-have',
    findFailures: (checked, { mustHave }, pool) =>
      mustHave && [
        ...findMissing(checked, pool, mustHave),
        ...findKeptWithout(checked, pool, mustHave),
        ...findGuestsWithout(checked, pool, mustHave),
      ],
  },
  {
    kind: 'must-not',
    findFailures: (checked, { mustNot }, pool) =>
      mustNot &&
      checked.db.features
        .in((keptOf(checked, pool)?.features ?? baselineOf(pool.groups)).meet(mustNot))
        .map(feature => ({ kind: 'has', feature })),
  },
  {
    kind: 'model',
    findFailures: (checked, { model }, pool) =>
      model && findMissing(checked, pool, withoutVoid(checked.cpus, model.features)),
  },
  {
    kind: 'vendor',
    findFailures: (_, { vendor: wanted }, pool) =>
      wanted === undefined
        ? undefined
        : hostsOf(pool).flatMap((host): RequirementFailure[] =>
            host.vendor === wanted ? [] : [{ kind: 'vendor', host, is: host.vendor, wanted }],
          ),
  },
  { kind: 'lost', findFailures: checkLost },
  {
    kind: 'hosts',
    findFailures: (_, { hosts: least }, pool) =>
      least === undefined ? undefined : checkHostCount(pool, least),
  },
  {
    kind: 'phys-bits',
    findFailures: (_, { physBits: least }, pool) =>
      least === undefined
        ? undefined
        : hostsOf(pool).flatMap((host): RequirementFailure[] =>
            (host.physBits ?? 0) >= least ? [] : [{ kind: 'phys-bits', host, is: host.physBits, least }],
          ),
  },
  { kind: 'microcode', findFailures: checkMicrocode },
  {
    kind: 'same-microcode',
    findFailures: (_, { sameMicrocode }, pool) => (sameMicrocode ? checkSameMicrocode(pool) : undefined),
  },
  {
    kind: 'alike',
    findFailures: ({ db, finder }, { alike }, { groups }) =>
      alike ? findOutliers(db.features, finder, groups).map(odd => ({ kind: 'odd', odd })) : undefined,
  },
  {
    kind: 'not-vulnerable',
    findFailures: (_, { notVulnerable }, pool) =>
      notVulnerable ? hostsOf(pool).flatMap(checkVulnerabilities) : undefined,
  },
  {
    kind: 'reported-within',
    findFailures: ({ now = 0 }, { reportedWithin: within }, pool) =>
      within === undefined
        ? undefined
        : hostsOf(pool).flatMap((host): RequirementFailure[] => {
            const { reported } = host
            const isLate = reported === undefined || now - Date.parse(reported) > within * 1000
            return isLate ? [{ kind: 'silent', host, within }] : []
          }),
  },
  {
    kind: 'movable',
    findFailures: ({ db, fleet }, { movable }, pool) =>
      movable
        ? [
            ...checkHostCount(pool, 2),
            ...findStuckGuests(db.features, guestsOf(fleet, pool), pool.groups).flatMap(stuckOrUnknown),
          ]
        : undefined,
  },
  {
    kind: 'safe',
    findFailures: (checked, { safe }, pool) => (safe ? checkOrders(checked, pool) : undefined),
  },
]

/** By the features' orders: of the hosts, with the CPU that guests would be given, and of each guest as it runs. */
function checkOrders(checked: FleetCheckInput, pool: FleetPool): RequirementFailure[] {
  const { db, cpus, fleet } = checked
  const { groups } = pool
  const { features: table } = db
  const given = keptOf(checked, pool)?.features ?? findCommonOffer(cpus, groups).given
  const unsafe = findUnsafe(table, groups, given)
  const blind = guestsOf(fleet, pool).flatMap((guest): RequirementFailure[] => {
    const home = groups.find(({ hosts }) => hosts.some(({ name }) => name === guest.host))
    const unseen = groups.map(group =>
      followsHost(guest) ? FeatureSet.empty : findHazards(table, guest, group, home),
    )
    const features = table.in(unseen.reduce((all, some) => all.join(some), FeatureSet.empty))
    return features.length > 0 ? [{ kind: 'guest-blind', guest, features }] : []
  })
  return [...unsafe.map(one => ({ kind: 'unsafe', ...one }) as const), ...blind]
}

/** What the CPU that the pool's guests keep has not; of a pool without one nothing. */
function findKeptWithout(
  checked: FleetCheckInput,
  pool: FleetPool,
  wanted: FeatureSet,
): RequirementFailure[] {
  const kept = keptOf(checked, pool)
  const features = kept ? checked.db.features.in(wanted.minus(kept.features)) : []
  return features.length > 0 ? [{ kind: 'kept-lacks', features }] : []
}

/** A guest is stuck if every other host is known not to take it; else nothing is known of what one has that it needs. */
function stuckOrUnknown(stuck: StuckGuest): (RequirementFailure | UnknownNeed)[] {
  const open = stuck.why.find(({ obstacles }) => obstacles.every(isOpen))
  if (!open) return [{ kind: 'stuck', stuck }]
  return open.obstacles.flatMap(one =>
    one.kind === 'unknown' ? { kind: 'unknown', feature: one.feature, groups: [open.group] } : [],
  )
}

/**
 * The pool's guests that are known not to have what is wanted, and what nothing is known of. One that takes its host's CPU
 * lacks only what its definition turns off.
 */
function findGuestsWithout(
  { db, fleet }: FleetCheckInput,
  pool: FleetPool,
  wanted: FeatureSet,
): (RequirementFailure | UnknownNeed)[] {
  const unsure = new Map<Feature, FleetGuest[]>()
  const lacking = guestsOf(fleet, pool).flatMap((guest): RequirementFailure[] => {
    const evidence = evidenceOfGuest(db.features, guest)
    const missing = evidence.missing(wanted)
    if (!missing.isEmpty) return [{ kind: 'guest-lacks', guest, features: db.features.in(missing) }]
    const unknown = followsHost(guest) ? FeatureSet.empty : evidence.unknown(wanted)
    for (const feature of db.features.in(unknown))
      unsure.set(feature, [...(unsure.get(feature) ?? []), guest])
    return []
  })
  const open = [...unsure].map(
    ([feature, guests]) => ({ kind: 'unknown', feature, groups: [], guests }) as const,
  )
  return [...lacking, ...open]
}

const guestsOf = (fleet: Fleet, { label }: FleetPool) => guestsByPoolOf(fleet).get(label) ?? []

const hostsOf = ({ groups }: FleetPool): FleetHost[] => groups.flatMap(({ hosts }) => hosts)

/**
 * For each wanted feature, in map order, the groups that are known not to give it, even where it is asked for; else those
 * of which that is not known.
 */
function findMissing(
  { db, finder }: FleetCheckInput,
  { groups }: FleetPool,
  wanted: FeatureSet,
): (RequirementFailure | UnknownNeed)[] {
  return db.features
    .in(wanted.minus(baselineOf(groups)))
    .flatMap((feature): (RequirementFailure | UnknownNeed)[] => {
      const without = groups.filter(group => !canGive(group, feature))
      const lacking = without.filter(group => isKnownToLack(group, feature))
      if (lacking.length > 0) {
        const why = lacking.map(group => ({ group, finding: finder.forGroup(group)(feature) }))
        return [{ kind: 'lacks', feature, lacking: why }]
      }
      return without.length > 0 ? [{ kind: 'unknown', feature, groups: without }] : []
    })
}

const canGive = ({ evidence, features }: Group, { bits }: Feature): boolean =>
  bits.leq(evidence?.possible ?? features)

/** What no document says is no knowledge; of what the CPU has, a hypervisor that was asked lists all that it gives. */
const isKnownToLack = ({ evidence, hardwareFeatures }: Group, { bits }: Feature): boolean =>
  !evidence || evidence.absent.meets(bits) || (hardwareFeatures !== undefined && bits.leq(hardwareFeatures))

function checkLost(
  checked: FleetCheckInput,
  { lost }: Requirement,
  pool: FleetPool,
): RequirementFailure[] | undefined {
  if (!lost) return undefined
  const { db, cpus } = checked
  const { groups } = pool
  const any = groups.reduce((set, { offered }) => set.join(offered), FeatureSet.empty)
  const given = keptOf(checked, pool)?.features ?? findCommonOffer(cpus, groups).open
  const gone = db.features.in(any.minus(given))
  return WEIGHT_CLASSES.flatMap((of): RequirementFailure[] => {
    const most = lost[of]
    const features = gone.filter(feature => weightClassOf(feature) === of)
    return most === undefined || features.length <= most ? [] : [{ kind: 'lost', class: of, most, features }]
  })
}

function checkHostCount(pool: FleetPool, least: number): RequirementFailure[] {
  const hosts = hostsOf(pool).length
  return hosts < least ? [{ kind: 'hosts', hosts, least }] : []
}

/** Each host of a signature for which a revision is required. One without signature is not known to be any of them. */
function checkMicrocode(
  _: FleetCheckInput,
  { microcode }: Requirement,
  pool: FleetPool,
): RequirementFailure[] | undefined {
  return (
    microcode &&
    hostsOf(pool).flatMap(host => {
      const { signature, microcode: is } = host
      const needed = microcode.find(({ of }) => signature && matches([of], signature))
      if (!needed || (is ?? 0) >= needed.least) return []
      return [{ kind: 'microcode', host, is, least: needed.least } as const]
    })
  )
}

function checkSameMicrocode({ groups }: FleetPool): RequirementFailure[] {
  const bySignature = new Map<string, FleetHost[]>()
  for (const group of groups) {
    const key = signatureKey(group)
    if (key !== undefined)
      bySignature.set(key, [...(bySignature.get(key) ?? []), ...hostsWithMicrocode(group)])
  }
  return [...bySignature.values()].flatMap((hosts): RequirementFailure[] => {
    const newest = hosts.reduce((most, { microcode = 0 }) => Math.max(most, microcode), 0)
    const older = hosts.filter(({ microcode }) => microcode !== newest)
    return older.length > 0 ? [{ kind: 'older-microcode', hosts: older, newest }] : []
  })
}

const hostsWithMicrocode = ({ hosts }: Group): FleetHost[] =>
  hosts.filter(({ microcode }) => microcode !== undefined)

/** Whether a status leaves something open, also behind `Mitigation`: `…; BHI: Vulnerable`. What threads of a core share is no part of it. */
const isOpenStatus = (status: string): boolean =>
  status.split(/; |, (?=SMT )/).some(part => /\bvulnerable\b/i.test(part) && !part.startsWith('SMT '))

/** A host of which nothing is known is not known to be safe. */
function checkVulnerabilities(host: FleetHost): RequirementFailure[] {
  const { vulnerabilities } = host
  if (!vulnerabilities) return [{ kind: 'vulnerable', host, name: '', status: undefined }]
  return Object.entries(vulnerabilities)
    .filter(([, status]) => isOpenStatus(status))
    .map(([name, status]) => ({ kind: 'vulnerable', host, name, status }))
}
