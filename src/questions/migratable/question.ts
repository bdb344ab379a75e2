import { makeMigratable } from '../../arch/operations.ts'
import type { Cpu } from '../../core/cpu.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import type { Context } from '../context.ts'
import { readCpu } from '../input/read.ts'
import { oneCpu } from '../input/schemas.ts'
import { question } from '../question.ts'
import { XmlAnswer } from '../schema.ts'

/** The definition without what blocks a migration. @throws LibvirtError */
export const answerMigratable = ({ map }: Context, cpu: Cpu): Cpu =>
  makeMigratable(map, cpu.arch ?? 'x86_64', cpu)

export const migratableQuestion = question({
  name: 'migratable',
  summary: 'Remove from a CPU what blocks a migration',
  input: oneCpu,
  answer: XmlAnswer,
  run: (context, { cpu }) => ({
    answer: { xml: printCpu(answerMigratable(context, readCpu(cpu, 'auto', 'cpu'))) },
  }),
})
