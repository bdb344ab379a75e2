/**
 * What the page's worker answers: plain data, made of what verbs and the fleet's functions say. A group is known by
 * its place in `FleetAnswer.groups`.
 */

export interface GroupAnswer {
  readonly id: number
  /** How it is called: its one host, or its first and how many more. */
  readonly title: string
  /** How many hosts; their names are asked for one by one. */
  readonly count: number
  readonly vendor: string
  /** `6.85.7`; empty: not known. */
  readonly signature: string
  /** What the silicon is, as the database has it: `Cascade Lake, 2019`; empty: not known. */
  readonly generation: string
  readonly model: string
  /** `x86-64-v3`; empty: not even the lowest. */
  readonly level: string
  readonly features: number
  readonly physBits: number | undefined
  readonly microcode: readonly string[]
  readonly pools: readonly string[]
}

export interface HostAnswer {
  /** The whole path. */
  readonly name: string
  /** The shortest end of the path that no other host has. */
  readonly short: string
  readonly pool: string
}

export interface FeatureAnswer {
  readonly name: string
  /** `CPUID.07H.0:EBX[5]` */
  readonly place: string
  readonly title: string
  readonly class: string
}

/** Why a group lacks a feature. */
export interface CauseAnswer {
  readonly cause: string
  readonly meaning: string
  readonly confidence: string
  readonly mend: string
}

/** A group unlike others of its silicon. */
export interface OddAnswer {
  readonly group: number
  readonly norm: number
  readonly lacks: readonly (FeatureAnswer & CauseAnswer)[]
  readonly has: readonly FeatureAnswer[]
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
  /** Why, by column, in `causes` of the answer, counted from 1; 0: it has it. */
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
  readonly others: readonly RunnerUp[]
}

export interface LostAnswer {
  readonly hosts: readonly string[]
  readonly features: readonly FeatureAnswer[]
}

/** The same bits on another model. */
export interface RunnerUp {
  readonly model: string
  readonly note: string
  readonly beyond: number
  readonly disabled: number
}

export interface CostAnswer {
  readonly title: string
  readonly rows: readonly CostRow[]
}

export interface CostRow {
  readonly groups: readonly number[]
  readonly hosts: number
  readonly features: readonly FeatureAnswer[]
  readonly worth: number
  readonly gain: number
  /** `x86-64-v3 → x86-64-v4`; empty: none. */
  readonly step: string
}

export interface PoolCard {
  readonly label: string
  readonly hosts: number
  /** Ids of groups with how many of their hosts are here. */
  readonly groups: readonly { readonly id: number; readonly hosts: number }[]
  readonly level: string
  readonly features: number
  readonly value: number
  readonly vendors: readonly string[]
}

export interface PoolsAnswer {
  readonly title: string
  readonly cards: readonly PoolCard[]
  readonly value: number
}

export interface CurvePoint {
  readonly count: number
  readonly value: number
  readonly bound: number
  readonly gap: number
  readonly exact: boolean
  /** Empty: possible. */
  readonly impossible: string
  /** Ids of groups, by pool. */
  readonly pools: readonly (readonly number[])[]
}

export interface PlanAnswer {
  readonly curve: readonly CurvePoint[]
  readonly enough: number | undefined
  readonly title: string
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
}

export interface MoveAnswer {
  readonly title: string
  readonly features: readonly FeatureAnswer[]
  readonly others: readonly string[]
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
  readonly faults: readonly FaultAnswer[]
  readonly undo: string | undefined
  readonly redo: string | undefined
  /** Counts the states: answers of another one are out of date. */
  readonly version: number
}
