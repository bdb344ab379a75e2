import * as v from 'valibot'
import type { Dialogue } from '../../arch/dialogue.ts'
import { driverOf, requireDecoder } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { type Blockers, type HypervisorSupport, readHypervisorSupport } from '../../qemu/allowance.ts'
import { checkDomainType } from '../../qemu/choice.ts'
import { makeModelFinder } from '../../qemu/domain-capabilities/cpu-modes.ts'
import {
  computeHypervisorBaseline as baselineByBits,
  type HypervisorBaselineOptions,
} from '../../qemu/hypervisor-cpu.ts'
import { BaselineAnswer, CompareAnswer, HypervisorReasons, writtenFor, writtenIn } from '../answer-parts.ts'
import { Pool } from '../baseline/pool.ts'
import type { Context } from '../context.ts'
import {
  allowedOnAll,
  answerFromNone,
  answerFromRecording,
  featureNames,
  type HypervisorHost,
  hypervisorCompare,
  hypervisorHost,
  readRecordedHosts,
  readReplies,
  reportedCpu,
  requestedHypervisor,
} from '../input/hypervisor.ts'
import { readAnyCpu, readCpu } from '../input/read.ts'
import { baselineInput, compareInput, modelsInput } from '../input/schemas.ts'
import { question } from '../question.ts'
import { type AnswerOf, described } from '../schema.ts'
import type { Note } from '../words/note.ts'
import { reasonOf } from '../words/note.ts'

export const hypervisorCpuBaselineQuestion = question({
  name: 'hypervisor-cpu-baseline',
  summary: 'Compute the CPU that the QEMU of each of these hosts can give to guests of all these CPUs',
  input: baselineInput,
  answer: v.strictObject({ ...BaselineAnswer.entries, model: v.exactOptional(v.string()) }),
  reasons: HypervisorReasons,
  run(context, input, { explain }) {
    const {
      replies,
      hosts: texts = [],
      cpus,
      model,
      expand,
      migratable,
      ignoreHost,
      format,
      qemu,
      ...use
    } = input
    const conversation = replies === undefined ? undefined : readReplies(replies)
    const hosts = conversation
      ? [hypervisorHost(context, requestedHypervisor(conversation, use), 'replies')]
      : readRecordedHosts(context, texts, use)
    const given = cpusOf(context, hosts, cpus, model)
    const compute = (plain: { readonly expand?: false }) => {
      const options = { expand, migratable, ignoreHost, ...plain }
      const all = given.map(one => one.cpu)
      const dialogue = hypervisorBaseline(context, all, hosts, options)
      return conversation ? answerFromRecording(dialogue, conversation) : answerFromNone(dialogue)
    }
    const cpu = compute({})
    const written = writtenIn({ format, qemu }, compute)
    const arch = hosts[0]?.arch ?? ''
    return {
      answer: {
        xml: printCpu(cpu),
        ...written,
        ...(cpu.model !== undefined && { model: cpu.model }),
        features: featureNames(context, arch, cpu),
      },
      notes: [...given.flatMap(({ notes }) => notes), ...writtenFor({ format, qemu })],
      explain:
        explain && driverOf(context.map, arch)?.decoder ? hypervisorReasons(context, given, cpu) : undefined,
    }
  },
})

interface NotedCpu extends GivenCpu {
  readonly notes: readonly Note[]
}

/** The CPUs asked for, or those that recorded hosts give their guests. @throws LibvirtError, ParseError */
function cpusOf(
  context: Context,
  hosts: readonly HypervisorHost[],
  texts: readonly string[] | undefined,
  model: string | undefined,
): NotedCpu[] {
  if (model !== undefined)
    return [{ cpu: { type: 'guest', model, features: [] }, source: 'model', notes: [] }]
  if (texts) {
    return texts.map((text, i) => {
      const source = `cpus[${i}]`
      const { value, notes } = readAnyCpu(context, text, 'auto', source)
      return { cpu: value, source, notes }
    })
  }
  return hosts.map(({ source, reported }) => {
    if (!reported) throw new ParseError("the hypervisor does not tell its host's CPU", source)
    return { cpu: reported, source, notes: [] }
  })
}

