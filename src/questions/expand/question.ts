import { expandModel } from '../../arch/operations.ts'
import type { Cpu } from '../../core/cpu.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import type { Context } from '../context.ts'
import { readCpu } from '../input/read.ts'
import { oneCpu } from '../input/schemas.ts'
import { question } from '../question.ts'
import { XmlAnswer } from '../schema.ts'

/** The definition with its model's features spelled out, sorted by name. @throws LibvirtError */
export const answerExpand = ({ map }: Context, cpu: Cpu): Cpu => expandModel(map, cpu.arch ?? 'x86_64', cpu)

export const expandQuestion = question({
  name: 'expand',
  summary: "List the features of a CPU's model with the CPU",
  input: oneCpu,
  answer: XmlAnswer,
  run: (context, { cpu }) => ({
    answer: { xml: printCpu(answerExpand(context, readCpu(cpu, 'auto', 'cpu'))) },
  }),
})
