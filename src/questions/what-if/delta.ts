import { requireDecoder } from '../../arch/registry.ts'
import {
  compareGuests,
  comparePools,
  findGuestModel,
  type GuestDelta,
  isPoolChanged,
  type PoolDelta,
  type PoolState,
} from '../../fleet/change/delta.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { obstacleAnswers } from '../migrate/obstacle.ts'
import { reasonOf } from '../words/reason.ts'
import type { DeltaAnswer, GuestDeltaAnswer, PoolDeltaAnswer, PoolSummary } from './answer.ts'

/** What the change from one fleet to the other does to pools and guests; guests are those of `before`. */
export function deltaAnswer(before: FleetView, after: FleetView): DeltaAnswer {
  const { valuation, levels, db, fleet } = before
  const pools = comparePools(valuation, levels, fleet.hosts, after.fleet.hosts)
  const guests = compareGuests(db.features, fleet.guests, fleet.hosts, after.fleet.hosts)
  return {
    pools: pools.filter(isPoolChanged).map(delta => poolAnswer(before, delta)),
    guests: guests.map(delta => guestAnswer(after, delta)),
  }
}

function poolAnswer(
  { db, context }: FleetView,
  { label, before, after, gained, lost }: PoolDelta,
): PoolDeltaAnswer {
  const state = (of: PoolState | undefined): PoolSummary | null =>
    of
      ? {
          hosts: of.hosts,
          weight: of.weight,
          features: db.features.count(of.baseline),
          level: of.level?.name ?? null,
          model: findGuestModel(requireDecoder(context.map), of.pool.groups) ?? null,
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
