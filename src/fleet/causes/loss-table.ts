import type { Feature } from '../../core/feature.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import type { Group } from '../groups.ts'
import { unionOf } from '../pools.ts'
import type { CauseFinder } from './cause-of.ts'

/** Groups that lack a feature for one reason. */
export interface LackingGroups {
  readonly groups: readonly Group[]
  readonly hosts: number
}

/**
 * Why each group of a fleet lacks each feature, once for all its pools. Features that the same groups lack for the
 * same reasons are one column: a generation's news are lacked alike, so there are few.
 */
export class LossTable {
  readonly #finder: CauseFinder
  readonly #features: readonly Feature[]
  /** The column of each feature, by its index. */
  readonly #columnOf: number[] = []
  readonly #columns: number
  /** By group, for each column the number of the reason; 0: the group has it. */
  readonly #rows = new Map<Group, Uint8Array>()
  /** Numbers of reasons, from 1: a cause with a confidence. */
  readonly #reasons = new Map<string, number>()

  constructor(table: FeatureTable, finder: CauseFinder, groups: readonly Group[]) {
    this.#finder = finder
    this.#features = table.in(unionOf(groups))
    const rows = groups.map(group => this.#reasonsOf(group))
    const columns = new Map<string, number>()
    const firsts: number[] = []
    this.#features.forEach((feature, f) => {
      const key = rows.map(row => row[f]).join()
      const column = columns.get(key) ?? columns.size
      if (column === columns.size) firsts.push(f)
      columns.set(key, column)
      this.#columnOf[feature.index] = column
    })
    this.#columns = columns.size
    groups.forEach((group, g) => {
      this.#rows.set(
        group,
        Uint8Array.from(firsts, f => rows[g]?.[f] ?? 0),
      )
    })
  }

  /** For the groups of one pool: answers of a feature which of them lack it, by reason, most hosts first. */
  tally(groups: readonly Group[]): (feature: Feature) => readonly LackingGroups[] {
    const reasons = this.#reasons.size + 1
    const found: ({ groups: Group[]; hosts: number } | undefined)[] = []
    for (const group of groups) {
      const row = this.#rows.get(group.partOf ?? group)
      if (!row) throw new RangeError(`no group of this fleet: ${group.name}`)
      for (let column = 0; column < row.length; column++) {
        const reason = row[column] ?? 0
        if (reason === 0) continue
        const at = column * reasons + reason
        let tally = found[at]
        if (!tally) {
          tally = { groups: [], hosts: 0 }
          found[at] = tally
        }
        tally.groups.push(group)
        tally.hosts += group.hosts.length
      }
    }
    const sorted: (readonly LackingGroups[] | undefined)[] = []
    return feature => {
      const column = this.#columnOf[feature.index] ?? this.#columns
      let tallies = sorted[column]
      if (!tallies) {
        const own = found.slice(column * reasons, (column + 1) * reasons)
        tallies = own.filter(tally => tally !== undefined).sort((a, b) => b.hosts - a.hosts)
        sorted[column] = tallies
      }
      return tallies
    }
  }

  #reasonsOf(group: Group): Uint8Array {
    const find = this.#finder.forGroup(group)
    return Uint8Array.from(this.#features, feature => {
      if (feature.bits.leq(group.features)) return 0
      const { cause, confidence } = find(feature)
      const reason = `${cause} ${confidence}`
      const number = this.#reasons.get(reason) ?? this.#reasons.size + 1
      this.#reasons.set(reason, number)
      return number
    })
  }
}
