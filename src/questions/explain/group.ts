import { matches, type Signature } from '../../core/signature.ts'
import type { Group } from '../../fleet/groups.ts'
import type { Database } from '../../map/database.ts'
import { levelOf } from '../../map/levels.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { GroupSummary } from './answer.ts'

export function summarizeGroup({ db, levels }: FleetView, group: Group): GroupSummary {
  const { hosts, vendor, signature, features, physBits } = group
  const models = new Set(hosts.map(({ model }) => model))
  const [model] = models.size === 1 ? models : []
  return {
    hosts: hosts.map(({ name }) => name),
    vendor: vendor ?? null,
    signature: signature ?? null,
    silicon: siliconOf(db, signature),
    model: model ?? null,
    level: levelOf(levels, features)?.name ?? null,
    features: db.features.count(features),
    physBits: physBits ?? null,
    microcode: [...new Set(hosts.flatMap(({ microcode }) => microcode ?? []))],
  }
}

/** What the database says of the first family whose models are of this silicon. */
function siliconOf({ families }: Database, signature: Signature | undefined): string | null {
  if (!signature) return null
  const family = families.find(({ versions }) =>
    versions.some(({ model }) => matches(model.signatures, signature)),
  )
  return family?.note || null
}
