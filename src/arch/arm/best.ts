import type { Cpu, NamedRegisters } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { printField } from '../../core/field.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { Fold, Obstacles } from '../driver.ts'
import { meetRegisters } from './fields.ts'
import { HWCAP_VIEW, hwcaps } from './hwcaps.ts'
import { hiddenBy, isNeverGiven } from './masks.ts'
import { allCores } from './models.ts'

/** A host as far as the meet needs it. */
interface Host {
  readonly model: string
  readonly vendor: string | undefined
  readonly features: FeatureSet
}

/**
 * Beyond libvirt: what all hosts have, flag by flag, and field by field where their ID registers are known. The
 * model is the one of the hosts that is nearest to that; what it has beyond is disabled. The order of the hosts does
 * not matter.
 */
export class MeetFold implements Fold {
  readonly view = HWCAP_VIEW
  readonly #db: Database
  readonly #hosts = new Map<string, Host>()
  readonly #conflicts = new Set<string>()
  #common: FeatureSet | undefined
  #registers: NamedRegisters | undefined
  #told = true

  constructor(db: Database) {
    this.#db = db
  }

  get models(): readonly string[] {
    return [...new Set([...this.#hosts.values()].map(({ model }) => model))]
  }

  get vendors(): readonly string[] {
    return [...new Set([...this.#hosts.values()].flatMap(({ vendor }) => vendor ?? []))].sort()
  }

  get common(): FeatureSet {
    return this.#common ?? FeatureSet.empty
  }

  add(cpu: Cpu): void {
    const { model = '', vendor, registers } = cpu
    const features = HWCAP_VIEW.of(this.#db, cpu)
    this.#hosts.set(`${vendor}/${model}/${features}`, { model, vendor, features })
    this.#common = this.#common?.meet(features) ?? features
    this.#told &&= registers !== undefined
    if (registers) this.#meet(registers)
  }

  result(): Cpu {
    const [nearest] = [...this.#hosts.values()].sort((a, b) => this.#compare(a, b))
    if (!nearest) throw new RangeError('no CPU was added')
    const beyond = nearest.features.minus(this.common).minus(hwcaps().withOrder('.'))
    if (this.common.isEmpty && !nearest.features.isEmpty)
      throw new LibvirtError('op-failed', 'CPUs are incompatible')
    const listed = (set: FeatureSet, policy: 'require' | 'disable') =>
      hwcaps()
        .in(set)
        .map(({ name }) => ({ name, policy }))
    return {
      type: 'guest',
      mode: 'custom',
      match: 'exact',
      model: nearest.model,
      fallback: 'forbid',
      vendor: nearest.vendor,
      registers: this.#told ? this.#registers : undefined,
      features: [...listed(this.common, 'require'), ...listed(beyond, 'disable')],
    }
  }

  dependsOnOrder(): boolean {
    return false
  }

  /** What KVM and QEMU can and cannot do about the differences. */
  get obstacles(): Obstacles {
    const all = [...this.#hosts.values()].reduce((set, { features }) => set.join(features), FeatureSet.empty)
    const lost = hwcaps()
      .in(all.minus(this.common).minus(hwcaps().withOrder('.')))
      .map(({ name }) => name)
      .filter(name => !isNeverGiven(name))
    return {
      hideWith: [...new Set(lost.flatMap(name => hiddenBy(name) ?? []))],
      fixed: lost.filter(name => hiddenBy(name) === undefined),
      conflicts: [...this.#conflicts],
      models: this.models,
    }
  }

  #meet(registers: NamedRegisters): void {
    if (!this.#registers) {
      this.#registers = meetRegisters(registers, registers).registers
      return
    }
    const { registers: met, conflicts } = meetRegisters(this.#registers, registers)
    this.#registers = met
    for (const field of conflicts) this.#conflicts.add(`${printField(field)} ${field.name}`)
  }

  /** Nearest first: fewest features beyond what is common; then by the order in which cores are known, and by name. */
  #compare(a: Host, b: Host): number {
    const beyond = ({ features }: Host) => features.sizeWithout(this.common)
    return beyond(a) - beyond(b) || rank(a) - rank(b) || (a.model < b.model ? -1 : a.model > b.model ? 1 : 0)
  }
}

function rank({ model, vendor }: Host): number {
  const at = allCores().findIndex(core => core.name === model && core.vendor?.name === vendor)
  return at < 0 ? allCores().length : at
}
