import * as v from 'valibot'
import { printCpudata } from '../../formats/libvirt/cpudata.ts'
import { readCpu } from '../input/read.ts'
import { oneCpu } from '../input/schemas.ts'
import { encode } from '../operations.ts'
import { question } from '../question.ts'

const answer = v.strictObject({
  force: v.string(),
  require: v.string(),
  optional: v.string(),
  disable: v.string(),
  forbid: v.string(),
  vendor: v.string(),
})

export const encodeQuestion = question({
  name: 'encode',
  summary: 'Convert a CPU to the CPUID and MSR words of each policy and of its vendor',
  input: oneCpu,
  answer,
  run(context, { cpu }) {
    const words = encode(context, readCpu(cpu, 'auto', 'cpu'))
    return {
      answer: {
        force: printCpudata(words.force),
        require: printCpudata(words.require),
        optional: printCpudata(words.optional),
        disable: printCpudata(words.disable),
        forbid: printCpudata(words.forbid),
        vendor: printCpudata(words.vendor),
      },
    }
  },
})
