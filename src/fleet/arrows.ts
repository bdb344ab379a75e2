import type { Evidence } from '../core/evidence.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import type { Database } from '../map/database.ts'
import type { Group } from './groups.ts'
import type { FleetHost } from './host.ts'
import { type CpuFacts, canMove, findHazards, findObstacles, type Obstacle } from './obstacles.ts'
import { findUnmovable } from './offered.ts'

/** How guests that have all of one group's CPU move between it and another. */
export interface Arrow {
  readonly from: Group
  readonly to: Group
  /** `one-way`: from `from` to `to`, and not back. */
  readonly kind: 'both-ways' | 'one-way' | 'none'
  /** What keeps a guest of `from` from `to`; of `one-way` and `both-ways` empty. */
  readonly there: readonly Obstacle[]
  /** What keeps a guest of `to` from `from`. */
  readonly back: readonly Obstacle[]
  /** What guests must see on `to`, and those of `from` do not; and the other way. */
  readonly hazards: { readonly there: FeatureSet; readonly back: FeatureSet }
}

/**
 * How guests move between any two of the groups, each pair once: `from` is the earlier, but the one that can
 * leave where there is one way only.
 * @param guestOf what a guest started on a group relies on; absent: all of its CPU that can be migrated
 */
export function findArrows(
  db: Database,
  groups: readonly Group[],
  guestOf: (group: Group) => CpuFacts = makeFullGuest(db),
): Arrow[] {
  const guests = groups.map(guestOf)
  const arrows: Arrow[] = []
  groups.forEach((a, i) => {
    groups.slice(i + 1).forEach((b, n) => {
      const [x, y] = [guests[i], guests[i + 1 + n]]
      if (x && y) arrows.push(findArrow(db.features, { group: a, guest: x }, { group: b, guest: y }))
    })
  })
  return arrows
}

/**
 * A guest with all of a host's CPU but what cannot be migrated, and what no hypervisor offers. What KVM gives whatever
 * the CPU has is left out: every host gives it.
 * @param asked what says whether a host is known: where its hypervisor alone tells of it, and not of most of this, it
 * listed a few flags, and guests may have any of the others
 */
export function makeFullGuest(db: Database, asked = FeatureSet.empty): (host: CpuFacts) => CpuFacts {
  const stays = findUnmovable(db)
  return ({ features, evidence, vendor, core, physBits, hosts = [] }) => ({
    features: (evidence ? features.meet(evidence.possible) : features).minus(stays),
    unread: hosts.some(isOffer) && isKnownInPart(evidence, asked) ? evidence?.unknown(asked) : undefined,
    vendor,
    core,
    physBits,
  })
}

const isOffer = ({ readFrom = [] }: FleetHost): boolean =>
  readFrom.length > 0 && readFrom.every(({ layer }) => layer === 'offered')

const isKnownInPart = (evidence: Evidence | undefined, asked: FeatureSet): boolean =>
  evidence !== undefined && 2 * evidence.unknown(asked).size > asked.size

interface End {
  readonly group: Group
  readonly guest: CpuFacts
}

function findArrow(table: FeatureTable, a: End, b: End): Arrow {
  const [there, back] = [canMove(a.guest, b.group), canMove(b.guest, a.group)]
  if (!there && back) return findArrow(table, b, a)
  return {
    from: a.group,
    to: b.group,
    kind: there ? (back ? 'both-ways' : 'one-way') : 'none',
    there: there ? [] : findObstacles(table, a.guest, b.group),
    back: back ? [] : findObstacles(table, b.guest, a.group),
    hazards: {
      there: findHazards(table, a.guest, b.group, a.group),
      back: findHazards(table, b.guest, a.group, b.group),
    },
  }
}
