import { count } from '../../core/text.ts'
import { poolName } from '../words/describe-pool.ts'
import { figure } from '../words/figure.ts'
import type { CostAnswer } from './answer.ts'
import { countOf } from './cost.ts'

/** Who costs a pool most, and what: `kvm-a03`, ` costs pool intel most: 3 features; value 300`. */
export function describeDearest(dearest: CostAnswer['dearest']): {
  readonly host: string
  readonly costs: string
} {
  if (!dearest) {
    return {
      host: '',
      costs: 'no single host costs its pool anything: of each that lacks something there are others like it',
    }
  }
  const { host, pool, gain, step } = dearest
  const reach = step ? `, and the step to ${step.to ?? 'no level'}` : ''
  const features = count(countOf(dearest), 'feature')
  return { host, costs: ` costs ${poolName(pool)} most: ${features}${reach}; value ${figure(gain)}` }
}

/** The same as half a sentence: `kvm-a03 costs pool intel 3 features`; undefined: no single host costs anything. */
export const describeDearestShortly = (dearest: CostAnswer['dearest']): string | undefined =>
  dearest
    ? `${dearest.host} costs ${poolName(dearest.pool)} ${count(countOf(dearest), 'feature')}`
    : undefined
