import type { Driver } from '../../arch/driver.ts'
import { isLeftOut } from '../../arch/operations.ts'
import { architectureOf, driverOf, requireDriver } from '../../arch/registry.ts'
import type { Cpu, GuestCpu, Policy } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { fewNames } from '../../core/text.ts'
import { readAskedCpu } from '../../fleet/asked-model.ts'
import type { StartTrial } from '../../fleet/host.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { printQemuCpu } from '../../formats/qemu/cpu-argument.ts'
import { toQemuName } from '../../formats/qemu/names.ts'
import type { WriteOptions } from '../../formats/write.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import type { QemuCapabilities } from '../../qemu/capabilities.ts'
import { chooseQemu } from '../../qemu/choice.ts'
import { refuseMediated, settingsAt } from '../../qemu/guest/check-settings.ts'
import { predictEnding } from '../../qemu/guest/ending.ts'
import { computeLiveCpu, type GivenFeatures, predictGivenFeatures } from '../../qemu/guest/live.ts'
import { type GuestRequest, isQ35 } from '../../qemu/guest/parse-request.ts'
import { lastValueOf } from '../../qemu/guest/parse-settings.ts'
import { listHypervisorModels, type StartPlace } from '../../qemu/guest/place.ts'
import { computeStartCpu, TOO_WIDE } from '../../qemu/guest/start.ts'
import { computeHypervisorCpu } from '../../qemu/hypervisor-cpu.ts'
import { type WrittenParts, writtenOrWhy } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import { emulatorPath, type Hypervisor } from '../input/hypervisor.ts'
import { notesOnNeeds } from '../input/stated.ts'
import { describeQemuOnly, isQemuOnlyName } from '../words/cells.ts'
import { describeNote } from '../words/describe.ts'
import { reasonOf } from '../words/note.ts'
import type { GuestAnswer } from './answer.ts'

/** A guest that is to start on a hypervisor. */
export interface GuestStart {
  readonly place: StartPlace
  readonly request: GuestRequest
  /** The CPU that libvirt makes of the guest's. */
  readonly cpu: GuestCpu
  readonly argument: string
  /** What libvirt refuses when it starts the guest, though it can tell QEMU's argument. */
  readonly refused?: LibvirtError | undefined
  /** The `-cpu` of the domain's own arguments, which QEMU takes instead; absent: there is none. */
  readonly override?: string | undefined
  /** The CPU in the format that was asked for. */
  readonly written: WrittenParts
}

/**
 * @param own the host's own definition; absent: what its QEMU reports is all that is known of it
 * @param vfio whether it hands devices over; absent: not known
 */
export const startPlaceOf = (
  { map, libvirt }: Context,
  { capabilities, choice }: Hypervisor,
  own?: Cpu,
  vfio?: boolean,
): StartPlace => ({
  libvirt,
  capabilities,
  choice,
  own,
  vfio,
  cpu: computeHypervisorCpu(map, capabilities, choice, own),
})

/** What libvirt makes of a guest before it starts QEMU. @throws LibvirtError where it refuses */
export function prepareGuest(
  { map }: Context,
  request: GuestRequest,
  place: StartPlace,
  write: WriteOptions = {},
): GuestStart {
  const cpu = computeStartCpu(map, request, place)
  const driver = driverOf(map, place.choice.arch)
  const { host } = place.capabilities.accelerators.get(place.choice.accelerator) ?? {}
  return {
    place,
    request,
    cpu,
    argument: printQemuCpu(cpu, driver?.decoder && host?.properties, settingsAt(place, request.settings)),
    refused: refuseMediated(request, place),
    override: findOverride(request.devices.arguments),
    written: writtenOrWhy({ ...write, name: request.name }, () => cpu),
  }
}

const findOverride = (words: readonly string[]): string | undefined =>
  words.findLast((_, i) => /^--?cpu$/.test(words[i - 1] ?? ''))

/**
 * What comes of a guest that libvirt would start.
 * @param given what a QEMU that was started with its argument gave; absent: what is to be expected
 */
export function guestAnswer(context: Context, start: GuestStart, given?: GivenFeatures): GuestAnswer {
  const { argument, override, refused } = start
  if (refused) return { ...refusal(refused), argument }
  const basis = given ? 'started' : 'expected'
  const ending = given || override !== undefined ? undefined : predictEnding(start, hasOf(context, start))
  if (ending !== undefined) return { ...refusal(ending), argument }
  const more = {
    remarks: override === undefined ? [] : [`${OVERRIDDEN}: -cpu ${override}`],
    notLookedAt: listNotLookedAt(start),
  }
  const isUnseen = override !== undefined && !given
  if (isUnseen) return { verdict: 'starts', lost: [], gained: [], argument, ...start.written, basis, ...more }
  try {
    const { remarks = [], ...living } = livingAnswer(context, start, given)
    return { ...living, ...more, remarks: [...more.remarks, ...remarks], basis }
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    return { ...refusal(error), argument, basis }
  }
}

