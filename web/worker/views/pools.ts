import type { FeatureSet } from '../../../src/core/feature-set.ts'
import { type Partition, plan } from '../../../src/fleet/partition.ts'
import { baselineOf } from '../../../src/fleet/pools.ts'
import { weightOfAll } from '../../../src/fleet/value.ts'
import { count } from '../../../src/verbs/say.ts'
import type { CurvePoint, PlanAnswer, PoolCard, PoolsAnswer } from '../../shared/answers.ts'
import type { Analysis } from '../analysis.ts'
import { sum } from './fleet.ts'

/** The pools as they are. */
export function poolsView(analysis: Analysis): PoolsAnswer {
  const cards = analysis.pools.map(({ label, groups }): PoolCard => {
    const baseline: FeatureSet = baselineOf(groups)
    return {
      label,
      hosts: sum(groups),
      groups: groups.map(group => ({ id: analysis.id(group), hosts: group.hosts.length })),
      level: analysis.level({ features: baseline }),
      features: analysis.db.features.count(baseline),
      value: weightOfAll(groups) * analysis.valuation.worth(baseline),
      vendors: [...new Set(groups.flatMap(({ vendor }) => vendor ?? []))],
    }
  })
  const value = cards.reduce((total, card) => total + card.value, 0)
  return { title: `${count(cards.length, 'pool')} of ${count(sum(analysis.groups), 'host')}`, cards, value }
}

/** The best pools there can be, for each count. */
export function planView(analysis: Analysis, most: number): PlanAnswer {
  const { curve, enough } = plan(analysis.valuation, analysis.levels, analysis.groups, most)
  const points = curve.map(
    (one): CurvePoint => ({
      count: one.count,
      value: one.value,
      bound: one.bound,
      gap: one.gap,
      exact: one.exact,
      impossible: impossible(one),
      pools: one.pools.map(({ groups }) => groups.map(group => analysis.id(group))),
    }),
  )
  return { curve: points, enough, title: titleOf(points, enough) }
}

function impossible({ impossible: why }: Partition): string {
  switch (why?.because) {
    case undefined:
      return ''
    case 'vendors':
      return `hosts of ${why.vendors.join(' and ')} do not share a pool`
    case 'pins':
      return 'more pools are pinned'
    case 'pin-across-vendors':
      return `${why.pin} holds hosts of several vendors`
    case 'too-few-hosts':
      return `only ${count(why.hosts, 'host')} of ${why.vendor}`
    case 'none-found':
      return 'none was found'
  }
}

function titleOf(points: readonly CurvePoint[], enough: number | undefined): string {
  const possible = points.filter(point => point.impossible === '')
  const [first] = possible
  const chosen = possible.find(point => point.count === enough)
  if (!first || !chosen) return 'No pools are possible'
  if (chosen === first) return `${count(chosen.count, 'pool')} will do: more pools gain less than 5 %`
  const gain = Math.round((chosen.value / first.value - 1) * 100)
  return `${chosen.count} pools are worth ${gain} % more than ${first.count}; further ones gain less than 5 % each`
}
