import { NEVER_OFFERED } from '../../arch/operations.ts'
import { architectureOf, driverOf } from '../../arch/registry.ts'
import { type Cpu, type CpuFeature, updateFeature } from '../../core/cpu.ts'
import { hasBehaviour } from '../../core/libvirt-version.ts'
import { toLibvirtName } from '../../formats/qemu/names.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { computeHypervisorCpu } from '../hypervisor-cpu.ts'
import type { DomainRequest } from './request.ts'

/**
 * The CPU that a guest of mode host-model is told to have: a guest's definition. Undefined where there is none.
 * @throws LibvirtError where what QEMU tells fits no model
 */
function findHostModel(question: DomainRequest): Cpu | undefined {
  const { map, qemu, arch, accelerator, host } = question
  const found = computeHypervisorCpu(map, qemu, question)?.reported ?? findDetected(question)
  const cpu = found && listAsked(question, found)
  // Where QEMU answers itself, as on s390x, libvirt does not ask the host how wide its addresses are.
  if (!cpu || !host.physBits || accelerator === 'tcg' || driverOf(map, arch)?.throughQemu) return cpu
  return { ...cpu, maxphysaddr: { mode: 'passthrough', limit: host.physBits } }
}

/** The host-model with the features that the options ask for. */
function listAsked(question: DomainRequest, cpu: Cpu): Cpu {
  const { libvirt, map, arch, options = {} } = question
  const { disableDeprecated, expandFeatures, supportedFeatures } = options
  const deprecated = (disableDeprecated && question.with.host?.deprecated) || []
  const driver = driverOf(map, arch)
  const host = supportedFeatures ? findHostCpu(question) : undefined
  const supported = (host && driver?.listUnasked?.(host)) ?? []
  const more = [
    ...supported.filter(name => !cpu.features.some(known => known.name === name)).map(required),
    ...deprecated.map(name => ({ name, policy: 'disable' }) as const),
  ]
  const asked = { ...cpu, features: more.reduce(updateFeature, cpu.features) }
  const listed = expandFeatures && driver?.expand ? driver.expand(asked) : asked
  return hasBehaviour(libvirt, 'sorted-host-model')
    ? { ...listed, features: sortByName(listed.features) }
    : listed
}

/** The host's CPU: as libvirt detects it, or where only QEMU was recorded, as its own accelerator reports it. */
function findHostCpu({ map, qemu, arch, isNative, host }: DomainRequest): Cpu | undefined {
  if (host.cpu || !isNative) return host.cpu
  const [accelerator = 'tcg'] = qemu.accelerators.keys()
  return computeHypervisorCpu(map, qemu, { accelerator, arch, isNative })?.reported
}

const required = (name: string): CpuFeature => ({ name, policy: 'require' })

const sortByName = (features: Cpu['features']): CpuFeature[] =>
  [...features].sort((a, b) => (a.name < b.name ? -1 : 1))

/** Where QEMU does not tell: the model that libvirt found itself, if QEMU has it. */
function findDetected({ arch, isNative, host, with: { models } }: DomainRequest): Cpu | undefined {
  const { model, vendor, features = [] } = host.cpu ?? {}
  if (model === undefined || !isNative || !architectureOf(arch)?.hostModelOfHost) return undefined
  if (models && !models.some(({ name }) => name.toLowerCase() === model.toLowerCase())) return undefined
  return {
    type: 'guest',
    mode: 'custom',
    match: 'exact',
    model,
    vendor,
    fallback: 'allow',
    features: features
      .filter(({ name }) => !NEVER_OFFERED.has(name))
      .map(({ name }) => ({ name, policy: 'require' })),
  }
}

export type OnOff = 'on' | 'off'

/** The CPUs that a guest may be given. An absent mode is not supported. */
export interface CpuModes {
  /** Whether a guest of the mode can be migratable, and not. */
  readonly passthrough?: readonly OnOff[]
  readonly maximum?: readonly OnOff[]
  readonly hostModel?: Cpu
  /** By name. */
  readonly custom?: readonly UsableModel[]
}

