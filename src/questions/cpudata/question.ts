import * as v from 'valibot'
import { encodeCpu } from '../../arch/operations.ts'
import { DEFAULT_ARCH } from '../../arch/registry.ts'
import { printCpudata } from '../../formats/libvirt/cpudata.ts'
import { readCpu, readData } from '../input/read.ts'
import { cpudata, oneCpu } from '../input/schemas.ts'
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
  run({ map }, { cpu: text }) {
    const cpu = readCpu(text, 'auto', 'cpu')
    const words = encodeCpu(map, cpu.arch ?? DEFAULT_ARCH, cpu)
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

export const identicalQuestion = question({
  name: 'identical',
  summary: 'Check whether two CPUs answered CPUID and MSR reads exactly alike',
  input: v.strictObject({ a: cpudata('One CPU.'), b: cpudata('The other CPU.') }),
  answer: v.strictObject({ identical: v.boolean() }),
  run: (_context, { a, b }) => ({ answer: { identical: readData(a).eq(readData(b)) } }),
})
