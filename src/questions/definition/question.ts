import * as v from 'valibot'
import type { AllowedModels } from '../../arch/driver.ts'
import {
  checkGuestFeatures,
  encodeCpu,
  expandModel,
  incompatibility,
  makeMigratable,
  startGuest,
  updateCpu,
  updateRunningCpu,
} from '../../arch/operations.ts'
import { DEFAULT_ARCH } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import { printCpudata } from '../../formats/libvirt/cpudata.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import type { Reason } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import { readCpu, readData, readPair } from '../input/read.ts'
import { cpudata, hostAndGuest, oneCpu } from '../input/schemas.ts'
import { question } from '../question.ts'
import { described, names, text, XmlAnswer } from '../schema.ts'
import { reasonOf } from '../words/note.ts'

/** The definition with its model's features spelled out, sorted by name. @throws LibvirtError */
export const answerExpand = ({ map }: Context, cpu: Cpu): Cpu =>
  expandModel(map, cpu.arch ?? DEFAULT_ARCH, cpu)

export const expandQuestion = question({
  name: 'expand',
  summary: "List the features of a CPU's model with the CPU",
  input: oneCpu,
  answer: XmlAnswer,
  run: (context, { cpu }) => ({
    answer: { xml: printCpu(answerExpand(context, readCpu(cpu, 'auto', 'cpu'))) },
  }),
})

/** The definition without what blocks a migration. @throws LibvirtError */
export const answerMigratable = ({ map }: Context, cpu: Cpu): Cpu =>
  makeMigratable(map, cpu.arch ?? DEFAULT_ARCH, cpu)

export const migratableQuestion = question({
  name: 'migratable',
  summary: 'Remove from a CPU what blocks a migration',
  input: oneCpu,
  answer: XmlAnswer,
  run: (context, { cpu }) => ({
    answer: { xml: printCpu(answerMigratable(context, readCpu(cpu, 'auto', 'cpu'))) },
  }),
})

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

/** The definition of a running guest, corrected by what its hypervisor gave and refused. @throws LibvirtError */
export const answerUpdateLive = ({ map }: Context, guest: Cpu, enabled: Cpuid, disabled: Cpuid): Cpu =>
  updateRunningCpu(map, DEFAULT_ARCH, guest, enabled, disabled)

export const updateLiveQuestion = question({
  name: 'update-live',
  summary: "Correct a running guest's CPU by what its hypervisor gave and refused",
  input: v.strictObject({
    guest: text("The guest's <cpu>."),
    enabled: cpudata('What the hypervisor gave.'),
    disabled: cpudata('What the hypervisor refused.'),
  }),
  answer: XmlAnswer,
  run(context, { guest, enabled, disabled }) {
    const cpu = readCpu(guest, 'auto', 'guest')
    return {
      answer: { xml: printCpu(answerUpdateLive(context, cpu, readData(enabled), readData(disabled))) },
    }
  },
})

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

const startAnswer = v.strictObject({
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
  answer: startAnswer,
  run(context, { host, guest, models }) {
    const allowed = models && new Map(models.map(name => [name, []]))
    const { cpu, result, message = '' } = answerStart(context, ...readPair(host, guest), allowed)
    return { answer: cpu ? { result, xml: printCpu(cpu) } : { result, message } }
  },
})

export const validateQuestion = question({
  name: 'validate',
  summary: 'Check that every feature that a CPU lists is known; an error names the first unknown one',
  input: oneCpu,
  answer: v.strictObject({ valid: v.literal(true) }),
  run({ map }, { cpu: text }) {
    const cpu = readCpu(text, 'auto', 'cpu')
    checkGuestFeatures(map, cpu.arch ?? DEFAULT_ARCH, cpu)
    return { answer: { valid: true as const } }
  },
})

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
