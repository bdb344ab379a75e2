import * as v from 'valibot'
import { fleetInput, openFleet, viewsOf } from '../input/fleet/open-fleet.ts'
import { type Outcome, question } from '../question.ts'
import { flag, text } from '../schema.ts'
import { answerEach, reportSections, type Sections, withSections } from '../sections.ts'
import { MigrateAnswer, MoveAnswer } from './answer.ts'
import { emulatorNotes, migrateAnswer, modelNotes, moveAcross } from './compute.ts'

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
  answer: v.union([withSections(MigrateAnswer), MoveAnswer]),
  report: async () => reportSections((await import('./report.ts')).reportMigration),
  run(
    context,
    { across, from, guest, to, ...documents },
  ): Outcome<MigrateAnswer | Sections<MigrateAnswer> | MoveAnswer, never> {
    const opened = openFleet(context, documents)
    if (to !== undefined)
      return { answer: moveAcross(viewsOf(opened), { from, guest, to }), notes: opened.notes }
    const views = viewsOf(opened)
    const found = views.flatMap(({ fleet }) => [...emulatorNotes(fleet.hosts), ...modelNotes(fleet)])
    const notes = [...opened.notes, ...found]
    return { answer: answerEach(views, view => migrateAnswer(view, across)), notes }
  },
})
