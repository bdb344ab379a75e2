import { count } from '../../core/text.ts'
import { figure, percent } from '../words/figure.ts'
import type { PoolsAnswer } from './answer.ts'

/** From which count on more pools are not worth their trouble; undefined: none is possible. */
export const describeEnough = ({ enough }: PoolsAnswer): string | undefined =>
  enough === null ? undefined : `a further pool gains less than 5 % after k = ${enough}`

/** How the pools that are compare with the best; undefined: no host is in any. */
export function describeCurrentPools({ now, curve }: PoolsAnswer): string | undefined {
  if (!now) return undefined
  const last = curve.at(-1)
  const share = last && last.value > 0 ? `, ${percent(now.value / last.value)} of k = ${last.count}` : ''
  return `as they are: ${count(now.pools.length, 'pool')}, value ${figure(now.value)}${share}`
}
