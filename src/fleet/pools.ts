import { FeatureSet } from '../core/feature-set.ts'
import { bytewise } from '../core/text.ts'
import { type Group, narrowGroup } from './groups.ts'
import type { FleetHost } from './host.ts'

/** Hosts between which guests are to move. */
export interface FleetPool {
  /** Empty: the pool of the hosts that name none. */
  readonly label: string
  /** Bytewise by name; never empty. */
  readonly groups: readonly Group[]
}

/** The pools that the hosts' labels make, bytewise by label. */
export function splitIntoPools(groups: readonly Group[]): FleetPool[] {
  const pools = new Map<string, Group[]>()
  for (const group of groups) {
    for (const [label, hosts] of groupByLabel(group.hosts)) {
      const part = hosts.length === group.hosts.length ? group : narrowGroup(group, hosts)
      const pool = pools.get(label)
      if (pool) pool.push(part)
      else pools.set(label, [part])
    }
  }
  return [...pools]
    .map(([label, parts]) => ({ label, groups: parts.sort((a, b) => bytewise(a.name, b.name)) }))
    .sort((a, b) => bytewise(a.label, b.label))
}

/** What guests of every group are given, known or assumed. Of no groups: nothing. */
export function baselineOf(groups: readonly Group[]): FeatureSet {
  const [first, ...rest] = groups
  if (!first) return FeatureSet.empty
  return rest.reduce((common, { offered }) => common.meet(offered), first.offered)
}

/** What any of the groups gives, or its CPU has and a hypervisor may give. */
export const unionOf = (groups: readonly Group[]): FeatureSet =>
  groups.reduce((set, { features, hardwareFeatures, evidence, withheld }) => {
    const own = hardwareFeatures ? features.join(hardwareFeatures) : features
    return set.join(evidence ? own.minus(withheld).join(evidence.possible) : own)
  }, FeatureSet.empty)

function groupByLabel(hosts: readonly FleetHost[]): Map<string, FleetHost[]> {
  const labels = new Map<string, FleetHost[]>()
  for (const host of hosts) {
    const label = host.pool ?? ''
    const list = labels.get(label)
    if (list) list.push(host)
    else labels.set(label, [host])
  }
  return labels
}
