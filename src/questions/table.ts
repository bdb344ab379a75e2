import { identical } from '../arch/x86/data.ts'
import { printCpudata } from '../formats/libvirt/cpudata.ts'
import { printCpu } from '../formats/libvirt/print-cpu.ts'
import { baselineAnswer } from './baseline/compute.ts'
import { Pool } from './baseline/pool.ts'
import { CHANGE_VERBS } from './change-table.ts'
import { compare, compareNotes } from './compare/compute.ts'
import { cpuModels } from './cpu-models/compute.ts'
import { decode } from './decode/compute.ts'
import { decodeText } from './decode/decode-text.ts'
import { askDomcapabilities } from './domcapabilities/compute.ts'
import { domcapabilitiesInput } from './domcapabilities/input.ts'
import { HYPERVISOR_VERBS } from './hypervisor-table.ts'
import { readCpu, readData } from './input/read.ts'
import * as inputs from './inputs.ts'
import { encode, expand, migratable, start, update, updateLive, validate } from './operations.ts'
import { PLAN_VERBS } from './plan-table.ts'
import { type Verb, verb } from './question.ts'

/** Everything that can be asked in JSON: batch, HTTP and the page are faces of this table. */
export const VERBS: Readonly<Record<string, Verb>> = {
  decode: verb({
    doc: 'the named CPU that CPUID and MSR words, or the text of a dump, are',
    input: inputs.decode,
    run(context, { cpuid, msr, text, ...options }) {
      const data = { leaves: cpuid ?? [], msrs: msr ?? [] }
      const { notes, ...answer } =
        text === undefined ? decode(context, data, options) : decodeText(context, text, options)
      return { answer, notes }
    },
  }),

  baseline: verb({
    doc: 'the CPU that guests may be given on all of these hosts',
    input: inputs.baseline,
    run(context, { cpus, raw, lenient, best, ...options }, { explain }) {
      const pool = new Pool(context.db, { explain: true, raw, lenient, best })
      for (const [i, xml] of cpus.entries()) pool.add(readCpu(xml, 'host', `cpus[${i}]`), `cpus[${i}]`)
      const cpu = pool.result(options)
      const answer = { ...baselineAnswer(pool, cpu) }
      return {
        answer,
        notes: pool.notes(options),
        explain: explain ? { ...pool.reasons(cpu, options) } : undefined,
      }
    },
  }),

  compare: verb({
    doc: 'whether a host can run a CPU',
    input: inputs.compare,
    run(context, { host, cpu, arch }) {
      const [left, right] = readPair(host, cpu, arch)
      const answer = compare(context, left, right)
      return { answer: { ...answer }, notes: compareNotes(context, left, right, answer) }
    },
  }),

  update: verb({
    doc: 'a guest CPU made definite on a host, whose migratable copy is used',
    input: inputs.update,
    run: (context, { host, guest }) => ({
      answer: { xml: printCpu(update(context, ...readPair(host, guest))) },
    }),
  }),

  start: verb({
    doc: 'what becomes of a guest CPU when it starts on a host',
    input: inputs.start,
    run(context, { host, guest, models }) {
      const allowed = models && new Map(models.map(name => [name, []]))
      const { cpu, result, message } = start(context, ...readPair(host, guest), allowed)
      return { answer: { result, ...(cpu ? { xml: printCpu(cpu) } : { message }) } }
    },
  }),

  'update-live': verb({
    doc: "a running guest's CPU, corrected by what its hypervisor gave and refused",
    input: inputs.updateLive,
    run(context, { guest, enabled, disabled }) {
      const cpu = readCpu(guest, 'auto', 'guest')
      return { answer: { xml: printCpu(updateLive(context, cpu, readData(enabled), readData(disabled))) } }
    },
  }),

  expand: verb({
    doc: "a CPU with its model's features spelt out",
    input: inputs.oneCpu,
    run: (context, { cpu }) => ({ answer: { xml: printCpu(expand(context, readCpu(cpu, 'auto', 'cpu'))) } }),
  }),

  migratable: verb({
    doc: 'a CPU without what blocks a migration',
    input: inputs.oneCpu,
    run: (context, { cpu }) => ({
      answer: { xml: printCpu(migratable(context, readCpu(cpu, 'auto', 'cpu'))) },
    }),
  }),

  encode: verb({
    doc: 'a CPU as the CPUID and MSR words of each policy and of its vendor',
    input: inputs.oneCpu,
    run(context, { cpu }) {
      const words = Object.entries(encode(context, readCpu(cpu, 'auto', 'cpu')))
      return { answer: Object.fromEntries(words.map(([part, data]) => [part, printCpudata(data)])) }
    },
  }),

  identical: verb({
    doc: 'whether two CPUs answered CPUID and MSR reads exactly alike',
    input: inputs.twoData,
    run: (_context, { a, b }) => ({ answer: { identical: identical(readData(a), readData(b)) } }),
  }),

  validate: verb({
    doc: 'whether every feature that a CPU lists is known; an error names the first that is not',
    input: inputs.oneCpu,
    run(context, { cpu }) {
      validate(context, readCpu(cpu, 'auto', 'cpu'))
      return { answer: { valid: true } }
    },
  }),

  domcapabilities: verb({
    doc: 'what a guest can be given by a QEMU on a host: its CPUs, devices and features',
    input: domcapabilitiesInput,
    run: (context, input) => askDomcapabilities(context, input),
  }),

  'cpu-models': verb({
    doc: 'the model names that an architecture knows; null where it takes any',
    input: inputs.models,
    run: (context, { arch }) => ({ answer: { models: cpuModels(context, arch) ?? null } }),
  }),

  ...HYPERVISOR_VERBS,
  ...CHANGE_VERBS,
  ...PLAN_VERBS,
}

/** In this order: what is wrong with the host is reported first. */
function readPair(host: string, cpu: string, arch?: string) {
  const left = readCpu(host, 'auto', 'host')
  const right = readCpu(cpu, 'auto', 'cpu')
  return [arch === undefined ? left : { ...left, arch: left.arch ?? arch }, right] as const
}
