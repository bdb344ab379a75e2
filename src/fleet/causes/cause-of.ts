import type { FleetCpus } from '../../arch/driver.ts'
import type { Feature } from '../../core/feature.ts'
import type { Cause, CauseTable } from '../../map/cause-table.ts'
import type { Group } from '../groups.ts'
import type { CauseFinding, Confidence, FindingEvidence } from './finding.ts'
import { FleetFacts } from './peers.ts'

/** Why hosts lack features: rules over the fleet's facts and what is known beforehand, each answer kept. */
export class CauseFinder {
  readonly #table: CauseTable
  readonly #cpus: FleetCpus
  readonly #facts: FleetFacts
  readonly #versions = new VersionIndex()
  readonly #known = new Map<Group, (CauseFinding | undefined)[]>()

  /** @param groups all of the fleet: hosts of other pools also show what a CPU can have */
  constructor(cpus: FleetCpus, table: CauseTable, groups: readonly Group[]) {
    this.#table = table
    this.#cpus = cpus
    this.#facts = new FleetFacts(cpus.db, groups)
  }

  /** The feature without which this one cannot be there; undefined: it stands by itself. */
  prerequisiteOf(feature: Feature): Feature | undefined {
    return this.#cpus.prerequisiteOf?.(feature)
  }

  /** Tells why the hosts of `part` lack a feature: of a part of a group, why the whole group does. */
  forGroup(part: Group): (feature: Feature) => CauseFinding {
    const group = part.partOf ?? part
    let row = this.#known.get(group)
    if (!row) {
      row = []
      this.#known.set(group, row)
    }
    const known = row
    return feature => {
      const found = known[feature.index] ?? this.#find(group, feature)
      known[feature.index] = found
      return found
    }
  }

  #find(group: Group, feature: Feature): CauseFinding {
    if (group.hardwareFeatures && feature.bits.leq(group.hardwareFeatures)) {
      return this.#finding(feature, 'hypervisor', 'high', [{ kind: 'withheld' }])
    }
    const gate = this.prerequisiteOf(feature)
    if (gate && !gate.bits.leq(group.features)) return { ...this.forGroup(group)(gate), behind: gate }
    const peers = this.#facts.peersOf(group)
    const having = peers?.groups.filter(peer => feature.bits.leq(peer.features)) ?? []
    if (having.length > 0) {
      const { cause, confidence, evidence } = compareToPeers(
        this.#table,
        feature,
        this.#versions,
        group,
        having,
      )
      return this.#finding(feature, cause, confidence, evidence)
    }
    if (gate && this.#cpus.describes?.(group.features, feature) === false)
      return this.#finding(feature, 'not-read', 'high', [])
    const others = this.#facts.vendorsWith(feature)
    if (others.length > 0 && group.vendor && !feature.bits.leq(this.#facts.factsOfVendor(group.vendor).any)) {
      return this.#finding(feature, 'vendor', 'high', [{ kind: 'vendors', vendors: others }])
    }
    return this.#withoutPeers(group, feature)
  }

  /** No host of the same signature has it: what the models of that signature say, or only what is usual. */
  #withoutPeers(group: Group, feature: Feature): CauseFinding {
    const virtual = this.#isVirtual(group)
    const peers = this.#facts.peersOf(group)
    const [model = ''] = peers?.models ?? []
    if (peers && feature.bits.leq(peers.inModels)) {
      const evidence: FindingEvidence[] = [{ kind: 'model-has', model }]
      if (virtual)
        return this.#finding(feature, 'hypervisor', 'medium', [{ kind: 'virtual-machine' }, ...evidence])
      return this.#finding(feature, this.#usual(feature) ?? 'unknown', 'medium', evidence)
    }
    const evidence: FindingEvidence[] = model === '' ? [] : [{ kind: 'no-model-has', model }]
    if (virtual && model === '') {
      return this.#finding(feature, 'hypervisor', 'low', [{ kind: 'virtual-machine' }])
    }
    // A promise that the CPU is not affected is a property of its hardware; a control comes with microcode.
    const promise = feature.name.endsWith('-no')
    const updated = !promise && this.#table.knows('microcode', feature.name)
    const confidence = updated ? (model === '' ? 'low' : 'medium') : model === '' ? 'medium' : 'high'
    // What is switched off so often that a CPU of unknown generation is thought to have it.
    if (model === '' && !updated && this.#cpus.firmwareSwitch?.(feature))
      return this.#finding(feature, 'firmware', 'low', [])
    return this.#finding(feature, updated ? 'microcode' : 'silicon', confidence, evidence)
  }

  /** What the lack of a feature that the CPU can have is owed to as a rule. */
  #usual({ name }: Feature): Cause | undefined {
    return USUAL_CAUSES.find(cause => this.#table.knows(cause, name))
  }

  #isVirtual({ features }: Group): boolean {
    return this.#facts.db.features.get('hypervisor')?.bits.leq(features) ?? false
  }

