import type { Cpu } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import type { Database } from '../../map/database.ts'
import { type Comparison, IDENTICAL, incompatible } from '../driver.ts'
import { featuresOf, featuresWith } from './definition.ts'
import { tablesOf } from './tables.ts'

/**
 * Whether `host` has what `cpu` (a host or a guest) requires and nothing that it forbids.
 * Modes, fallback and `minimum` play no role; a guest without a model requires nothing.
 * @throws LibvirtError for an unknown model or feature on either side
 */
export function compareByFeatures(db: Database, host: Cpu | undefined, cpu: Cpu): Comparison {
  if (host?.model === undefined) return incompatible('unknown host CPU')
  if (cpu.arch !== undefined && cpu.arch !== 'x86_64' && cpu.arch !== 'i686') {
    return incompatible(`CPU arch ${cpu.arch} does not match host arch`)
  }
  if (cpu.vendor !== undefined && cpu.vendor !== host.vendor) {
    return incompatible(`host CPU vendor does not match required CPU vendor ${cpu.vendor}`)
  }
  return compareFeatures(db, host, cpu)
}

function compareFeatures(db: Database, host: Cpu, cpu: Cpu): Comparison {
  const has = featuresOfHost(db, host)
  // The order decides which unknown name is reported.
  const force = featuresWith(db, cpu, 'force')
  const requireAll = featuresWith(db, cpu, 'require')
  const optional = featuresWith(db, cpu, 'optional')
  const disable = featuresWith(db, cpu, 'disable')
  const forbid = featuresWith(db, cpu, 'forbid')

  if (forbid.meets(has)) return new Refused(db, 'forbidden', forbid.meet(has))
  const require = requireAll.minus(force).minus(optional).minus(disable)
  if (!require.leq(has)) return new Refused(db, 'missing', require.minus(has))
  const rest = has.minus(optional).minus(require).minus(disable).minus(force)
  if (rest.isEmpty) return IDENTICAL
  if (cpu.type === 'guest' && cpu.match === 'strict') return new Refused(db, 'extra', rest)
  return new Superset(db, rest)
}

/** Whole fleets are compared for the yes or no alone: features are named when somebody asks. */
class Superset {
  readonly result = 'superset'
  readonly #db: Database
  readonly #rest: FeatureSet

  constructor(db: Database, rest: FeatureSet) {
    this.#db = db
    this.#rest = rest
  }

  get extra(): readonly Feature[] {
    return this.#db.features.in(this.#rest)
  }
}

const SENTENCES = {
  forbidden: 'Host CPU provides forbidden features',
  missing: 'Host CPU does not provide required features',
  extra: 'Host CPU does not strictly match guest CPU: Extra features',
} as const

/** A refusal over features of one kind, named when somebody asks. */
class Refused {
  readonly result = 'incompatible'
  readonly #db: Database
  readonly #kind: keyof typeof SENTENCES
  readonly #set: FeatureSet

  constructor(db: Database, kind: keyof typeof SENTENCES, set: FeatureSet) {
    this.#db = db
    this.#kind = kind
    this.#set = set
  }

  get detail(): string {
    const names = this.#db.features.in(this.#set).map(feature => feature.name)
    return `${SENTENCES[this.#kind]}: ${names.join(', ')}`
  }

  get missing(): readonly Feature[] {
    return this.#of('missing')
  }

  get forbidden(): readonly Feature[] {
    return this.#of('forbidden')
  }

  get extra(): readonly Feature[] {
    return this.#of('extra')
  }

  #of(kind: keyof typeof SENTENCES): readonly Feature[] {
    return kind === this.#kind ? this.#db.features.in(this.#set) : []
  }
}

/** One host is compared with many CPUs, and a definition never changes. */
function featuresOfHost(db: Database, host: Cpu): FeatureSet {
  const { hosts } = tablesOf(db)
  let features = hosts.get(host)
  if (!features) {
    features = featuresOf(db, host)
    hosts.set(host, features)
  }
  return features
}