/** Whether the guest's CPU has a feature; of one that is not looked at as bits: none. */
function hasOf({ map }: Context, { cpu, place }: GuestStart): (name: string) => boolean {
  const { decoder } = requireDriver(map, place.choice.arch)
  const features = decoder?.featuresOf(cpu)
  const names = new Set(features && decoder?.db.features.in(features).map(({ name }) => name))
  return name => names.has(name)
}

const OVERRIDDEN = 'its qemu:commandline has a CPU of its own, which QEMU takes and libvirt does not check'

type LivingAnswer = Omit<GuestAnswer, 'remarks' | 'notLookedAt' | 'basis'> & { readonly remarks?: string[] }

/** @throws LibvirtError where libvirt ends the guest again */
function livingAnswer(context: Context, start: GuestStart, given: GivenFeatures | undefined): LivingAnswer {
  const { map } = context
  const { cpu, argument, place, request, written } = start
  const driver = requireDriver(map, place.choice.arch)
  const { decoder } = driver
  if (!decoder) return unlooked(map, driver, start, given !== undefined)
  const { db } = decoder
  const features = leaveOut(given ?? predictGivenFeatures(decoder, cpu, request.settings, place), place)
  const live = computeLiveCpu(driver, cpu, features, request.settings)
  const has = db.features.setOfNames(features.enabled)
  const named = decoder.featuresOf(cpu)
  const { wanted, idle } = readAskedCpu(driver.fleet, cpu, place.libvirt)
  const lost = db.features.in(wanted.minus(idle).minus(has)).map(reasonOf)
  const gained = cpu.mode === 'custom' ? db.features.in(has.minus(named)).map(reasonOf) : []
  const verdict = lost.length > 0 ? 'reduced' : 'starts'
  const remarks = cpu.mode === 'custom' ? notesOnNeeds({ ...context, db }, named).map(describeNote) : []
  return { verdict, lost, gained, argument, live: printCpu(live), ...written, remarks }
}

/** Without what libvirt leaves to the topology. */
const leaveOut = ({ enabled, disabled }: GivenFeatures, { libvirt }: StartPlace): GivenFeatures => ({
  enabled: enabled.filter(name => !isLeftOut(name, libvirt)),
  disabled,
})

/** What a definition has beside what was looked at. A device of the host may be gone, or another guest's. */
function listNotLookedAt({ request, place }: GuestStart): string[] {
  const { devices, settings } = request
  const { own } = place
  const isRateUnknown = own?.type !== 'host' || own.tsc === undefined
  return [
    ...devices.unseen,
    ...(devices.hostDevices.length > 0 ? ['hostdev'] : []),
    ...(devices.arguments.length > 0 ? ['qemu:commandline'] : []),
    ...(isRateUnknown && lastValueOf(settings, 'tsc-frequency') ? ["the rate of the host's TSC"] : []),
  ]
}

/**
 * Where bits are not looked at, libvirt does not ask QEMU what it gave: the definition stays as it is. A QEMU that
 * answers itself, as on s390x, ends where it cannot give a model.
 */
function unlooked(map: CpuMap, { throughQemu }: Driver, start: GuestStart, isStarted: boolean): LivingAnswer {
  const { cpu, argument, place, written } = start
  const answer = {
    verdict: 'starts',
    lost: [],
    gained: [],
    argument,
    live: printCpu(cpu),
    ...written,
  } as const
  if (isStarted) return answer
  const { unavailable = [] } = listHypervisorModels(map, place).find(({ name }) => name === cpu.model) ?? {}
  const off = new Set(cpu.features.filter(({ policy }) => policy === 'disable').map(({ name }) => name))
  const lacking = unavailable.filter(name => !off.has(name))
  if (throughQemu && lacking.length > 0) {
    throw new LibvirtError('internal', `QEMU ends: it cannot give ${cpu.model} ${fewNames(lacking)}`)
  }
  const open = listUnasked(start, throughQemu !== undefined)
  if (open.length === 0) return answer
  const what = `${cpu.model ?? 'the CPU'} of QEMU ${open.join(', ')}`
  return { ...answer, verdict: 'unknown', remarks: [`only a start tells whether ${what} may be set so`] }
}

/**
 * Properties of which a recording does not tell whether QEMU takes their values: that the type has one is not enough. A
 * host that QEMU describes can have what it has.
 */
function listUnasked({ cpu, place, request }: GuestStart, describesHost: boolean): string[] {
  const { accelerator, arch } = place.choice
  const host = describesHost ? place.capabilities.accelerators.get(accelerator)?.host?.properties : undefined
  const isOff = (policy: Policy | undefined) => policy === 'disable' || policy === 'forbid'
  const features = cpu.features.filter(
    ({ name, policy }) => policy !== 'optional' && host?.get(toQemuName(name)) !== !isOff(policy),
  )
  const hasPmu = architectureOf(arch)?.name === 'arm'
  const settings = request.settings.filter(([name]) => !(name === 'pmu' && hasPmu))
  return [...features, ...settings.map(([name]) => ({ name }))].map(({ name }) => name)
}

