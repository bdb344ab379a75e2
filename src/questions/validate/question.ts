import * as v from 'valibot'
import { checkGuestFeatures } from '../../arch/operations.ts'
import { readCpu } from '../input/read.ts'
import { oneCpu } from '../input/schemas.ts'
import { question } from '../question.ts'

export const validateQuestion = question({
  name: 'validate',
  summary: 'Check that every feature that a CPU lists is known; an error names the first unknown one',
  input: oneCpu,
  answer: v.strictObject({ valid: v.literal(true) }),
  run({ map }, { cpu: text }) {
    const cpu = readCpu(text, 'auto', 'cpu')
    checkGuestFeatures(map, cpu.arch ?? 'x86_64', cpu)
    return { answer: { valid: true as const } }
  },
})
