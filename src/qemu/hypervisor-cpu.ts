import type { AllowedModels, Comparison, Decoder, Driver } from '../arch/driver.ts'
import { checkBaselineInput, expandModel, expandModelBy, fold } from '../arch/operations.ts'
import { driverOf } from '../arch/registry.ts'
import { type Cpu, type CpuFeature, type GuestCpu, signatureIn, updateFeature } from '../core/cpu.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import { hasBehaviour, type LibvirtVersion } from '../core/libvirt-version.ts'
import { toLibvirtName } from '../formats/qemu/names.ts'
import type { CpuMap } from '../map/cpu-map.ts'
import type { HypervisorSupport } from './allowance.ts'
import { decodeProperties, listAllowedModels, mergeReportedProperties } from './allowance.ts'
import type {
  AcceleratorCapabilities,
  HostExpansion,
  QemuCapabilities,
  QemuModel,
  QemuProperty,
} from './capabilities.ts'
import type { QemuChoice } from './choice.ts'

/** The host's CPU as guests of a hypervisor may have it. */
export interface HypervisorCpu {
  /** What domain capabilities show as host-model, with what cannot migrate. */
  readonly reported: GuestCpu
  /** What a guest in mode host-model gets. */
  readonly migratable: GuestCpu
  /**
   * What a guest's start is compared with: what the hypervisor reports, and where it does not emulate also what the host
   * has besides, every feature by name.
   */
  readonly full: GuestCpu
}

/**
 * The host's CPU as a QEMU gives it to guests; undefined where it does not tell, and where guests are of another
 * architecture than the host.
 * @param host the host's own definition; absent: unknown, and `full` is what QEMU reports
 */
export function computeHypervisorCpu(
  map: CpuMap,
  capabilities: QemuCapabilities,
  { accelerator, arch, isNative }: Pick<QemuChoice, 'accelerator' | 'arch' | 'isNative'>,
  host?: Cpu,
): HypervisorCpu | undefined {
  const given = capabilities.accelerators.get(accelerator)
  if (!given?.host || !isNative) return undefined
  const driver = driverOf(map, arch)
  if (driver?.throughQemu) {
    const cpu = definitionByQemu(given.host)
    return { reported: cpu, migratable: cpu, full: cpu }
  }
  if (!driver?.decoder) return undefined
  const reader = new HostReader(driver.decoder, given, reportsMsrs(capabilities))
  const reported = reader.read(mergeReportedProperties(given.host))
  const migratable = given.host.unmigratable
    ? reader.read(given.host.properties)
    : (driver.migratable?.(reported) ?? reported)
  if (accelerator === 'tcg') return { reported, migratable, full: reported }
  // A libvirt knows its own host, which has what is reported.
  const joined = host
    ? joinHostFeatures(driver, driver.decoder, reported, host)
    : expandModelBy(driver, reported)
  return { reported, migratable, full: reader.withoutMsrs(joined) }
}

/** Decodes a guest CPU of what QEMU tells. */
class HostReader {
  readonly #decoder: Decoder
  readonly #given: AcceleratorCapabilities
  readonly #msrs: boolean

  constructor(decoder: Decoder, given: AcceleratorCapabilities, msrs: boolean) {
    this.#decoder = decoder
    this.#given = given
    this.#msrs = msrs
  }

