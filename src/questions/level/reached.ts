import type { FeatureSet } from '../../core/feature-set.ts'
import { areParted, baselineOf, type FleetPool, vendorsOf } from '../../fleet/groups.ts'
import type { FleetGuest } from '../../fleet/guest.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { greatestMarch } from '../../formats/march.ts'
import { CpuMap } from '../../map/cpu-map.ts'
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

const lineOfHost = (view: FleetView, { name, model, vendor, features, evidence }: FleetHost): LevelLine => ({
  kind: 'host',
  name,
  model: model ?? null,
  ...reached(
    view,
    evidence?.possible ?? features,
    needed => evidence?.unknown(needed),
    vendor ? [vendor] : [],
  ),
})

const lineOfGuest = (view: FleetView, { name, model, features }: FleetGuest): LevelLine => ({
  kind: 'guest',
  name,
  model: model ?? null,
  ...reached(view, features, () => undefined),
})

function lineOfPool(view: FleetView, { label, groups }: FleetPool): LevelLine {
  const kept = view.fleet.kept?.get(label)?.features
  const [common, vendors] = [kept ?? baselineOf(groups), vendorsOf(groups)]
  const mixed = {
    vendors,
    flags: view.db.features.in(common).map(({ name }) => name),
    unsafe: view.cpus.mixed,
  }
  return {
    kind: 'pool',
    name: label,
    model: null,
    ...reached(view, common, () => undefined, vendors),
    ...(areParted(vendors) ? mixed : {}),
  }
}

/**
 * @param unknownOf which of some features nothing is known of; undefined: all are known
 * @param vendors whose CPUs they are; absent: not known
 */
function reached(
  { db, levels, context }: FleetView,
  features: FeatureSet,
  unknownOf: (needed: FeatureSet) => FeatureSet | undefined,
  vendors?: readonly string[],
): Pick<LevelLine, 'arch' | 'level' | 'next' | 'march'> {
  const next = nextLevel(db.features, levels, features)
  const unknown = next && unknownOf(next.level.needs)
  const names = unknown ? db.features.in(unknown).map(({ name }) => name) : []
  const isX86 = db === CpuMap.builtIn().asOf(context.libvirt).of('x86')
  const march = isX86 ? greatestMarch(features, unknownOf, vendors) : undefined
  return {
    arch: context.arch,
    level: levelOf(levels, features)?.name ?? null,
    next: next
      ? {
          level: next.level.name,
          missing: next.missing.filter(({ name }) => !names.includes(name)).map(reasonOf),
          unknown: names,
        }
      : null,
    ...(march && { march: { name: march.name ?? null, almost: march.almost } }),
  }
}
