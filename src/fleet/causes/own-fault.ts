import type { Feature } from '../../core/feature.ts'
import type { CauseTable } from '../../map/cause-table.ts'
import { NEVER_OFFERED } from '../../qemu/names.ts'
import type { Finding } from './finding.ts'

/** Why guests do not get what every host has: it blocks migrations, no hypervisor gives it, or their model lacks it. */
export function ownFault(causes: CauseTable, feature: Feature): Finding {
  const { name, migratable, class: of } = feature
  const kept = NEVER_OFFERED.has(name) || of === 'platform' || of === 'volatile'
  const cause = !migratable ? 'not-migratable' : kept ? 'hypervisor' : 'model'
  const mend = causes.mend(cause, name) ?? causes.mend('unknown', name) ?? ''
  return { cause, confidence: 'high', mend, evidence: [] }
}