  #finding(
    feature: Feature,
    cause: Cause,
    confidence: Confidence,
    evidence: readonly FindingEvidence[],
  ): CauseFinding {
    const remedy =
      this.#table.remedy(cause, feature.name) ?? this.#table.remedy('unknown', feature.name) ?? ''
    return { cause, confidence, remedy, evidence }
  }
}

const USUAL_CAUSES: readonly Cause[] = ['kernel', 'microcode', 'firmware', 'hypervisor']

/** The different versions that the hosts of a group run, as far as they are known. */
interface Versions {
  readonly microcode: ReadonlySet<number>
  readonly kernel: ReadonlySet<string>
  readonly hypervisor: ReadonlySet<string>
}

/** The versions of each group, read once: groups may have thousands of hosts. */
class VersionIndex {
  readonly #known = new Map<Group, Versions>()

  versionsOf(group: Group): Versions {
    const known = this.#known.get(group) ?? {
      microcode: new Set(group.hosts.flatMap(({ microcode }) => microcode ?? [])),
      kernel: new Set(group.hosts.flatMap(({ kernel }) => kernel ?? [])),
      hypervisor: new Set(group.hosts.flatMap(({ hypervisor }) => hypervisor ?? [])),
    }
    this.#known.set(group, known)
    return known
  }

  /** Of all these groups together. */
  versionsOfAll(groups: readonly Group[]): Versions {
    const all = groups.map(group => this.versionsOf(group))
    return {
      microcode: new Set(all.flatMap(({ microcode }) => [...microcode])),
      kernel: new Set(all.flatMap(({ kernel }) => [...kernel])),
      hypervisor: new Set(all.flatMap(({ hypervisor }) => [...hypervisor])),
    }
  }
}

/** What the comparison with hosts of the same signature says. */
interface PeerVerdict {
  readonly cause: Cause
  readonly confidence: Confidence
  readonly evidence: readonly FindingEvidence[]
}

/**
 * Why a group lacks a feature that other groups of the same hardware have: what is known of the feature, weighed
 * by what differs between the hosts.
 * @param having groups of the same signature that have it; at least one
 */
function compareToPeers(
  table: CauseTable,
  feature: Feature,
  versions: VersionIndex,
  group: Group,
  having: readonly Group[],
): PeerVerdict {
  const same: FindingEvidence = { kind: 'same-signature', host: having[0]?.name ?? '' }
  const verdict = (
    cause: Cause,
    confidence: Confidence,
    ...more: (FindingEvidence | undefined)[]
  ): PeerVerdict => ({
    cause,
    confidence,
    evidence: [same, ...more.filter(one => one !== undefined)],
  })
  const known = (cause: Cause) => table.knows(cause, feature.name)
  const [mine, theirs] = [versions.versionsOf(group), versions.versionsOfAll(having)]
  const microcode = findOlderMicrocode(mine, theirs)
  const kernel = findOtherVersion('kernel', mine, theirs)
  const hypervisor = findOtherVersion('hypervisor', mine, theirs)

  if (known('microcode') && microcode) return verdict('microcode', 'high', microcode)
  if (known('kernel')) return verdict('kernel', kernel || !microcode ? 'high' : 'medium', kernel, microcode)
  if (known('firmware')) return verdict('firmware', 'high')
  if (known('hypervisor')) return verdict('hypervisor', hypervisor ? 'high' : 'medium', hypervisor)
  if (known('microcode')) return verdict('microcode', sharesRevision(mine, theirs) ? 'low' : 'medium')
  if (microcode) return verdict('microcode', 'medium', microcode)
  if (hypervisor) return verdict('hypervisor', 'medium', hypervisor)
  if (kernel) return verdict('kernel', 'low', kernel)
  return verdict('unknown', 'low')
}

/** The revisions, where every one known of those without is older than every one known of those with it. */
function findOlderMicrocode(mine: Versions, theirs: Versions): FindingEvidence | undefined {
  if (mine.microcode.size === 0 || theirs.microcode.size === 0) return undefined
  const [without, having] = [Math.max(...mine.microcode), Math.min(...theirs.microcode)]
  return without < having ? { kind: 'microcode', without, having } : undefined
}

/** Whether some revision is on both sides: then the revision is not what parts them. */
const sharesRevision = (mine: Versions, theirs: Versions): boolean =>
  [...mine.microcode].some(revision => theirs.microcode.has(revision))

/** A version of each side, where both are known and none is on both. */
function findOtherVersion(
  kind: 'kernel' | 'hypervisor',
  mine: Versions,
  theirs: Versions,
): FindingEvidence | undefined {
  const [without] = mine[kind]
  const [having] = theirs[kind]
  if (without === undefined || having === undefined) return undefined
  return [...mine[kind]].some(version => theirs[kind].has(version)) ? undefined : { kind, without, having }
}
