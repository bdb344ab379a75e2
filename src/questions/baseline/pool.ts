import type { FeatureView, Fold, FoldOptions } from '../../arch/driver.ts'
import { checkBaselineInput, expandModel, fold, isLeftOut, modelNames } from '../../arch/operations.ts'
import { DEFAULT_ARCH, driverOf } from '../../arch/registry.ts'
import type { Cpu, Policy } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { DEFAULT_LIBVIRT, type LibvirtVersion } from '../../core/libvirt-version.ts'
import { withoutVoid } from '../../fleet/causes/finding.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { listBeyond, SPARED } from '../../map/qemu-models.ts'
import type { BaselineAnswer, BaselineReasons, LostFeature, WrittenParts } from '../answer-parts.ts'
import { type Note, reasonOf } from '../words/note.ts'

export interface PoolOptions {
  /** Remember who has what, so that `lost` and `notes` can tell: costs memory for each distinct CPU. */
  readonly explain?: boolean | undefined
  /** Leave out unknown features, and hosts whose model is unknown, instead of refusing the pool. */
  readonly lenient?: boolean | undefined
  /** Beyond libvirt: CPUs of several vendors are answered, and their order does not matter. */
  readonly best?: boolean | undefined
  /** Whose behaviour; absent: the default version's. */
  readonly libvirt?: LibvirtVersion | undefined
  /** As libvirt's own tests ask: x86 whatever the first CPU says, and nothing filtered. */
  readonly raw?: boolean | undefined
  /** As libvirt's test driver answers: with the features that no hypervisor offers. */
  readonly unfiltered?: boolean
}

export interface ResultOptions extends Pick<FoldOptions, 'migratable' | 'onModel'> {
  /** Spell out the model's features. */
  readonly expand?: boolean | undefined
  /** Turn off what QEMU's model of that name has beyond the map's, and some host does not give: `enforce` refuses it. */
  readonly turnOff?: boolean | undefined
}

interface Fault {
  readonly error: unknown
  readonly source: string
}

/**
 * Hosts, added one at a time, and the CPU that runs on all of them. An unknown name is libvirt's error, but
 * only when the result is asked for: what cannot be read in a later host is reported first, as libvirt does.
 */
export class Pool {
  readonly #map: CpuMap
  readonly #options: PoolOptions
  /** Absent before the first CPU, which chooses the architecture. */
  #fold: Fold | undefined
  /** Where libvirt goes by names alone: what the hosts have in common, for `lost`. */
  #looked: Fold | undefined
  #arch: string | undefined
  readonly #groups = new Map<string, { features: FeatureSet; hosts: string[] }>()
  readonly #skipped: Note[] = []
  /** The models that are known, where only they may be named. */
  #names: ReadonlySet<string> | undefined
  #size = 0
  #fault: Fault | undefined
  /** A CPU that no driver takes: told before what a driver finds in an earlier one. */
  #badInput: Fault | undefined

  /** @param map whose models are known; absent: the data that comes with this package */
  constructor(map: CpuMap = CpuMap.builtIn(), options: PoolOptions = {}) {
    this.#map = map
    this.#options = options
  }

