import * as v from 'valibot'
import { readCpu } from '../input/read.ts'
import { oneCpu } from '../input/schemas.ts'
import { validate } from '../operations.ts'
import { question } from '../question.ts'

export const validateQuestion = question({
  name: 'validate',
  summary: 'Check that every feature that a CPU lists is known; an error names the first unknown one',
  input: oneCpu,
  answer: v.strictObject({ valid: v.literal(true) }),
  run(context, { cpu }) {
    validate(context, readCpu(cpu, 'auto', 'cpu'))
    return { answer: { valid: true as const } }
  },
})
