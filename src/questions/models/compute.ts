import type { Driver } from '../../arch/driver.ts'
import { DEFAULT_ARCH, driverOf } from '../../arch/registry.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Model } from '../../core/model.ts'
import { groupBy } from '../../core/text.ts'
import { Valuation } from '../../fleet/value.ts'
import type { Database } from '../../map/database.ts'
import { builtinWeights } from '../../map/weights.ts'
import type { Blockers } from '../../qemu/allowance.ts'
import type { FeatureInGroups } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import type { HypervisorHost } from '../input/hypervisor.ts'
import { isQemuOnlyName } from '../words/cells.ts'
import { reasonOf } from '../words/note.ts'
import type { BlockedModel, ModelOnHosts, UsableModels } from './answer.ts'

/**
 * The models that some host's hypervisor has, by whether every one of the hosts can give them.
 * @param hosts of one architecture
 */
export function usableModels(context: Context, hosts: readonly HypervisorHost[]): UsableModels {
  const arch = hosts[0]?.arch ?? DEFAULT_ARCH
  const driver = driverOf(context.map, arch)
  const db = driver?.db ?? context.db
  const groups = [...groupBy(hosts, ({ allowance }) => JSON.stringify([...allowance.models])).values()]
  const answers = rankedModels(driver, db, hosts).map(
    (model): BlockedModel => ({ ...model, ...obstacles(db, model.name, groups) }),
  )
  const isUsable = (model: BlockedModel) => isUnopposed(model) && model.unknownInGroups.length === 0
  return {
    groups: groups.map(all => ({ hosts: all.map(({ source }) => source) })),
    usableModels: answers.filter(isUsable).map(({ name, vendor, worth }) => ({ name, vendor, worth })),
    blockedModels: answers.filter(answer => !isUsable(answer)),
    ...qemuOnlyOf(db, hosts),
  }
}

/** Whether nothing is known to speak against the model. */
export const isUnopposed = ({ missing, absentInGroups, unexplainedInGroups }: BlockedModel): boolean =>
  missing.length + absentInGroups.length + unexplainedInGroups.length === 0

/** The names that hosts list and libvirt does not have, though QEMU's versions are known. */
function qemuOnlyOf(db: Database, hosts: readonly HypervisorHost[]): { qemuOnly?: string[] } {
  const listed = new Set(hosts.flatMap(({ allowance }) => [...allowance.models.keys()]))
  const unnamed = [...listed].filter(name => !db.model(name) && isQemuOnlyName(name))
  return unnamed.length > 0 ? { qemuOnly: unnamed.sort() } : {}
}

/** Best first; where nothing is known of an architecture's models, as the hypervisors list them. */
function rankedModels(
  driver: Driver | undefined,
  db: Database,
  hosts: readonly HypervisorHost[],
): ModelOnHosts[] {
  const listed = new Set(hosts.flatMap(({ allowance }) => [...allowance.models.keys()]))
  if (driver && !driver.db) {
    const ranked = [...listed].map(name => ({ name, vendor: driver.vendorOfModel?.(name) ?? '' }))
    return ranked.map(one => ({ ...one, worth: worthOf(driver, one.name) })).sort((a, b) => b.worth - a.worth)
  }
  const valuation = new Valuation(db.features, builtinWeights())
  const worth = (model: Model) => valuation.worth(model.features)
  return db.models
    .filter(({ name }) => listed.has(name))
    .sort((a, b) => worth(b) - worth(a) || b.index - a.index)
    .map(model => ({ name: model.name, vendor: model.vendor?.name ?? '', worth: worth(model) }))
}

/** What a model is worth by what a definition of it says; 0: that is not known. */
function worthOf({ fleet }: Driver, model: string): number {
  try {
    const { features } = fleet.read({ type: 'guest', model, features: [] })
    return new Valuation(fleet.db.features, builtinWeights()).worth(features)
  } catch (error) {
    if (error instanceof LibvirtError) return 0
    throw error
  }
}

function obstacles(db: Database, name: string, groups: readonly (readonly HypervisorHost[])[]) {
  const given = groups.map(([first]) => first?.allowance.models.get(name))
  const where = (wanted: (blockers: Blockers | undefined) => boolean) =>
    given.flatMap((blockers, i) => (wanted(blockers) ? i : []))
  const lacking = new Map<string, number[]>()
  given.forEach((blockers, i) => {
    if (typeof blockers !== 'object') return
    for (const feature of new Set(blockers)) lacking.set(feature, [...(lacking.get(feature) ?? []), i])
  })
  const missing = [...lacking].map(([feature, inGroups]): FeatureInGroups => {
    const known = db.features.get(feature)
    return { ...(known ? reasonOf(known) : { feature, place: '', title: '' }), inGroups }
  })
  return {
    missing,
    absentInGroups: where(blockers => blockers === undefined),
    unexplainedInGroups: where(blockers => blockers === 'unexplained'),
    unknownInGroups: where(blockers => blockers === 'unknown'),
  }
}
