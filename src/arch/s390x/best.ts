import type { Cpu, GuestCpu, HostCpu, NamedRegisters, Policy } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { Model } from '../../core/model.ts'
import type { FeatureView, Fold, Obstacles } from '../driver.ts'
import { type Generations, type Limit, olderOf } from './models.ts'

/** What definitions have, groups by their names. */
export const viewOfGenerations = (known: Generations): FeatureView => ({
  table: known.db.features,
  of: cpu => known.cpuOf(cpu).features,
})

/**
 * Beyond libvirt: what QEMU's own query-cpu-model-baseline answers, of any number of CPUs and without a QEMU. The
 * features that all have, on the newest base that they make and that is no newer than any of the machines; of these
 * features a CPU of that model may lack some that later machines brought.
 */
export class GenerationFold implements Fold {
  readonly view: FeatureView
  readonly vendors: readonly string[] = ['IBM']
  readonly #models = new Set<string>()
  #common: FeatureSet | undefined
  #limit: Limit | undefined
  readonly #known: Generations

  constructor(known: Generations) {
    this.#known = known
    this.view = viewOfGenerations(known)
  }

  get models(): readonly string[] {
    return [...this.#models]
  }

  get common(): FeatureSet {
    return this.#common ?? FeatureSet.empty
  }

  add(cpu: Cpu): void {
    const { machine, features } = this.#known.cpuOf(cpu)
    this.#common = this.#common?.meet(features) ?? features
    this.#limit = this.#limit ? olderOf(this.#limit, machine) : machine
    if (cpu.model !== undefined) this.#models.add(cpu.model)
  }

  result(): GuestCpu {
    const base = this.#limit && this.#known.newestBase(this.#limit, this.common)
    const machine = base && this.#known.machineOf(base.name)
    if (!base || !machine) throw new LibvirtError('op-failed', 'CPUs are incompatible')
    const given = this.common.meet(machine.possible)
    const listed = (set: FeatureSet, policy: Policy) =>
      this.view.table.in(set).map(({ name }) => ({ name, policy }))
    return {
      type: 'guest',
      mode: 'custom',
      match: 'exact',
      model: base.name,
      fallback: 'forbid',
      features: [
        ...listed(given.minus(base.features), 'require'),
        ...listed(base.features.minus(given), 'disable'),
      ],
    }
  }

  dependsOnOrder(): boolean {
    return false
  }

  /** None: QEMU gives and hides each feature by its name, under KVM too. */
  get obstacles(): Obstacles {
    return { hideWith: [], fixed: [], conflicts: [], models: [] }
  }
}

/** What Linux lists of the machine; functions of instructions are not in it. */
export const LISTED = 'STFLE'

/**
 * Beyond libvirt: the model of the machine's type whose facilities are all there, as a guest gets it by default or else
 * its base, and what there is beyond it. Linux does not report the GA: the first is assumed. A machine that is newer than
 * our data is named as the newest whose facilities it has.
 * @throws LibvirtError where not even the oldest machine's are there
 */
export function detectGeneration(known: Generations, arch: string, registers: NamedRegisters): HostCpu {
  const { features } = known.db
  const set = features.setOfRegisters(registers)
  const listed = features.setOfRegisters(new Map([[LISTED, -1n]]))
  const model = modelOf(known, Number(registers.get('MACHINE') ?? 0n), set, listed)
  if (!model) throw internalError('Cannot find suitable CPU model for given data')
  const beyond = features.in(set.minus(model.features))
  return {
    type: 'host',
    arch,
    detected: true,
    model: model.name,
    vendor: 'IBM',
    features: beyond.map(({ name }) => ({ name })),
  }
}

function modelOf(known: Generations, type: number, set: FeatureSet, listed: FeatureSet): Model | undefined {
  const { db, machines, spared } = known
  const fitting = db.models.filter(({ features }) => features.meet(listed).minus(spared).leq(set))
  const own = fitting.filter(({ name }) => known.machineOf(name)?.type === type)
  const best = own.findLast(({ name }) => machines.has(name)) ?? own.at(-1)
  return own.find(({ features }) => best?.features.eq(features)) ?? fitting.at(-1)
}
