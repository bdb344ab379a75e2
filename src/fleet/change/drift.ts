import type { FeatureSet } from '../../core/feature-set.ts'
import type { Signature } from '../../core/model.ts'
import { bytewise } from '../../core/text.ts'
import type { FleetHost } from '../host.ts'

/** How a fleet differs from what it was. */
interface Drift {
  /** In the old fleet only, in the new only; bytewise by key. */
  readonly gone: readonly FleetHost[]
  readonly added: readonly FleetHost[]
  readonly changed: readonly ChangedHost[]
  /** How many are as they were. */
  readonly same: number
}

export interface ChangedHost {
  readonly before: FleetHost
  readonly after: FleetHost
  /** Never empty. */
  readonly changes: readonly Change[]
}

/** One thing about a host that counts. What is known on one side only has changed: from or to undefined. */
export type Change =
  | { readonly field: 'features'; readonly gained: FeatureSet; readonly lost: FeatureSet }
  | { readonly field: 'model' | 'vendor'; readonly from: string | undefined; readonly to: string | undefined }
  | { readonly field: 'signature'; readonly from: Signature | undefined; readonly to: Signature | undefined }
  | {
      readonly field: 'microcode' | 'physBits'
      readonly from: number | undefined
      readonly to: number | undefined
    }
  | { readonly field: 'tscHz'; readonly from: bigint; readonly to: bigint }
  | {
      readonly field: 'vulnerability'
      readonly name: string
      readonly from: string | undefined
      readonly to: string | undefined
    }

/**
 * What changed between two readings of a fleet, hosts paired by key; of several hosts with one key the last
 * counts. Kernel, hypervisor, pool and weight do not count by themselves.
 * @param key what pairs hosts; absent: their names
 */
export function compareFleets(
  before: readonly FleetHost[],
  after: readonly FleetHost[],
  key: (host: FleetHost) => string = ({ name }) => name,
): Drift {
  const [old, young] = [before, after].map(hosts => new Map(hosts.map(host => [key(host), host])))
  const keys = [...new Set([...(old?.keys() ?? []), ...(young?.keys() ?? [])])].sort(bytewise)
  const drift = { gone: [] as FleetHost[], added: [] as FleetHost[], changed: [] as ChangedHost[], same: 0 }
  for (const one of keys) {
    const [was, is] = [old?.get(one), young?.get(one)]
    if (was && is) {
      const changes = findChanges(was, is)
      if (changes.length > 0) drift.changed.push({ before: was, after: is, changes })
      else drift.same++
    } else if (was) drift.gone.push(was)
    else if (is) drift.added.push(is)
  }
  return drift
}

/** Whether anything changed. */
export const hasDrifted = ({ gone, added, changed }: Drift): boolean =>
  gone.length + added.length + changed.length > 0

/** Whether any host lost a feature, or is gone. */
export const hasLost = ({ gone, changed }: Drift): boolean =>
  gone.length > 0 ||
  changed.some(({ changes }) => changes.some(change => change.field === 'features' && !change.lost.isEmpty))

function findChanges(before: FleetHost, after: FleetHost): Change[] {
  const changes: Change[] = []
  const [gained, lost] = [newIn(after, before), newIn(before, after)]
  if (!gained.isEmpty || !lost.isEmpty) changes.push({ field: 'features', gained, lost })
  for (const field of ['model', 'vendor'] as const) {
    if (before[field] !== after[field]) changes.push({ field, from: before[field], to: after[field] })
  }
  if (printSignature(before.signature) !== printSignature(after.signature)) {
    changes.push({ field: 'signature', from: before.signature, to: after.signature })
  }
  for (const field of ['microcode', 'physBits'] as const) {
    if (before[field] !== after[field]) changes.push({ field, from: before[field], to: after[field] })
  }
  const [from, to] = [before.tscHz, after.tscHz]
  if (from !== undefined && to !== undefined && !isSameRate(from, to))
    changes.push({ field: 'tscHz', from, to })
  return [...changes, ...findVulnerabilityChanges(before.vulnerabilities, after.vulnerabilities)]
}

/** What a host has that the other reading lacks: lacks for certain, where that was made of other documents. */
function newIn(host: FleetHost, other: FleetHost): FeatureSet {
  const more = host.features.minus(other.features)
  const isAlike = sourcesOf(host) === sourcesOf(other)
  return isAlike || !other.evidence ? more : more.meet(other.evidence.absent)
}

const sourcesOf = ({ readFrom = [] }: FleetHost): string =>
  readFrom.map(({ layer, document }) => `${layer} ${document}`).join()

const printSignature = (s: Signature | undefined): string => (s ? `${s.family}.${s.model}.${s.stepping}` : '')

function findVulnerabilityChanges(
  before: FleetHost['vulnerabilities'],
  after: FleetHost['vulnerabilities'],
): Change[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort(bytewise)
  return names
    .map(name => ({ field: 'vulnerability', name, from: before?.[name], to: after?.[name] }) as const)
    .filter(({ from, to }) => from !== to)
}

/** Each boot measures the clock anew: two rates (in Hz) within 250 parts in a million are one. */
export const isSameRate = (a: bigint, b: bigint): boolean =>
  (a > b ? a - b : b - a) * 4000n <= (a > b ? a : b)
