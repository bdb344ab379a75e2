import { matches, type Signature } from '../../core/signature.ts'
import type { Group } from '../../fleet/groups.ts'
import type { Database } from '../../map/database.ts'
import { levelOf } from '../../map/levels.ts'
import type { FleetView } from '../input/fleet/view.ts'

/** Hosts of one CPU. */
export interface GroupSummary {
  readonly hosts: readonly string[]
  readonly vendor: string | null
  readonly signature: Signature | null
  /** What the silicon is, as the database has it: `Cascade Lake, 2019`; null: not known. */
  readonly silicon: string | null
  /** The model that their definitions name; null where they name several or none. */
  readonly model: string | null
  /** Null: below the lowest. */
  readonly level: string | null
  /** How many features its guests can have. */
  readonly features: number
  readonly physBits: number | null
  /** The revisions that its hosts tell, each once. */
  readonly microcode: readonly number[]
}

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
