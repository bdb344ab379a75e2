import type { PageState } from '../../shared/displays.ts'
import type { AddedFile } from '../../shared/protocol.ts'

/** What the user can do to the fleet. The worker performs each action. */
export interface Actions {
  readonly add: (files: readonly AddedFile[], label?: string) => void
  /** Compares the fleet with another recording of it. */
  readonly compareWith: (files: readonly AddedFile[]) => void
  readonly sample: () => void
  readonly clear: () => void
  readonly undo: () => void
  readonly redo: () => void
  /** Shows the state that a request to the worker results in, and returns it; undefined where it failed, which is shown. */
  readonly apply: (change: Promise<PageState>) => Promise<PageState | undefined>
}
