import * as v from 'valibot'
import { fleetInput } from '../input/fleet/open-fleet.ts'
import { question } from '../question.ts'
import { described } from '../schema.ts'
import { DoctorAnswer } from './answer.ts'
import { diagnose } from './compute.ts'

export const doctorQuestion = question({
  name: 'doctor',
  summary:
    'Explain error texts about CPUs: what they mean, their cause on given hosts and guests, and remedies',
  input: v.strictObject({
    documents: described(
      fleetInput.documents,
      'Texts with errors, such as logs, and documents of the hosts and guests that they are about.',
    ),
  }),
  answer: DoctorAnswer,
  report: async () => (await import('./report.ts')).reportDoctor,
  run: (context, input) => diagnose(context, input),
})
