import { driverOf } from '../../../arch/registry.ts'
import { Evidence } from '../../../core/evidence.ts'
import { FeatureSet } from '../../../core/feature-set.ts'
import { Interner } from '../../../fleet/interned.ts'
import type { Context } from '../../context.ts'
import type { HostMember } from './members.ts'

/** What a host is known to give guests, and what of it only those that ask. */
export interface HostOffer {
  readonly evidence?: Evidence | undefined
  readonly onRequest?: FeatureSet | undefined
}

/**
 * What hosts give guests. Where a hypervisor's description was read, that decides, and what the CPU is known to lack is
 * missing there too. Else it is what KVM makes of such a CPU: assumed, but for what the CPU lacks.
 */
export class HostOffers {
  readonly #context: Context
  /** By what offers depend on: hosts are many, their CPUs few. */
  readonly #made = new Map<string, HostOffer>()
  readonly #sets = new Interner()

  constructor(context: Context) {
    this.#context = context
  }

  of(facts: HostMember): HostOffer {
    const { features, hardwareFeatures, known, offered, vendor, kernel, hypervisor } = facts
    const sets = [features, hardwareFeatures, known, offered?.present, offered?.absent, offered?.assumed]
    const parts = sets.map(set => set && this.#sets.intern(set).key)
    const key = [...parts, vendor, kernel, hypervisor].join(' ')
    const made = this.#made.get(key) ?? this.#make(facts)
    this.#made.set(key, made)
    return made
  }

  #make({ features, hardwareFeatures, known, offered, vendor, kernel, hypervisor }: HostMember): HostOffer {
    const { map, db } = this.#context
    const hardware = offered ? hardwareFeatures : features
    const all = known ?? db.features.all
    if (offered) {
      const lacking = hardware ? all.minus(hardware) : FeatureSet.empty
      return { evidence: Evidence.recorded(FeatureSet.empty, lacking).refinedBy(offered) }
    }
    const predict = driverOf(map, 'x86_64')?.predictOffered
    if (!hardware || !predict) return {}
    const versions = { kernel: versionOf(kernel), qemu: versionOf(hypervisor) }
    const predicted = predict({ has: hardware, known: all }, vendor, versions)
    const { has, onRequest } = predicted
    // What the CPU has and KVM is said never to give is assumed absent, which is no knowledge.
    const absent = predicted.known.minus(has).minus(hardware).meet(all)
    // What depends on versions that nobody recorded: that of the hypervisor where the guests of the fleet run.
    const likely = all.minus(predicted.known).minus(onRequest)
    const assumed = has.join(onRequest).join(likely)
    return {
      evidence: Evidence.recorded(FeatureSet.empty, absent).assuming(assumed),
      onRequest: onRequest.join(likely),
    }
  }
}

/** `6.8` of `6.8.0-45-generic`, `8.2` of `QEMU 8.2.1`. */
const versionOf = (text: string | undefined): string | undefined => /\d+\.\d+/.exec(text ?? '')?.[0]
