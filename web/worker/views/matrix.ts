import type { Feature } from '../../../src/core/feature.ts'
import { count } from '../../../src/core/text.ts'
import { Losses } from '../../../src/fleet/causes/lost.ts'
import { unionOf } from '../../../src/fleet/pools.ts'
import type { CauseAnswer } from '../../../src/questions/explain/answer.ts'
import type { MatrixAnswer, MatrixRow } from '../../shared/answers.ts'
import type { Scope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { sum } from './fleet.ts'

/**
 * Features by groups. The causes are those of `explain`; its answer itself names every host for every feature, which
 * for ten thousand hosts is a million names that nobody reads.
 * @param all also those that every host has; else only those that some lack
 */
export function matrixView(analysis: Analysis, scope: Scope, all: boolean): MatrixAnswer {
  const { db, finder, causes: table, groups: fleet } = analysis.view
  const groups = analysis.in(scope)
  const causes = new CauseList()
  const why = new Map<Feature, Uint16Array>()
  for (const { feature, because } of new Losses(db.features, table, finder, fleet).find(groups)) {
    const row = new Uint16Array(groups.length)
    for (const { finding, groups: lacking } of because) {
      const number = causes.number(analysis.teller.cause(finding))
      for (const group of lacking) row[groups.indexOf(group)] = number
    }
    why.set(feature, row)
  }
  const any = unionOf(groups)
  const rows = (all ? db.features.in(any) : [...why.keys()]).map((feature): MatrixRow => {
    const has = groups.map(group => feature.bits.leq(group.features))
    return {
      ...analysis.feature(feature),
      cells: has.map(yes => (yes ? '1' : '0')).join(''),
      without: sum(groups.filter((_, i) => !has[i])),
      why: why.get(feature) ?? new Uint16Array(groups.length),
    }
  })
  return {
    title: titleOf(sum(groups), db.features.count(any), [...why.keys()]),
    groups: groups.map(group => analysis.id(group)),
    causes: causes.list,
    rows,
  }
}

/** Causes by number, each once: of a hundred thousand cells most have the same. */
class CauseList {
  readonly list: CauseAnswer[] = []
  readonly #numbers = new Map<string, number>()

  /** From 1. */
  number(cause: CauseAnswer): number {
    const key = JSON.stringify(cause)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.list.push(cause))
    return this.list.length
  }
}

function titleOf(hosts: number, any: number, lost: readonly Feature[]): string {
  if (lost.length === 0)
    return hosts === 1
      ? `The one host has ${count(any, 'feature')}`
      : `All ${hosts} hosts have the same ${count(any, 'feature')}`
  const security = lost.filter(feature => feature.class === 'security').length
  const safe = security > 0 ? `, ${security} of them for security` : ''
  return `${lost.length} of ${count(any, 'feature')} are not on all hosts${safe}`
}
