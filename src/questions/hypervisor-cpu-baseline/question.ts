import * as v from 'valibot'
import { driverOf } from '../../arch/registry.ts'
import { ParseError } from '../../core/parse-error.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { BaselineAnswer } from '../baseline/answer.ts'
import { featureNames, type HypervisorHost, hypervisorHost } from '../input/hypervisor.ts'
import { readCpu } from '../input/read.ts'
import {
  answeredFrom,
  readRecordedHosts,
  readReplies,
  requestedHypervisor,
} from '../input/recorded-hypervisor.ts'
import { baselineInput } from '../input/schemas.ts'
import { question } from '../question.ts'
import { HypervisorReasons } from './answer.ts'
import { type GivenCpu, hypervisorBaseline, hypervisorReasons } from './compute.ts'

export const hypervisorCpuBaselineQuestion = question({
  name: 'hypervisor-cpu-baseline',
  summary: 'Compute the CPU that the QEMU of each of these hosts can give to guests of all these CPUs',
  input: baselineInput,
  answer: v.strictObject({ ...BaselineAnswer.entries, model: v.exactOptional(v.string()) }),
  reasons: HypervisorReasons,
  run(context, input, { explain }) {
    const { replies, hosts: texts = [], cpus, model, expand, migratable, ignoreHost, ...use } = input
    const conversation = replies === undefined ? undefined : readReplies(replies)
    const hosts = conversation
      ? [hypervisorHost(context, requestedHypervisor(conversation, use), 'replies')]
      : readRecordedHosts(context, texts, use)
    const given = cpusOf(hosts, cpus, model)
    const dialogue = hypervisorBaseline(
      context,
      given.map(({ cpu }) => cpu),
      hosts,
      { expand, migratable, ignoreHost },
    )
    const cpu = answeredFrom(dialogue, conversation ?? { source: 'hosts', runs: [], bare: false })
    const arch = hosts[0]?.arch ?? ''
    return {
      answer: {
        xml: printCpu(cpu),
        ...(cpu.model !== undefined && { model: cpu.model }),
        features: featureNames(context, arch, cpu),
      },
      explain:
        explain && driverOf(context.map, arch)?.decoder ? hypervisorReasons(context, given, cpu) : undefined,
    }
  },
})

/** The CPUs asked for, or those that recorded hosts give their guests. @throws LibvirtError, ParseError */
function cpusOf(
  hosts: readonly HypervisorHost[],
  texts: readonly string[] | undefined,
  model: string | undefined,
): GivenCpu[] {
  if (model !== undefined) return [{ cpu: { type: 'guest', model, features: [] }, source: 'model' }]
  if (texts) {
    return texts.map((xml, i) => ({ cpu: readCpu(xml, 'auto', `cpus[${i}]`), source: `cpus[${i}]` }))
  }
  return hosts.map(({ source, reported }) => {
    if (!reported) throw new ParseError("the hypervisor does not tell its host's CPU", source)
    return { cpu: reported, source }
  })
}
