import type { Feature } from './feature.ts'
import { FeatureSet } from './feature-set.ts'
import type { FeatureTable } from './feature-table.ts'

/**
 * The second algebra: each field folded by its own order. It says what is *safe*, and serves notes, audits
 * and `--best`; libvirt's questions are answered by `FeatureSet` alone.
 */
export interface SafeMeet {
  /** What a guest may be told on any of the CPUs: abilities of all, hazards of any. */
  readonly features: FeatureSet
  /** Fields that must agree and do not: no value is right for every CPU. They are off in `features`. */
  readonly conflicts: readonly Feature[]
}

/** The greatest CPU that is safe on every one of `all`; none has nothing. */
export function safeMeet(table: FeatureTable, all: readonly FeatureSet[]): SafeMeet {
  const [first, ...rest] = all
  if (!first) return { features: FeatureSet.empty, conflicts: [] }
  const common = rest.reduce((set, other) => set.meet(other), first)
  const any = rest.reduce((set, other) => set.join(other), first)
  const hazards = any.meet(table.withOrder('|', '>'))
  const conflicts = any.minus(common).meet(table.withOrder('='))
  return { features: common.join(hazards), conflicts: table.in(conflicts) }
}

/**
 * Whether what relies on `a` is safe on `b`: abilities of `a` are there, hazards of `b` are known to `a`,
 * fields that must agree agree. Hints and what the OS owns do not count.
 */
export function safeLeq(table: FeatureTable, a: FeatureSet, b: FeatureSet): boolean {
  const [lost, gained] = [a.minus(b), b.minus(a)]
  return !lost.meets(table.withOrder('&', '<', '=')) && !gained.meets(table.withOrder('|', '>', '='))
}
