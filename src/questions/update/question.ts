import * as v from 'valibot'
import { makeMigratable, updateCpu } from '../../arch/operations.ts'
import type { Cpu } from '../../core/cpu.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import type { Context } from '../context.ts'
import { readPair } from '../input/read.ts'
import { hostAndGuest } from '../input/schemas.ts'
import { question } from '../question.ts'
import { XmlAnswer } from '../schema.ts'

/** The guest made definite on the migratable copy of the host. @throws LibvirtError */
export const answerUpdate = ({ map }: Context, host: Cpu, guest: Cpu): Cpu =>
  updateCpu(map, host.arch, guest, makeMigratable(map, host.arch, host))

export const updateQuestion = question({
  name: 'update',
  summary: 'Make a guest CPU definite on a host, whose migratable copy is used',
  input: v.strictObject(hostAndGuest),
  answer: XmlAnswer,
  run: (context, { host, guest }) => ({
    answer: { xml: printCpu(answerUpdate(context, ...readPair(host, guest))) },
  }),
})
