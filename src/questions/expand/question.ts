import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { readCpu } from '../input/read.ts'
import { oneCpu } from '../input/schemas.ts'
import { expand } from '../operations.ts'
import { question } from '../question.ts'
import { XmlAnswer } from '../schema.ts'

export const expandQuestion = question({
  name: 'expand',
  summary: "List the features of a CPU's model with the CPU",
  input: oneCpu,
  answer: XmlAnswer,
  run: (context, { cpu }) => ({ answer: { xml: printCpu(expand(context, readCpu(cpu, 'auto', 'cpu'))) } }),
})
