import type { Reason } from '../../src/questions/answer-parts.ts'
import type { CauseAnswer, GroupSummary, HostCost, OddHost } from '../../src/questions/explain/answer.ts'
import type { GuestPlaces } from '../../src/questions/migrate/answer.ts'
import type { CurvePoint, PoolAnswer } from '../../src/questions/pools/answer.ts'

/**
 * What the page's worker answers: plain data, made of what the verbs answer. A group is known by
 * its place in `FleetAnswer.groups`.
 */

export interface GroupAnswer extends Omit<GroupSummary, 'hosts' | 'signature' | 'microcode'> {
  readonly id: number
  /** How it is called: its one host, or its first and how many more. */
  readonly title: string
  /** How many hosts; their names are asked for one by one. */
  readonly count: number
  /** `6.85.7`; empty: not known. */
  readonly signature: string
  readonly microcode: readonly string[]
  readonly pools: readonly string[]
}

export interface HostAnswer {
  readonly name: string
  /** The file, and where several are in one the number. */
  readonly path: string
  readonly pool: string
}

export interface FeatureAnswer extends Reason {
  readonly class: string
}

/** A group unlike others of its silicon. */
export interface OddAnswer extends Omit<OddHost, 'hosts'> {
  readonly group: number
}

/** A file that could not be used, or something to know about one. */
export interface FaultAnswer {
  readonly source: string
  readonly text: string
  readonly kind: 'fault' | 'note'
}

export interface FleetAnswer {
  readonly title: string
  readonly hosts: number
  readonly guests: number
  readonly groups: readonly GroupAnswer[]
  /** Ids of the odd ones out, and what there is to say of the first. */
  readonly oddGroups: readonly number[]
  readonly odd: readonly OddAnswer[]
  readonly pools: readonly { readonly label: string; readonly hosts: number }[]
  readonly levels: readonly { readonly level: string; readonly hosts: number }[]
}

export interface MatrixAnswer {
  readonly title: string
  /** Ids, in the order of the columns. */
  readonly groups: readonly number[]
  readonly causes: readonly CauseAnswer[]
  readonly rows: readonly MatrixRow[]
}

export interface MatrixRow extends FeatureAnswer {
  /** A column each: `1` has it, `0` lacks it. */
  readonly cells: string
  /** How many hosts lack it. */
  readonly without: number
  /** Why, by column, in `causes` of the answer, counted from 1; 0: nothing is known to say. */
  readonly why: Uint16Array
}

export interface BaselineAnswer {
  readonly title: string
  /** Absent where libvirt has no answer. */
  readonly cpu?: {
    readonly model: string
    readonly why: string
    readonly written: readonly { readonly name: string; readonly text: string }[]
    readonly features: number
    readonly level: string
  }
  /** libvirt's own words. */
  readonly error?: string
  /** Whose definition it is about. */
  readonly culprit?: string
  readonly notes: readonly string[]
  readonly lost: readonly LostAnswer[]
  /** The model with the shortest definition, and others, as `explain` has them. */
  readonly models: readonly ModelAnswer[]
}

export interface LostAnswer {
  readonly hosts: readonly string[]
  readonly features: readonly FeatureAnswer[]
}

export interface ModelAnswer {
  readonly model: string
  /** What it is, or what speaks against it. */
  readonly why: string
  readonly added: number
  readonly disabled: number
  /** The oldest QEMU and libvirt that know its definition. */
  readonly needs: string
}

export interface CostAnswer {
  readonly title: string
  readonly pools: readonly {
    /** `pool blue: 8 hosts` */
    readonly title: string
    readonly costs: readonly CostRow[]
    /** How many hosts cost nothing by themselves. */
    readonly free: number
  }[]
}

export interface CostRow extends Pick<HostCost, 'worth' | 'gain' | 'gains'> {
  readonly who: string
  readonly hosts: number
  readonly features: number
  /** `x86-64-v3 → x86-64-v4`; empty: none. */
  readonly step: string
}

export interface PoolCard extends Omit<PoolAnswer, 'hosts'> {
  readonly label: string
  readonly hosts: number
  /** Ids of groups with how many of their hosts are here. */
  readonly groups: readonly { readonly id: number; readonly hosts: number }[]
}

export interface PoolsAnswer {
  readonly title: string
  readonly cards: readonly PoolCard[]
  readonly value: number
}

export interface PlanAnswer {
  readonly title: string
  readonly curve: readonly PlanPoint[]
  readonly enough: number | null
}

export interface PlanPoint extends CurvePoint {
  /** Ids of groups, by pool. */
  readonly groups: readonly (readonly number[])[]
}

export interface MigrationAnswer {
  readonly title: string
  /** Groups between which guests move both ways, by rank: guests move towards higher ranks. */
  readonly clusters: readonly {
    readonly id: number
    readonly groups: readonly number[]
    readonly rank: number
  }[]
  /** Between clusters, those that follow from others left out. */
  readonly arrows: readonly { readonly from: number; readonly to: number }[]
  /** Those with the fewest places first. */
  readonly guests: readonly GuestRow[]
}

export interface GuestRow extends Pick<GuestPlaces, 'guest' | 'host' | 'pool' | 'others'> {
  /** Names of groups, in words. */
  readonly starts: string
  readonly moves: string
  /** Ids of the groups that it moves to. */
  readonly open: readonly number[]
}

export interface MoveAnswer {
  readonly title: string
  readonly moves: boolean
  /** What stands in the way, by what remedies it. */
  readonly remedies: readonly {
    readonly remedy: string
    /** Empty: no feature is lacking. */
    readonly cause: string
    readonly features: readonly FeatureAnswer[]
    readonly others: readonly string[]
  }[]
}

export interface TreeNodeAnswer {
  readonly family: string
  readonly vendor: string
  readonly note: string
  readonly versions: readonly string[]
  readonly children: readonly TreeNodeAnswer[]
  /** The pool's answer is one of its versions. */
  readonly answer: string
  readonly runnersUp: readonly string[]
  /** Groups of this silicon or described by a model of the family. */
  readonly groups: readonly number[]
  /** Whether it or a descendant has any of these. */
  readonly marked: boolean
}

export interface TreeAnswer {
  readonly title: string
  readonly roots: readonly TreeNodeAnswer[]
}

export interface CompareAnswer {
  readonly title: string
  readonly same: number
  readonly only: readonly [readonly FeatureAnswer[], readonly FeatureAnswer[]]
  readonly facts: readonly { readonly name: string; readonly values: readonly [string, string] }[]
}

/** What was done last, and what can be undone. */
export interface StateAnswer {
  readonly hosts: number
  readonly guests: number
  /** CPUs that are part of no fleet: only the baseline tells of them. */
  readonly others: number
  readonly faults: readonly FaultAnswer[]
  readonly undo: string | undefined
  readonly redo: string | undefined
  /** Counts the states: answers of another one are out of date. */
  readonly version: number
}
