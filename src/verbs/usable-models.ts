import type { Model } from '../core/model.ts'
import { Valuation } from '../fleet/value.ts'
import { builtinWeights } from '../fleet/weights.ts'
import type { Blockers } from '../policy/allowance.ts'
import type { Context } from './context.ts'
import type { HypervisorHost } from './hypervisor-host.ts'
import { type LostFeature, reasonOf } from './reason.ts'

/** A named model put to several hosts. */
export interface ModelOnHosts {
  readonly name: string
  /** Empty where the model is of no vendor. */
  readonly vendor: string
  /** What its features are worth together; what is worth more is better. */
  readonly worth: number
}

/** Why a model cannot be used on every host. */
export interface BlockedModel extends ModelOnHosts {
  /** What blocks it, each with the hosts that lack it. */
  readonly blockers: readonly LostFeature[]
  /** Hosts whose hypervisor does not have the model. */
  readonly absentOn: readonly string[]
  /** Hosts that block it and do not say why, as libvirt before 10.0 does. */
  readonly untoldOn: readonly string[]
}

export interface UsableModels {
  readonly hosts: readonly string[]
  /** Usable on every host, best first. */
  readonly usable: readonly ModelOnHosts[]
  /** Not usable on some, best first. */
  readonly blocked: readonly BlockedModel[]
}

/** The models that some host's hypervisor has, by whether every one of the hosts can give them. */
export function usableModels({ db }: Context, hosts: readonly HypervisorHost[]): UsableModels {
  const valuation = new Valuation(db.features, builtinWeights())
  const worth = (model: Model) => valuation.worth(model.features)
  const models = db.models.filter(({ name }) => hosts.some(({ allowance }) => allowance.models.has(name)))
  const ranked = models.sort((a, b) => worth(b) - worth(a) || b.index - a.index)
  const answers = ranked.map((model): BlockedModel => {
    const { name, vendor } = model
    return { name, vendor: vendor?.name ?? '', worth: worth(model), ...obstacles({ db }, name, hosts) }
  })
  const isUsable = ({ blockers, absentOn, untoldOn }: BlockedModel) =>
    blockers.length + absentOn.length + untoldOn.length === 0
  return {
    hosts: hosts.map(({ source }) => source),
    usable: answers.filter(isUsable).map(({ name, vendor, worth }) => ({ name, vendor, worth })),
    blocked: answers.filter(answer => !isUsable(answer)),
  }
}

function obstacles({ db }: Context, name: string, hosts: readonly HypervisorHost[]) {
  const where = (wanted: (blockers: Blockers | undefined) => boolean) =>
    hosts.filter(({ allowance }) => wanted(allowance.models.get(name))).map(({ source }) => source)
  const lacking = new Map<string, string[]>()
  for (const { source, allowance } of hosts) {
    const blockers = allowance.models.get(name)
    if (typeof blockers !== 'object') continue
    for (const feature of new Set(blockers)) lacking.set(feature, [...(lacking.get(feature) ?? []), source])
  }
  const blockers = [...lacking].map(([feature, hosts]): LostFeature => {
    const known = db.features.get(feature)
    return { ...(known ? reasonOf(known) : { feature, place: '', title: '' }), hosts }
  })
  return {
    blockers,
    absentOn: where(blockers => blockers === undefined),
    untoldOn: where(blockers => blockers === 'untold' || blockers === 'unknown'),
  }
}
