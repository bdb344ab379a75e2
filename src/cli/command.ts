import { LibvirtError } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'
import { FileError, ProbeError } from '../host/files/file-error.ts'
import { BadRequest } from '../questions/context.ts'
import type { Arguments } from './arguments.ts'
import type { Session } from './globals.ts'
import { CommandError, type CommandSpec, UsageError } from './spec.ts'

/** A command: what it takes, and what it does. */
export interface Command {
  readonly spec: CommandSpec
  /** Returns the exit status; what it cannot do it throws. */
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

/** Errors whose messages are for users. That of a database is known by its name: few commands load its class. */
const EXPECTED = [LibvirtError, ParseError, FileError, ProbeError, BadRequest]
const isExpected = (error: Error): boolean =>
  error.name === 'InventoryError' || EXPECTED.some(kind => error instanceof kind)

/** What went wrong, in lines for the user. A fault of ours is shown as what it is, without its stack. */
export function linesOf(error: unknown): readonly string[] {
  if (error instanceof UsageError) throw error
  if (error instanceof CommandError) return error.lines
  if (error instanceof AggregateError) return error.errors.flatMap(linesOf)
  if (error instanceof Error && isExpected(error)) return [error.message]
  if (process.env.VIRT_CPU_DEBUG) throw error
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return [`a fault in virt-cpu itself: ${what}`, 'please report it; VIRT_CPU_DEBUG=1 shows where it happened']
}
