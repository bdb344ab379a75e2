import type { Comparison } from '../arch/driver.ts'
import { compare } from '../arch/x86/compare.ts'
import { expand } from '../arch/x86/expand.ts'
import type { Cpu } from '../core/cpu.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import type { Database } from '../map/database.ts'
import type { QemuModel } from './capabilities.ts'
import { fromQemu } from './names.ts'

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
  db: Database,
  { reported, models }: HypervisorView,
  cpu: Cpu,
  host: Cpu | undefined = reported,
): Comparison {
  const known = models?.find(({ name }) => name === cpu.model)
  if (known?.unavailable?.length === 0 && cpu.features.every(({ policy }) => policy === 'disable')) {
    return { result: 'superset', extra: [] }
  }
  if (!known || !reported || isCompat(db, known.name)) return compare(db, host, cpu)
  const names = [...blockersOf(known, cpu), ...unmet(db, reported, cpu)]
  if (names.length === 0) return { result: 'superset', extra: [] }
  return {
    result: 'incompatible',
    detail: `Host CPU does not provide required features: ${names.join(', ')}`,
    missing: db.features.in(db.features.setOf(names.flatMap(name => db.features.get(name) ?? []))),
    forbidden: [],
    extra: [],
  }
}

function isCompat(db: Database, name: string): boolean {
  const model = db.model(name)
  if (!model) throw new LibvirtError('invalid-arg', `unknown CPU model ${name}`)
  return model.compat
}

/** What the hypervisor cannot give the model, unless the CPU does without. */
function blockersOf({ unavailable = [] }: QemuModel, cpu: Cpu): string[] {
  const off = new Set(cpu.features.filter(({ policy }) => policy === 'disable').map(({ name }) => name))
  return unavailable.map(fromQemu).filter(name => !off.has(name))
}

/** What the CPU requires beyond its model and the hypervisor does not report. */
function unmet(db: Database, reported: Cpu, cpu: Cpu): string[] {
  const wanted = cpu.features.filter(({ policy }) => policy === 'require')
  if (wanted.length === 0) return []
  const given = expand(db, reported).features.filter(({ policy }) => policy === 'require')
  const names = new Set(given.map(({ name }) => name))
  return wanted.map(({ name }) => name).filter(name => !names.has(name))
}
