import {
  ARCH_NAMES,
  asGuest,
  type Cpu,
  type CpuFeature,
  type GuestCpu,
  type HostCpu,
  type NamedRegisters,
} from '../core/cpu.ts'
import type { Cpuid } from '../core/cpuid.ts'
import { internalError, LibvirtError } from '../core/libvirt-error.ts'
import { hasBehaviour, type LibvirtVersion } from '../core/libvirt-version.ts'
import type { CpuMap } from '../map/cpu-map.ts'
import type { AllowedModels, Comparison, Driver, Encoded, Fold, RemovedPolicy } from './driver.ts'
import { requireDriver } from './registry.ts'

// libvirt's questions, whatever the architecture: what holds for all of them is decided here, the rest by its
// driver. Every one throws LibvirtError for an architecture that is unset or has no driver.

const without = (what: string): LibvirtError => new LibvirtError('no-support', what)

/** Whether `host`, whose architecture decides, can run `cpu`. @throws LibvirtError for unknown names */
export const compareCpus = (map: CpuMap, host: Cpu, cpu: Cpu): Comparison =>
  requireDriver(map, host.arch).compare(host, cpu)

/** A refusal as the error that `--error` shows. */
export const incompatibility = (detail: string): LibvirtError => new LibvirtError('cpu-incompatible', detail)

/**
 * The host whose registers these are.
 * @throws LibvirtError where they match no model that may be chosen, and where libvirt does not look
 */
export function detect(
  map: CpuMap,
  arch: string | undefined,
  registers: NamedRegisters,
  { models, best }: { readonly models?: AllowedModels | undefined; readonly best?: boolean | undefined } = {},
): HostCpu {
  const driver = requireDriver(map, arch)
  const named = (best && driver.bestDetect) || driver.detect
  if (!named || arch === undefined) throw without(`cannot detect host CPU model for ${arch} architecture`)
  return { ...named(arch, registers, models), registers }
}

/**
 * Begins a baseline.
 * @param best beyond libvirt, where the driver has something better
 * @throws LibvirtError where libvirt computes none
 */
export function fold(map: CpuMap, arch: string | undefined, best = false): Fold {
  const driver = requireDriver(map, arch)
  const begin = (best && driver.bestFold) || driver.fold
  if (!begin) throw without(`cannot compute baseline CPU of ${arch} architecture`)
  return begin()
}

/**
 * The guest made definite on a host of the architecture; passthrough modes are so already.
 * @throws LibvirtError for a host's definition given as guest, unknown names, and a missing host where one is needed
 */
export function updateCpu(
  map: CpuMap,
  arch: string | undefined,
  guest: Cpu,
  host: Cpu | undefined,
  removed: RemovedPolicy = 'disable',
): GuestCpu {
  const driver = requireDriver(map, arch)
  if (guest.type === 'host') throw internalError('Unexpected enum value -1 for virCPUMode')
  if (guest.mode === 'host-passthrough' || guest.mode === 'maximum') return guest
  return driver.update(guest, host, removed)
}

/**
 * A running guest's definition, corrected by what its hypervisor gave and refused. Modes other than custom are
 * looked at only under `check full`; most architectures correct nothing.
 * @throws LibvirtError where the check is full and something differs
 */
export function updateRunningCpu(map: CpuMap, arch: string, cpu: Cpu, enabled: Cpuid, disabled: Cpuid): Cpu {
  const driver = requireDriver(map, arch)
  if (cpu.type === 'host') return cpu
  const applies = cpu.mode === 'custom' || cpu.check === 'full'
  return driver.updateLive && applies ? driver.updateLive(cpu, enabled, disabled) : cpu
}

/**
 * The guest on a model that the hypervisor knows. Allowed models, modes without a name of their own and an absent
 * list change nothing.
 * @throws LibvirtError when fallback forbids it, or no allowed model can be chosen
 */
export function translate<C extends Cpu>(
  map: CpuMap,
  arch: string | undefined,
  cpu: C,
  models: AllowedModels | undefined,
): C {
  const driver = requireDriver(map, arch)
  const { mode = 'custom', fallback } = asGuest(cpu) ?? {}
  if (mode !== 'custom') return cpu
  if (!models || (cpu.model !== undefined && models.has(cpu.model))) return cpu
  if (fallback === 'forbid') {
    throw new LibvirtError('unsupported', `CPU model ${cpu.model} is not supported by hypervisor`)
  }
  if (!driver.translate) throw without(`cannot translate CPU model ${cpu.model} to a supported model`)
  return driver.translate(cpu, models)
}

/** The CPU with an old name of its model replaced. @throws LibvirtError */
export const convertLegacy = <C extends Cpu>(map: CpuMap, arch: string | undefined, cpu: C): C =>
  requireDriver(map, arch).convertLegacy?.(cpu) ?? cpu

