import type { FaultAnswer } from '../shared/answers.ts'
import type { Found } from './document.ts'

/** A host on the page: where it came from, what it is, where the operator put it. */
export interface PageHost {
  readonly name: string
  /** The file it is in, and its place there. */
  readonly path: string
  readonly index: number
  readonly pool: string
  readonly found: Found
  readonly text: string
}

/** The fleet at one time. */
export interface Snapshot {
  /** In the order in which a directory is read. */
  readonly hosts: readonly PageHost[]
  readonly faults: readonly FaultAnswer[]
}

const EMPTY: Snapshot = { hosts: [], faults: [] }

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
