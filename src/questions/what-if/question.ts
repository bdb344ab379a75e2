import * as v from 'valibot'
import type { FleetHost } from '../../fleet/host.ts'
import type { Context } from '../context.ts'
import { BadRequest } from '../context.ts'
import { fleetInput, openFleet } from '../input/fleet/open-fleet.ts'
import { type Outcome, question } from '../question.ts'
import { described, flag, names } from '../schema.ts'
import { EffectsAnswer, WhatIfAnswer } from './answer.ts'
import { changesOf, effects, whatIfAnswer } from './compute.ts'

const replacement = v.strictObject(
  { host: v.string('must be text'), text: v.string('must be text') },
  'must be {host, text}',
)
const addition = v.strictObject(
  {
    pool: v.optional(v.string('must be text')),
    path: v.string('must be text'),
    text: v.string('must be text'),
  },
  'must be {pool, path, text}',
)

const input = v.strictObject({
  documents: v.optional(fleetInput.documents),
  fleet: fleetInput.fleet,
  noSkip: fleetInput.noSkip,
  remove: v.optional(names('Hosts that go; * stands for any characters.')),
  replace: v.optional(
    described(v.array(replacement, 'must be a list'), 'Hosts, each with the text of what takes its place.'),
  ),
  add: v.optional(described(v.array(addition, 'must be a list'), 'Hosts that join a pool.')),
  drop: v.optional(names('Effects that end: EFFECT or EFFECT@HOST.')),
  apply: v.optional(
    names('Effects that come: EFFECT or EFFECT@HOST, or features with signs: +md-clear,-hle.'),
  ),
  effects: flag('Return the effects that there are; nothing else is looked at.'),
})

export const whatIfQuestion = question({
  name: 'what-if',
  summary: 'Compute what a change does to pools and guests, before it is made',
  input,
  answer: v.union([WhatIfAnswer, EffectsAnswer]),
  report: async () => (await import('./report.ts')).reportWhatIf,
  run(context, { effects: list, ...change }) {
    return list ? listEffects(context) : computeChange(context, change)
  },
})

const listEffects = (context: Context): Outcome<WhatIfAnswer | EffectsAnswer, never> => ({
  answer: { effects: effects(context) },
})

function computeChange(
  context: Context,
  {
    remove,
    replace = [],
    add = [],
    drop,
    apply,
    documents,
    fleet,
    noSkip,
  }: Omit<v.InferOutput<typeof input>, 'effects'>,
): Outcome<WhatIfAnswer | EffectsAnswer, never> {
  if (documents === undefined) throw new BadRequest('what-if: the input documents is missing')
  const { view, notes } = openFleet(context, { documents, fleet, noSkip })
  const wanted = {
    remove,
    replace: replace.map(({ host, text }) => ({ host, by: onlyHost(context, host, text) })),
    add: add.flatMap(({ pool, path, text }) => readHosts(context, path, text).map(host => ({ pool, host }))),
    drop,
    apply,
  }
  const changes = changesOf(context, view.fleet.hosts, wanted)
  return { answer: whatIfAnswer(context, view, changes), notes }
}

const readHosts = (context: Context, path: string, text: string): readonly FleetHost[] =>
  openFleet(context, { documents: [{ path, text }] }).view.fleet.hosts

function onlyHost(context: Context, name: string, text: string): FleetHost {
  const [host, ...more] = readHosts(context, name, text)
  if (host && more.length === 0) return host
  throw new BadRequest(`replace: one host must take the place of ${name}, not ${host ? more.length + 1 : 0}`)
}
