import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { matches } from '../../core/model.ts'
import type { Database } from '../../map/database.ts'
import type { Group } from '../groups.ts'

/** What is known of one signature: the fleet's groups that have it, and the named models that match it. */
interface Peers {
  readonly groups: readonly Group[]
  /** What any of them has. */
  readonly any: FeatureSet
  /** Names of the models of that signature; empty: the database knows none. */
  readonly models: readonly string[]
  /** What any of these models has. */
  readonly inModels: FeatureSet
}

/** What is known of one vendor. */
interface VendorFacts {
  /** What any of the fleet's hosts of it, or any model of it, has. */
  readonly any: FeatureSet
}

/** The fleet by signature and vendor, so that a question about one host need not look at all. */
export class FleetFacts {
  readonly db: Database
  readonly #groups: readonly Group[]
  readonly #bySignature = new Map<string, Peers>()
  readonly #withFeature = new Map<Feature, readonly string[]>()
  readonly #byVendor = new Map<string, VendorFacts>()

  constructor(db: Database, groups: readonly Group[]) {
    this.db = db
    this.#groups = groups
  }

  /** Undefined where the group's signature is not known. */
  peersOf(group: Group): Peers | undefined {
    const key = signatureKey(group)
    if (key === undefined) return undefined
    const known = this.#bySignature.get(key) ?? this.#peers(group, key)
    this.#bySignature.set(key, known)
    return known
  }

  factsOfVendor(name: string): VendorFacts {
    const known = this.#byVendor.get(name) ?? {
      any: joinAll([
        ...this.#groups.filter(group => group.vendor === name).map(({ features }) => features),
        ...this.db.models.filter(model => model.vendor?.name === name).map(({ features }) => features),
      ]),
    }
    this.#byVendor.set(name, known)
    return known
  }

  /** The vendors of the groups that have the feature, each once, in the order of the groups. */
  vendorsWith(feature: Feature): readonly string[] {
    const having = () => this.#groups.filter(({ features }) => feature.bits.leq(features))
    const known = this.#withFeature.get(feature) ?? [...new Set(having().map(({ vendor = '' }) => vendor))]
    this.#withFeature.set(feature, known)
    return known
  }

  #peers({ signature, vendor }: Group, key: string): Peers {
    const groups = this.#groups.filter(group => signatureKey(group) === key)
    const models = this.db.models.filter(
      model => signature && model.vendor?.name === vendor && matches(model.signatures, signature),
    )
    return {
      groups,
      any: joinAll(groups.map(({ features }) => features)),
      models: models.map(({ name }) => name),
      inModels: joinAll(models.map(({ features }) => features)),
    }
  }
}

/** Equal for hosts of the same hardware; undefined where the signature is not known. */
export const signatureKey = ({ vendor = '', signature: s }: Group): string | undefined =>
  s && s.family !== 0 ? `${vendor} ${s.family}.${s.model}.${s.stepping}` : undefined

const joinAll = (sets: readonly FeatureSet[]): FeatureSet =>
  sets.reduce((all, set) => all.join(set), FeatureSet.empty)
