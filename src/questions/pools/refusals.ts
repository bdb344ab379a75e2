import type { Feature } from '../../core/feature.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import type { Model } from '../../core/model.ts'
import { findModelRefusal, type HypervisorModels, type ModelRefusal } from '../../fleet/asked-model.ts'
import type { Group } from '../../fleet/groups.ts'

/** A hypervisor's word against a model, and a host that it is on. */
export interface HostRefusal extends ModelRefusal {
  readonly host: string
}

/** What a pool's hypervisors have against a model. */
interface Verdict {
  /** Of the first that cannot give it, whatever a definition turns off; absent: there is none. */
  readonly refusal?: HostRefusal
  /** What some hypervisor lacks of its own model of that name and libvirt's does not have: to be turned off by name. */
  readonly withheld: readonly Feature[]
}

const NOTHING: Verdict = { withheld: [] }

/** What the recorded hypervisors of a pool's hosts say of models. */
export class Refusals {
  readonly #features: FeatureTable
  /** Each list once, with the first of its hosts. */
  readonly #hosts = new Map<HypervisorModels, string>()

  constructor(features: FeatureTable, groups: readonly Group[]) {
    this.#features = features
    for (const { hosts } of groups) {
      for (const { models, name } of hosts) {
        if (models && !this.#hosts.has(models)) this.#hosts.set(models, name)
      }
    }
  }

  of(model: Model): Verdict {
    const withheld = new Set<Feature>()
    for (const [models, host] of this.#hosts) {
      const refusal = findModelRefusal(
        { name: model.name, disabled: new Set<string>(), comparedByBits: model.compat, replaceable: false },
        models,
      )
      if (!refusal) continue
      const known = refusal.blockers.map(name => this.#features.get(name))
      if (refusal.because !== 'blocked' || known.includes(undefined))
        return { refusal: { ...refusal, host }, withheld: [] }
      for (const feature of known) if (feature && !feature.bits.leq(model.features)) withheld.add(feature)
    }
    return withheld.size > 0 ? { withheld: [...withheld] } : NOTHING
  }
}
