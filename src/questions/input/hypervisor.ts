import type { Dialogue, DialogueStep } from '../../arch/dialogue.ts'
import { DEFAULT_ARCH, driverOf } from '../../arch/registry.ts'
import { ARCH_NAMES, type Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import { readText } from '../../formats/dialects.ts'
import type { Found } from '../../formats/found.ts'
import { type JsonObject, parseDocuments } from '../../formats/json/json.ts'
import { domainCapabilitiesOf } from '../../formats/libvirt/domain.ts'
import { parseCpu } from '../../formats/libvirt/parse-cpu.ts'
import { type HypervisorSupport, meetHypervisorSupport, readHypervisorSupport } from '../../qemu/allowance.ts'
import type { QemuCapabilities } from '../../qemu/capabilities.ts'
import { checkQemuRequest, chooseQemu, type QemuChoice, type QemuRequest } from '../../qemu/choice.ts'
import { compareWithHypervisor, computeHypervisorCpu } from '../../qemu/hypervisor-cpu.ts'
import { type QmpRecording, readRecording } from '../../qemu/qmp/conversation.ts'
import { readQemuCapabilities } from '../../qemu/qmp/read-capabilities.ts'
import { child, type Element, textOf } from '../../xml/element.ts'
import type { CompareAnswer } from '../answer-parts.ts'
import { compareAnswer } from '../compare/compute.ts'
import { BadRequest, type Context } from '../context.ts'

/** A QEMU that was probed, and how it is used. */
export interface Hypervisor {
  readonly capabilities: QemuCapabilities
  readonly choice: QemuChoice
}

const unsupported = (detail: string): LibvirtError => new LibvirtError('op-unsupported', detail)

/** The host's CPU as the hypervisor reports it. @throws LibvirtError where it does not */
export function reportedCpu({ map }: Context, { capabilities, choice }: Hypervisor): Cpu {
  const cpu = computeHypervisorCpu(map, capabilities, choice)?.reported
  if (cpu) return cpu
  const { binary, virttype } = choice
  throw unsupported(`QEMU '${binary}' does not support reporting CPU model for virttype '${virttype}'`)
}

/**
 * Whether a hypervisor, which reports this CPU, can give guests that one. On s390x QEMU itself is asked.
 * @throws LibvirtError for unknown names
 */
export function* hypervisorCompare(
  { map }: Context,
  { capabilities, choice }: Hypervisor,
  reported: Cpu,
  cpu: Cpu,
): Dialogue<CompareAnswer> {
  const { arch, accelerator } = choice
  const driver = driverOf(map, arch)
  if (driver?.throughQemu) return compareAnswer(yield* driver.throughQemu.compare(reported, cpu))
  if (!driver?.decoder)
    throw unsupported(`comparing with the hypervisor CPU is not supported for arch ${arch}`)
  const models = capabilities.accelerators.get(accelerator)?.models
  return compareAnswer(compareWithHypervisor(driver, { reported, models }, cpu))
}

/** What a hypervisor allows guests. @throws LibvirtError where it does not tell, and where libvirt does not ask */
function hypervisorAllowance({ map }: Context, { capabilities, choice }: Hypervisor): HypervisorSupport {
  const { accelerator, arch, binary, virttype } = choice
  const given = capabilities.accelerators.get(accelerator)
  const allowance = given && readHypervisorSupport(given)
  if (!allowance)
    throw unsupported(`QEMU '${binary}' does not support any CPU models for virttype '${virttype}'`)
  const driver = driverOf(map, arch)
  if (!driver?.decoder && !driver?.throughQemu) {
    throw unsupported(`computing baseline hypervisor CPU is not supported for arch ${arch}`)
  }
  return allowance
}

/** Everything that a CPU has, by name: in map order where CPUs are looked at as bits, elsewhere as it is listed. */
export function featureNames({ map }: Context, arch: string, cpu: Cpu): string[] {
  const decoder = driverOf(map, arch)?.decoder
  const features = decoder ? decoder.db.features.in(decoder.featuresOf(cpu)) : cpu.features
  return features.map(({ name }) => name)
}

/** A host as far as its hypervisor tells: from its QEMU, or from libvirt's domain capabilities of it. */
export interface HypervisorHost {
  readonly source: string
  /** libvirt's name of the guests' architecture. */
  readonly arch: string
  readonly allowance: HypervisorSupport
  /** The CPU that guests get in mode host-model; absent: it does not tell. */
  readonly reported?: Cpu | undefined
}

/** @throws LibvirtError where it tells of no models, and where libvirt does not ask it for CPUs */
export const hypervisorHost = (context: Context, hypervisor: Hypervisor, source: string): HypervisorHost => ({
  source,
  arch: hypervisor.choice.arch,
  allowance: hypervisorAllowance(context, hypervisor),
  reported: computeHypervisorCpu(context.map, hypervisor.capabilities, hypervisor.choice)?.reported,
})

/** What all hosts allow. @throws RangeError for none */
export function allowedOnAll(hosts: readonly HypervisorHost[]): HypervisorSupport {
  const [first, ...rest] = hosts
  if (!first) throw new RangeError('what no host allows')
  return rest.reduce((all, { allowance }) => meetHypervisorSupport(all, allowance), first.allowance)
}

/** Where QEMU is when nobody says. */
export const emulatorPath = (arch: string): string => `/usr/bin/qemu-system-${arch}`

/** How a recorded QEMU is to be used; absent: libvirt's default. */
export interface RecordedRequest extends QemuRequest {
  /** Its path. */
  readonly emulator?: string | undefined
}

/** A recorded conversation as text, or as the list of its messages. @throws ParseError */
export const readReplies = (replies: string | readonly object[], source = 'replies'): QmpRecording =>
  readRecording(
    typeof replies === 'string'
      ? parseDocuments(replies, source)
      : replies.map((value, i) => ({ value, line: i + 1 })),
    source,
  )

/**
 * The hypervisor that a conversation is with.
 * @param host libvirt's name of its host's architecture; absent: its guests', for a conversation does not tell
 * @throws ParseError; LibvirtError for a QEMU that is too old or does not serve the request
 */
export function hypervisorOf(
  conversation: QmpRecording,
  request: RecordedRequest,
  host?: string,
): Hypervisor {
  const capabilities = readQemuCapabilities(conversation, request.arch)
  const binary = request.emulator ?? emulatorPath(capabilities.arch)
  const choice = chooseQemu(capabilities, { binary, host: host ?? capabilities.arch }, request)
  return { capabilities, choice }
}

/** As `hypervisorOf`, of a request that nobody looked at. @throws as `hypervisorOf` */
export function requestedHypervisor(conversation: QmpRecording, request: RecordedRequest): Hypervisor {
  checkQemuRequest(request, name => ARCH_NAMES.has(name))
  return hypervisorOf(conversation, request)
}

/**
 * The hosts that a text describes by their hypervisors: conversations with QEMU, or domain capabilities; empty where it
 * describes none. Several are named by their number.
 * @throws ParseError, LibvirtError
 */
export function recordedHosts(
  context: Context,
  text: string,
  source: string,
  request: RecordedRequest,
): HypervisorHost[] {
  const found = readText(text, source).filter(describesHypervisor)
  return found.map((one, i) => {
    const name = found.length > 1 ? `${source}#${i + 1}` : source
    if (one.kind === 'document') return hostOfCapabilities(one.element, name)
    return hypervisorHost(context, hypervisorOf(readRecording(one.messages, source), request), name)
  })
}

type HypervisorFound = Extract<Found, { readonly kind: 'document' | 'conversation' }>

const describesHypervisor = (found: Found): found is HypervisorFound =>
  found.kind === 'conversation' || (found.kind === 'document' && found.element.name === 'domainCapabilities')

/** As `recordedHosts`. @throws ParseError also for a text that describes no hypervisor */
export function requireHosts(
  context: Context,
  text: string,
  source: string,
  request: RecordedRequest,
): HypervisorHost[] {
  const hosts = recordedHosts(context, text, source, request)
  if (hosts.length > 0) return hosts
  throw new ParseError('neither domain capabilities nor a conversation with QEMU', source)
}

/** An old libvirt does not say what blocks a model. */
function hostOfCapabilities(capabilities: Element, source: string): HypervisorHost {
  const { hostModel, models } = domainCapabilitiesOf(capabilities)
  const arch = child(capabilities, 'arch')
  const blockers = [...models].map(
    ([name, known]) => [name, known !== 'unknown' && known.includes('?') ? 'unexplained' : known] as const,
  )
  return {
    source,
    arch: arch ? textOf(arch) : DEFAULT_ARCH,
    allowance: { models: new Map(blockers) },
    reported: hostModel && parseCpu(hostModel, 'guest'),
  }
}

const opened = new WeakMap<readonly string[], readonly HypervisorHost[]>()

/** An input that stands for hosts that were already read, such as this one: questions take it as they take texts. */
export function inputOfHosts(hosts: readonly HypervisorHost[]): string[] {
  const input: string[] = []
  opened.set(input, hosts)
  return input
}

/** Recorded hosts of one architecture. @throws LibvirtError, ParseError, BadRequest */
export function readRecordedHosts(
  context: Context,
  texts: readonly string[],
  use: RecordedRequest,
): readonly HypervisorHost[] {
  const known = opened.get(texts)
  if (known) return known
  const hosts = texts.flatMap((text, i) => requireHosts(context, text, `hosts[${i}]`, use))
  const arches = new Set(hosts.map(({ arch }) => arch))
  if (arches.size > 1) throw new BadRequest(`hosts of several architectures: ${[...arches].join(', ')}`)
  return hosts
}

/**
 * Drives a dialogue by what was recorded: s390x leaves comparing and combining CPUs to QEMU.
 * @throws LibvirtError of the dialogue, and where the recording does not hold an answer
 */
export function answerFromRecording<T>(dialogue: Dialogue<T>, conversation: QmpRecording): T {
  let step = dialogue.next()
  while (!step.done) step = dialogue.next(answerTo(step.value, conversation))
  return step.value
}

function answerTo({ execute, arguments: given }: DialogueStep, { runs }: QmpRecording): JsonObject {
  const asked = canonical(given)
  const found = runs
    .flat()
    .find(({ command }) => command.execute === execute && canonical(command.arguments ?? {}) === asked)
  if (found) return found.reply
  throw new LibvirtError(
    'op-unsupported',
    `QEMU itself answers this here, and the recording lacks its answer to ${JSON.stringify({ execute, arguments: given })}`,
  )
}

/** Drives a dialogue where there is no QEMU, live or recorded. @throws LibvirtError where it asks anything */
export const answerFromNone = <T>(dialogue: Dialogue<T>): T =>
  answerFromRecording(dialogue, { source: 'hosts', runs: [], bare: false })

/** Equal for equal values, whatever the order of their keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
