import * as v from 'valibot'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { readPair } from '../input/read.ts'
import { hostAndGuest } from '../input/schemas.ts'
import { start } from '../operations.ts'
import { question } from '../question.ts'
import { described, names } from '../schema.ts'

const answer = v.strictObject({
  result: v.picklist(['incompatible', 'identical', 'superset']),
  xml: v.exactOptional(described(v.string(), 'The CPU that the guest gets; absent where it cannot start.')),
  message: v.exactOptional(described(v.string(), "libvirt's error, where the host cannot run the guest.")),
})

export const startQuestion = question({
  name: 'start',
  summary: 'Compute the CPU that a guest gets when it starts on a host',
  input: v.strictObject({
    ...hostAndGuest,
    models: v.optional(names('The models that the hypervisor knows; absent: all.')),
  }),
  answer,
  run(context, { host, guest, models }) {
    const allowed = models && new Map(models.map(name => [name, []]))
    const { cpu, result, message = '' } = start(context, ...readPair(host, guest), allowed)
    return { answer: cpu ? { result, xml: printCpu(cpu) } : { result, message } }
  },
})
