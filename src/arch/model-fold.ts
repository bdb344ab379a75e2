import type { Cpu, GuestCpu, Policy } from '../core/cpu.ts'
import { FeatureSet } from '../core/feature-set.ts'
import { internalError, LibvirtError } from '../core/libvirt-error.ts'
import type { Model } from '../core/model.ts'
import type { Database } from '../map/database.ts'
import type { Level } from '../map/levels.ts'
import type {
  CpuReading,
  FeatureView,
  FleetCpus,
  Fold,
  Hardware,
  Obstacles,
  Offered,
  Overlooked,
} from './driver.ts'

/** What QEMU can do about the features of an architecture's models. */
export interface Switches {
  readonly db: Database
  /** What it can give and hide one by one. */
  readonly properties: FeatureSet
  /** What a model may be without, hidden, and be the answer all the same. */
  readonly mayLack: FeatureSet
}

/** The greatest model that a CPU with these features has; undefined where it has none. */
export const greatestModel = (
  { db, mayLack }: Switches,
  set: FeatureSet,
  considered = db.features.all,
): Model | undefined =>
  db.models.findLast(({ features }) => features.meet(considered).minus(mayLack).leq(set))

function featuresOf(db: Database, { model, features }: Cpu): FeatureSet {
  const named = (off: boolean) =>
    db.features.setOf(
      features.flatMap(({ name, policy }) =>
        (policy === 'disable') === off ? (db.features.get(name) ?? []) : [],
      ),
    )
  const own = (model === undefined ? undefined : db.model(model)?.features) ?? FeatureSet.empty
  return own.join(named(false)).minus(named(true))
}

/** What definitions have by these models; models and properties of other names count for nothing. */
export const viewOfModels = (db: Database): FeatureView => ({
  table: db.features,
  of: cpu => featuresOf(db, cpu),
})

/** What KVM gives guests where it gives them what the CPU has, but for some. */
export const passThrough =
  (withheld = FeatureSet.empty) =>
  ({ has, known = has }: Hardware): Offered => ({
    has: has.minus(withheld),
    onRequest: FeatureSet.empty,
    known,
  })

/**
 * How fleets look at CPUs of these models.
 * @param listed what the list of a kernel can tell of; of a machine known by that alone the rest is not known
 */
export const fleetCpusOf = (
  db: Database,
  more: { readonly listed: FeatureSet; readonly levels: FleetCpus['levels']; readonly caveat: string },
): FleetCpus => ({
  db,
  levels: more.levels,
  caveat: more.caveat,
  mixed:
    'guests that move between vendors are on their own: errata and what they decided at boot stay as they were',
  read: cpu => readByModels(db, cpu, more.listed),
  predictOffered: passThrough(),
})

/** @throws LibvirtError for an unknown model */
function readByModels(db: Database, cpu: Cpu, listed: FeatureSet): CpuReading {
  const { model, features: given, registers } = cpu
  if (model !== undefined && !db.model(model)) throw internalError(`Unknown CPU model ${model}`)
  const features = featuresOf(db, cpu)
  const all = model === undefined ? FeatureSet.empty : db.features.all
  const known = registers ? listed : all
  return {
    features,
    known: known.join(features),
    unknown: given.flatMap(({ name }) => (db.features.get(name) ? [] : name)),
  }
}

/** The models as levels, each with all of its features; of equal ones the first. */
export const levelsOf = (models: readonly Model[]): Level[] =>
  models
    .filter(({ features }, i) => !models.slice(0, i).some(other => other.features.eq(features)))
    .map(({ name, features }) => ({ name, needs: features, unknown: [] }))

/** What a CPU has and a host lacks; undefined where a model is none of ours. */
export function overlookedIn(db: Database, host: Cpu, cpu: Cpu): Overlooked | undefined {
  const isKnown = ({ model }: Cpu) => model !== undefined && db.model(model) !== undefined
  if (!isKnown(host) || !isKnown(cpu)) return undefined
  return { missing: db.features.in(featuresOf(db, cpu).minus(featuresOf(db, host))) }
}

/**
 * Beyond libvirt: the features that all hosts have, on the greatest model that they make; of what is beyond it, what
 * QEMU can give.
 */
export class ModelFold implements Fold {
  readonly view: FeatureView
  readonly vendors: readonly string[] = []
  readonly #switches: Switches
  readonly #models = new Set<string>()
  #common: FeatureSet | undefined
  #any = FeatureSet.empty

  constructor(switches: Switches) {
    const { db } = switches
    this.#switches = switches
    this.view = viewOfModels(db)
  }

  get models(): readonly string[] {
    return [...this.#models]
  }

  get common(): FeatureSet {
    return this.#common ?? FeatureSet.empty
  }

  add(cpu: Cpu): void {
    const set = featuresOf(this.#switches.db, cpu)
    this.#common = this.#common?.meet(set) ?? set
    this.#any = this.#any.join(set)
    if (cpu.model !== undefined) this.#models.add(cpu.model)
  }

  result(): GuestCpu {
    const model = greatestModel(this.#switches, this.common)
    if (!model) throw new LibvirtError('op-failed', 'CPUs are incompatible')
    const listed = (set: FeatureSet, policy: Policy) => this.#names(set).map(name => ({ name, policy }))
    return {
      type: 'guest',
      mode: 'custom',
      match: 'exact',
      model: model.name,
      fallback: 'forbid',
      features: [
        ...listed(this.common.minus(model.features).meet(this.#switches.properties), 'require'),
        ...listed(model.features.minus(this.common), 'disable'),
      ],
    }
  }

  dependsOnOrder(): boolean {
    return false
  }

  /** What some hosts have is switched off; what must agree cannot be. */
  get obstacles(): Obstacles {
    const { db, properties } = this.#switches
    const lost = this.#any.minus(this.common)
    const ordered = lost.meet(db.features.withOrder('='))
    const off = this.#names(lost.minus(ordered).meet(properties)).map(name => `${name}=off`)
    return { hideWith: off, fixed: [], conflicts: this.#names(ordered), models: [] }
  }

  #names(set: FeatureSet): string[] {
    return this.#switches.db.features.in(set).map(({ name }) => name)
  }
}