  /** @param source the host's name, for reasons and notes */
  add(cpu: Cpu, source: string): void {
    const index = this.#size++
    try {
      checkBaselineInput(cpu, index)
    } catch (error) {
      this.#badInput ??= { error, source }
    }
    if (this.#badInput !== undefined || this.#fault !== undefined) return
    try {
      this.#fold ??= this.#begin(cpu)
      const known = this.#options.lenient ? this.#known(cpu, source) : cpu
      if (known) this.#join(this.#fold, known, source)
    } catch (error) {
      this.#fault = { error, source }
    }
  }

  /** @throws LibvirtError of the first host at fault, `no CPUs given`, or `CPUs are incompatible` */
  result(options: ResultOptions = {}): Cpu {
    const fault = this.#badInput ?? this.#fault
    if (fault !== undefined) throw fault.error
    if (!this.#fold) throw new LibvirtError('invalid-arg', 'no CPUs given')
    const cpu = { ...this.#fold.result(options), arch: this.#arch }
    const offered =
      this.#options.raw || this.#options.unfiltered
        ? cpu
        : {
            ...cpu,
            features: cpu.features.filter(
              ({ name }) => !isLeftOut(name, this.#options.libvirt ?? DEFAULT_LIBVIRT),
            ),
          }
    if (options.expand) return expandModel(this.#map, this.#arch, offered)
    return options.turnOff ? this.#turnOffBeyond(offered, this.#fold.common) : offered
  }

  /** KVM gives some features whatever the CPU has; `SPARED` are not written where every CPU has them. */
  #turnOffBeyond(cpu: Cpu, common: FeatureSet): Cpu {
    const fleet = driverOf(this.#map, this.#arch ?? '')?.fleet
    const model = fleet?.db.model(cpu.model ?? '')
    const beyond = fleet && model && listBeyond(fleet.db).get(model)
    if (!beyond) return cpu
    const { has, known } = fleet.predictOffered({ has: common }, model.vendor?.name)
    const spared = fleet.db.features.setOfNames(SPARED).meet(common)
    const lacking = withoutVoid(fleet, has.join(beyond)).meet(beyond).meet(known).minus(has).minus(spared)
    const named = new Set(cpu.features.map(({ name }) => name))
    const off = fleet.db.features.in(lacking).filter(({ name }) => !named.has(name))
    return {
      ...cpu,
      features: [...cpu.features, ...off.map(({ name }) => ({ name, policy: 'disable' as const }))],
    }
  }

  /** The host whose definition `result` fails for; undefined where none is to blame. */
  get culprit(): string | undefined {
    return (this.#badInput ?? this.#fault)?.source
  }

  /** Why the answer is what it is. `lost` needs `explain`. */
  reasons(cpu: Cpu, { onModel }: ResultOptions = {}): BaselineReasons {
    const of = this.#fold?.models ?? []
    const own = of.length === 1 ? ('shared' as const) : ('own' as const)
    const names = [cpu.model, driverOf(this.#map, this.#arch ?? '')?.db?.model(cpu.model ?? '')?.canonical]
    const because = onModel !== undefined ? 'asked' : of.some(name => names.includes(name)) ? own : 'closest'
    const count = (policy: Policy) => cpu.features.filter(feature => feature.policy === policy).length
    const modelChoice = {
      name: cpu.model ?? '',
      of,
      because,
      addedCount: count('require'),
      disabledCount: count('disable'),
    } as const
    return { hostCount: this.#size, modelChoice, lost: this.lost() }
  }

  /** Everything that the CPU has, its model's features included, in map order. */
  features(cpu: Cpu): string[] {
    const view = this.#view
    return view ? view.table.in(view.of(cpu)).map(feature => feature.name) : []
  }

  /** Everything that some hosts have and not all, in map order, with those that lack it. Needs `explain`. */
  lost(): LostFeature[] {
    const { view, common } = this.#looked ?? {}
    if (!view || !common) return []
    const groups = [...this.#groups.values()]
    const all = groups.reduce((set, { features }) => set.join(features), FeatureSet.empty)
    return view.table.in(all.minus(common)).map(feature => ({
      ...reasonOf(feature),
      ...(feature.class ? { class: feature.class } : {}),
      hosts: groups.filter(group => !feature.bits.leq(group.features)).flatMap(group => group.hosts),
    }))
  }

  /** What the reader of the result should know. Security features that the pool drops are told only with `explain`. */
  notes(options: ResultOptions = {}): Note[] {
    const features = this.lost().filter(lost => lost.class === 'security')
    const { vendors = [], firstOnly, obstacles } = this.#fold ?? {}
    const ordered = this.#fold?.dependsOnOrder(options) ?? false
    return [
      ...this.#skipped,
      ...(obstacles ? [{ kind: 'beyond-libvirt', arch: this.#arch ?? '', ...obstacles } as const] : []),
      ...(this.#options.best && !obstacles && vendors.length > 1
        ? [{ kind: 'cross-vendor', vendors } as const]
        : []),
      ...(features.length > 0 ? [{ kind: 'security-dropped', features } as const] : []),
      ...(ordered ? [{ kind: firstOnly ? 'first-only' : 'order-matters' } as const] : []),
    ]
  }

  /** The features that are told of; undefined where the architecture's are not looked at. */
  get #view(): FeatureView | undefined {
    return this.#fold?.view
  }

  #begin({ arch }: Cpu): Fold {
    this.#arch = this.#options.raw ? DEFAULT_ARCH : arch
    return fold(this.#map, this.#arch, this.#options.best)
  }

  #join(to: Fold, cpu: Cpu, source: string): void {
    to.add(cpu)
    if (!this.#options.explain) return
    this.#look(to, cpu)
    const view = this.#looked?.view
    if (!view) return
    const features = view.of(cpu)
    const key = String(features)
    const group = this.#groups.get(key)
    if (group) group.hosts.push(source)
    else this.#groups.set(key, { features, hosts: [source] })
  }

  /** What libvirt takes without a look may not be known: nothing is lost that anybody could name. */
  #look(to: Fold, cpu: Cpu): void {
    try {
      this.#looked ??= to.view ? to : fold(this.#map, this.#arch, true)
      if (to !== this.#looked) this.#looked.add(cpu)
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error
      this.#looked = to
    }
  }

  /** The CPU without what the database does not know; undefined when it does not know the model. */
  #known(cpu: Cpu, source: string): Cpu | undefined {
    this.#names ??= new Set(modelNames(this.#map, this.#arch))
    if (cpu.model !== undefined && this.#names.size > 0 && !this.#names.has(cpu.model)) {
      this.#skipped.push({ kind: 'host-skipped', model: cpu.model, source })
      return undefined
    }
    const table = this.#view?.table
    const features = cpu.features.filter(({ name }) => {
      const known = !table || table.get(name) !== undefined
      if (!known) this.#skipped.push({ kind: 'feature-skipped', feature: name, source })
      return known
    })
    return { ...cpu, features }
  }
}

/** @param cpu the pool's result */
export const baselineAnswer = (pool: Pool, cpu: Cpu, written: WrittenParts = {}): BaselineAnswer => ({
  xml: printCpu(cpu),
  ...written,
  model: cpu.model ?? '',
  features: pool.features(cpu),
})
