import type * as answers from './answers.ts'

/** A file or text that was given: read in the worker. */
export interface Given {
  readonly path: string
  readonly file?: Blob
  readonly text?: string
}

/** Hosts of a group that go to another pool: those in `from`, or all. */
export interface Move {
  readonly group: number
  readonly from?: string
  readonly to: string
}

/** Whose hosts are meant: a pool's label, or null for all. */
export type Scope = string | null

/** A CPU to compare: a group, a model, or the pool's answer. */
export type Subject = string

/** Who moves: a guest by name, or one with all of a group's CPU. */
export type Traveller = { readonly guest: string } | { readonly group: number }

/** What the worker can be asked. */
export interface Questions {
  add(files: readonly Given[], label: string): Promise<answers.StateAnswer>
  /** The fleet that `virt-cpu page --data` put into the page, as it stands there. */
  bake(json: string): answers.StateAnswer
  sample(): answers.StateAnswer
  clear(): answers.StateAnswer
  undo(): answers.StateAnswer
  redo(): answers.StateAnswer
  remove(group: number): answers.StateAnswer
  assign(moves: readonly Move[], label: string): answers.StateAnswer
  /** The hosts of a group. */
  hosts(group: number): readonly answers.HostAnswer[]
  fleet(scope: Scope): answers.FleetAnswer
  matrix(scope: Scope, all: boolean): answers.MatrixAnswer
  baseline(scope: Scope, options: BaselineOptions): answers.BaselineAnswer
  cost(scope: Scope): answers.CostAnswer
  pools(): answers.PoolsAnswer
  plan(): answers.PlanAnswer
  migration(scope: Scope): answers.MigrationAnswer
  move(from: Traveller, to: number): answers.MoveAnswer
  tree(scope: Scope): answers.TreeAnswer
  subjects(scope: Scope): readonly { readonly id: Subject; readonly title: string; readonly kind: string }[]
  compare(a: Subject, b: Subject, scope: Scope): answers.CompareAnswer
}

export interface BaselineOptions {
  readonly expand: boolean
  readonly migratable: boolean
  readonly best: boolean
  /** Empty: libvirt chooses. */
  readonly onModel: string
}

export type Question = keyof Questions

/** To the worker. */
export interface Asked {
  readonly id: number
  readonly question: Question
  readonly with: readonly unknown[]
}

/** From the worker. */
export type Told =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly progress: { readonly done: number; readonly of: number } }
