import type { FleetCpus, Offered } from '../../../arch/driver.ts'
import { Evidence } from '../../../core/evidence.ts'
import { FeatureSet, Interner } from '../../../core/feature-set.ts'
import type { VersionedOffer } from '../../../fleet/change/upgrade.ts'
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

/** What hosts give guests under other versions of QEMU and the kernel. */
export function versionedOffersOf(context: Context): (before: FleetHost, after: FleetHost) => VersionedOffer {
  const offers = new HostOffers(context)
  return (before, after) => {
    const { features, evidence, hardwareFeatures } = before
    if (!evidence) return { features }
    if (hardwareFeatures || !evidence.present.isEmpty) return changeRecorded(context, before, after)
    const known = evidence.recorded.join(evidence.assumed).join(features)
    return { features, ...offers.of({ ...after, known }) }
  }
}

/**
 * What was recorded stays true where versions do not decide it. What they decide is assumed as KVM's rules have it; what
 * contradicted these, or is the kernel's judgement, is unknown.
 */
function changeRecorded({ cpus, db }: Context, before: FleetHost, after: FleetHost): VersionedOffer {
  const { features, hardwareFeatures, vendor, evidence = Evidence.none, unsure } = before
  const own = hardwareFeatures ?? evidence.possible
  const known = own.join(hardwareFeatures ? evidence.absent : FeatureSet.empty)
  const [was, is] = [before, after].map(({ kernel, hypervisor }) =>
    cpus.predictOffered({ has: own, known }, vendor, {
      kernel: versionOf(kernel),
      qemu: versionOf(hypervisor),
    }),
  )
  if (!was || !is) return { features, evidence }
  const givenBy = (grades: Offered) => grades.has.join(findNested(cpus, grades.onRequest, evidence))
  const [had, has] = [givenBy(was), givenBy(is)]
  const changed = [
    differing(had, has),
    differing(was.onRequest, is.onRequest),
    differing(was.known, is.known),
  ].reduce((all, one) => all.join(one))
  // What is given only to those that ask, or by a judgement, is no longer known to be given.
  const open = db.features.all.minus(is.known).minus(has)
  const ruledOut = was.known.minus(had)
  const comes = changed.meet(has).meet(evidence.possible.join(ruledOut))
  const possible = evidence.possible.minus(changed).join(comes)
  const lacking = changed.minus(has).minus(open).meet(known.minus(own))
  const doubtful = changed.meet(open).meet(evidence.possible)
  return {
    features: features.minus(changed).join(changed.meet(possible)),
    evidence: Evidence.recorded(FeatureSet.empty, evidence.absent.minus(changed).join(lacking)).assuming(
      possible,
    ),
    withheld: before.withheld,
    unsure: doubtful.isEmpty ? unsure : doubtful.join(unsure ?? FeatureSet.empty),
  }
}

/** Details that are given with what they are details of, where that is given to guests. */
const findNested = (
  { db, prerequisiteOf }: FleetCpus,
  features: FeatureSet,
  { possible }: Evidence,
): FeatureSet =>
  db.features.setOf(
    db.features.in(features).filter(feature => prerequisiteOf?.(feature)?.bits.leq(possible) ?? false),
  )

const differing = (a: FeatureSet, b: FeatureSet): FeatureSet => a.minus(b).join(b.minus(a))

/** What a host's hypervisor is called, where it is not KVM's; undefined: it is, or nobody says. */
export const otherHypervisor = (name = ''): string | undefined =>
  /^(?:Xen|bhyve|VMware|Hyper-V)\b/i.exec(name)?.[0]
