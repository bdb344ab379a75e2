import type { AnswerDocument, QuestionInput } from '../../src/questions/table.ts'
import type * as displays from './displays.ts'

/** The questions of the table that the worker answers about its fleet. More of them make the page larger. */
export type FleetQuestion = 'explain' | 'pools' | 'migrate'

/** The input of such a question without the fleet: the worker has it already. */
export type FleetQuestionInput<Q extends FleetQuestion> = Q extends FleetQuestion
  ? Omit<QuestionInput<Q>, 'documents' | 'fleet'>
  : never

/** A file or a text that the user adds. The worker reads it. */
export interface AddedFile {
  readonly path: string
  readonly file?: Blob
  readonly text?: string
}

/** A fleet as data: each text once, and the files that have it. `virt-cpu page --data` writes the same. */
export interface EmbeddedFleet {
  readonly texts: readonly string[]
  readonly files: readonly (readonly [path: string, text: number])[]
  /** To which pools hosts were moved, by their path, and which were removed. */
  readonly pools?: readonly (readonly [path: string, pool: string])[]
  readonly removed?: readonly string[]
  /** Labels of locked pools, and the fewest hosts of a planned pool. */
  readonly locked?: readonly string[]
  readonly smallest?: number
  /** Where pools are, by label. */
  readonly sites?: readonly (readonly [pool: string, site: string])[]
  /** Another recording of the fleet, to compare with. */
  readonly second?: EmbeddedFleet
  /** Hosts of an inventory, in place of files. */
  readonly stored?: StoredHosts
}

/** Hosts of an inventory as it sends them, in lines. */
export interface StoredHosts {
  readonly text: string
  /** Which these are. */
  readonly name: string
}

/** Moves a group's hosts to another pool: those in the pool `from`; all hosts where `from` is missing. */
export interface HostMove {
  readonly group: number
  readonly from?: string
  readonly to: string
}

/** Selects hosts: those of the pool with this label; null: all hosts. */
export type HostScope = string | null

/** A CPU to compare: `pool`, `group:ID` or `model:NAME`. */
export type ComparedCpu = string

/** What moves: a guest by name, or a guest with the full CPU of a group's hosts. */
export type MigrationSource = { readonly guest: string } | { readonly group: number }

export interface BaselineOptions {
  readonly expand: boolean
  readonly migratable: boolean
  readonly best: boolean
  /** Empty: libvirt chooses the model. */
  readonly onModel: string
  /** The version of the QEMU that is to read what is written for it; missing or no known one: the newest known. */
  readonly qemu?: string
}

/** Requests that change the worker's fleet. */
export interface PageActions {
  add(files: readonly AddedFile[], label: string): Promise<displays.PageState>
  /** Adds the fleet that `virt-cpu page --data` wrote into the page, as JSON. */
  embed(json: string): Promise<displays.PageState>
  sample(): Promise<displays.PageState>
  /** Adds the fleet that the browser keeps under an id; the state has no more hosts than before where it keeps none. */
  restore(id: string): Promise<displays.PageState>
  /** Shows hosts of an inventory in place of what is shown. */
  open(stored: Blob, name: string): Promise<displays.PageState>
  /** The same hosts as they are by now: what the user changed stays. */
  refresh(stored: Blob, name: string): Promise<displays.PageState>
  compareWithStored(stored: Blob, name: string): Promise<displays.PageState>
  clear(): displays.PageState
  undo(): displays.PageState
  redo(): displays.PageState
  remove(group: number): displays.PageState
  /** Takes files as another recording of the fleet, to compare with. */
  compareWith(files: readonly AddedFile[]): Promise<displays.PageState>
  /** Takes a fleet that the browser keeps as such. */
  compareWithKept(id: string): Promise<displays.PageState>
  /** Gives a pool another name. */
  rename(pool: string, name: string): displays.PageState
  /** Says where a pool is; empty: nowhere. */
  site(pool: string, site: string): displays.PageState
  /** Keeps a pool's hosts together in every plan, or no longer. */
  lock(pool: string, isLocked: boolean): displays.PageState
  /** The fewest hosts of a planned pool. */
  limit(smallest: number): displays.PageState
  assign(moves: readonly HostMove[], label: string): displays.PageState
}

/** Requests that read the worker's fleet. */
export interface PageQuestions {
  /** Asks a question of the table, as batch and HTTP do. */
  ask<Q extends FleetQuestion>(question: Q, input: FleetQuestionInput<Q>): AnswerDocument<Q>
  /** The fleet with its changes, as `embed` takes it. */
  save(): EmbeddedFleet
  /** Keeps the fleet in this browser. Returns its id; empty: the browser keeps nothing. */
  keep(): Promise<string>
  /** What the browser keeps, the latest first; `time` is that of JavaScript. */
  kept(): Promise<readonly { readonly id: string; readonly time: number }[]>
  /** Removes what the browser keeps under an id. */
  forget(id: string): Promise<void>
  /** The pools and their constraints as a fleet file, as `pools --write` writes it. */
  fleetFile(): string
  /** A line a host, as comma-separated values. */
  table(): string
  /** The hosts of a group. */
  hosts(group: number): readonly displays.HostRow[]
  /** Hosts, CPUs, features and models by a part of their name. */
  find(text: string): displays.FoundDisplay
  fleet(scope: HostScope): displays.FleetDisplay
  matrix(scope: HostScope, all: boolean): displays.MatrixDisplay
  baseline(scope: HostScope, options: BaselineOptions): displays.BaselineDisplay
  cost(scope: HostScope): displays.CostDisplay
  pools(): displays.PoolsDisplay
  plan(): displays.PlanDisplay
  /** @param secondIsOlder whether the second recording is the earlier one; null: there is no second one */
  drift(secondIsOlder: boolean): displays.DriftDisplay | null
  /** What the last step did that moved hosts between pools; null: it did something else. */
  change(): displays.DeltaDisplay | null
  migration(scope: HostScope): displays.MigrationDisplay
  layout(graph: displays.GraphSizes): displays.GraphPlaces
  move(from: MigrationSource, to: number): displays.MoveDisplay
  ladder(scope: HostScope): displays.LadderDisplay
  tree(scope: HostScope): displays.TreeDisplay
  comparedCpus(
    scope: HostScope,
  ): readonly { readonly id: ComparedCpu; readonly title: string; readonly kind: string }[]
  compare(a: ComparedCpu, b: ComparedCpu, scope: HostScope): displays.CompareDisplay
}

export type Action = keyof PageActions
export type PageQuestion = keyof PageQuestions
export type PageAnswer<Q extends PageQuestion> = Awaited<ReturnType<PageQuestions[Q]>>

/** The error of an action that was cancelled: the fleet is as before. */
export const CANCELLED = 'cancelled'

/** A message to the worker; `cancel` stops the action with this id, unless it is done. */
export interface PageRequest {
  readonly id: number
  readonly name: Action | PageQuestion | 'cancel'
  readonly input: readonly unknown[]
}

/** A message from the worker. */
export type PageReply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly progress: { readonly done: number; readonly of: number } }
