import * as v from 'valibot'
import { readData } from '../input/read.ts'
import { cpudata } from '../input/schemas.ts'
import { question } from '../question.ts'

export const identicalQuestion = question({
  name: 'identical',
  summary: 'Check whether two CPUs answered CPUID and MSR reads exactly alike',
  input: v.strictObject({ a: cpudata('One CPU.'), b: cpudata('The other CPU.') }),
  answer: v.strictObject({ identical: v.boolean() }),
  run: (_context, { a, b }) => ({ answer: { identical: readData(a).eq(readData(b)) } }),
})