/** The CPU with its model's features spelt out, sorted bytewise by name. @throws LibvirtError */
export const expandModel = <C extends Cpu>(map: CpuMap, arch: string | undefined, cpu: C): C =>
  expandModelBy(requireDriver(map, arch), cpu)

/** As `expandModel`, by a driver. @throws LibvirtError */
export function expandModelBy<C extends Cpu>(driver: Driver, cpu: C): C {
  const expanded = driver.expand?.(cpu) ?? cpu
  return { ...expanded, features: [...expanded.features].sort(byBytes) }
}

/** Names are ASCII: comparing UTF-16 units is comparing bytes. */
const byBytes = (a: CpuFeature, b: CpuFeature): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/** The CPU without what blocks a migration. @throws LibvirtError */
export const makeMigratable = <C extends Cpu>(map: CpuMap, arch: string | undefined, cpu: C): C =>
  requireDriver(map, arch).migratable?.(cpu) ?? cpu

/** What a definition asks for as words. @throws LibvirtError where libvirt has no words for it */
export function encodeCpu(map: CpuMap, arch: string | undefined, cpu: Cpu): Encoded {
  const driver = requireDriver(map, arch)
  if (!driver.encode) throw without(`cannot encode CPU data for ${arch} architecture`)
  return driver.encode(cpu)
}

/** Refuses a guest that lists what it may not. @throws LibvirtError */
export const checkGuestFeatures = (map: CpuMap, arch: string | undefined, cpu: Cpu): void =>
  requireDriver(map, arch).validate?.(cpu)

/** Whether the CPU has a feature. @throws LibvirtError for an unknown one */
export function hasFeature(map: CpuMap, arch: string | undefined, cpu: Cpu, name: string): boolean {
  const driver = requireDriver(map, arch)
  if (!driver.hasFeature) throw without(`cannot check guest CPU feature for ${arch} architecture`)
  return driver.hasFeature(cpu, name)
}

/** The names that a definition's model may have, in map order; undefined: any. @throws LibvirtError */
export const modelNames = (map: CpuMap, arch: string | undefined): readonly string[] | undefined =>
  requireDriver(map, arch).models?.()

/** The same of an architecture that somebody typed. @throws LibvirtError also for what is no architecture's name */
export function listModelNames(map: CpuMap, arch: string): readonly string[] | undefined {
  if (!ARCH_NAMES.has(arch)) throw new LibvirtError('invalid-arg', `cannot find architecture ${arch}`)
  return modelNames(map, arch)
}

/** The vendor of a model; undefined where libvirt does not know it. @throws LibvirtError */
export const vendorOfModel = (map: CpuMap, arch: string | undefined, model: string): string | undefined =>
  requireDriver(map, arch).vendorOfModel?.(model)

/** What a guest's start comes to: the host cannot run it, or the CPU it gets. */
export type Start =
  | { readonly comparison: Extract<Comparison, { result: 'incompatible' }> }
  | { readonly comparison: Exclude<Comparison, { result: 'incompatible' }>; readonly cpu: GuestCpu }

/**
 * The pipeline that a guest definition goes through on a host: old names replaced, compared with
 * the host as it is, made definite on it, put on a model that the hypervisor knows.
 * @throws LibvirtError of any step
 */
export function startGuest(map: CpuMap, host: Cpu, guest: Cpu, models?: AllowedModels): Start {
  const { arch } = host
  const named = convertLegacy(map, arch, guest)
  const comparison = compareCpus(map, host, named)
  if (comparison.result === 'incompatible') return { comparison }
  return { comparison, cpu: translate(map, arch, updateCpu(map, arch, named, host), models) }
}

/**
 * What every driver asks of a baseline's inputs.
 * @throws LibvirtError naming the index of the CPU at fault, counted from 0
 */
export function checkBaselineInput(cpu: Cpu | undefined, index: number): Cpu {
  if (!cpu) throw new LibvirtError('invalid-arg', `invalid CPU definition at index ${index}`)
  if (cpu.model === undefined) {
    throw new LibvirtError('invalid-arg', `no CPU model specified at index ${index}`)
  }
  return cpu
}

/** Features that no hypervisor offers: `virsh cpu-baseline` leaves them out of its answer on x86. */
export const NEVER_OFFERED: ReadonlySet<string> = new Set([
  'cmt',
  'mbm_total',
  'mbm_local',
  'osxsave',
  'ospke',
  'vmx-ept-uc',
  'vmx-ept-wb',
  'vmx-invvpid-single-context',
])

/** Bits of the topology, which newer versions leave to the hypervisor too. */
const TOPOLOGY_BITS: readonly string[] = ['ht', 'cmp_legacy']

/** Whether the QEMU driver leaves a feature out of a baseline and of a guest that starts. */
export const isLeftOut = (name: string, libvirt: LibvirtVersion): boolean =>
  NEVER_OFFERED.has(name) || (TOPOLOGY_BITS.includes(name) && hasBehaviour(libvirt, 'no-topology-bits'))
