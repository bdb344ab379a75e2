import { type Comparison, compare } from '../arch/x86/compare.ts'
import type { AllowedModels } from '../arch/x86/decode.ts'
import { translate } from '../arch/x86/translate.ts'
import { update } from '../arch/x86/update.ts'
import type { Cpu } from '../core/cpu.ts'
import type { Database } from '../database/database.ts'
import { requireX86 } from './driver.ts'

/** What a guest's start comes to: the host cannot run it, or the CPU it gets. */
export type Start =
  | { readonly comparison: Extract<Comparison, { result: 'incompatible' }> }
  | { readonly comparison: Exclude<Comparison, { result: 'incompatible' }>; readonly cpu: Cpu }

/**
 * The pipeline that a guest definition goes through on a host: compared with the host as it is, made
 * definite on it, put on a model that the hypervisor knows. Legacy names need no conversion on x86.
 * @throws LibvirtError of any step
 */
export function start(db: Database, host: Cpu, guest: Cpu, models?: AllowedModels): Start {
  requireX86(host.arch)
  const comparison = compare(db, host, guest)
  if (comparison.result === 'incompatible') return { comparison }
  return { comparison, cpu: translate(db, update(db, guest, host), models) }
}