/** A model that a guest may ask for. */
export interface UsableModel extends KnownModel {
  readonly usable: 'yes' | 'no' | 'unknown'
  readonly deprecated: boolean
  /** What the host cannot give it, by name, in libvirt's spelling. */
  readonly blockers: readonly string[]
}

/** The CPU modes of a guest. @throws LibvirtError where QEMU's host fits no model */
export function findCpuModes(question: DomainRequest): CpuModes {
  const passthrough = question.isNative && question.accelerator !== 'tcg'
  const modes = { ...(passthrough && { passthrough: findMigratability(question) }) }
  if (isOldS390(question)) return modes
  const hostModel = findHostModel(question)
  const custom = listUsableModels(question)
  return {
    ...modes,
    ...(hasMaximum(question) && { maximum: ['on', 'off'] as const }),
    ...(hostModel && { hostModel }),
    ...(custom.length > 0 && { custom }),
  }
}

/** QEMU's biggest CPUs, whose properties libvirt looks at. */
const MAX_TYPES: readonly string[] = ['max-x86_64-cpu', 'max-arm-cpu']

const findMigratability = ({ qemu }: DomainRequest): readonly OnOff[] =>
  MAX_TYPES.some(type => qemu.properties.get(type)?.has('migratable')) ? ['on', 'off'] : ['off']

const hasMaximum = ({ qemu }: DomainRequest): boolean =>
  [...qemu.accelerators.values()].some(({ models }) => models?.some(({ name }) => name === 'max'))

/** Before these machines the kernel could not tell guests what the CPU has. */
const isOldS390 = ({ arch, accelerator, machine }: DomainRequest): boolean =>
  arch === 's390x' && accelerator === 'kvm' && /^s390-ccw-virtio-2\.[4-7]$/.test(machine)

/** QEMU's models that libvirt knows, but for `host`, which is a mode. */
function listUsableModels({ map, arch, with: { models = [] } }: DomainRequest): UsableModel[] {
  const find = makeModelFinder(map, arch)
  const usable = models.flatMap(({ name, unavailable, deprecated }): UsableModel[] => {
    const known = name === 'host' ? undefined : find(name)
    const blockers = [...new Set(unavailable?.map(toLibvirtName))].sort()
    return known ? [{ ...known, usable: findUsability(unavailable), deprecated, blockers }] : []
  })
  return usable.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const findUsability = (unavailable: readonly string[] | undefined): UsableModel['usable'] =>
  unavailable === undefined ? 'unknown' : unavailable.length === 0 ? 'yes' : 'no'

/** A model of QEMU's as libvirt knows it. */
interface KnownModel {
  readonly name: string
  /** Absent: unknown. */
  readonly vendor?: string
  /** The versioned name of the same CPU. */
  readonly canonical?: string
}

/**
 * Finds QEMU's models in libvirt's names; undefined for one that libvirt does not know. Where its driver has no list
 * of models it takes any; without a driver, none. On POWER the two differ in case.
 */
export function makeModelFinder(map: CpuMap, arch: string): (theirs: string) => KnownModel | undefined {
  const driver = driverOf(map, arch)
  if (!driver) return () => undefined
  const fold = (name: string): string => (driver.architecture.ignoresCase ? name.toLowerCase() : name)
  const names = driver.models && new Map(driver.models().map(name => [fold(name), name]))
  return theirs => {
    const name = names ? names.get(fold(theirs)) : theirs
    if (name === undefined) return undefined
    const vendor = driver.vendorOfModel?.(name)
    const canonical = driver.models && driver.db?.model(name)?.canonical
    return { name, ...(vendor !== undefined && { vendor }), ...(canonical !== undefined && { canonical }) }
  }
}
