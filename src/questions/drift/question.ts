import * as v from 'valibot'
import { fleetInput } from '../input/fleet/fleet-schema.ts'
import { openFleet } from '../input/fleet/open-fleet.ts'
import { question } from '../question.ts'
import { described, word } from '../schema.ts'
import { DriftAnswer } from './answer.ts'
import { driftAnswer } from './compute.ts'

const fleet = (description: string) =>
  described(v.strictObject(fleetInput, 'must be a fleet: {documents, fleet}'), description)

const input = v.strictObject({
  before: fleet('The fleet as it was.'),
  after: fleet('The fleet as it is.'),
  by: v.optional(
    word(['path', 'uuid'], 'What pairs hosts: path (default), or the uuid of their capabilities.'),
  ),
})

export const driftQuestion = question({
  name: 'drift',
  summary: 'Compare a fleet with what it was, and compute what the difference does',
  input,
  answer: DriftAnswer,
  run(context, { before, after, by }) {
    const [old, now] = [openFleet(context, before), openFleet(context, after)]
    return { answer: driftAnswer(old.view, now.view, by), notes: now.notes }
  },
})
