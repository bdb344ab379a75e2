import { isChanged, type PoolDelta, type PoolState, poolDeltas } from '../../fleet/change/delta.ts'
import { type GuestDelta, guestDeltas, guestModelOf } from '../../fleet/change/guest-delta.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { type ObstacleAnswer, obstacleAnswers } from '../migrate/obstacle.ts'
import { type Reason, reasonOf } from '../words/reason.ts'

/** A pool at one time. */
export interface PoolAnswer {
  readonly hosts: number
  readonly weight: number
  /** How many features its baseline has. */
  readonly features: number
  /** The x86-64 level that its guests reach; null: none. */
  readonly level: string | null
  /** The model that its guests are given, as `cpu-baseline` names it; null: none fits. */
  readonly model: string | null
  readonly value: number
}

/** What becomes of a pool: null where it is not there. */
export interface PoolDeltaAnswer {
  readonly pool: string
  readonly before: PoolAnswer | null
  readonly after: PoolAnswer | null
  readonly gained: readonly Reason[]
  readonly lost: readonly Reason[]
}

/** What becomes of a guest. */
export interface GuestDeltaAnswer {
  readonly guest: string
  /** The host it runs on; null: it is off, or that is not known. */
  readonly host: string | null
  readonly own: GuestDelta['own']
  /** How many other hosts of its pool take it, before and after. */
  readonly before: number
  readonly after: number
  readonly stuck: boolean
  readonly freed: boolean
  readonly why: readonly ObstacleAnswer[]
}

export interface DeltaAnswer {
  /** The pools that are not as they were; bytewise. */
  readonly pools: readonly PoolDeltaAnswer[]
  /** The guests to which it means something; bytewise. */
  readonly guests: readonly GuestDeltaAnswer[]
}

/** What the change from one fleet to the other does to pools and guests; guests are those of `before`. */
export function deltaAnswer(before: FleetView, after: FleetView): DeltaAnswer {
  const { valuation, levels, db, fleet } = before
  const pools = poolDeltas(valuation, levels, fleet.hosts, after.fleet.hosts)
  const guests = guestDeltas(db.features, fleet.guests, fleet.hosts, after.fleet.hosts)
  return {
    pools: pools.filter(isChanged).map(delta => poolAnswer(before, delta)),
    guests: guests.map(delta => guestAnswer(after, delta)),
  }
}

function poolAnswer({ db }: FleetView, { label, before, after, gained, lost }: PoolDelta): PoolDeltaAnswer {
  const state = (of: PoolState | undefined): PoolAnswer | null =>
    of
      ? {
          hosts: of.hosts,
          weight: of.weight,
          features: db.features.count(of.baseline),
          level: of.level?.name ?? null,
          model: guestModelOf(db, of.pool.groups) ?? null,
          value: of.value,
        }
      : null
  return {
    pool: label,
    before: state(before),
    after: state(after),
    gained: db.features.in(gained).map(reasonOf),
    lost: db.features.in(lost).map(reasonOf),
  }
}

function guestAnswer(after: FleetView, delta: GuestDelta): GuestDeltaAnswer {
  const { guest, own, before, after: left, stuck, freed, why, kept } = delta
  const group = kept && after.groupOf.get(kept.name)
  return {
    guest: guest.name,
    host: guest.host ?? null,
    own,
    before,
    after: left,
    stuck,
    freed,
    why: group ? obstacleAnswers(after, group, why) : [],
  }
}
