import { allOf, type Verdict } from '../core/evidence.ts'
import type { Feature } from '../core/feature.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import type { Group } from './groups.ts'

/**
 * What it means to a guest that relies on a feature to land where it is missing: `needed`: it fails where it uses it;
 * `hint`: it runs on, if slower; `promise`: a mitigation of the guest rests on it. libvirt refuses all three.
 */
export type Reliance = 'needed' | 'hint' | 'promise'

/** What VERW does for guests that must clear buffers, each with what says that a CPU has nothing to clear. */
const CHORES: Readonly<Record<string, readonly string[]>> = {
  'md-clear': ['mds-no'],
  'fb-clear': ['sbdr-ssdp-no', 'fbsdp-no', 'psdp-no'],
  'rfds-clear': ['rfds-no'],
  'verw-clear': ['tsa-l1-no', 'tsa-sq-no'],
}

/** Manuals end the names of such bits in `_NO`. A guest that sees one leaves a mitigation off. */
const PROMISE = /-no$|^amd-no-ssb$/

/** @param has whether the host where it is missing has another feature */
export function relianceOn(
  { name, order }: Pick<Feature, 'name' | 'order'>,
  has: (name: string) => boolean = () => false,
): Reliance {
  const free = CHORES[name]
  if (free) return free.every(has) ? 'hint' : 'promise'
  // A guest that guards against a hazard that is not there, or was told what the OS owns, runs on.
  if (order === '~' || order === '|' || order === '.') return 'hint'
  return PROMISE.test(name) ? 'promise' : 'needed'
}

/** What a move comes to, side by side. */
export interface MoveVerdicts {
  /** Whether libvirt and QEMU let the guest go. */
  readonly allowed: Verdict
  /** Whether it runs on safely there, whatever they say. */
  readonly safe: Verdict
}

/** Of an obstacle, or its answer, what the verdicts depend on. */
interface Weighed {
  readonly kind: string
  readonly reliance?: Reliance
  readonly differs?: boolean
  readonly hostHas?: unknown
  readonly what?: string
  readonly message?: string | null | undefined
}

/** @param hazards how many things the guest must see there, and does not */
export function weighObstacles(obstacles: readonly Weighed[], hazards: number): MoveVerdicts {
  const all = obstacles.map(weigh)
  return {
    allowed: allOf(all.map(({ allowed }) => allowed)),
    safe: allOf([...all.map(({ safe }) => safe), hazards > 0 ? 'no' : 'yes']),
  }
}

function weigh({ kind, reliance, differs, hostHas: host, what, message }: Weighed): MoveVerdicts {
  switch (kind) {
    case 'feature':
      return { allowed: 'no', safe: reliance === 'hint' ? 'yes' : 'no' }
    case 'unknown':
    case 'guest-model':
    case 'emulator':
      return { allowed: 'unknown', safe: 'unknown' }
    case 'refused':
      return message ? { allowed: 'no', safe: 'yes' } : { allowed: 'unknown', safe: 'unknown' }
    case 'phys-bits':
      return { allowed: 'yes', safe: 'no' }
    case 'passed':
      return { allowed: what === 'host' ? 'unknown' : 'yes', safe: differs ? 'no' : 'unknown' }
    case 'vendor':
    case 'core':
    case 'tsc': {
      const verdict = host === undefined || host === null ? 'unknown' : 'no'
      return { allowed: verdict, safe: verdict }
    }
    // The hypervisor, or the definition's own rule, is in the way, not what the CPU has.
    case 'model':
    case 'machine':
    case 'devices':
    case 'labels':
    case 'excess':
    case 'unlisted':
      return { allowed: 'no', safe: 'yes' }
    default:
      return { allowed: 'no', safe: 'no' }
  }
}

/** A feature by whose order the hosts of a pool are not safe for its guests. */
export interface UnsafeOrder {
  readonly feature: Feature
  /** `hazard`: guests must see it, as some host has it, and do not; `disagree`: all hosts must be alike in it. */
  readonly why: 'hazard' | 'disagree'
  readonly having: readonly Group[]
  /** Those that are known to lack it. */
  readonly lacking: readonly Group[]
}

/** What is not safe about hosts that share guests, in map order. @param guest what the guests' CPU has */
export function findUnsafe(table: FeatureTable, groups: readonly Group[], guest: FeatureSet): UnsafeOrder[] {
  const all = (of: (group: Group) => FeatureSet) =>
    groups.reduce((set, group) => set.join(of(group)), FeatureSet.empty)
  const given = all(({ offered }) => offered)
  const unseen = given.meet(table.withOrder('|')).minus(guest)
  const lackOf = ({ evidence, features }: Group) => evidence?.absent ?? table.all.minus(features)
  const disagreeing = given.meet(all(lackOf)).meet(table.withOrder('='))
  return table.in(unseen.join(disagreeing)).map(feature => ({
    feature,
    why: feature.bits.leq(disagreeing) ? 'disagree' : 'hazard',
    having: groups.filter(({ offered }) => feature.bits.leq(offered)),
    lacking: groups.filter(group => lackOf(group).meets(feature.bits)),
  }))
}
