import { expand } from '../arch/operations.ts'
import { driverOf } from '../arch/registry.ts'
import { decode } from '../arch/x86/decode.ts'
import { featuresOf } from '../arch/x86/definition.ts'
import { updateAll, migratable as withoutBlockers } from '../arch/x86/expand.ts'
import type { Cpu, CpuFeature } from '../core/cpu.ts'
import type { Database } from '../map/database.ts'
import type { AcceleratorCapabilities, HostExpansion, Property, QemuCapabilities } from './capabilities.ts'
import type { QemuChoice } from './choice.ts'
import { allowedModels, dataOfProperties, reportedProperties } from './expansion.ts'

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
export function hypervisorCpu(
  db: Database,
  capabilities: QemuCapabilities,
  { accelerator, arch, isNative }: Pick<QemuChoice, 'accelerator' | 'arch' | 'isNative'>,
  host?: Cpu,
): HypervisorCpu | undefined {
  const given = capabilities.accelerators.get(accelerator)
  if (!given?.host || !isNative) return undefined
  const driver = driverOf(arch)?.name
  if (driver === 's390') {
    const cpu = s390Cpu(given.host)
    return { reported: cpu, migratable: cpu, full: cpu }
  }
  if (driver !== 'x86') return undefined
  const reader = new HostReader(db, given, tellsMsrs(capabilities))
  const reported = reader.read(reportedProperties(given.host))
  const migratable = given.host.unmigratable
    ? reader.read(given.host.properties)
    : withoutBlockers(db, reported)
  return {
    reported,
    migratable,
    full: host && accelerator !== 'tcg' ? joined(db, reported, host, reader) : reported,
  }
}

/** Decodes a guest CPU of what QEMU tells. */
class HostReader {
  readonly #db: Database
  readonly #given: AcceleratorCapabilities
  readonly #msrs: boolean

  constructor(db: Database, given: AcceleratorCapabilities, msrs: boolean) {
    this.#db = db
    this.#given = given
    this.#msrs = msrs
  }

  read(properties: ReadonlyMap<string, Property>): Cpu {
    const data = dataOfProperties(this.#db, properties)
    const { models } = this.#given
    const allowed = models && allowedModels(models)
    const cpu = decode(this.#db, data, { as: 'guest', fallback: 'forbid', models: allowed })
    return this.withoutMsrs({ ...cpu, fallback: 'forbid' })
  }

  /** A QEMU that does not say which features it had to leave out is not believed about those of MSRs. */
  withoutMsrs(cpu: Cpu): Cpu {
    if (this.#msrs) return cpu
    const features = cpu.features.filter(({ name }) => this.#db.features.get(name)?.place.kind !== 'msr')
    return { ...cpu, features }
  }
}

/** Where only replies are known, what they are of is taken for a modern QEMU. */
function tellsMsrs({ types, properties }: QemuCapabilities): boolean {
  return types.size === 0 || properties.get('max-x86_64-cpu')?.has('unavailable-features') === true
}

/** The host as it is, named anew, with everything that the hypervisor reports. */
function joined(db: Database, reported: Cpu, host: Cpu, reader: HostReader): Cpu {
  const vendor = host.vendor === undefined ? undefined : db.vendor(host.vendor)
  const data = { features: featuresOf(db, host), vendor, signature: host.signature }
  const guest = decode(db, data, { as: 'guest', fallback: 'allow' })
  const more = expand(db, 'x86_64', reported).features.filter(({ policy }) => policy === 'require')
  return reader.withoutMsrs({ ...guest, features: updateAll(guest.features, more) })
}

/** On s390x QEMU's own model and features are the definition. */
function s390Cpu({ model, properties }: HostExpansion): Cpu {
  const features = [...properties].flatMap(([name, value]): CpuFeature[] =>
    typeof value === 'boolean' ? [{ name, policy: value ? 'require' : 'disable' }] : [],
  )
  return { type: 'guest', mode: 'custom', match: 'exact', model, fallback: 'forbid', features }
}
