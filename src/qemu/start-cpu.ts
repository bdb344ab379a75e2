import type { AllowedModels, Comparison } from '../arch/driver.ts'
import { compare, convertLegacy, translate, update } from '../arch/operations.ts'
import type { Cpu } from '../core/cpu.ts'
import type { Database } from '../map/database.ts'

/** What a guest's start comes to: the host cannot run it, or the CPU it gets. */
export type Start =
  | { readonly comparison: Extract<Comparison, { result: 'incompatible' }> }
  | { readonly comparison: Exclude<Comparison, { result: 'incompatible' }>; readonly cpu: Cpu }

/**
 * The pipeline that a guest definition goes through on a host: old names replaced, compared with
 * the host as it is, made definite on it, put on a model that the hypervisor knows.
 * @throws LibvirtError of any step
 */
export function start(db: Database, host: Cpu, guest: Cpu, models?: AllowedModels): Start {
  const { arch } = host
  const named = convertLegacy(db, arch, guest)
  const comparison = compare(db, host, named)
  if (comparison.result === 'incompatible') return { comparison }
  return { comparison, cpu: translate(db, arch, update(db, arch, named, host), models) }
}
