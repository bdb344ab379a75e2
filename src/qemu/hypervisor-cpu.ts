import type { Decoder, Driver } from '../arch/driver.ts'
import { expandBy } from '../arch/operations.ts'
import { driverOf } from '../arch/registry.ts'
import { type Cpu, type CpuFeature, updateFeature } from '../core/cpu.ts'
import type { CpuMap } from '../map/cpu-map.ts'
import type {
  AcceleratorCapabilities,
  HostExpansion,
  QemuCapabilities,
  QemuProperty,
} from './capabilities.ts'
import type { QemuChoice } from './choice.ts'
import { decodeProperties, listAllowedModels, mergeReportedProperties } from './expansion.ts'

/** The host's CPU as guests of a hypervisor may have it. */
export interface HypervisorCpu {
  /** What domain capabilities show as host-model, with what cannot migrate. */
  readonly reported: Cpu
  /** What a guest in mode host-model gets. */
  readonly migratable: Cpu
  /** What a guest's start is compared with: what the hypervisor reports; with KVM also what the host has besides. */
  readonly full: Cpu
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
  return {
    reported,
    migratable,
    full:
      host && accelerator !== 'tcg'
        ? reader.withoutMsrs(joinHostFeatures(driver, driver.decoder, reported, host))
        : reported,
  }
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

  read(properties: ReadonlyMap<string, QemuProperty>): Cpu {
    const bits = decodeProperties(this.#decoder.db, properties)
    const { models } = this.#given
    const allowed = models && listAllowedModels(models)
    const cpu = this.#decoder.decode(bits, { as: 'guest', fallback: 'forbid', models: allowed })
    return this.withoutMsrs({ ...cpu, fallback: 'forbid' })
  }

  /** A QEMU that does not say which features it had to leave out is not believed about those of MSRs. */
  withoutMsrs(cpu: Cpu): Cpu {
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
function joinHostFeatures(driver: Driver, decoder: Decoder, reported: Cpu, host: Cpu): Cpu {
  const vendor = host.vendor === undefined ? undefined : decoder.db.vendor(host.vendor)
  const bits = { features: decoder.featuresOf(host), vendor, signature: host.signature }
  const guest = decoder.decode(bits, { as: 'guest', fallback: 'allow' })
  const more = expandBy(driver, reported).features.filter(({ policy }) => policy === 'require')
  return { ...guest, features: more.reduce(updateFeature, guest.features) }
}

/** Where QEMU answers itself, as on s390x, its own model and features are the definition. */
function definitionByQemu({ model, properties }: HostExpansion): Cpu {
  const features = [...properties].flatMap(([name, value]): CpuFeature[] =>
    typeof value === 'boolean' ? [{ name, policy: value ? 'require' : 'disable' }] : [],
  )
  return { type: 'guest', mode: 'custom', match: 'exact', model, fallback: 'forbid', features }
}
