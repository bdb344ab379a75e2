import type { Feature } from '../../core/feature.ts'
import type { Cause, CauseTable } from '../../map/cause-table.ts'
import type { Database } from '../../map/database.ts'
import type { Group } from '../groups.ts'
import { compareToPeers, VersionIndex } from './compare-to-peers.ts'
import type { CauseFinding, Confidence, Evidence } from './finding.ts'
import { FleetFacts } from './peers.ts'
import { prerequisiteOf, prerequisiteOfMsr } from './prerequisite.ts'

/** Why hosts lack features: rules over the fleet's facts and what is known beforehand, each answer kept. */
export class CauseFinder {
  readonly #table: CauseTable
  readonly #facts: FleetFacts
  readonly #versions = new VersionIndex()
  readonly #known = new Map<Group, (CauseFinding | undefined)[]>()

  /** @param groups all of the fleet: hosts of other pools tell too what a CPU can have */
  constructor(db: Database, table: CauseTable, groups: readonly Group[]) {
    this.#table = table
    this.#facts = new FleetFacts(db, groups)
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
    const gate = prerequisiteOf(this.#facts.db.features, feature)
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
    if (gate && !this.#readsMsrs(group, feature)) return this.#finding(feature, 'not-read', 'high', [])
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
      const evidence: Evidence[] = [{ kind: 'model-has', model }]
      if (virtual)
        return this.#finding(feature, 'hypervisor', 'medium', [{ kind: 'virtual-machine' }, ...evidence])
      return this.#finding(feature, this.#usual(feature) ?? 'unknown', 'medium', evidence)
    }
    const evidence: Evidence[] = model === '' ? [] : [{ kind: 'no-model-has', model }]
    if (virtual && model === '') {
      return this.#finding(feature, 'hypervisor', 'low', [{ kind: 'virtual-machine' }])
    }
    // A promise that the CPU is not affected is a property of its silicon; a control comes with microcode.
    const promise = feature.name.endsWith('-no')
    const updated = !promise && this.#table.knows('microcode', feature.name)
    const confidence = updated ? (model === '' ? 'low' : 'medium') : model === '' ? 'medium' : 'high'
    const toggled = model === '' && !updated ? this.#switched(feature) : undefined
    if (toggled) return this.#finding(feature, toggled, 'low', [])
    return this.#finding(feature, updated ? 'microcode' : 'silicon', confidence, evidence)
  }

  /** What the lack of a feature that the CPU can have is owed to as a rule. */
  #usual({ name }: Feature): Cause | undefined {
    return USUAL_CAUSES.find(cause => this.#table.knows(cause, name))
  }

  /** What is switched off so often that a CPU of unknown generation is thought to have it. */
  #switched({ name }: Feature): Cause | undefined {
    return name === 'vmx' || name === 'svm' ? 'firmware' : undefined
  }

  /** Whether the host's description holds anything that only the same MSRs tell. */
  #readsMsrs({ features }: Group, { place }: Feature): boolean {
    if (place.kind !== 'msr') return true
    const gate = prerequisiteOfMsr(place.index)
    return this.#facts.db.features
      .in(features)
      .some(other => other.place.kind === 'msr' && prerequisiteOfMsr(other.place.index) === gate)
  }

  #isVirtual({ features }: Group): boolean {
    return this.#facts.db.features.get('hypervisor')?.bits.leq(features) ?? false
  }

  #finding(
    feature: Feature,
    cause: Cause,
    confidence: Confidence,
    evidence: readonly Evidence[],
  ): CauseFinding {
    const remedy =
      this.#table.remedy(cause, feature.name) ?? this.#table.remedy('unknown', feature.name) ?? ''
    return { cause, confidence, remedy, evidence }
  }
}

const USUAL_CAUSES: readonly Cause[] = ['kernel', 'microcode', 'firmware', 'hypervisor']
