import type { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { NEVER_OFFERED } from '../policy/qemu-names.ts'

/** What of a baseline a guest that is to migrate may be given: not what no hypervisor offers or blocks a migration. */
export function offered(table: FeatureTable, baseline: FeatureSet): FeatureSet {
  const kept = table.list.filter(({ name, migratable }) => !migratable || NEVER_OFFERED.has(name))
  return baseline.minus(table.setOf(kept))
}
