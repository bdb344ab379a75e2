import type { Feature } from '../../../src/core/feature.ts'
import { count } from '../../../src/core/text.ts'
import { Losses } from '../../../src/fleet/causes/lost.ts'
import { baselineOf, countHosts, type Group, unionOf } from '../../../src/fleet/groups.ts'
import { findCommonOffer, findOnRequest } from '../../../src/fleet/offered.ts'
import { findTwins } from '../../../src/map/kvm-rules.ts'
import type { CauseAnswer } from '../../../src/questions/answer-parts.ts'
import { isFixable } from '../../../src/questions/explain/cost-report.ts'
import type { MatrixDisplay, MatrixRow } from '../../shared/displays.ts'
import type { HostScope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'

/**
 * Features by groups. It uses the fleet library directly: the answer of the question `explain` names every host for
 * every feature, which is a million names for ten thousand hosts. The causes are the same.
 * @param all whether features that all hosts have are included
 */
export function displayMatrix(analysis: Analysis, scope: HostScope, all: boolean): MatrixDisplay {
  const { db, cpus, finder, causes: table, groups: fleet } = analysis.view
  const groups = analysis.in(scope)
  const causes = new CauseList()
  const why = new Map<Feature, Uint16Array>()
  // What all have and no guest gets unasked is lost nowhere, as in `explain`; nor does that count details of nesting.
  const open = findCommonOffer(cpus, groups).open.join(findOnRequest(db.features, groups))
  for (const { feature, because } of new Losses(db.features, table, finder, fleet).find(
    groups,
    undefined,
    open.minus(baselineOf(groups)),
  )) {
    const row = new Uint16Array(groups.length)
    for (const { finding, groups: lacking } of because) {
      const number = causes.number(analysis.describer.cause(finding))
      for (const group of lacking) row[groups.indexOf(group)] = number
    }
    why.set(feature, row)
  }
  const any = unionOf(groups)
  const rowOf = (feature: Feature): MatrixRow => {
    const reasons = why.get(feature)
    const cells = groups.map((group, i) => cellOf(feature, group, causes.list[(reasons?.[i] ?? 0) - 1]))
    return {
      ...analysis.feature(feature),
      cells: cells.join(''),
      without: countHosts(groups.filter((_, i) => LACKING.includes(cells[i] ?? ''))),
      why: why.get(feature) ?? new Uint16Array(groups.length),
      fixable: Array.from(why.get(feature) ?? []).some(number =>
        isFixable(causes.list[number - 1] ?? NO_CAUSE),
      ),
      twins: [],
    }
  }
  const shown = (all ? db.features.in(any) : [...why.keys()]).map(rowOf)
  const kvm = cpus.facts?.().kvm
  const found = joinTwins(shown, kvm ? findTwins(kvm) : new Map(), groups, name => {
    const feature = db.features.get(name)
    return feature?.bits.meets(any) ? rowOf(feature) : undefined
  })
  // Of what no host is known to lack, nothing is said to be missing.
  const missing = found.filter(({ without }) => without > 0)
  return {
    title: titleOf(
      countHosts(groups),
      db.features.in(any).filter(feature => feature.class !== 'nested').length,
      missing,
    ),
    groups: groups.map(group => analysis.id(group)),
    causes: causes.list,
    rows: all ? found : missing,
  }
}

/** From what says least for a host to what says most. */
const RANKS = '-0?1'
const rank = (cell = '-'): number => RANKS.indexOf(cell)

/**
 * What two vendors call otherwise is one line: hosts have it under either name, of several names of the other vendor under
 * all of them. A name that more hosts have keeps its own line.
 * @param find the row of a feature that some hosts have
 */
function joinTwins(
  rows: readonly MatrixRow[],
  twins: ReadonlyMap<string, readonly string[]>,
  groups: readonly Group[],
  find: (name: string) => MatrixRow | undefined,
): MatrixRow[] {
  const byName = new Map(rows.map(row => [row.feature, row]))
  for (const [name, others] of twins) {
    const [one, ...rest] = [name, ...others].map(twin => byName.get(twin) ?? find(twin))
    const all = rest.flatMap(row => row ?? [])
    const least = groups.map((_, i) => RANKS[Math.min(...all.map(({ cells }) => rank(cells[i])))] ?? '-')
    const same = all.filter(({ cells }) => cells === least.join(''))
    const [other] = same
    if (!one || !other || ![name, ...others].some(twin => byName.has(twin))) continue
    const from = groups.map((_, i) => (rank(one.cells[i]) >= rank(other.cells[i]) ? one : other))
    const cells = from.map((row, i) => row.cells[i])
    for (const { feature } of [one, ...same]) byName.delete(feature)
    byName.set(name, {
      ...one,
      cells: cells.join(''),
      without: countHosts(groups.filter((_, i) => LACKING.includes(cells[i] ?? ''))),
      why: Uint16Array.from(from, (row, i) => row.why[i] ?? 0),
      fixable: one.fixable || other.fixable,
      twins: same.map(({ feature }) => feature),
    })
  }
  return [...byName.values()]
}

const NO_CAUSE = { cause: 'unknown', remedy: '' } as const

/** A known lack, and one that is of the vendor. */
const LACKING = ['0', '-']

function cellOf({ bits }: Feature, group: Group, cause: CauseAnswer | undefined): string {
  const { offered, evidence, withheld } = group
  if (bits.leq(offered)) return '1'
  if (cause?.cause === 'vendor') return '-'
  return evidence && !evidence.recorded.meets(bits) && !withheld.meets(bits) ? '?' : '0'
}

/** Numbers the causes, each once: most of a hundred thousand cells have the same few causes. */
class CauseList {
  readonly list: CauseAnswer[] = []
  readonly #numbers = new Map<string, number>()

  /** Returns the cause's number, from 1. */
  number(cause: CauseAnswer): number {
    const key = JSON.stringify(cause)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.list.push(cause))
    return this.list.length
  }
}

function titleOf(hosts: number, any: number, lost: readonly MatrixRow[]): string {
  if (lost.length === 0)
    return hosts === 1
      ? `The one host has ${count(any, 'feature')}`
      : `No host is known to lack any of ${count(any, 'feature')}`
  const security = lost.filter(row => row.class === 'security').length
  const safe = security > 0 ? `, ${security} of them for security` : ''
  return `${lost.length} of ${count(any, 'feature')} are missing on some hosts${safe}`
}
