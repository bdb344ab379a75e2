import type { FleetCpus } from '../../arch/driver.ts'
import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import type { Cause, CauseTable } from '../../map/cause-table.ts'
import type { Effect } from '../../map/effects.ts'
import type { SiliconVerdict } from '../../map/generations.ts'
import { compareVersions, type KvmRule, versionOf } from '../../map/kvm-rules.ts'
import type { ReleaseTable } from '../../map/releases.ts'
import type { Group } from '../groups.ts'
import {
  type CpuKnowledge,
  canAffect,
  FleetFacts,
  findOlderMicrocode,
  findOtherVersion,
  isSameProduct,
  judgeSilicon,
  knowCpu,
  sharesRevision,
  VersionIndex,
} from './cpu-facts.ts'
import type { CauseFinding, Confidence, FindingEvidence } from './finding.ts'

/** What `kvm.txt` and the releases say of a feature that a CPU has and guests do not get. */
type KvmReason =
  /** `kept`: no guest gets it; `asked`: those that ask; `given`: all, whatever the CPU has. */
  | { readonly kind: 'kept' | 'asked' | 'given' }
  /** The kernel or QEMU is too old, or too new. */
  | { readonly kind: 'version'; readonly evidence: Extract<FindingEvidence, { kind: 'since' | 'until' }> }

/**
 * Why KVM and QEMU do not give the feature; undefined: they give what the CPU has.
 * @param hardware what the CPU has; undefined: not known
 */
function findKvmReason(
  { db, facts, releases }: FleetCpus,
  { vendor = '', hosts: [host] }: Group,
  hardware: FeatureSet | undefined,
  { name }: Feature,
): KvmReason | undefined {
  if (!facts) return undefined
  const rules = facts().kvm.rules.filter(
    ({ features, vendors, needs }) =>
      features.includes(name) &&
      (vendors.length === 0 || vendors.includes(vendor)) &&
      (!hardware || db.features.setOfNames(needs).leq(hardware)),
  )
  const own = { kernel: versionOf(host?.kernel), qemu: versionOf(host?.hypervisor) }
  const late = findVersion(rules, own) ?? findRelease(releases?.(), name, own.qemu)
  if (late) return { kind: 'version', evidence: late }
  if (rules.length === 0) return undefined
  if (rules.every(({ kind }) => kind === 'kept')) return { kind: 'kept' }
  if (rules.every(({ kind }) => kind === 'asked' || kind === 'kept')) return { kind: 'asked' }
  return rules.some(({ kind }) => kind === 'given' || kind === 'judged') ? { kind: 'given' } : undefined
}

/** Whether KVM gives it at most to guests that ask for it: no guest gains it by what is done on a host alone. */
export const isOnRequest = ({ facts }: FleetCpus, { name }: Feature): boolean => {
  const rules = facts?.().kvm.rules.filter(({ features }) => features.includes(name)) ?? []
  return rules.length > 0 && rules.every(({ kind }) => kind === 'asked' || kind === 'kept')
}

type Versions = Readonly<Record<'kernel' | 'qemu', string | undefined>>

const TOOLS = { kernel: 'Linux', qemu: 'QEMU' } as const

/** What says that no rule which gives the feature holds for these versions; undefined: one may. */
function findVersion(rules: readonly KvmRule[], own: Versions): Versioned | undefined {
  const unasked = rules.filter(({ kind }) => kind !== 'kept' && kind !== 'asked')
  const giving = unasked.length > 0 ? unasked : rules.filter(({ kind }) => kind === 'asked')
  const [first, ...more] = giving.map(rule => breachOf(rule, own))
  return more.every(breach => breach !== undefined) ? first : undefined
}

type Versioned = Extract<FindingEvidence, { kind: 'since' | 'until' }>

function breachOf({ since, until }: KvmRule, own: Versions): Versioned | undefined {
  for (const tool of ['kernel', 'qemu'] as const) {
    const [version, from, to] = [own[tool], since[tool], until[tool]]
    if (version === undefined) continue
    if (from !== undefined && compareVersions(version, from) < 0)
      return { kind: 'since', tool: TOOLS[tool], version: from, own: version }
    if (to !== undefined && compareVersions(version, to) >= 0)
      return { kind: 'until', tool: TOOLS[tool], version: to, own: version }
  }
  return undefined
}

