import type { Comparison, Driver } from '../arch/driver.ts'
import type { Cpu } from '../core/cpu.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import type { QemuModel } from './capabilities.ts'
import { toLibvirtName } from './names.ts'

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
  if (known?.unavailable?.length === 0 && cpu.features.every(({ policy }) => policy === 'disable')) {
    return { result: 'superset', extra: [] }
  }
  if (!known || !reported || checksFeatures(driver, known.name)) return driver.compare(host, cpu)
  const names = [...findBlockers(known, cpu), ...findUnmet(driver, reported, cpu)]
  if (names.length === 0) return { result: 'superset', extra: [] }
  const table = driver.view?.table
  return {
    result: 'incompatible',
    detail: `Host CPU does not provide required features: ${names.join(', ')}`,
    missing: table?.in(table.setOf(names.flatMap(name => table.get(name) ?? []))) ?? [],
    forbidden: [],
    extra: [],
  }
}

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
