import * as v from 'valibot'
import { fleetInput, openFleet } from '../input/fleet/open-fleet.ts'
import { question } from '../question.ts'
import { flag, text } from '../schema.ts'
import { MigrateAnswer, MoveAnswer } from './answer.ts'
import { migrateAnswer, moveAnswer } from './compute.ts'

const input = v.pipe(
  v.strictObject({
    ...fleetInput,
    from: v.optional(text("A guest with all of this host's CPU.")),
    guest: v.optional(text('The guest of this name.')),
    to: v.optional(text('The host that the guest moves to.')),
    across: flag('Treat all pools as one.'),
  }),
  v.check(
    ({ from, guest, to }) =>
      to === undefined ? !from && !guest : (from === undefined) !== (guest === undefined),
    'to goes with either from or guest, and these with to',
  ),
)

export const migrateQuestion = question({
  name: 'migrate',
  summary: 'Find where guests can start and move, and what prevents it',
  input,
  answer: v.union([MigrateAnswer, MoveAnswer]),
  report: async () => (await import('./report.ts')).reportMigration,
  run(context, { across, from, guest, to, ...fleet }) {
    const { view, notes } = openFleet(context, fleet)
    const answer = to === undefined ? migrateAnswer(view, across) : moveAnswer(view, { from, guest, to })
    return { answer, notes }
  },
})
