import type { Arguments } from './arguments.ts'
import type { Session } from './session.ts'
import type { CommandSpec } from './spec.ts'

/** A command: what it takes, and what it does. */
export interface Command {
  readonly spec: CommandSpec
  /** Answers the exit status; what it cannot do it throws. */
  readonly run: (args: Arguments, session: Session, all: CommandTable) => number | Promise<number>
}

/** Every command there is, in the order of `--help`, with its line there; each is loaded when it is needed. */
export type CommandTable = Readonly<
  Record<string, readonly [summary: string, load: () => Promise<{ command: Command }>]>
>
