import type { Comparison } from '../../arch/driver.ts'
import {
  checkGuestFeatures,
  compareCpus,
  incompatibility,
  isLeftOut,
  translate,
  updateCpu,
} from '../../arch/operations.ts'
import { architectureOf, requireDriver } from '../../arch/registry.ts'
import {
  addIfMissing,
  type Check,
  type Cpu,
  type CpuFeature,
  type GuestCpu,
  updateFeature,
} from '../../core/cpu.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import type { QemuChoice } from '../choice.ts'
import { compareWithHypervisor } from '../hypervisor-cpu.ts'
import {
  checkFeatures,
  checkHypervHostModel,
  checkLargeGuest,
  checkLastOfDevices,
  checkPassthrough,
  checkTimers,
  checkTscFrequency,
} from './check-settings.ts'
import type { GuestRequest } from './parse-request.ts'
import { listAllowedModelsAt, listHypervisorModels, type StartPlace } from './place.ts'

const makeUnsupportedError = (detail: string): LibvirtError => new LibvirtError('unsupported', detail)

/**
 * The CPU that libvirt makes of a domain's before it starts QEMU. Optional features are decided, host-model and the
 * machine's default have become a model.
 * @throws LibvirtError where libvirt would refuse to start
 */
export function computeStartCpu(map: CpuMap, request: GuestRequest, place: StartPlace): GuestCpu {
  checkDefinition(map, request, place)
  checkTscFrequency(request, place)
  checkPassthrough(request, place)
  checkHypervHostModel(request, place)
  const cpu = makeStartCpu(map, request.cpu, place)
  checkLastOfDevices(request, place)
  return cpu
}

/** What libvirt refuses of a domain, in its order, before it starts anything. @throws LibvirtError */
function checkDefinition(map: CpuMap, request: GuestRequest, place: StartPlace): void {
  const { cpu, vcpus } = request
  const { maxCpus = 0 } = place.choice.machine ?? {}
  if (cpu?.maxphysaddr) checkAddresses(cpu, place)
  checkTimers(request, place)
  if (maxCpus > 0 && vcpus > maxCpus) {
    throw makeUnsupportedError(`Maximum CPUs greater than specified machine type limit ${maxCpus}`)
  }
  checkLargeGuest(request, place)
  if (cpu) checkGuestCpu(cpu, vcpus, place)
  checkFeatures(request, place)
  if (cpu && !isOnlyTopology(cpu)) checkGuestFeatures(map, place.choice.arch, cpu)
}

function makeStartCpu(map: CpuMap, cpu: GuestCpu | undefined, place: StartPlace): GuestCpu {
  if (!cpu || isOnlyTopology(cpu)) return makeDefaultCpu(map, cpu, place)
  if (!supports(cpu, place)) throw makeUnsupportedError(describeUnsupported(cpu, place))
  if (cpu.deprecatedFeatures !== undefined && !togglesDeprecated(place)) {
    throw makeUnsupportedError('toggling deprecated features for CPU model is unsupported')
  }
  return makeDefinite(map, resolveDefaults(cpu, place), place)
}

/** The machine's own CPU, which libvirt neither checks nor changes. */
function makeDefaultCpu(map: CpuMap, cpu: GuestCpu | undefined, place: StartPlace): GuestCpu {
  const { machine, virttype } = place.choice
  const type = machine?.defaultCpuType
  // On POWER several names are of one type, and libvirt knows one of them.
  const named = listHypervisorModels(map, place).filter(known => known.type === type)
  const model = named[0]?.name ?? type?.replace(/-[^-]+-cpu$/, '')
  if (model === undefined) throw internalError('QEMU does not tell its default CPU model')
  if (model === 'host' && virttype !== 'kvm') {
    throw internalError('QEMU reports invalid default CPU model "host" for non-kvm domain virt type')
  }
  const base: GuestCpu = cpu ?? { type: 'guest', features: [] }
  return { ...base, mode: 'custom', match: 'exact', check: 'none', model, fallback: 'forbid' }
}

