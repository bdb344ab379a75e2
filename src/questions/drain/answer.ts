import * as v from 'valibot'
import { Reason } from '../answer-parts.ts'
import { ObstacleAnswer } from '../migrate/answer.ts'
import { keptCpusPart } from '../pools/answer.ts'
import { type AnswerOf, described } from '../schema.ts'

/** One host of a rolling upgrade. */
export const StepAnswer = v.strictObject({
  pool: v.string(),
  host: v.string(),
  moves: v.array(v.strictObject({ guest: v.string(), to: v.string() })),
  powerOffs: described(
    v.array(v.strictObject({ guest: v.string(), obstacles: v.array(ObstacleAnswer) })),
    'Guests that must be powered off, with what keeps them from the host they are closest to; empty: no room.',
  ),
})
export type StepAnswer = AnswerOf<typeof StepAnswer>

/** A guest that has nowhere to go if its host dies. */
export const UnmovableAnswer = v.strictObject({
  guest: v.string(),
  host: v.nullable(v.string()),
  pool: v.string(),
  nearestHost: described(
    v.nullable(v.string()),
    'The other host that it is closest to; null: its pool has no other.',
  ),
  obstacles: v.array(ObstacleAnswer),
})
export type UnmovableAnswer = AnswerOf<typeof UnmovableAnswer>

/** A guest to be powered off and started again. */
export const RestartAnswer = v.strictObject({
  guest: v.string(),
  host: v.nullable(v.string()),
  pool: v.string(),
  gains: v.array(Reason),
  extra: described(v.array(Reason), 'What it has and other hosts of its pool lack.'),
  worth: v.number(),
})
export type RestartAnswer = AnswerOf<typeof RestartAnswer>

export const DrainAnswer = v.strictObject({
  steps: v.array(StepAnswer),
  unmovable: v.array(UnmovableAnswer),
  restarts: v.array(RestartAnswer),
  ...keptCpusPart,
})
export type DrainAnswer = AnswerOf<typeof DrainAnswer>
