import type { Cpu, GuestCpu } from '../../core/cpu.ts'
import { FeatureSet, keepOnly } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Vendor } from '../../core/model.ts'
import type { Database } from '../../map/database.ts'
import type { CpuBits, FeatureView, Fold, FoldOptions } from '../driver.ts'
import { decodeOn, findClosestCpu } from './decode.ts'
import { featuresOf, modelOf, writeFeatures } from './definition.ts'

const failed = (detail: string): LibvirtError => new LibvirtError('op-failed', detail)

/** Stands for: the first CPU names its vendor itself. */
const NAMED: unique symbol = Symbol('named')

/** So many CPUs are remembered: a stream may have no end, and what is kept for a while only costs memory. */
const MANY = 1024

/**
 * The meet of CPUs, folded one at a time, so that a stream of any length needs the memory of one.
 * Only the first CPU's own vendor counts as its vendor; of the others the model's vendor stands in,
 * and any CPU without a vendor keeps the vendor out of the result. So the answer for vendor-less CPUs
 * can depend on which comes first.
 */
export class BaselineFold implements Fold {
  readonly view: FeatureView
  readonly #db: Database
  readonly #best: boolean
  /** What every CPU so far has; absent before the first. Not seen by anyone else, as `#words` is not. */
  #common: Uint32Array | undefined
  readonly #words: Uint32Array
  #vendor: Vendor | undefined
  readonly #names = new Set<string>()
  /** The vendors that CPUs name, and of the CPUs that name none: their models' vendors, with a count. */
  readonly #named = new Set<string>()
  readonly #implied = new Map<string | undefined, number>()
  /** CPUs that change nothing when they are added again, by their lists of features: equal lists are often one. */
  readonly #repeatable = new Map<Cpu['features'], Cpu>()

  /**
   * @param best beyond libvirt: CPUs of several vendors are answered, by models of no vendor, and which CPU
   *   comes first does not matter
   */
  constructor(db: Database, best = false) {
    this.#db = db
    this.#best = best
    this.view = { table: db.features, of: cpu => featuresOf(db, cpu) }
    this.#words = db.features.blank()
  }