/**
 * What becomes of guests on a host whose QEMU was recorded, each request looked at once.
 * @param own the host's own definition; absent: what its QEMU reports is all that is known of it
 */
export function judgeOn(
  context: Context,
  capabilities: QemuCapabilities,
  own: Cpu | undefined,
  vfio: boolean | undefined,
): (asked: GuestRequest) => StartTrial {
  const { features } = context.db
  const known = new Map<GuestRequest, StartTrial>()
  const { arch } = capabilities
  const judge = (asked: GuestRequest): GuestAnswer => {
    const choice = chooseQemu(capabilities, { binary: emulatorPath(arch), host: arch }, asked)
    return guestAnswer(
      context,
      prepareGuest(context, asked, startPlaceOf(context, { capabilities, choice }, own, vfio)),
    )
  }
  return asked => {
    const answer = known.has(asked) ? undefined : orError(() => judge(asked))
    if (answer instanceof LibvirtError) known.set(asked, { refused: answer.message, lost: FeatureSet.empty })
    else if (answer) {
      const lost = features.setOfNames(answer.lost.map(({ feature }) => feature))
      known.set(asked, { refused: answer.verdict === 'refused' ? (answer.message ?? '') : undefined, lost })
    }
    return known.get(asked) ?? { lost: FeatureSet.empty }
  }
}

/** What libvirt does not start. */
export const refusal = ({ message }: LibvirtError): GuestAnswer => ({
  verdict: 'refused',
  message,
  remarks: remarksOn(message),
  notLookedAt: [],
  lost: [],
  gained: [],
  basis: 'expected',
})

/** Whose model it is that libvirt does not know, and how to ask for another host than one without KVM. */
function remarksOn(message: string): string[] {
  const [, name = ''] = /Unknown CPU model ([\w-]+)/.exec(message) ?? []
  if (isQemuOnlyName(name)) return [`${name} is ${describeQemuOnly([name])}`]
  if (message.endsWith(TOO_WIDE)) return [UNASKED]
  return message.endsWith("does not support virt type 'kvm'") ? [NO_KVM] : []
}

/** Observed of libvirt 11.3, of its daemon and its embedded driver: docs/libvirt-versions.md. */
const UNASKED =
  'a daemon that nobody has asked for its version, its capabilities or a comparison since it started does not look ' +
  'at this, and leaves it to QEMU'

const NO_KVM =
  'this host has no /dev/kvm: to ask for another, give the recorded conversation with its QEMU ' +
  '(--replies FILE) and its capabilities (--host FILE)'

/**
 * The way to a guest's answer: what it yields is to be tried on the host, and it is given the answer, or what libvirt
 * refuses. Where a QEMU refuses the machine type alone, the newest machine of the same family is tried too: what becomes
 * of the CPU does not depend on whose machine it is.
 */
export function* resolveGuest(
  request: () => GuestRequest,
): Generator<GuestRequest, GuestAnswer, GuestAnswer | LibvirtError> {
  const asked = orError(request)
  const first = asked instanceof LibvirtError ? asked : yield asked
  if (!(first instanceof LibvirtError)) return first
  const other = asked instanceof LibvirtError ? undefined : withOwnMachine(asked, first)
  if (!other) return refusal(first)
  const second = yield other
  return withApart(first, other, second instanceof LibvirtError ? refusal(second) : second)
}

/** What is made, or libvirt's refusal. */
export function orError<T>(make: () => T): T | LibvirtError {
  try {
    return make()
  } catch (error) {
    return asRefusal(error)
  }
}

/** @throws what is no error of libvirt's */
export function asRefusal(error: unknown): LibvirtError {
  if (error instanceof LibvirtError) return error
  throw error
}

/** Undefined for any other error than that of a machine type of another's. */
function withOwnMachine(request: GuestRequest, { message }: LibvirtError): GuestRequest | undefined {
  const { machine = '' } = request
  if (!message.endsWith(`does not support machine type '${machine}'`)) return undefined
  const own = isQ35(machine) ? 'q35' : /^pc-/.test(machine) ? 'pc' : undefined
  return own === undefined || own === machine ? undefined : { ...request, machine: own }
}

/** The refusal of a machine type, with what becomes of the guest on another. */
const withApart = (
  error: LibvirtError,
  { machine = '' }: GuestRequest,
  { verdict, message, argument }: GuestAnswer,
): GuestAnswer => ({
  ...refusal(error),
  apart: {
    machine,
    verdict,
    ...(message === undefined ? {} : { message }),
    ...(argument === undefined ? {} : { argument }),
  },
})
