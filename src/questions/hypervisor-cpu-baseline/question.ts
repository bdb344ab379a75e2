import * as v from 'valibot'
import { driverOf } from '../../arch/registry.ts'
import { ParseError } from '../../core/parse-error.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { BaselineAnswer, HypervisorReasons, writtenFor, writtenIn } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import {
  answerFromNone,
  answerFromRecording,
  featureNames,
  type HypervisorHost,
  hypervisorHost,
  readRecordedHosts,
  readReplies,
  requestedHypervisor,
} from '../input/hypervisor.ts'
import { readAnyCpu } from '../input/read.ts'
import { baselineInput } from '../input/schemas.ts'
import { question } from '../question.ts'
import type { Note } from '../words/note.ts'
import { type GivenCpu, hypervisorBaseline, hypervisorReasons } from './compute.ts'

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
