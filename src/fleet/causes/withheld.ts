import type { FleetCpus } from '../../arch/driver.ts'
import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { compareVersions, type KvmRule, versionOf } from '../../map/kvm-rules.ts'
import type { ReleaseTable } from '../../map/releases.ts'
import type { Group } from '../groups.ts'
import type { FindingEvidence } from './finding.ts'

/** What `kvm.txt` and the releases say of a feature that a CPU has and guests do not get. */
export type KvmReason =
  /** `kept`: no guest gets it; `asked`: those that ask; `given`: all, whatever the CPU has. */
  | { readonly kind: 'kept' | 'asked' | 'given' }
  /** The kernel or QEMU is too old, or too new. */
  | { readonly kind: 'version'; readonly evidence: Extract<FindingEvidence, { kind: 'since' | 'until' }> }

/**
 * Why KVM and QEMU do not give the feature; undefined: they give what the CPU has.
 * @param hardware what the CPU has; undefined: not known
 */
export function findKvmReason(
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
  const giving = rules.filter(({ kind }) => kind !== 'kept' && kind !== 'asked')
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