function findRelease(
  releases: ReleaseTable | undefined,
  name: string,
  own: string | undefined,
): Versioned | undefined {
  if (own === undefined || !releases || releases.knows('qemu', own, name)) return undefined
  const version = releases.needed([name]).qemu
  return /^\d/.test(version) ? { kind: 'since', tool: 'QEMU', version, own } : undefined
}

/**
 * Why hosts lack features: what is known of the CPU, of microcode, firmware and kernels, and of KVM, weighed against
 * what the fleet's hosts show. Each answer is kept.
 */
export class CauseFinder {
  readonly #table: CauseTable
  readonly #cpus: FleetCpus
  readonly #facts: FleetFacts
  readonly #versions = new VersionIndex()
  readonly #known = new Map<Group, (CauseFinding | undefined)[]>()
  readonly #knowledge = new Map<Group, CpuKnowledge>()
  readonly #effects = new Map<Group, readonly Effect[]>()

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
      const found = known[feature.index] ?? this.#find(this.#cpuOf(group), feature)
      known[feature.index] = found
      return found
    }
  }

  #find(cpu: CpuKnowledge, feature: Feature): CauseFinding {
    if (this.#table.knows('guest-own', feature.name)) return this.#finding(feature, 'guest-own', 'high', [])
    if (cpu.hardware && feature.bits.leq(cpu.hardware)) return this.#withheld(cpu, feature)
    return this.#lacking(cpu, feature)
  }

  /** Of what the CPU has, and guests do not get. */
  #withheld(cpu: CpuKnowledge, feature: Feature): CauseFinding {
    const withheld: FindingEvidence = { kind: 'withheld' }
    const reason = findKvmReason(this.#cpus, cpu.group, cpu.hardware, feature)
    if (reason?.kind === 'version') return this.#ofVersion(feature, reason.evidence, [withheld])
    if (reason && reason.kind !== 'given')
      return this.#finding(feature, 'hypervisor', 'high', [withheld], reason.kind)
    const giving = this.#peersOf(cpu).find(
      peer => feature.bits.leq(peer.group.offered) && isSameProduct(cpu, peer) !== false,
    )
    if (giving) return this.#keptByKernel(cpu, giving, feature, withheld)
    return this.#finding(feature, 'hypervisor', 'medium', [withheld], 'withheld')
  }

  /** An equal host gives what this one does not: its kernel, where they run one QEMU. */
  #keptByKernel(
    cpu: CpuKnowledge,
    giving: CpuKnowledge,
    feature: Feature,
    withheld: FindingEvidence,
  ): CauseFinding {
    const [mine, theirs] = [cpu, giving].map(({ group }) => this.#versions.versionsOf(group))
    const evidence: FindingEvidence[] = [withheld, { kind: 'given-on', host: giving.group.name }]
    const hypervisor = mine && theirs && findOtherVersion('hypervisor', mine, theirs)
    if (hypervisor) return this.#finding(feature, 'hypervisor', 'medium', [...evidence, hypervisor], 'given')
    const kernel = mine && theirs && findOtherVersion('kernel', mine, theirs)
    const [effect] = this.#effectsOf(cpu).filter(
      ({ kind, takes }) => kind === 'kernel' && feature.bits.leq(takes),
    )
    const remedy = effect?.remedy || `use the kernel, and the options of its modules, of ${giving.group.name}`
    return {
      cause: 'kernel',
      confidence: 'high',
      remedy,
      evidence: [...evidence, ...(kernel ? [kernel] : [])],
    }
  }

  #ofVersion(
    feature: Feature,
    one: Extract<FindingEvidence, { kind: 'since' | 'until' }>,
    evidence: readonly FindingEvidence[],
  ): CauseFinding {
    const cause = one.tool === 'Linux' ? 'kernel' : 'hypervisor'
    const { remedy } = this.#finding(feature, cause, 'high', [])
    const since = `use ${one.tool} ${one.version} or later`
    const own = one.kind === 'since' ? since : remedy
    return { cause, confidence: 'high', remedy: own, evidence: [...evidence, one] }
  }

  /** Of what the CPU is not known to have. */
  #lacking(cpu: CpuKnowledge, feature: Feature): CauseFinding {
    const effects = this.#effectsOf(cpu)
    const giving = effects.filter(({ kind, gives }) => kind === 'microcode' && feature.bits.leq(gives))
    const verdict = judgeSilicon(this.#cpus, cpu, feature.bits)
    const silicon = giving.length === 0 ? this.#ofSilicon(cpu, feature, verdict) : undefined
    if (silicon) return silicon
    const gate = this.prerequisiteOf(feature)
    if (gate && cpu.hardware && !gate.bits.leq(cpu.hardware))
      return { ...this.forGroup(cpu.group)(gate), behind: gate }
    if (gate && cpu.hardware && this.#cpus.describes?.(cpu.hardware, feature) === false)
      return this.#finding(feature, 'not-read', 'high', [])
    if (cpu.isVirtual)
      return this.#finding(feature, 'hypervisor', 'medium', [{ kind: 'virtual-machine' }], 'virtual')
    return (
      this.#ofMicrocode(cpu, feature, giving) ??
      this.#ofSwitches(cpu, feature, verdict) ??
      this.#ofNothingKnown(cpu, feature, verdict)
    )
  }

  #ofSilicon(
    cpu: CpuKnowledge,
    feature: Feature,
    verdict: SiliconVerdict | undefined,
  ): CauseFinding | undefined {
    const isSure = (cpu.group.signature?.family ?? 0) !== 0
    const confidence: Confidence = isSure ? 'high' : 'medium'
    switch (verdict?.kind) {
      case 'lacks': {
        const { generation, first, gone } = verdict
        // Some of its products have it, and which product this is nobody knows.
        const isOpen =
          cpu.brands.length === 0 && generation.having.some(({ features }) => feature.bits.leq(features))
        const evidence = {
          kind: 'generation',
          title: generation.title,
          first: first?.title,
          gone,
        } as const
        const called = isSure ? [] : cpu.brands.slice(0, 1).map(name => ({ kind: 'called', name }) as const)
        return this.#finding(feature, 'silicon', isOpen ? 'medium' : confidence, [evidence, ...called])
      }
      case 'product': {
        const { word, generation } = verdict
        return this.#finding(feature, 'silicon', 'high', [{ kind: 'product', word, title: generation.title }])
      }
      case 'vendor':
        // What KVM makes for guests of any CPU is not the vendor's doing.
        if (this.#isMadeByKvm(cpu, feature)) return undefined
        return this.#finding(feature, 'vendor', 'high', [{ kind: 'vendors', vendors: verdict.vendors }])
      default:
        return undefined
    }
  }

  #isMadeByKvm(cpu: CpuKnowledge, feature: Feature): boolean {
    const reason = findKvmReason(this.#cpus, cpu.group, undefined, feature)
    return reason?.kind === 'given' || reason?.kind === 'version'
  }

  /** Microcode that gives the feature to this CPU, unless a host with the same revision has it. */
  #ofMicrocode(cpu: CpuKnowledge, feature: Feature, [effect]: readonly Effect[]): CauseFinding | undefined {
    if (!effect) return undefined
    const having = this.#having(cpu, feature)
    const [mine, theirs] = [
      this.#versions.versionsOf(cpu.group),
      this.#versions.versionsOfAll(having.map(({ group }) => group)),
    ]
    if (sharesRevision(mine, theirs)) return undefined
    const older = findOlderMicrocode(mine, theirs)
    const evidence = [...this.#sameSignature(having), ...(older ? [older] : [])]
    return this.#ofEffect(feature, effect, older ? 'high' : 'medium', evidence)
  }

  /** What takes the feature away: microcode, an option that CPUID shows, firmware, and what only a kernel shows. */
  #ofSwitches(
    cpu: CpuKnowledge,
    feature: Feature,
    verdict: SiliconVerdict | undefined,
  ): CauseFinding | undefined {
    const [effect] = this.#effectsOf(cpu)
      .filter(({ takes }) => feature.bits.leq(takes))
      // Where the silicon is not known, one of the features that it takes being there speaks against it.
      .filter(({ takes }) => verdict !== undefined || !cpu.hardware?.meets(takes))
      .filter(({ kind, changesCpuid }) => kind !== 'kernel' || changesCpuid || cpu.byKernel)
      .sort((a, b) => rankOf(a) - rankOf(b))
    if (!effect) return undefined
    const having = this.#having(cpu, feature)
    const products = having.map(peer => isSameProduct(cpu, peer))
    const isShown = having.length > 0 && (verdict?.kind !== 'some' || products.includes(true))
    const usual: Confidence = verdict?.kind === 'some' && having.length === 0 ? 'low' : 'medium'
    const some: FindingEvidence[] =
      verdict?.kind === 'some' && !products.includes(true)
        ? cpu.generations.slice(0, 1).map(({ title }) => ({ kind: 'some-products', title }))
        : []
    const versions = this.#parting(cpu, having)
    const evidence = [...this.#sameSignature(having), ...some, ...versions]
    return this.#ofEffect(feature, effect, isShown ? 'high' : usual, evidence)
  }

  /** Versions in which hosts with the feature differ from those without. */
  #parting(cpu: CpuKnowledge, having: readonly CpuKnowledge[]): FindingEvidence[] {
    const mine = this.#versions.versionsOf(cpu.group)
    const theirs = this.#versions.versionsOfAll(having.map(({ group }) => group))
    return [findOlderMicrocode(mine, theirs), findOtherVersion('kernel', mine, theirs)].flatMap(
      one => one ?? [],
    )
  }

  /** Its hypervisor gives it to none, or nothing is known. */
  #ofNothingKnown(cpu: CpuKnowledge, feature: Feature, verdict: SiliconVerdict | undefined): CauseFinding {
    const reason = findKvmReason(this.#cpus, cpu.group, cpu.hardware, feature)
    if (reason?.kind === 'version') return this.#ofVersion(feature, reason.evidence, [])
    if (reason) return this.#finding(feature, 'hypervisor', 'high', [], reason.kind)
    const vendors = this.#facts.vendorsWith(feature).filter(name => name !== cpu.group.vendor)
    const own = this.#facts.factsOfVendor(cpu.group.vendor ?? '').any
    if (!verdict && cpu.group.vendor && vendors.length > 0 && !feature.bits.leq(own))
      return this.#finding(feature, 'vendor', 'medium', [{ kind: 'vendors', vendors }])
    const having = this.#having(cpu, feature)
    const some: FindingEvidence[] =
      verdict?.kind === 'some'
        ? cpu.generations.slice(0, 1).map(({ title }) => ({ kind: 'some-products', title }))
        : []
    const evidence = [...this.#sameSignature(having), ...some, ...this.#parting(cpu, having)]
    return this.#finding(feature, 'unknown', 'low', evidence)
  }

  #ofEffect(
    feature: Feature,
    { kind, remedy }: Effect,
    confidence: Confidence,
    evidence: readonly FindingEvidence[],
  ): CauseFinding {
    const cause: Cause = kind === 'given' ? 'unknown' : kind
    const own = this.#table.remedy(cause, feature.name)
    return { cause, confidence, remedy: remedy || own, evidence }
  }

  #finding(
    feature: Feature,
    cause: Cause,
    confidence: Confidence,
    evidence: readonly FindingEvidence[],
    kind?: string,
  ): CauseFinding {
    return { cause, confidence, remedy: this.#table.remedy(cause, feature.name, kind), evidence }
  }

  #cpuOf(group: Group): CpuKnowledge {
    const known = this.#knowledge.get(group) ?? knowCpu(this.#cpus, group)
    this.#knowledge.set(group, known)
    return known
  }

  #effectsOf(cpu: CpuKnowledge): readonly Effect[] {
    const known =
      this.#effects.get(cpu.group) ??
      this.#cpus.facts?.().effects.filter(effect => canAffect(effect, cpu)) ??
      []
    this.#effects.set(cpu.group, known)
    return known
  }

  /** Others with the same signature that are no virtual machines. */
  #peersOf({ group }: CpuKnowledge): CpuKnowledge[] {
    const groups = this.#facts.peersOf(group)?.groups ?? []
    return groups
      .filter(peer => peer !== group)
      .map(peer => this.#cpuOf(peer))
      .filter(({ isVirtual }) => !isVirtual)
  }

  /** Those of them whose CPU has the feature; of several products the same first. */
  #having(cpu: CpuKnowledge, feature: Feature): CpuKnowledge[] {
    return this.#peersOf(cpu).filter(({ hardware, group }) =>
      feature.bits.leq(hardware ?? group.features.join(group.offered)),
    )
  }

  #sameSignature = ([first]: readonly CpuKnowledge[]): FindingEvidence[] =>
    first ? [{ kind: 'same-signature', host: first.group.name }] : []
}

/** Whose doing it is first, where several may be. */
const rankOf = ({ kind, changesCpuid }: Effect): number =>
  kind === 'kernel' ? (changesCpuid ? 0 : 3) : kind === 'microcode' ? 1 : 2
