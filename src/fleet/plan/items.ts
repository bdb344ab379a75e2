import { FeatureSet, Interner } from '../../core/feature-set.ts'
import { bytewise, groupBy } from '../../core/text.ts'
import { baselineOf, countHosts, type Group, identityOf, narrowGroup } from '../groups.ts'
import { findUnknown } from '../offered.ts'
import { sumWeights, type Valuation } from '../value.ts'

/**
 * Hosts that stay together in every partition considered: those that one pin holds together, or those of one
 * vendor that are equal in all that is worth anything (`docs/fleet-theory.md` says why no value is lost).
 */
export interface Item {
  /** Bytewise by name; never empty. */
  readonly groups: readonly Group[]
  /** The bits of `groups` that are worth anything, met. */
  readonly worthy: FeatureSet
  readonly hosts: number
  readonly weight: number
  /** Or the core, where guests see it. Empty: they name none, or pools may be of several. */
  readonly vendor: string
  /** The pool they are pinned to. */
  readonly pin: string | undefined
}

/** Hosts that may be in no pool, what they are known to lack, and what of them is not known. */
export interface LeftOut {
  readonly group: Group
  readonly lacks: FeatureSet
  readonly unknown: FeatureSet
}

interface ItemList {
  /** Bytewise by the name of the first host. */
  readonly items: readonly Item[]
  readonly leftOut: readonly LeftOut[]
}

/** The items that the groups make under the constraints. */
export function makeItems(
  valuation: Valuation,
  groups: readonly Group[],
  constraints: Constraints,
): ItemList {
  const { mustHave = FeatureSet.empty, vendors, pins = new Map<string, string>() } = constraints
  const worthy = findWorthyBits(valuation)
  const sets = new Interner()
  const drafts = new Map<string, Group[]>()
  const leftOut: LeftOut[] = []
  for (const group of groups) {
    // What is given on request counts: that the pool must have it is the request.
    const missing = mustHave.minus(group.evidence?.possible ?? group.features)
    if (!missing.isEmpty) {
      const unknown = findUnknown(group, missing)
      leftOut.push({ group, lacks: missing.minus(unknown), unknown })
      continue
    }
    const vendor = vendors === 'together' ? '' : identityOf(group)
    const { key } = sets.intern(group.offered.meet(worthy))
    for (const [pin, part] of splitByPin(group, pins)) {
      const whole = JSON.stringify([vendor, pin ?? key, pin !== undefined])
      const draft = drafts.get(whole)
      if (draft) draft.push(part)
      else drafts.set(whole, [part])
    }
  }
  const items = Array.from(drafts.values(), parts => makeItem(parts, worthy, constraints))
  return { items: items.sort((a, b) => bytewise(nameOf(a), nameOf(b))), leftOut }
}

/** The name by which a item is ordered: its bytewise least host's. */
export const nameOf = ({ groups }: Item): string => groups[0]?.name ?? ''

function makeItem(parts: Group[], worthy: FeatureSet, { vendors, pins }: Constraints): Item {
  const groups = parts.sort((a, b) => bytewise(a.name, b.name))
  return {
    groups,
    worthy: baselineOf(groups).meet(worthy),
    hosts: countHosts(groups),
    weight: sumWeights(groups),
    vendor: vendors === 'together' || !groups[0] ? '' : identityOf(groups[0]),
    pin: pins?.get(groups[0]?.name ?? ''),
  }
}

function findWorthyBits({ table, masks }: Valuation): FeatureSet {
  return masks.reduce((set, { words }) => set.join(FeatureSet.of(words)), FeatureSet.over(table.blank()))
}

/** The group's hosts by the pool they are pinned to. */
function splitByPin(
  group: Group,
  pins: ReadonlyMap<string, string>,
): [pin: string | undefined, part: Group][] {
  if (pins.size === 0) return [[undefined, group]]
  const lists = groupBy(group.hosts, ({ name }) => pins.get(name))
  return Array.from(lists, ([pin, hosts]) => [pin, narrowGroup(group, hosts)])
}

/** What a partition into pools must keep to. */
export interface Constraints {
  /** Every pool's baseline has these: hosts that lack one are in no pool. A minimum level is its `needs`. */
  readonly mustHave?: FeatureSet | undefined
  /** Whether hosts of different vendors, or cores where guests see them, may share a pool; absent: `separate`. No vendor is a vendor of its own. */
  readonly vendors?: 'separate' | 'together' | undefined
  /** Label by host name: hosts of one label share a pool, hosts of two labels never do. */
  readonly pins?: ReadonlyMap<string, string> | undefined
  /** Every pool has at least so many hosts; absent: 1. Hosts of one CPU are not parted to fill a pool. */
  readonly smallest?: number | undefined
}
