import { withEffect } from '../../fleet/change/apply.ts'
import { type DrainStep, drainOrder } from '../../fleet/change/drain.ts'
import { raises } from '../../fleet/change/raise.ts'
import { guestsByPool } from '../../fleet/guests-by-pool.ts'
import { stuckGuests } from '../../fleet/places.ts'
import type { Effect } from '../../map/effects.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { type ObstacleAnswer, obstacleAnswers } from '../migrate/obstacle.ts'
import { type Reason, reasonOf } from '../words/reason.ts'

/** One host of a rolling upgrade. */
export interface StepAnswer {
  readonly pool: string
  readonly host: string
  readonly moves: readonly { readonly guest: string; readonly to: string }[]
  /** Guests that must be powered off, with what keeps them from the host they are closest to; empty: no room. */
  readonly stuck: readonly { readonly guest: string; readonly obstacles: readonly ObstacleAnswer[] }[]
}

/** A guest that has nowhere to go if its host dies. */
export interface BoundAnswer {
  readonly guest: string
  readonly host: string | null
  readonly pool: string
  /** The other host that it is closest to; null: its pool has no other. */
  readonly nearest: string | null
  readonly why: readonly ObstacleAnswer[]
}

/** A guest to be powered off and started again. */
export interface RaiseAnswer {
  readonly guest: string
  readonly host: string | null
  readonly pool: string
  readonly gains: readonly Reason[]
  /** What it has that its pool has not everywhere. */
  readonly beyond: readonly Reason[]
  readonly worth: number
}

export interface DrainAnswer {
  readonly steps: readonly StepAnswer[]
  readonly bound: readonly BoundAnswer[]
  readonly raise: readonly RaiseAnswer[]
}

interface DrainInput {
  /** Names of the hosts to upgrade; absent: all. */
  readonly only?: ReadonlySet<string> | undefined
  /** What the upgrade does to each host. */
  readonly effects?: readonly Effect[] | undefined
  /** How many guests a host takes; absent: any number. */
  readonly room?: number | undefined
}

/**
 * In which order to empty hosts for a rolling upgrade, pool by pool; who is bound to one host; who can be raised
 * when it is done.
 */
export function drainAnswer(view: FleetView, input: DrainInput = {}): DrainAnswer {
  const { db, fleet, pools, valuation } = view
  const guests = guestsByPool(fleet.guests, fleet.hosts)
  const options = optionsOf(input)
  return {
    steps: pools.flatMap(({ label, groups }) =>
      drainOrder(
        db.features,
        groups.flatMap(({ hosts }) => hosts),
        guests.get(label) ?? [],
        options,
      ).map(step => stepAnswer(view, label, step)),
    ),
    bound: pools.flatMap(({ label, groups }) =>
      stuckGuests(db.features, guests.get(label) ?? [], groups).map(({ guest, why: [first] }) => ({
        guest: guest.name,
        host: guest.host ?? null,
        pool: label,
        nearest: first?.group.hosts.find(({ name }) => name !== guest.host)?.name ?? null,
        why: first ? obstacleAnswers(view, first.group, first.obstacles) : [],
      })),
    ),
    raise: raises(valuation, fleet.hosts.map(options.after), fleet.guests).map(
      ({ guest, pool, gains, beyond, worth }) => ({
        guest: guest.name,
        host: guest.host ?? null,
        pool,
        gains: gains.map(reasonOf),
        beyond: beyond.map(reasonOf),
        worth,
      }),
    ),
  }
}

const optionsOf = ({ only, effects = [], room }: DrainInput) => ({
  ...(only ? { only } : {}),
  ...(room === undefined ? {} : { room: () => room }),
  after: (host: Parameters<typeof withEffect>[1]) =>
    effects.reduce((now, effect) => withEffect(effect, now), host),
})

const stepAnswer = (view: FleetView, pool: string, { host, moves, stuck }: DrainStep): StepAnswer => ({
  pool,
  host: host.name,
  moves: moves.map(({ guest, to }) => ({ guest: guest.name, to: to.name })),
  stuck: stuck.map(({ guest, obstacles, nearest }) => {
    const group = nearest && view.groupOf.get(nearest.name)
    return { guest: guest.name, obstacles: group ? obstacleAnswers(view, group, obstacles) : [] }
  }),
})