/** The definition with libvirt's defaults in place of what it leaves out. */
function resolveDefaults(cpu: GuestCpu, { capabilities, choice }: StartPlace): GuestCpu {
  const max = capabilities.properties.get('max-x86_64-cpu')
  const migratable =
    cpu.mode === 'host-passthrough' && architectureOf(choice.arch)?.settings?.includes('migratable')
      ? (cpu.migratable ?? max?.has('migratable') ?? true)
      : cpu.migratable
  return { ...cpu, check: cpu.check ?? findDefaultCheck(cpu, choice), migratable }
}

function findDefaultCheck({ mode }: GuestCpu, { accelerator }: QemuChoice): Check {
  if (mode === 'host-passthrough' || mode === 'maximum') return 'none'
  return mode === 'custom' && accelerator === 'tcg' ? 'none' : 'partial'
}

/** What becomes of a CPU on the hypervisor, step by step as libvirt takes them. */
function makeDefinite(map: CpuMap, cpu: GuestCpu, place: StartPlace): GuestCpu {
  if (cpu.check !== 'none') refuseForbidden(cpu, place)
  const isPassed = cpu.mode === 'host-passthrough' || cpu.mode === 'maximum'
  const made = isPassed ? cpu : updateOnHypervisor(map, cpu, place)
  const features = addSve(made.features.filter(({ name }) => !isLeftOut(name, place.libvirt)))
  return disableDeprecated({ ...made, features }, place)
}

function updateOnHypervisor(map: CpuMap, cpu: GuestCpu, place: StartPlace): GuestCpu {
  const { choice, cpu: host } = place
  if (cpu.check === 'partial') {
    const found = compareCpu(map, cpu, place)
    if (found.result === 'incompatible') throw incompatibility(found.detail)
  }
  const updated = updateCpu(map, choice.arch, cpu, host?.migratable)
  return { ...translate(map, choice.arch, updated, listAllowedModelsAt(map, place)), fallback: 'forbid' }
}

/**
 * Where bits are looked at, the hypervisor has a word in it; elsewhere only the host's own CPU is looked at, which has
 * none of another architecture.
 */
function compareCpu(
  map: CpuMap,
  cpu: GuestCpu,
  { capabilities, choice, cpu: host, own }: StartPlace,
): Comparison {
  const models = capabilities.accelerators.get(choice.accelerator)?.models
  const driver = requireDriver(map, choice.arch)
  if (driver.decoder) {
    return compareWithHypervisor(driver, { reported: host?.reported, models }, cpu, host?.full)
  }
  if (!choice.isNative) throw incompatibility('unknown host CPU')
  const known: Cpu = own ?? host?.full ?? { type: 'host', features: [] }
  return compareCpus(map, { ...known, arch: choice.arch }, cpu)
}

function supports({ mode }: GuestCpu, { capabilities, choice, cpu }: StartPlace): boolean {
  const models = capabilities.accelerators.get(choice.accelerator)?.models ?? []
  if (mode === 'host-passthrough') return choice.isNative && choice.accelerator !== 'tcg'
  if (mode === 'host-model') return cpu !== undefined
  return mode === 'maximum' ? models.some(({ name }) => name === 'max') : models.length > 0
}

const describeUnsupported = ({ mode }: GuestCpu, { choice }: StartPlace): string =>
  mode === 'maximum'
    ? 'maximum CPU is not supported by QEMU binary'
    : `CPU mode '${mode}' for ${choice.arch} ${choice.virttype} domain on ${choice.host} host is not supported by hypervisor`

/** By what is listed, not by bits. @throws LibvirtError */
function refuseForbidden(cpu: GuestCpu, place: StartPlace): void {
  const full = place.cpu?.full
  if (!full) return
  const has = new Set(full.features.filter(({ policy }) => policy !== 'disable').map(({ name }) => name))
  const forbidden = cpu.features.find(({ name, policy }) => policy === 'forbid' && has.has(name))
  if (forbidden) throw incompatibility(`Host CPU provides forbidden feature '${forbidden.name}'`)
}

