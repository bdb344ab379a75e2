import { FeatureSet } from '../../../src/core/feature-set.ts'
import type { Finding } from '../../../src/fleet/finding.ts'
import type { Group } from '../../../src/fleet/groups.ts'
import { baselineOf } from '../../../src/fleet/pools.ts'
import { count } from '../../../src/verbs/say.ts'
import type { CauseAnswer, MatrixAnswer, MatrixRow } from '../../shared/answers.ts'
import type { Scope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { sum } from './fleet.ts'

/** Features by groups. @param all also those that every host has; else only those that some lack */
export function matrixView(analysis: Analysis, scope: Scope, all: boolean): MatrixAnswer {
  const groups = analysis.in(scope)
  const { features } = analysis.db
  const any = groups.reduce((set, group) => set.join(group.features), FeatureSet.empty)
  const lost = any.minus(baselineOf(groups))
  const causes = new CauseList(analysis)
  const rows = features.in(all ? any : lost).map((feature): MatrixRow => {
    const has = groups.map(group => feature.bits.leq(group.features))
    return {
      ...analysis.feature(feature),
      cells: has.map(yes => (yes ? '1' : '0')).join(''),
      without: sum(groups.filter((_, i) => !has[i])),
      why: Uint16Array.from(groups, (group, i) =>
        has[i] ? 0 : causes.number(analysis.finder.of(group)(feature)),
      ),
    }
  })
  return {
    title: titleOf(analysis, groups, features.count(any), features.count(lost)),
    groups: groups.map(group => analysis.id(group)),
    causes: causes.list,
    rows,
  }
}

/** Causes by number, each once: of a hundred thousand cells most have the same. */
class CauseList {
  readonly list: CauseAnswer[] = []
  readonly #numbers = new Map<string, number>()
  readonly #analysis: Analysis

  constructor(analysis: Analysis) {
    this.#analysis = analysis
  }

  /** From 1. */
  number(finding: Finding): number {
    const key = `${finding.cause} ${finding.confidence} ${finding.mend}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.list.push(this.#analysis.cause(finding)))
    return this.list.length
  }
}

function titleOf(analysis: Analysis, groups: readonly Group[], any: number, lost: number): string {
  if (lost === 0) return `All ${count(sum(groups), 'host')} have the same ${count(any, 'feature')}`
  const security = analysis.db.features
    .in(groups.reduce((set, group) => set.join(group.features), FeatureSet.empty).minus(baselineOf(groups)))
    .filter(feature => feature.class === 'security').length
  const safe = security > 0 ? `, ${security} of them for security` : ''
  return `Guests lose ${lost} of ${any} features that some host has${safe}`
}
