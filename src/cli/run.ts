import type { Arguments } from './arguments.ts'
import type { Command, CommandTable } from './command.ts'
import { linesOf } from './error-lines.ts'
import { libvirtVersion } from './globals.ts'
import { Session } from './session.ts'
import type { CommandSpec } from './spec.ts'

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
    status = await command(args, session, all)
  } catch (error) {
    for (const line of linesOf(error)) outer.err(`error: ${line}\n`)
    status = virsh ? 1 : 2
  }
  if (virsh && !session.quiet) session.out('\n')
  return status
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
