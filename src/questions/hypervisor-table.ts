import { LibvirtError } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'
import { printCpu } from '../formats/libvirt/print-cpu.ts'
import { allowanceOf } from '../qemu/allowance.ts'
import { checkDomains } from '../qemu/choice.ts'
import { parseGuestRequest } from '../qemu/guest/parse-request.ts'
import { printCapabilities } from '../qemu/print-capabilities.ts'
import { parseXml } from '../xml/reader.ts'
import { BadRequest } from './bad-request.ts'
import { capabilitiesInput } from './capabilities/input.ts'
import type { Context } from './context.ts'
import type { GuestAnswer } from './guest-check/answer.ts'
import { guestAnswer, prepareGuest, refusal, startPlaceOf } from './guest-check/compute.ts'
import { type GivenCpu, hypervisorBaseline, hypervisorReasons } from './hypervisor-cpu-baseline/compute.ts'
import { hypervisorModels } from './hypervisor-cpu-models/compute.ts'
import { featureNames, hypervisorCompare, isX86, reportedCpu } from './input/hypervisor.ts'
import { type HypervisorHost, hypervisorHost } from './input/hypervisor-host.ts'
import * as inputs from './input/hypervisor-schemas.ts'
import { readCpu, readReportedCpu } from './input/read.ts'
import { answeredFrom } from './input/recorded-answers.ts'
import {
  type RecordedRequest,
  readReplies,
  requestedHypervisor,
  requireHost,
} from './input/recorded-hypervisor.ts'
import { usableModels } from './models/compute.ts'
import { type AskOptions, type Outcome, type Verb, verb } from './question.ts'

/** What is asked of recorded hosts and their hypervisors; nothing is probed. */
export const HYPERVISOR_VERBS: Readonly<Record<string, Verb>> = {
  capabilities: verb({
    doc: "a host and the guests it can run as libvirt's document, of the facts that `capabilities --json` tells",
    input: capabilitiesInput,
    run(_context, { host: { cpu, node: _node, ...around }, guests = [] }) {
      const facts = { ...around, cpu: readReportedCpu(cpu, 'host.cpu') }
      return { answer: { xml: printCapabilities(facts, guests) } }
    },
  }),

  'hypervisor-cpu-models': verb({
    doc: 'the models that a QEMU gives guests on its host, with what keeps the others from it',
    input: inputs.modelsInput,
    run({ db }, { replies, all = false, ...use }) {
      const { capabilities, choice } = requestedHypervisor(readReplies(replies), use)
      checkDomains(capabilities, choice)
      const given = capabilities.accelerators.get(choice.accelerator)
      const allowance = given && allowanceOf(given)
      const models = allowance ? hypervisorModels(db, allowance, choice.arch) : []
      return { answer: { models: all ? models : models.filter(({ usable }) => usable === 'yes') } }
    },
  }),

  'hypervisor-cpu-compare': verb({
    doc: 'whether a QEMU can give guests a CPU on its host',
    input: inputs.compareInput,
    run(context, { replies, cpu, ...use }) {
      const conversation = readReplies(replies)
      const hypervisor = requestedHypervisor(conversation, use)
      const reported = reportedCpu(context, hypervisor)
      const inquiry = hypervisorCompare(context, hypervisor, reported, readCpu(cpu, 'auto', 'cpu'))
      return { answer: { ...answeredFrom(inquiry, conversation) } }
    },
  }),

  'hypervisor-cpu-baseline': verb({
    doc: 'the CPU that the QEMU of each of these hosts can give to guests of all these CPUs',
    input: inputs.baselineInput,
    run: baselineOutcome,
  }),

  models: verb({
    doc: 'the models that guests can be given on every one of these hosts, best first, and what blocks the others where',
    input: inputs.usableInput,
    run: (context, { hosts, ...use }) => ({
      answer: { ...usableModels(context, hostsOf(context, hosts, use)) },
    }),
  }),

  'guest-check': verb({
    doc: 'what libvirt would do at the start of a guest on a recorded host: start it, without what, or refuse',
    input: inputs.guestInput,
    run: (context, input) => ({ answer: { ...guestOutcome(context, input) } }),
  }),
}

/** Recorded hosts of one architecture. @throws LibvirtError, ParseError, BadRequest */
function hostsOf(context: Context, texts: readonly string[], use: RecordedRequest): HypervisorHost[] {
  const hosts = texts.map((text, i) => requireHost(context, text, `hosts[${i}]`, use))
  const arches = new Set(hosts.map(({ arch }) => arch))
  if (arches.size > 1) throw new BadRequest(`hosts of several architectures: ${[...arches].join(', ')}`)
  return hosts
}

function baselineOutcome(context: Context, input: inputs.BaselineInput, { explain }: AskOptions): Outcome {
  const { replies, hosts: texts = [], cpus, model, expand, migratable, ignoreHost, ...use } = input
  const conversation = replies === undefined ? undefined : readReplies(replies)
  const hosts = conversation
    ? [hypervisorHost(context, requestedHypervisor(conversation, use), 'replies')]
    : hostsOf(context, texts, use)
  const given = cpusOf(hosts, cpus, model)
  const inquiry = hypervisorBaseline(
    context,
    given.map(({ cpu }) => cpu),
    hosts,
    { expand, migratable, ignoreHost },
  )
  const cpu = answeredFrom(inquiry, conversation ?? { source: 'hosts', runs: [], bare: false })
  const arch = hosts[0]?.arch ?? ''
  return {
    answer: { xml: printCpu(cpu), model: cpu.model, features: featureNames(context, arch, cpu) },
    explain: explain && isX86(arch) ? { ...hypervisorReasons(context, given, cpu) } : undefined,
  }
}

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

function guestOutcome(context: Context, { replies, domain, host }: inputs.GuestInput): GuestAnswer {
  const root = parseXml(domain, 'domain')
  if (root.name !== 'domain') throw new ParseError('no <domain>', 'domain')
  const conversation = readReplies(replies)
  try {
    const asked = parseGuestRequest(root)
    const hypervisor = requestedHypervisor(conversation, { ...asked, emulator: undefined })
    const own = host === undefined ? undefined : readCpu(host, 'auto', 'host')
    const place = startPlaceOf(context, hypervisor, own)
    return guestAnswer(context, prepareGuest(context, asked, place))
  } catch (error) {
    if (error instanceof LibvirtError) return refusal(error)
    throw error
  }
}
