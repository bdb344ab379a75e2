import * as v from 'valibot'
import { type DrainStep, findGuestRestarts, planDrain } from '../../fleet/change/drain.ts'
import { applyEffect } from '../../fleet/change/what-if.ts'
import { groupGuestsByPool } from '../../fleet/guest.ts'
import { findStuckGuests } from '../../fleet/places.ts'
import type { Effect } from '../../map/effects.ts'
import { BadRequest } from '../context.ts'
import { offersOf } from '../input/fleet/host-evidence.ts'
import { hostsNamed } from '../input/fleet/named.ts'
import { fleetInput, openFleet, viewsOf } from '../input/fleet/open-fleet.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { obstacleAnswers } from '../migrate/describe.ts'
import { keptCpusOf } from '../pools/compute.ts'
import { question } from '../question.ts'
import { names, whole } from '../schema.ts'
import { answerEach, reportSections, withSections } from '../sections.ts'
import { effectNamed } from '../what-if/compute.ts'
import { reasonOf } from '../words/note.ts'
import { DrainAnswer, type StepAnswer } from './answer.ts'

const input = v.strictObject({
  ...fleetInput,
  hosts: v.optional(names('The hosts to empty; * stands for any characters; absent: all.')),
  apply: v.optional(names('What the upgrade does to each host, as in what-if.')),
  room: v.optional(whole('How many guests a host takes; absent: any number.')),
})

export const drainQuestion = question({
  name: 'drain',
  summary: 'Plan a rolling upgrade: the order of hosts, where guests go, which guests are stuck',
  input,
  answer: withSections(DrainAnswer),
  report: async () => reportSections((await import('./report.ts')).reportDrain),
  run(context, { hosts = [], apply = [], room, ...fleet }) {
    const opened = openFleet(context, fleet)
    const all = viewsOf(opened).flatMap(view => view.fleet.hosts)
    const named = hosts.flatMap(pattern => hostsNamed(all, pattern))
    const answer = answerEach(viewsOf(opened), view => {
      const only = named.length > 0 ? new Set(requireSome(view, named)) : undefined
      const effects = apply.map(name => effectNamed(view.context, name))
      return drainAnswer(view, { only, effects, room })
    })
    return { answer, notes: opened.notes }
  },
})

/** Those of the hosts that are of this fleet. @throws BadRequest for none: the question is about others */
function requireSome({ fleet }: FleetView, names: readonly string[]): readonly string[] {
  const own = names.filter(name => fleet.hosts.some(host => host.name === name))
  if (own.length === 0) throw new BadRequest(`no host of ${fleet.arch} is meant`)
  return own
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
function drainAnswer(view: FleetView, input: DrainInput = {}): DrainAnswer {
  const { db, fleet, pools, valuation } = view
  const guests = groupGuestsByPool(fleet.guests, fleet.hosts)
  const options = optionsOf(view, input)
  return {
    steps: pools.flatMap(({ label, groups }) =>
      planDrain(
        db.features,
        groups.flatMap(({ hosts }) => hosts),
        guests.get(label) ?? [],
        options,
      ).map(step => stepAnswer(view, label, step)),
    ),
    unmovable: pools.flatMap(({ label, groups }) =>
      findStuckGuests(db.features, guests.get(label) ?? [], groups).map(({ guest, why: [first] }) => ({
        guest: guest.name,
        host: guest.host ?? null,
        pool: label,
        nearestHost: first?.group.hosts.find(({ name }) => name !== guest.host)?.name ?? null,
        obstacles: first ? obstacleAnswers(view, first.group, first.obstacles) : [],
      })),
    ),
    restarts: findGuestRestarts(valuation, { ...fleet, hosts: fleet.hosts.map(options.after) }).map(
      ({ guest, pool, gains, beyond, worth }) => ({
        guest: guest.name,
        host: guest.host ?? null,
        pool,
        gains: gains.map(reasonOf),
        extra: beyond.map(reasonOf),
        worth,
      }),
    ),
    ...keptCpusOf(view),
  }
}

function optionsOf({ context }: FleetView, { only, effects = [], room }: DrainInput) {
  const offerOf = offersOf(context)
  return {
    ...(only ? { only } : {}),
    ...(room === undefined ? {} : { room: () => room }),
    after: (host: Parameters<typeof applyEffect>[1]) =>
      effects.reduce((now, effect) => applyEffect(effect, now, offerOf), host),
  }
}

const stepAnswer = (view: FleetView, pool: string, { host, moves, stuck }: DrainStep): StepAnswer => ({
  pool,
  host: host.name,
  moves: moves.map(({ guest, to }) => ({ guest: guest.name, to: to.name })),
  powerOffs: stuck.map(({ guest, obstacles, nearest }) => {
    const group = nearest && view.groupOf.get(nearest.name)
    return { guest: guest.name, obstacles: group ? obstacleAnswers(view, group, obstacles) : [] }
  }),
})
