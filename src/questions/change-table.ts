import type { FleetHost } from '../fleet/host.ts'
import { BadRequest } from './bad-request.ts'
import { checkAnswer } from './check/compute.ts'
import type { Context } from './context.ts'
import { drainAnswer } from './drain/compute.ts'
import { driftAnswer } from './drift/compute.ts'
import { hostsNamed } from './input/fleet/host-named.ts'
import * as inputs from './input/fleet/inputs.ts'
import { type FleetInput, fleetOfInput } from './input/fleet/read-fleet.ts'
import { type FleetView, viewOf } from './input/fleet/view.ts'
import { migrateAnswer, moveAnswer } from './migrate/compute.ts'
import { type Verb, verb } from './question.ts'
import { changesOf } from './what-if/changes.ts'
import { effectNamed, whatIfAnswer } from './what-if/compute.ts'
import type { Note } from './words/note.ts'

/** What changes, moves, drifts and must hold in a fleet. */
export const CHANGE_VERBS: Readonly<Record<string, Verb>> = {
  'what-if': verb({
    doc: 'what hosts that come or go, and effects of updates and options, do to pools and guests',
    input: inputs.whatIf,
    run(context, { remove, replace = [], add = [], drop, apply, ...fleet }) {
      const { view, notes } = given(context, fleet)
      const wanted = {
        remove,
        replace: replace.map(({ host, text }) => ({ host, by: onlyHost(context, host, text) })),
        add: add.flatMap(({ pool, path, text }) =>
          hostsOf(context, path, text).map(host => ({ pool, host })),
        ),
        drop,
        apply,
      }
      return {
        answer: { ...whatIfAnswer(context, view, changesOf(context, view.fleet.hosts, wanted)) },
        notes,
      }
    },
  }),

  migrate: verb({
    doc: 'where guests can be started and moved, and what stands in the way',
    input: inputs.migrate,
    run(context, { across, from, guest, to, ...fleet }) {
      const { view, notes } = given(context, fleet)
      const answer = to === undefined ? migrateAnswer(view, across) : moveAnswer(view, { from, guest, to })
      return { answer: { ...answer }, notes }
    },
  }),

  drain: verb({
    doc: 'in which order to empty hosts, who is bound to one, and who runs with an older CPU',
    input: inputs.drain,
    run(context, { hosts, apply = [], room, ...fleet }) {
      const { view, notes } = given(context, fleet)
      const only = hosts && new Set(hosts.flatMap(pattern => hostsNamed(view.fleet.hosts, pattern)))
      const effects = apply.map(name => effectNamed(context, name))
      return { answer: { ...drainAnswer(view, { only, effects, room }) }, notes }
    },
  }),

  drift: verb({
    doc: 'how a fleet differs from what it was, and what that does to pools and guests',
    input: inputs.drift,
    run(context, { before, after, by }) {
      const [old, now] = [given(context, before), given(context, after)]
      return { answer: { ...driftAnswer(old.view, now.view, by) }, notes: now.notes }
    },
  }),

  check: verb({
    doc: 'whether a fleet keeps to the requirements of its file',
    input: inputs.check,
    run(context, fleet) {
      const { view, notes } = given(context, fleet)
      if (view.fleet.requirements.length === 0)
        throw new BadRequest('check: nothing to check: fleet has no requirements')
      return { answer: { ...checkAnswer(view) }, notes }
    },
  }),
}

function given(context: Context, input: FleetInput): { view: FleetView; notes: readonly Note[] } {
  const { fleet, notes } = fleetOfInput(context, input)
  return { view: viewOf(context, fleet), notes }
}

const hostsOf = (context: Context, path: string, text: string): readonly FleetHost[] =>
  fleetOfInput(context, { documents: [{ path, text }] }).fleet.hosts

function onlyHost(context: Context, name: string, text: string): FleetHost {
  const [host, ...more] = hostsOf(context, name, text)
  if (host && more.length === 0) return host
  throw new BadRequest(`replace: one host must take the place of ${name}, not ${host ? more.length + 1 : 0}`)
}
