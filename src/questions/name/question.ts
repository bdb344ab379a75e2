import * as v from 'valibot'
import { requireModels } from '../context.ts'
import { question } from '../question.ts'
import { text } from '../schema.ts'
import { NameAnswer } from './answer.ts'
import { answerName } from './compute.ts'

export const nameQuestion = question({
  name: 'name',
  summary: "Describe a feature: place, meaning, every tool's name, models that have it",
  input: v.strictObject({
    name: text(
      "A feature or CPU model in any tool's spelling, a place such as CPUID.07H.0:EBX[5], or a register.",
    ),
    arch: v.optional(text('Whose features; x86 if absent.')),
  }),
  answer: NameAnswer,
  report: async () => (await import('./report.ts')).reportName,
  run(context, { name: wanted, arch }) {
    const { context: of, own } = requireModels(context, arch)
    return { answer: answerName(of, wanted, own) }
  },
})