export const hypervisorCpuCompareQuestion = question({
  name: 'hypervisor-cpu-compare',
  summary: 'Check whether a QEMU can give guests a CPU on its host',
  input: compareInput,
  answer: CompareAnswer,
  run(context, { replies, cpu, ...use }) {
    const conversation = readReplies(replies)
    const hypervisor = requestedHypervisor(conversation, use)
    const reported = reportedCpu(context, hypervisor)
    const dialogue = hypervisorCompare(context, hypervisor, reported, readCpu(cpu, 'auto', 'cpu'))
    return { answer: answerFromRecording(dialogue, conversation) }
  },
})

/** A model that guests may ask for by name. */
export const HypervisorModel = v.strictObject({
  name: v.string(),
  usable: described(
    v.picklist(['yes', 'no', 'unknown']),
    '`unknown`: the hypervisor does not say, as on ARM and POWER.',
  ),
  blockers: described(
    v.array(v.string()),
    'What the host cannot give it, sorted, each once; empty too where an old libvirt does not say.',
  ),
})
export type HypervisorModel = AnswerOf<typeof HypervisorModel>

export const hypervisorCpuModelsQuestion = question({
  name: 'hypervisor-cpu-models',
  summary: 'List the models that a QEMU can give guests on its host, and what blocks the others',
  input: modelsInput,
  answer: v.strictObject({ models: v.array(HypervisorModel) }),
  run(context, { replies, all = false, ...use }) {
    const { capabilities, choice } = requestedHypervisor(readReplies(replies), use)
    checkDomainType(capabilities, choice)
    const given = capabilities.accelerators.get(choice.accelerator)
    const allowance = given && readHypervisorSupport(given)
    const models = allowance ? hypervisorModels(context, allowance, choice.arch) : []
    return { answer: { models: all ? models : models.filter(({ usable }) => usable === 'yes') } }
  },
})

/**
 * The models of a hypervisor that libvirt knows, by name. `host` is a mode and no model.
 * @param arch of the guests
 */
export function hypervisorModels(
  { map }: Context,
  { models }: HypervisorSupport,
  arch: string,
): HypervisorModel[] {
  const find = makeModelFinder(map, arch)
  return [...models]
    .flatMap(([name, blockers]) => {
      const known = name === 'host' ? undefined : find(name)
      return known ? [modelOf(known.name, blockers)] : []
    })
    .sort(byName)
}

function modelOf(name: string, given: Blockers): HypervisorModel {
  if (given === 'unknown') return { name, usable: 'unknown', blockers: [] }
  if (given === 'unexplained') return { name, usable: 'no', blockers: [] }
  const blockers = [...new Set(given)].sort()
  return { name, usable: blockers.length === 0 ? 'yes' : 'no', blockers }
}

const byName = (a: HypervisorModel, b: HypervisorModel): number => (a.name < b.name ? -1 : 1)

/**
 * The CPU that the hypervisor of each of these hosts can give to guests of all these CPUs. On s390x QEMU itself is
 * asked.
 * @throws LibvirtError
 */
export function* hypervisorBaseline(
  { map, libvirt }: Context,
  cpus: readonly Cpu[],
  hosts: readonly HypervisorHost[],
  options: Omit<HypervisorBaselineOptions, 'arch' | 'libvirt'>,
): Dialogue<Cpu> {
  const allowance = allowedOnAll(hosts)
  const arch = hosts[0]?.arch ?? ''
  const throughQemu = driverOf(map, arch)?.throughQemu
  if (!throughQemu) return baselineByBits(map, cpus, allowance, { ...options, arch, libvirt })
  return yield* throughQemu.baseline(cpus, { models: [...allowance.models.keys()], expand: options.expand })
}

/** A CPU, and what answers call it. */
export interface GivenCpu {
  readonly cpu: Cpu
  readonly source: string
}

/** Where CPUs are looked at as bits only. */
export function hypervisorReasons(
  { map }: Context,
  given: readonly GivenCpu[],
  answer: Cpu,
): HypervisorReasons {
  const pool = new Pool(map, { explain: true, raw: true })
  for (const { cpu, source } of given) pool.add(cpu, source)
  const decoder = requireDecoder(map)
  const common = given.map(({ cpu }) => decoder.featuresOf(cpu)).reduce((all, features) => all.meet(features))
  const withheld = decoder.db.features.in(common.minus(decoder.featuresOf(answer))).map(reasonOf)
  return { ...pool.reasons(answer), withheld }
}
