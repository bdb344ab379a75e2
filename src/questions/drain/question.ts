import * as v from 'valibot'
import { fleetInput } from '../input/fleet/fleet-schema.ts'
import { hostsNamed } from '../input/fleet/host-named.ts'
import { openFleet } from '../input/fleet/open-fleet.ts'
import { question } from '../question.ts'
import { names, whole } from '../schema.ts'
import { effectNamed } from '../what-if/compute.ts'
import { DrainAnswer } from './answer.ts'
import { drainAnswer } from './compute.ts'

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
  answer: DrainAnswer,
  run(context, { hosts = [], apply = [], room, ...fleet }) {
    const { view, notes } = openFleet(context, fleet)
    const only = hosts.flatMap(pattern => hostsNamed(view.fleet.hosts, pattern))
    const effects = apply.map(name => effectNamed(context, name))
    const answer = drainAnswer(view, { only: only.length > 0 ? new Set(only) : undefined, effects, room })
    return { answer, notes }
  },
})
