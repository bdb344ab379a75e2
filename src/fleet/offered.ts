import type { FleetCpus } from '../arch/driver.ts'
import { NEVER_OFFERED } from '../arch/operations.ts'
import type { Feature } from '../core/feature.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { oncePer } from '../core/memo.ts'
import { blocksMigration } from '../formats/qemu/names.ts'
import type { Database } from '../map/database.ts'
import { detailsIn, withoutVoid } from './causes/finding.ts'
import { baselineOf, type Group } from './groups.ts'

/** What guests of some hosts can be given, as far as it is known. */
export interface CommonOffer {
  /** What every host is known, or assumed, to give unasked; details of what is not given are left out. */
  readonly given: FeatureSet
  /** With what every host is recorded to give those that ask. */
  readonly able: FeatureSet
  /** With what is not known of some host, and no host is known to lack. */
  readonly open: FeatureSet
  /** Details of what some host does not give even those that ask: they mean nothing there, and libvirt may compare them. */
  readonly idle: FeatureSet
}

/**
 * Kleene's meet of what the groups give: one that is known to lack a feature decides, else one of which it is unknown.
 * @param asked what guests ask for, and are given where every host may give it
 */
export function findCommonOffer(
  cpus: FleetCpus,
  groups: readonly Group[],
  asked = FeatureSet.empty,
): CommonOffer {
  const table = cpus.db.features
  const [details, none] = [detailsIn(cpus), FeatureSet.empty]
  let [able, open, idle] = [table.all, table.all, none]
  for (const group of groups) {
    const { evidence, offered, features } = group
    const recorded = offered.join(evidence?.present.minus(findUnmovable(cpus.db)) ?? none)
    able = able.meet(recorded)
    const unread = evidence ? evidence.unknown(details) : none
    open = open.meet(recorded.join(findUnknown(group, table.all)).join(unread))
    if (!evidence) continue
    // Of a hypervisor that was recorded that is all it does not list.
    const closed = evidence.present.isEmpty ? evidence.absent.join(features) : table.all
    const rest = withoutVoid(cpus, table.all.minus(closed.minus(evidence.possible)))
    idle = idle.join(details.minus(rest))
  }
  const more = asked.isEmpty ? none : asked.meet(possibleOn(table, groups))
  return {
    given: withoutHalves(cpus.db, withoutVoid(cpus, baselineOf(groups).join(more))),
    able: able.join(more),
    open: open.join(more),
    idle,
  }
}

/** Without what stands on features that are not there, of which a hypervisor hides a half: F16C without AVX. */
export function withoutHalves(db: Database, features: FeatureSet): FeatureSet {
  // Models of libvirt's are full of controls of VMX without those that they stand on.
  const names = db.features.in(features).flatMap(({ name, class: of }) => (of === 'nested' ? [] : name))
  const unmet = [...db.dependencies.unmet(new Set(names)).values()].flat()
  return unmet.length > 0 ? features.minus(db.features.setOfNames(unmet)) : features
}

/** Features, each with all that cannot be used without it and QEMU leaves there when it goes: details it does not. */
const standingIn = oncePer((cpus: FleetCpus) => {
  const { features: table, dependencies } = cpus.db
  const spared = findNested(table).join(detailsIn(cpus))
  return table.list
    .filter(({ class: of, name }) => of !== 'nested' && dependencies.neededBy(name).length > 0)
    .map(({ bits, name }) => ({ bits, rest: table.setOfNames(dependencies.standingOn(name)).minus(spared) }))
})

/** What some of these features cannot be used without, and is not among them. */
export const basesMissingFrom = (cpus: FleetCpus, features: FeatureSet): FeatureSet =>
  standingIn(cpus).reduce(
    (all, { bits, rest }) => (bits.leq(features) || rest.meet(features).isEmpty ? all : all.join(bits)),
    FeatureSet.empty,
  )

/** Of these features, those that a definition must turn off with what is off: F16C with AVX. */
export const halvesWithout = (cpus: FleetCpus, off: FeatureSet, features: FeatureSet): FeatureSet =>
  off.isEmpty
    ? off
    : standingIn(cpus).reduce(
        (all, { bits, rest }) => (bits.leq(off) ? all.join(rest.meet(features)) : all),
        FeatureSet.empty,
      )

/** Of these features: those of which it is not known whether the group's hosts give them. */
export function findUnknown(group: Group, features: FeatureSet): FeatureSet {
  const { evidence, offered, withheld, unsure, hardwareFeatures = FeatureSet.empty } = group
  if (!evidence) return FeatureSet.empty
  // What the CPU has and its hypervisor does not list is not given unasked.
  const unlisted = group.features.join(hardwareFeatures).minus(unsure)
  return features.minus(evidence.absent).minus(offered).minus(withheld).minus(unlisted)
}

/** What each group may give of what any of them is known to give: nobody knows that it lacks it. */
export function findPossible(groups: readonly Group[]): FeatureSet[] {
  const given = groups.reduce((set, { offered }) => set.join(offered), FeatureSet.empty)
  return groups.map(group => group.offered.join(findUnknown(group, given)))
}

/** What every host can give guests that ask for it, and gives none unasked; details of nesting are not named. */
export function findOnRequest(table: FeatureTable, groups: readonly Group[]): FeatureSet {
  return possibleOn(table, groups).minus(baselineOf(groups)).minus(findNested(table))
}

const findNested: (table: FeatureTable) => FeatureSet = oncePer((table: FeatureTable) =>
  table.setOf(table.list.filter(({ class: of }) => of === 'nested')),
)

const possibleOn = (table: FeatureTable, groups: readonly Group[]): FeatureSet =>
  groups.reduce(
    (common, { evidence, features, unsure }) => common.meet((evidence?.possible ?? features).minus(unsure)),
    table.all,
  )

/** What keeps a guest from moving if it has it, and what no hypervisor gives. */
export const findUnmovable: (db: Database) => FeatureSet = oncePer(({ features }) =>
  features.setOf(features.list.filter(isUnmovable)),
)

const isUnmovable = (feature: Feature): boolean => blocksMigration(feature) || NEVER_OFFERED.has(feature.name)
