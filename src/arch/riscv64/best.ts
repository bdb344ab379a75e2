import type { Cpu } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { Model } from '../../core/model.ts'
import type { Registers } from '../../core/registers.ts'
import type { Database } from '../../database/database.ts'
import type { FeatureView, FlagPlace, Fold, Obstacles } from '../driver.ts'
import { flagPlaceIn, setOfRegisters } from '../named-registers.ts'
import { profiles } from './models.ts'

/** Where a name of the ISA string stands. */
export const flagPlace = (flag: string): FlagPlace | undefined => flagPlaceIn(profiles().features, flag)

/** The greatest profile that these extensions make. */
function profileOf(set: FeatureSet): Model | undefined {
  return profiles()
    .models.filter(model => model.features.leq(set))
    .at(-1)
}

/** The definition of a host with these extensions: the greatest profile, and what there is beyond it. */
export function bestDetect(_: Database, arch: string, registers: Registers): Cpu {
  const set = setOfRegisters(profiles().features, registers)
  const profile = profileOf(set)
  if (!profile) throw internalError('Cannot find suitable CPU model for given data')
  const features = profiles().features.in(set.minus(profile.features))
  return {
    type: 'host',
    arch,
    mode: 'custom',
    model: profile.name,
    features: features.map(({ name }) => ({ name })),
  }
}

/** What a definition has; models that are no profile, and properties that are no extension, count for nothing. */
function extensionsOf({ model, features }: Cpu): FeatureSet {
  const { features: table } = profiles()
  const named = (off: boolean) =>
    table.setOf(
      features.flatMap(({ name, policy }) => ((policy === 'disable') === off ? (table.get(name) ?? []) : [])),
    )
  const own = (model === undefined ? undefined : profiles().model(model)?.features) ?? FeatureSet.empty
  return own.join(named(false)).minus(named(true))
}

const VIEW: FeatureView = { table: () => profiles().features, of: (_, cpu) => extensionsOf(cpu) }

/**
 * Beyond libvirt: the extensions that all hosts have, on the greatest profile that they make. KVM lets QEMU switch
 * extensions off one by one, so what differs can be hidden.
 */
export class ProfileFold implements Fold {
  readonly view = VIEW
  readonly vendors: readonly string[] = []
  readonly #models = new Set<string>()
  #common: FeatureSet | undefined
  #any = FeatureSet.empty

  get models(): readonly string[] {
    return [...this.#models]
  }

  get common(): FeatureSet {
    return this.#common ?? FeatureSet.empty
  }

  add(cpu: Cpu): void {
    const set = extensionsOf(cpu)
    this.#common = this.#common?.meet(set) ?? set
    this.#any = this.#any.join(set)
    if (cpu.model !== undefined) this.#models.add(cpu.model)
  }

  result(): Cpu {
    const profile = profileOf(this.common)
    if (!profile) throw new LibvirtError('op-failed', 'CPUs are incompatible')
    const beyond = profiles().features.in(this.common.minus(profile.features))
    return {
      type: 'guest',
      mode: 'custom',
      match: 'exact',
      model: profile.name,
      fallback: 'forbid',
      features: beyond.map(({ name }) => ({ name, policy: 'require' })),
    }
  }

  dependsOnOrder(): boolean {
    return false
  }

  /** What some hosts have is switched off; the memory ordering of a host cannot be. */
  get obstacles(): Obstacles {
    const { features: table } = profiles()
    const lost = this.#any.minus(this.common)
    const ordered = lost.meet(table.withOrder('='))
    const off = table.in(lost.minus(ordered)).map(({ name }) => `${name}=off`)
    return { hideWith: off, fixed: [], conflicts: table.in(ordered).map(({ name }) => name), models: [] }
  }
}
