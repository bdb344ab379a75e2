import * as v from 'valibot'
import { fleetInput, openFleet, viewsOf } from '../input/fleet/open-fleet.ts'
import { question } from '../question.ts'
import { names } from '../schema.ts'
import { FitsAnswer, LevelAnswer } from './answer.ts'
import { systemFit, systemsOf } from './fits.ts'
import { reachedLines } from './reached.ts'

export const levelQuestion = question({
  name: 'level',
  summary: 'Say which level, profile or generation, and which -march, hosts, guests and pools reach',
  input: v.strictObject(fleetInput),
  answer: LevelAnswer,
  report: async () => (await import('./report.ts')).reportLevels,
  run(context, input) {
    const opened = openFleet(context, input)
    return { answer: { lines: viewsOf(opened).flatMap(reachedLines) }, notes: opened.notes }
  },
})

export const fitsQuestion = question({
  name: 'fits',
  summary:
    'Find which guests, hosts and pools cannot run an operating system or a program, and the cheapest fix',
  input: v.strictObject({
    ...fleetInput,
    os: v.optional(
      names('The systems or programs, such as rhel10 or windows11; absent: all that are known.'),
    ),
  }),
  answer: FitsAnswer,
  report: async () => (await import('./report.ts')).reportFits,
  run(context, { os, ...fleet }) {
    const systems = systemsOf(os)
    const opened = openFleet(context, fleet)
    const views = viewsOf(opened)
    return { answer: { systems: systems.map(system => systemFit(views, system)) }, notes: opened.notes }
  },
})