  read(properties: ReadonlyMap<string, QemuProperty>): GuestCpu {
    const bits = decodeProperties(this.#decoder.db, properties)
    const { models } = this.#given
    const allowed = models && listAllowedModels(models)
    const cpu = this.#decoder.decode(bits, { as: 'guest', fallback: 'forbid', models: allowed })
    return this.withoutMsrs({ ...cpu, fallback: 'forbid' })
  }

  /** A QEMU that does not say which features it had to leave out is not believed about those of MSRs. */
  withoutMsrs(cpu: GuestCpu): GuestCpu {
    if (this.#msrs) return cpu
    const features = cpu.features.filter(
      ({ name }) => this.#decoder.db.features.get(name)?.place.kind !== 'msr',
    )
    return { ...cpu, features }
  }
}

/** Where only replies are known, what they are of is taken for a modern QEMU. */
function reportsMsrs({ types, properties }: QemuCapabilities): boolean {
  return types.size === 0 || properties.get('max-x86_64-cpu')?.has('unavailable-features') === true
}

/** The host as it is, named anew, with everything that the hypervisor reports. */
function joinHostFeatures(driver: Driver, decoder: Decoder, reported: GuestCpu, host: Cpu): GuestCpu {
  const vendor = host.vendor === undefined ? undefined : decoder.db.vendor(host.vendor)
  const bits = { features: decoder.featuresOf(host), vendor, signature: signatureIn(host) }
  const guest = decoder.decode(bits, { as: 'guest', fallback: 'allow' })
  const more = expandModelBy(driver, reported).features.filter(({ policy }) => policy === 'require')
  return { ...guest, features: more.reduce(updateFeature, guest.features) }
}

/** Where QEMU answers itself, as on s390x, its own model and features are the definition. */
function definitionByQemu({ model, properties }: HostExpansion): GuestCpu {
  const features = [...properties].flatMap(([name, value]): CpuFeature[] =>
    typeof value === 'boolean' ? [{ name, policy: value ? 'require' : 'disable' }] : [],
  )
  return { type: 'guest', mode: 'custom', match: 'exact', model, fallback: 'forbid', features }
}

export interface HypervisorBaselineOptions {
  /** The guests' architecture. */
  readonly arch: string
  readonly libvirt: LibvirtVersion
  /** Spell out the model's features. */
  readonly expand?: boolean | undefined
  readonly migratable?: boolean | undefined
  /** Which features the hypervisor knows plays no role, only the CPUs: for two or more. */
  readonly ignoreHost?: boolean | undefined
}

/**
 * The CPU that a hypervisor can give to guests of all these CPUs: of the models that it has, with the features that
 * it knows, and without what keeps the chosen model from being used.
 * @throws LibvirtError as `virsh hypervisor-cpu-baseline` has it
 */
export function computeHypervisorBaseline(
  map: CpuMap,
  cpus: readonly Cpu[],
  allowance: HypervisorSupport,
  options: HypervisorBaselineOptions,
): GuestCpu {
  if (cpus.length === 0) throw new LibvirtError('invalid-arg', 'no CPUs given')
  cpus.forEach(checkBaselineInput)
  if (options.ignoreHost) checkIgnoreHost(cpus.length, options.libvirt)
  const common = fold(map, options.arch)
  for (const cpu of cpus) common.add(cpu)
  const found = common.result({
    ...(!options.ignoreHost && {
      models: listModels(allowance),
      features: listFeatureNames(allowance, options.migratable ?? false),
    }),
    // Where the hypervisor reports what cannot migrate, its word counts instead of the database's.
    migratable: options.migratable && (options.ignoreHost || !allowance.unmigratable),
  })
  const cpu: GuestCpu = { ...found, fallback: 'forbid', ...findMaxPhysAddr(cpus) }
  return options.expand ? expandModel(map, options.arch, cpu) : cpu
}

/** Only the CPUs count, so there must be several; libvirt looks at that before the hypervisor. @throws LibvirtError */
export function checkIgnoreHost(count: number, libvirt: LibvirtVersion): void {
  if (count !== 1) return
  const kind = hasBehaviour(libvirt, 'ignore-host-errors') ? 'op-invalid' : 'invalid-arg'
  throw new LibvirtError(kind, 'ignoring host is only allowed when computing baseline from multiple CPUs')
}

/** A model that something unknown blocks cannot be given. */
const listModels = ({ models }: HypervisorSupport): AllowedModels =>
  new Map(
    [...models].flatMap(([name, blockers]) =>
      blockers === 'unexplained' ? [] : [[name, blockers === 'unknown' ? [] : blockers] as const],
    ),
  )

const listFeatureNames = (
  { features, unmigratable }: HypervisorSupport,
  migratable: boolean,
): string[] | undefined => features && [...features].filter(name => !(migratable && unmigratable?.has(name)))

/** The narrowest limit, where every CPU has one. */
function findMaxPhysAddr(cpus: readonly Cpu[]): Pick<Cpu, 'maxphysaddr'> {
  const limit = Math.min(...cpus.map(({ maxphysaddr }) => maxphysaddr?.limit ?? 0))
  return limit > 0 ? { maxphysaddr: { mode: 'passthrough', limit } } : {}
}

/** What a hypervisor says of the CPUs that it can give. */
interface HypervisorView {
  /** The host's CPU as the hypervisor gives it to guests; absent: it does not tell. */
  readonly reported?: Cpu | undefined
  /** Absent: it does not tell. */
  readonly models?: readonly QemuModel[] | undefined
}

/**
 * Whether a hypervisor can give a CPU. Where it says itself what keeps a model from being used, that decides; for old
 * models, whose definitions in hypervisors were never the same, and for CPUs without a model, bits are compared.
 * @param host the CPU that bits are compared with: what the hypervisor reports, or at a guest's start also what the
 *   host has besides
 * @throws LibvirtError for unknown names
 */
export function compareWithHypervisor(
  driver: Driver,
  { reported, models }: HypervisorView,
  cpu: Cpu,
  host: Cpu | undefined = reported,
): Comparison {
  const known = models?.find(({ name }) => name === cpu.model)
  const by = comparedBy(known, turnsOffAlone(cpu), () => checksFeatures(driver, cpu.model ?? ''))
  if (by === 'nothing') return { result: 'superset', extra: [] }
  if (by === 'bits' || !known || !reported) return driver.compare(host, cpu)
  const names = [...findBlockers(known, cpu), ...findUnmet(driver, reported, cpu)]
  if (names.length === 0) return { result: 'superset', extra: [] }
  const table = driver.view?.table
  return {
    result: 'incompatible',
    detail: `Host CPU does not provide required features: ${names.join(', ')}`,
    missing: table?.in(table.setOfNames(names)) ?? [],
    forbidden: [],
    extra: [],
  }
}

/** What decides whether a guest starts: nothing more, what the hypervisor says of its model, or the CPUs' features. */
export type ComparedBy = 'nothing' | 'model' | 'bits'

/**
 * What libvirt looks at where it compares a guest with its hypervisor before a start.
 * @param known what the hypervisor says of the guest's model; undefined: it does not know it
 * @param turnsOff whether the definition has nothing but features that it turns off
 * @param checksFeatures whether the model is of old, defined by each hypervisor in a way of its own
 */
export function comparedBy(
  known: Pick<QemuModel, 'unavailable'> | undefined,
  turnsOff: boolean,
  checksFeatures: () => boolean,
): ComparedBy {
  if (known?.unavailable?.length === 0 && turnsOff) return 'nothing'
  return known && !checksFeatures() ? 'model' : 'bits'
}

/** Whether a definition lists nothing but what it turns off. */
export const turnsOffAlone = ({ features }: Cpu): boolean =>
  features.every(({ policy }) => policy === 'disable')

/** Whether bits of the model are compared, rather than the hypervisor asked. */
function checksFeatures({ db, checksFeatures }: Driver, model: string): boolean {
  if (!db?.model(model)) throw new LibvirtError('invalid-arg', `unknown CPU model ${model}`)
  return checksFeatures?.({ type: 'guest', model, features: [] }) ?? true
}

/** What the hypervisor cannot give the model, unless the CPU does without. */
function findBlockers({ unavailable = [] }: QemuModel, cpu: Cpu): string[] {
  const off = new Set(cpu.features.filter(({ policy }) => policy === 'disable').map(({ name }) => name))
  return unavailable.map(toLibvirtName).filter(name => !off.has(name))
}

/** What the CPU requires beyond its model and the hypervisor does not report. */
function findUnmet({ expand }: Driver, reported: Cpu, cpu: Cpu): string[] {
  const wanted = cpu.features.filter(({ policy }) => policy === 'require')
  if (wanted.length === 0) return []
  const given = (expand?.(reported) ?? reported).features.filter(({ policy }) => policy === 'require')
  const names = new Set(given.map(({ name }) => name))
  return wanted.map(({ name }) => name).filter(name => !names.has(name))
}
