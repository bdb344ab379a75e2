import * as v from 'valibot'
import { Reason } from '../answer-parts.ts'
import { ObstacleAnswer } from '../migrate/answer.ts'
import { FeatureCount } from '../pools/answer.ts'
import { type AnswerOf, described } from '../schema.ts'
import { PreflightAnswer } from './preflight.ts'

/** A pool at one time. */
export const PoolSummary = v.strictObject({
  hostCount: v.number(),
  weight: v.number(),
  featureCount: FeatureCount,
  level: described(v.nullable(v.string()), 'The x86-64 level that its guests reach; null: none.'),
  model: described(
    v.nullable(v.string()),
    'The model of the shortest definition for its guests, as `explain` has it; null: none fits.',
  ),
  value: v.number(),
})
export type PoolSummary = AnswerOf<typeof PoolSummary>

/** What becomes of a pool: null where it is not there. */
export const PoolDeltaAnswer = v.strictObject({
  pool: v.string(),
  before: v.nullable(PoolSummary),
  after: v.nullable(PoolSummary),
  gained: v.array(Reason),
  lost: v.array(Reason),
})
export type PoolDeltaAnswer = AnswerOf<typeof PoolDeltaAnswer>

/** What becomes of a guest. */
export const GuestDeltaAnswer = v.strictObject({
  guest: v.string(),
  host: described(v.nullable(v.string()), 'The host it runs on; null: it is off, or that is not known.'),
  own: v.picklist(['stays', 'gone', 'closed']),
  before: described(v.number(), 'How many other hosts of its pool take it, before and after.'),
  after: v.number(),
  stuck: v.boolean(),
  freed: v.boolean(),
  why: v.array(ObstacleAnswer),
})
export type GuestDeltaAnswer = AnswerOf<typeof GuestDeltaAnswer>

export const DeltaAnswer = v.strictObject({
  pools: described(v.array(PoolDeltaAnswer), 'The pools that are not as they were; bytewise.'),
  guests: described(v.array(GuestDeltaAnswer), 'The guests to which it means something; bytewise.'),
})
export type DeltaAnswer = AnswerOf<typeof DeltaAnswer>

/** What was done to which hosts. */
export const ChangeDone = v.strictObject({
  kind: v.picklist(['add', 'replace', 'remove', 'apply', 'drop', 'upgrade', 'machine']),
  effect: v.exactOptional(described(v.string(), "The effect's name; absent for a host that comes or goes.")),
  title: v.exactOptional(
    described(v.string(), 'What the effect is; the versions of an upgrade; the machine type.'),
  ),
  hosts: described(
    v.array(v.string()),
    'Names of the hosts that are not as they were; empty: it changed nothing, or guests alone.',
  ),
})
export type ChangeDone = AnswerOf<typeof ChangeDone>

export const WhatIfAnswer = v.strictObject({
  ...DeltaAnswer.entries,
  changes: v.array(ChangeDone),
  preflight: v.exactOptional(
    described(
      PreflightAnswer,
      'What upgrades and machine types mean to running guests; absent: none was asked.',
    ),
  ),
})
export type WhatIfAnswer = AnswerOf<typeof WhatIfAnswer>

/** An effect, as it is listed. */
export const EffectAnswer = v.strictObject({
  effect: v.string(),
  kind: v.picklist(['microcode', 'firmware', 'kernel', 'given']),
  title: v.string(),
  gives: described(v.array(v.string()), 'Names in map order.'),
  takes: v.array(v.string()),
})
export type EffectAnswer = AnswerOf<typeof EffectAnswer>

/** The effects that there are. */
export const EffectsAnswer = v.strictObject({ effects: v.array(EffectAnswer) })
export type EffectsAnswer = AnswerOf<typeof EffectsAnswer>
