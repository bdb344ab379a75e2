import { nearest } from '../../core/text.ts'
import { changeFleet, type FleetChange, parseFeatureEffect } from '../../fleet/change/what-if.ts'
import { builtinEffects, type Effect } from '../../map/effects.ts'
import { BadRequest } from '../bad-request.ts'
import type { Context } from '../context.ts'
import { type FleetView, viewOf } from '../input/fleet/view.ts'
import type { EffectAnswer, WhatIfAnswer } from './answer.ts'
import { deltaAnswer } from './delta.ts'

/** What the changes would do to pools and guests. */
export function whatIfAnswer(
  context: Context,
  before: FleetView,
  changes: readonly FleetChange[],
): WhatIfAnswer {
  const { hosts, touched } = changeFleet(before.db, before.fleet.hosts, changes)
  const after = viewOf(context, { ...before.fleet, hosts })
  return {
    changes: changes.map((change, i) => ({
      kind: change.kind,
      ...('effect' in change ? { effect: change.effect.name, title: change.effect.title } : {}),
      hosts: touched[i] ?? [],
    })),
    ...deltaAnswer(before, after),
  }
}

/** The effects that have a name. */
export const effects = ({ db }: Context): EffectAnswer[] =>
  builtinEffects(db).map(({ name, kind, title, gives, takes }) => ({
    effect: name,
    kind,
    title,
    gives: db.features.in(gives).map(feature => feature.name),
    takes: db.features.in(takes).map(feature => feature.name),
  }))

/** The effect of that name, or of those features: `+md-clear,-hle`. @throws BadRequest that says what there is */
export function effectNamed({ db }: Context, name: string): Effect {
  const all = builtinEffects(db)
  const found = all.find(effect => effect.name === name) ?? parseFeatureEffect(db, name)
  if (found) return found
  const names = all.map(effect => effect.name)
  if (!/^[+-]/.test(name)) {
    const near = nearest(names, name, 1).map(one => `did you mean ${one}? `)
    throw new BadRequest(
      `no effect is called ${name}; ${near.join('')}--effects lists what there is; or give features: +md-clear,-hle`,
    )
  }
  const wrong = name.split(',').find(word => !parseFeatureEffect(db, word)) ?? ''
  const known = db.features.list.map(feature => feature.name)
  const near = nearest(known, wrong.slice(1), 1).map(one => `; did you mean ${one}?`)
  throw new BadRequest(`'${wrong}' is not + or - and the name of a feature${near.join('')}`)
}
