import * as v from 'valibot'
import type { AllowedModels } from '../../arch/driver.ts'
import { incompatibility, startGuest } from '../../arch/operations.ts'
import type { Cpu } from '../../core/cpu.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import type { Reason } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import { readPair } from '../input/read.ts'
import { hostAndGuest } from '../input/schemas.ts'
import { question } from '../question.ts'
import { described, names } from '../schema.ts'
import { reasonOf } from '../words/note.ts'

/** What a start comes to; `cpu` only where the host can run the guest. */
interface StartAnswer {
  readonly result: 'incompatible' | 'identical' | 'superset'
  readonly message?: string
  readonly missing: readonly Reason[]
  readonly forbidden: readonly Reason[]
  readonly cpu?: Cpu
}

/** Compare, update and translate: what happens to a guest CPU when it starts on the host as it is. */
export function answerStart({ map }: Context, host: Cpu, guest: Cpu, models?: AllowedModels): StartAnswer {
  const { comparison, ...rest } = startGuest(map, host, guest, models)
  if (comparison.result !== 'incompatible') {
    return { result: comparison.result, missing: [], forbidden: [], ...rest }
  }
  return {
    result: 'incompatible',
    message: incompatibility(comparison.detail).message,
    missing: comparison.missing.map(reasonOf),
    forbidden: comparison.forbidden.map(reasonOf),
  }
}

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
    const { cpu, result, message = '' } = answerStart(context, ...readPair(host, guest), allowed)
    return { answer: cpu ? { result, xml: printCpu(cpu) } : { result, message } }
  },
})
