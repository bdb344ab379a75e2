import * as v from 'valibot'
import { NeedsPrograms } from '../context.ts'
import { question } from '../question.ts'
import { described } from '../schema.ts'
import { Trial, VerifyAnswer } from './answer.ts'
import { judgeTrials } from './compute.ts'

export const verifyQuestion = question({
  name: 'verify',
  summary: 'Prove that a guest CPU starts, is as predicted, and survives a migration',
  input: v.strictObject({
    trials: v.optional(
      described(
        v.array(Trial),
        'What was seen; the command line starts QEMU to see it, and nothing else does.',
      ),
    ),
  }),
  answer: VerifyAnswer,
  report: async () => (await import('./report.ts')).reportProofs,
  run(_, { trials }) {
    if (!trials?.length)
      throw new NeedsPrograms('verify starts QEMU, which only the command line does: give it trials')
    return { answer: judgeTrials(trials) }
  },
})
