import type { Offered } from '../../../arch/driver.ts'
import { Evidence } from '../../../core/evidence.ts'
import { FeatureSet, Interner } from '../../../core/feature-set.ts'
import type { OfferOf } from '../../../fleet/change/what-if.ts'
import type { FleetHost } from '../../../fleet/host.ts'
import { findUnmovable } from '../../../fleet/offered.ts'
import { type HypervisorVersions, versionOf } from '../../../map/kvm-rules.ts'
import type { Context } from '../../context.ts'
import type { HostMember } from './members.ts'

/** What a host is known to give guests. */
type HostOffer = Pick<FleetHost, 'evidence' | 'withheld' | 'unsure'>

/**
 * What hosts give guests. Where a hypervisor's description was read, that decides, and what the CPU is known to lack is
 * missing there too. Else it is what KVM makes of such a CPU: assumed, but for what the CPU lacks.
 */
export class HostOffers {
  readonly #context: Context
  /** By what offers depend on: hosts are many, their CPUs few. */
  readonly #made = new Map<string, HostOffer>()
  readonly #withheld = new Map<string, Offered>()
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
    const { cpus, db } = this.#context
    const hardware = offered ? hardwareFeatures : features
    const all = known ?? db.features.all
    const versions = { kernel: versionOf(kernel), qemu: versionOf(hypervisor) }
    const usual = this.#withheldOf(vendor, versions)
    const unmovable = findUnmovable(db)
    if (offered) {
      const lacking = hardware ? all.minus(hardware) : FeatureSet.empty
      const evidence = Evidence.recorded(FeatureSet.empty, lacking).refinedBy(offered)
      return { evidence, withheld: usual.join(unmovable) }
    }
    if (!hardware) return {}
    const predicted = cpus.predictOffered({ has: hardware, known: all }, vendor, versions)
    const { has, onRequest } = predicted
    // What the CPU has and KVM is said never to give is assumed absent, which is no knowledge.
    const absent = predicted.known.minus(has).minus(hardware).meet(all)
    // What depends on versions that nobody recorded: that of the hypervisor where the guests of the fleet run.
    const likely = all.minus(predicted.known).minus(onRequest)
    const withheld = usual.join(onRequest).join(unmovable)
    const recorded = Evidence.recorded(FeatureSet.empty, absent)
    // What KVM gives besides what the CPU has is KVM's.
    if (otherHypervisor(hypervisor)) return { evidence: recorded.assuming(has.meet(hardware)), withheld }
    const assumed = has.join(onRequest).join(likely)
    return { evidence: recorded.assuming(assumed), withheld, unsure: likely }
  }

  /** What a CPU that had everything would not give unasked. */
  #withheldOf(vendor: string | undefined, versions: HypervisorVersions): FeatureSet {
    const { cpus, db } = this.#context
    const key = [vendor, versions.kernel, versions.qemu].join(' ')
    const predicted =
      this.#withheld.get(key) ?? cpus.predictOffered({ has: db.features.all }, vendor, versions)
    this.#withheld.set(key, predicted)
    return predicted.onRequest.join(predicted.known.minus(predicted.has))
  }
}

/**
 * What hosts would give guests with other features: where that is assumed of the CPU, what KVM makes of the new one; else
 * what comes and goes.
 */
export function offersOf(context: Context): OfferOf {
  const offers = new HostOffers(context)
  return (host, features) => {
    const { evidence, features: old } = host
    if (!evidence) return {}
    if (host.hardwareFeatures || !evidence.present.isEmpty) {
      const changed = evidence.changed(features.minus(old), old.minus(features))
      return { evidence: changed, withheld: host.withheld, unsure: host.unsure }
    }
    const known = evidence.recorded.join(evidence.assumed).join(old).join(features)
    return offers.of({ ...host, features, known })
  }
}

/** What a host's hypervisor is called, where it is not KVM's; undefined: it is, or nobody says. */
export const otherHypervisor = (name = ''): string | undefined =>
  /^(?:Xen|bhyve|VMware|Hyper-V)\b/i.exec(name)?.[0]
