import type { FeatureSet } from '../../core/feature-set.ts'
import { areParted, baselineOf, type FleetPool, vendorsOf } from '../../fleet/groups.ts'
import type { FleetGuest } from '../../fleet/guest.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { findOpen } from '../../fleet/requirements/requirement.ts'
import {
  type EvcMode,
  greatestEvcMode,
  greatestMarch,
  hasModes,
  leastEvcMode,
} from '../../formats/named-levels.ts'
import { levelOf, nextLevel } from '../../map/levels.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/note.ts'
import type { LevelLine } from './answer.ts'

/** What every host, guest and pool of a fleet reaches. */
export const reachedLines = (view: FleetView): LevelLine[] => [
  ...view.fleet.hosts.map(host => lineOfHost(view, host)),
  ...view.fleet.guests.filter(hasCpu).map(guest => lineOfGuest(view, guest)),
  ...view.pools
    .filter(({ groups }) => groups.length > 1 || (groups[0]?.hosts.length ?? 0) > 1)
    .map(pool => lineOfPool(view, pool)),
]

/** Of a guest that takes the CPU of a host that is not known, nothing is known. */
export const hasCpu = ({ features }: FleetGuest): boolean => !features.isEmpty

function lineOfHost(view: FleetView, host: FleetHost): LevelLine {
  const { name, model, vendor, evidence } = host
  const vendors = vendor ? [vendor] : []
  return {
    kind: 'host',
    name,
    model: model ?? null,
    ...reached(view, possibleOf(host), needed => evidence?.unknown(needed), vendors),
    ...evcReached(view, possibleOf(host), vendors),
  }
}

const possibleOf = ({ evidence, features }: Pick<FleetHost, 'evidence' | 'features'>): FeatureSet =>
  evidence?.possible ?? features

const lineOfGuest = (view: FleetView, { name, model, vendor, features }: FleetGuest): LevelLine => {
  const own = vendor ?? view.db.model(model ?? '')?.vendor?.name
  const vendors = own === undefined ? undefined : [own]
  return {
    kind: 'guest',
    name,
    model: model ?? null,
    ...reached(view, features, () => undefined, vendors),
    ...(isX86(view) && own !== undefined ? evcOf(leastEvcMode(features, own)) : {}),
  }
}

function lineOfPool(view: FleetView, { label, groups }: FleetPool): LevelLine {
  const kept = view.fleet.kept?.get(label)?.features
  const [common, vendors] = [kept ?? baselineOf(groups), vendorsOf(groups)]
  // ESXi gives what its hosts have, whatever KVM withholds of it.
  const possible = groups.map(possibleOf).reduce((all, one) => all.meet(one))
  const mixed = {
    vendors,
    flags: view.db.features.in(common).map(({ name }) => name),
    unsafe: view.cpus.mixed,
  }
  return {
    kind: 'pool',
    name: label,
    model: null,
    ...reached(view, common, needed => (kept ? undefined : findOpen(groups, needed)), vendors),
    ...evcReached(view, kept ?? possible, vendors),
    ...(areParted(vendors) ? mixed : {}),
  }
}

/**
 * @param unknownOf which of some features nothing is known of; undefined: all are known
 * @param vendors whose CPUs they are; absent: not known
 */
function reached(
  view: FleetView,
  features: FeatureSet,
  unknownOf: (needed: FeatureSet) => FeatureSet | undefined,
  vendors?: readonly string[],
): Pick<LevelLine, 'arch' | 'level' | 'next' | 'march'> {
  const { db, levels, context } = view
  const next = nextLevel(db.features, levels, features, unknownOf(db.features.all))
  const unknown = next && unknownOf(next.level.needs)
  const names = unknown ? db.features.in(unknown).map(({ name }) => name) : []
  const march = isX86(view) ? greatestMarch(features, unknownOf, vendors) : undefined
  return {
    arch: context.arch,
    level: levelOf(levels, features)?.name ?? null,
    next: next
      ? {
          level: next.level.name,
          missing: next.missing.filter(({ name }) => !names.includes(name)).map(reasonOf),
          notKnown: names,
        }
      : null,
    ...(march && { march: { name: march.name ?? null, almost: march.almost } }),
  }
}

const isX86 = ({ db, context }: FleetView): boolean => hasModes(db, context.libvirt)

/** What hosts of one vendor reach. */
function evcReached(
  view: FleetView,
  features: FeatureSet,
  [vendor, ...others]: readonly string[] = [],
): Pick<LevelLine, 'evc'> {
  return isX86(view) && vendor && others.length === 0 ? evcOf(greatestEvcMode(features, vendor)) : {}
}

const evcOf = (mode: EvcMode | undefined): Pick<LevelLine, 'evc'> => (mode ? { evc: mode.key } : {})
