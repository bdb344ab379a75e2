import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { readCpu } from '../input/read.ts'
import { oneCpu } from '../input/schemas.ts'
import { migratable } from '../operations.ts'
import { question } from '../question.ts'
import { XmlAnswer } from '../schema.ts'

export const migratableQuestion = question({
  name: 'migratable',
  summary: 'Remove from a CPU what blocks a migration',
  input: oneCpu,
  answer: XmlAnswer,
  run: (context, { cpu }) => ({
    answer: { xml: printCpu(migratable(context, readCpu(cpu, 'auto', 'cpu'))) },
  }),
})