/** A length of ARM's vectors brings the vectors. */
const addSve = (features: readonly CpuFeature[]): readonly CpuFeature[] =>
  features.some(({ name, policy }) => /^sve\d+$/.test(name) && policy !== 'disable' && policy !== 'forbid')
    ? addIfMissing(features, { name: 'sve', policy: 'require' })
    : features

/** Whether QEMU tells of a model what newer machines do without, be it nothing. */
const togglesDeprecated = (place: StartPlace): boolean =>
  listDeprecated(place).length > 0 ||
  place.capabilities.schema.returns('query-cpu-model-expansion', 'deprecated-props')

const listDeprecated = ({ capabilities, choice }: StartPlace): readonly string[] =>
  capabilities.accelerators.get(choice.accelerator)?.host?.deprecated ?? []

function disableDeprecated(cpu: GuestCpu, place: StartPlace): GuestCpu {
  if (cpu.deprecatedFeatures !== false) return cpu
  const features = listDeprecated(place).reduce(
    (list, name) => updateFeature(list, { name, policy: 'disable' }),
    [...cpu.features],
  )
  return { ...cpu, features }
}

/** A definition that names no CPU: at most a topology. The machine's default is the guest's. */
const isOnlyTopology = ({ mode, model }: GuestCpu): boolean => mode === 'custom' && model === undefined

/**
 * What libvirt refuses of a guest's CPU whatever the host can give.
 * @throws LibvirtError
 * @see the domain's format, element `cpu`
 */
function checkGuestCpu(cpu: GuestCpu, vcpus: number, place: StartPlace): void {
  const { arch } = place.choice
  checkTopology(cpu, vcpus)
  const { settings = [] } = architectureOf(arch) ?? {}
  if (cpu.cache) {
    if (!settings.includes('cache'))
      throw makeUnsupportedError(`CPU cache specification ${unsupportedOn(arch)}`)
    checkCache(cpu, cpu.cache)
  }
}

const ADDRESSES = 'CPU maximum physical address bits'

const unsupportedOn = (arch: string): string => `is not supported for '${arch}' architecture`

function checkTopology({ topology }: GuestCpu, vcpus: number): void {
  if (!topology) return
  const { sockets, dies, clusters, cores, threads } = topology
  const cpus = sockets * dies * clusters * cores * threads
  if (cpus > 0xffff_ffff) throw makeUnsupportedError('cpu topology results in more than 4294967295 cpus')
  if (cpus !== vcpus) throw makeUnsupportedError("CPU topology doesn't match maximum vcpu count")
}

function checkCache({ mode }: GuestCpu, cache: NonNullable<GuestCpu['cache']>): void {
  if (cache.mode === 'emulate') {
    if (cache.level !== 3)
      throw makeUnsupportedError("CPU cache mode 'emulate' can only be used with level='3'")
    return
  }
  if (cache.mode === 'passthrough' && mode !== 'host-passthrough' && mode !== 'maximum') {
    const modes = "'host-passthrough' / 'maximum' CPUs"
    throw makeUnsupportedError(`CPU cache mode 'passthrough' can only be used with ${modes}`)
  }
  if (cache.level !== undefined)
    throw makeUnsupportedError(`unsupported CPU cache level for mode '${cache.mode}'`)
}

/** What a daemon says that has looked at its host's CPU. */
export const TOO_WIDE =
  'The number of virtual CPU address bits cannot exceed the number supported by the host CPU'

function checkAddresses({ maxphysaddr }: GuestCpu, { choice, own }: StartPlace): void {
  const { mode, bits } = maxphysaddr ?? {}
  const { settings = [] } = architectureOf(choice.arch) ?? {}
  if (!settings.includes('maxphysaddr'))
    throw makeUnsupportedError(`${ADDRESSES} specification ${unsupportedOn(choice.arch)}`)
  const most = own?.maxphysaddr?.bits ?? Number.POSITIVE_INFINITY
  if (mode === 'emulate' && (bits ?? 0) > most) throw makeUnsupportedError(TOO_WIDE)
  if (mode === 'passthrough' && bits !== undefined) {
    throw makeUnsupportedError(`${ADDRESSES} number specification cannot be used with mode='passthrough'`)
  }
}
