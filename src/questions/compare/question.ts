import * as v from 'valibot'
import { CompareAnswer } from '../answer-parts.ts'
import { readPair } from '../input/read.ts'
import { question } from '../question.ts'
import { text } from '../schema.ts'
import { answerCompare, compareNotes } from './compute.ts'

const input = v.strictObject({
  host: text("The host's <cpu>, with its <arch>."),
  cpu: text('The <cpu> to run, of a host or a guest.'),
  arch: v.optional(text("The host's architecture, where its <cpu> has none.")),
})

export const compareQuestion = question({
  name: 'compare',
  summary: 'Check whether a host can run a CPU',
  input,
  answer: CompareAnswer,
  run(context, { host, cpu, arch }) {
    const [left, right] = readPair(host, cpu, arch)
    const answer = answerCompare(context, left, right)
    return { answer, notes: compareNotes(context, left, right, answer) }
  },
})
