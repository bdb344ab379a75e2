import { count, fewNames } from '../../core/text.ts'
import type { Group } from '../../fleet/groups.ts'
import { planPools } from '../../fleet/plan/partition.ts'
import { baselineOf } from '../../fleet/pools.ts'
import { sumWeights } from '../../fleet/value.ts'
import { levelOf } from '../../map/levels.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { PoolsOptions } from '../pools/compute.ts'
import { Refusals } from '../pools/refusals.ts'
import type { Strategy } from './answer.ts'
import { identicalParts } from './identical.ts'

/** A strategy before it is known what share of the fleet it gives. */
export type Valued = Omit<Strategy, 'share'>

/** Every guest gets all of its host's CPU, and moves between identical hosts only. */
export function passthrough(view: FleetView): { readonly strategy: Valued; readonly whole: boolean } {
  const { groups, pools, valuation } = view
  const value = groups.reduce((sum, { weight, features }) => sum + weight * valuation.worth(features), 0)
  const parts = identicalParts(groups)
  const whole = pools.every(pool => identicalParts(pool.groups).length === 1)
  const alone = parts.filter(({ hosts }) => hosts.length === 1).length
  const unknown = parts.filter(({ unknown: facts }) => facts.length > 0)
  const facts = [...new Set(unknown.flatMap(part => part.unknown))]
  const doubt =
    facts.length > 0 ? `; ${facts.join(', ')} of some hosts not known, so counted as different` : ''
  return {
    whole,
    strategy: {
      strategy: 'passthrough',
      pools: parts.length,
      value,
      gives:
        'every guest gets all of its host’s CPU; right where a guest never moves, or only between identical hosts',
      loses: whole
        ? 'nothing while the hosts stay identical: update them together'
        : `guests of ${count(alone, 'host')} can move nowhere; ${count(parts.length, 'set')} of identical hosts${doubt}`,
    },
  }
}

/** One of QEMU's models that every x86-64 CPU of the last decades runs, or the level that all hosts reach. */
export function generic({ context, groups, valuation, levels }: FleetView): Valued {
  const { db } = context
  const baseline = baselineOf(groups)
  const level = levelOf(levels, baseline)
  const refusals = new Refusals(db.features, groups)
  const models = ['kvm64', 'qemu64'].flatMap(name => {
    const model = db.model(name)
    const fits = model?.features.leq(baseline.join(hypervisorOwn(db))) && !refusals.of(model).refusal
    return fits ? name : []
  })
  const given = level ? level.needs : baselineOf([])
  const security = db.features.in(baseline.minus(given)).filter(feature => feature.class === 'security')
  const names = security.map(({ name }) => name)
  return {
    strategy: 'generic',
    pools: 1,
    value: sumWeights(groups) * valuation.worth(given.meet(baseline)),
    gives: `${[level?.name, ...models].filter(Boolean).join(', ') || 'no generic model'} on every host, of any vendor`,
    loses:
      names.length > 0
        ? `${count(names.length, 'security feature')} that every host has: ${fewNames(names, 6)}`
        : 'what its level does not name',
  }
}

/** What hypervisors make themselves, whatever the CPU. */
const hypervisorOwn = (db: FleetView['context']['db']) =>
  db.features.setOf(
    ['hypervisor', 'x2apic', 'tsc-deadline', 'svm', 'vmx'].flatMap(name => db.features.get(name) ?? []),
  )

/** A handful of pools, one baseline each, as EVC does; as many as are worth their trouble. */
export function inGroups(
  { valuation, levels, groups }: FleetView,
  { most, constraints }: PoolsOptions,
): Valued {
  const { curve, enough } = planPools(valuation, levels, groups, most, { constraints })
  const point = curve.find(({ count: of }) => of === enough)
  if (!point) {
    return {
      strategy: 'groups',
      pools: 0,
      value: 0,
      gives: 'nothing: no partition keeps the constraints',
      loses: 'everything',
    }
  }
  const reached = point.pools.map(
    ({ level, hosts }) => `${level?.name ?? 'no level'} (${count(hosts, 'host')})`,
  )
  return {
    strategy: 'groups',
    pools: point.pools.length,
    value: point.value,
    gives: `one baseline for each of ${count(point.pools.length, 'pool')}: ${reached.join(', ')}`,
    loses: 'guests move within their pool only',
  }
}

/** One baseline for all hosts of a vendor. */
export function common({ groups, valuation, levels }: FleetView): Valued {
  const byVendor = new Map<string, Group[]>()
  for (const group of groups) {
    const vendor = group.vendor ?? ''
    byVendor.set(vendor, [...(byVendor.get(vendor) ?? []), group])
  }
  const parts = [...byVendor.values()]
  const reached = parts.map(part => levelOf(levels, baselineOf(part))?.name ?? 'no level')
  return {
    strategy: 'common',
    pools: parts.length,
    value: parts.reduce((sum, part) => sum + valuation.valueOfPool(part), 0),
    gives: `one baseline${parts.length > 1 ? ' a vendor' : ''}: ${reached.join(', ')}; every guest can go to every host${parts.length > 1 ? ' of its vendor' : ''}`,
    loses: 'what the weakest host of each lacks; `virt-cpu explain --cost` names it',
  }
}
