import type { Fleet } from '../../src/fleet/fleet.ts'
import type { FaultAnswer } from '../shared/answers.ts'
import type { Document } from './document.ts'

/** A file that was given. */
export interface PageFile {
  readonly path: string
  readonly document: Document
}

/** A file with the label of the pool that its folder makes. */
export interface PlacedFile extends PageFile {
  readonly pool: string
}

/** The fleet at one time. */
export interface Snapshot {
  /** In the order in which a directory is read. */
  readonly files: readonly PlacedFile[]
  /** What the operator wrote of the fleet; absent: folders are pools. */
  readonly fleetFile?: { readonly path: string; readonly text: string } | undefined
  /** As the files have it. */
  readonly read: Fleet
  /** The pools that the operator put hosts into, and the hosts that were taken out, by their `path`. */
  readonly moved: ReadonlyMap<string, string>
  readonly out: ReadonlySet<string>
  /** With what the operator did. */
  readonly fleet: Fleet
  readonly faults: readonly FaultAnswer[]
}

const NONE: Fleet = { hosts: [], guests: [], pools: [], constraints: {}, requirements: [] }

export const EMPTY: Snapshot = {
  files: [],
  read: NONE,
  moved: new Map(),
  out: new Set(),
  fleet: NONE,
  faults: [],
}

/** Snapshots in a row, and which of them counts. Undoing is going back; doing drops what was undone. */
export class History {
  #steps: { readonly label: string; readonly snapshot: Snapshot }[] = [{ label: '', snapshot: EMPTY }]
  #at = 0
  #version = 0

  get now(): Snapshot {
    return this.#steps[this.#at]?.snapshot ?? EMPTY
  }

  /** Another number for each state that was ever shown. */
  get version(): number {
    return this.#version
  }

  /** What undoing takes back; undefined: there is nothing. */
  get undoes(): string | undefined {
    return this.#at > 0 ? this.#steps[this.#at]?.label : undefined
  }

  get redoes(): string | undefined {
    return this.#steps[this.#at + 1]?.label
  }

  push(label: string, snapshot: Snapshot): void {
    this.#steps = [...this.#steps.slice(0, this.#at + 1), { label, snapshot }]
    this.#at = this.#steps.length - 1
    this.#version++
  }

  go(by: -1 | 1): void {
    const to = this.#at + by
    if (to < 0 || to >= this.#steps.length) return
    this.#at = to
    this.#version++
  }
}
