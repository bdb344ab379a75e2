import type { Arguments } from './arguments.ts'
import type { Session } from './session.ts'
import type { CommandSpec } from './spec.ts'

/** A command: what it takes, and what it does. */
export interface Command {
  readonly spec: CommandSpec
  /** Answers the exit status; what it cannot do it throws. */
  readonly run: (args: Arguments, session: Session, all: CommandTable) => number | Promise<number>
}

/** The groups of `--help`, in order, each with its heading. */
export const GROUPS = {
  virsh: "virsh's commands",
  hosts: 'hosts',
  fleets: 'fleets',
  guests: 'guests',
  tools: 'tools',
} as const

/** A line of the table of commands. The command itself is loaded when it is needed. */
interface CommandEntry {
  readonly group: keyof typeof GROUPS
  /** One line that begins with a verb. */
  readonly summary: string
  readonly load: () => Promise<{ command: Command }>
}

/** Every command, in the order of `--help`. */
export type CommandTable = Readonly<Record<string, CommandEntry>>