  /** @throws LibvirtError for unknown names and for vendors that do not go together */
  add(cpu: Cpu): void {
    const like = this.#repeatable.get(cpu.features)
    if (like && like.model === cpu.model && like.vendor === cpu.vendor) return
    writeFeatures(this.#db, cpu, this.#words)
    const implied = cpu.model === undefined ? undefined : modelOf(this.#db, cpu.model).vendor?.name
    if (this.#common === undefined) {
      this.#common = this.#words.slice()
      if (!this.#best) this.#takeVendor(cpu.vendor)
    } else {
      if (!this.#best && cpu.vendor !== undefined && implied !== undefined && cpu.vendor !== implied) {
        throw failed(`CPU vendor ${implied} of model ${cpu.model} differs from vendor ${cpu.vendor}`)
      }
      if (!this.#best) this.#takeVendor(cpu.vendor ?? implied)
      keepOnly(this.#common, this.#words)
      // What the first CPU says of its vendor counts otherwise, and those that name none are counted.
      if (cpu.vendor !== undefined && this.#repeatable.size < MANY) this.#repeatable.set(cpu.features, cpu)
    }
    if (cpu.vendor === undefined) this.#implied.set(implied, (this.#implied.get(implied) ?? 0) + 1)
    else this.#named.add(cpu.vendor)
    if (cpu.model !== undefined) this.#names.add(cpu.model)
  }

  /** The models that the CPUs are described by, each once, in order of appearance. */
  get models(): readonly string[] {
    return [...this.#names]
  }

  /** What every CPU so far has. */
  get common(): FeatureSet {
    return FeatureSet.of(this.#common ?? [])
  }

  /**
   * The named guest CPU of what is common.
   * @throws LibvirtError `CPUs are incompatible` when nothing is
   */
  result(options: FoldOptions = {}): GuestCpu {
    const cpu = this.#best ? this.#bestAnswer(options) : this.#answer(this.#vendor, options)
    const allNameTheirs = this.#implied.size === 0
    return { ...cpu, vendor: allNameTheirs ? cpu.vendor : undefined }
  }

  /** The vendors that the CPUs name, or their models where they name none; sorted. */
  get vendors(): string[] {
    return this.#vendorsWith(NAMED)
  }

  #bestAnswer(options: FoldOptions): GuestCpu {
    const [name, second] = this.vendors
    const vendor = name === undefined ? undefined : this.#db.vendor(name)
    if (name !== undefined && !vendor) throw failed(`Unknown CPU vendor ${name}`)
    if (second === undefined) return this.#answer(vendor, options)
    const ofNone = this.#db.models.filter(model => !model.vendor).map(model => [model.name, []] as const)
    return this.#answer(undefined, { ...options, models: new Map(ofNone) })
  }

  /**
   * Whether another order of the same CPUs would have another answer, or none: where some name no vendor,
   * another CPU in the first place can make the vendor another one, and so maybe the model.
   */
  dependsOnOrder(options: FoldOptions = {}): boolean {
    if (this.#best) return false
    const named: (typeof NAMED)[] = this.#named.size > 0 ? [NAMED] : []
    const vendors = [...named, ...this.#implied.keys()].map(first => this.#vendorsWith(first))
    if (new Set(vendors.map(String)).size < 2) return false
    return new Set(vendors.map(names => this.#answerWith(names, options))).size > 1
  }

  /** The vendors that count when a CPU of that implied vendor, or one that names its vendor, comes first. */
  #vendorsWith(first: string | undefined | typeof NAMED): string[] {
    const vendors = new Set(this.#named)
    for (const [vendor, count] of this.#implied) {
      if (vendor !== undefined && (vendor !== first || count > 1)) vendors.add(vendor)
    }
    return [...vendors].sort()
  }

  /** The answer as text, if these are the vendors that count; empty where it is refused. */
  #answerWith([name, second]: readonly string[], options: FoldOptions): string {
    if (second !== undefined) return ''
    try {
      const cpu = this.#answer(name === undefined ? undefined : this.#db.vendor(name), options)
      return JSON.stringify([cpu.model, cpu.features])
    } catch (error) {
      if (error instanceof LibvirtError) return ''
      throw error
    }
  }

  #answer(vendor: Vendor | undefined, options: FoldOptions): GuestCpu {
    const allowed = options.features && this.#db.features.setOfNames(options.features)
    const features = allowed ? this.common.meet(allowed) : this.common
    if (features.isEmpty) throw failed('CPUs are incompatible')
    const data = { features, vendor }
    return options.onModel === undefined
      ? this.#decode(data, options)
      : this.#on(options.onModel, data, options)
  }

  #decode(data: CpuBits, options: FoldOptions): GuestCpu {
    const preferred = [...this.#names]
    const { models, migratable } = options
    const cpu = findClosestCpu(this.#db, data, {
      as: 'guest',
      fallback: 'allow',
      models,
      preferred,
      migratable,
    })
    const forced = preferred.length === 1 && cpu.model === preferred[0]
    return { ...cpu, fallback: forced ? 'forbid' : 'allow' }
  }

  #on(name: string, data: CpuBits, { migratable }: FoldOptions): GuestCpu {
    const model = modelOf(this.#db, name)
    if (data.vendor && model.vendor && data.vendor.name !== model.vendor.name) {
      throw failed(`CPU vendor ${model.vendor.name} of model ${name} differs from vendor ${data.vendor.name}`)
    }
    return decodeOn(this.#db, data, model, { migratable })
  }

  #takeVendor(name: string | undefined): void {
    if (name === undefined) return
    if (this.#vendor === undefined) {
      this.#vendor = this.#db.vendor(name)
      if (!this.#vendor) throw failed(`Unknown CPU vendor ${name}`)
    } else if (this.#vendor.name !== name) throw failed('CPU vendors do not match')
  }
}
