import { LibvirtError } from '../core/libvirt-error.ts'
import { hasBehaviour } from '../core/libvirt-version.ts'
import { ParseError } from '../core/parse-error.ts'
import { FileError, ProbeError } from '../host/files/file-error.ts'
import { BadRequest } from '../questions/context.ts'
import type { Arguments } from './arguments.ts'
import { libvirtVersion } from './globals.ts'
import { Session } from './session.ts'
import { CommandError, type CommandSpec, UsageError } from './spec.ts'

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

/** Errors whose messages are for users. */
const EXPECTED = [LibvirtError, ParseError, FileError, ProbeError, BadRequest]

/** What went wrong, in lines for the user. A fault of ours is shown as what it is, without its stack. */
export function linesOf(error: unknown): readonly string[] {
  if (error instanceof UsageError) throw error
  if (error instanceof CommandError) return error.lines
  if (error instanceof Error && EXPECTED.some(kind => error instanceof kind)) return [error.message]
  if (process.env.VIRT_CPU_DEBUG) throw error
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return [`a fault in virt-cpu itself: ${what}`, 'please report it; VIRT_CPU_DEBUG=1 shows where it happened']
}

/**
 * Runs a command and says what went wrong; answers the exit status. After each of virsh's commands comes an
 * empty line, whatever became of it.
 */
export async function run(
  { spec, run: command }: Command,
  args: Arguments,
  outer: Session,
  all: CommandTable,
): Promise<number> {
  const virsh = spec.style === 'virsh'
  let status: number
  let session = outer
  try {
    session = sessionFor(spec, args, outer)
    refuseNewerOptions(spec, args, session)
    status = await command(args, session, all)
  } catch (error) {
    for (const line of linesOf(error)) outer.err(`error: ${line}\n`)
    status = virsh ? 1 : 2
  }
  if (virsh && !session.quiet) session.out('\n')
  return status
}

/** @throws UsageError for an option that the session's version of libvirt does not have */
function refuseNewerOptions({ name, options }: CommandSpec, args: Arguments, { libvirt }: Session): void {
  for (const { name: option, since } of options) {
    if (since && args.has(option) && !hasBehaviour(libvirt, since))
      throw new UsageError(`command '${name}' doesn't support option --${option}`)
  }
}

/** Options after the command win over those before it. */
const sessionFor = (
  { options }: CommandSpec,
  args: Arguments,
  { quiet, readOnly, driver, libvirt, cpuMap }: Session,
): Session =>
  new Session({
    quiet,
    readOnly,
    driver,
    libvirt: args.has('libvirt') ? libvirtVersion(args.get('libvirt')) : libvirt,
    cpuMap: options.some(({ name }) => name === 'cpu-map') ? cpuMap : (args.get('cpu-map') ?? cpuMap),
  })
