import { readFleet } from '../host/files/fleet.ts'
import type { Context } from '../questions/context.ts'
import { documentOf } from '../questions/document.ts'
import { type FleetView, viewOf } from '../questions/input/fleet/view.ts'
import { noteLine } from '../questions/words/explain.ts'
import type { Note } from '../questions/words/note.ts'
import { Report } from '../report/report.ts'
import type { Arguments } from './arguments.ts'
import { printReport } from './print-report.ts'
import type { Session } from './session.ts'
import { openContext } from './session.ts'
import { CommandError, type OptionSpec } from './spec.ts'

/** The fleet that a command was given. */
export interface GivenFleet {
  readonly context: Context
  readonly view: FleetView
  readonly notes: readonly Note[]
}

/** Reads the fleet of files, directories and a fleet file. @throws FileError, ParseError; CommandError where it has no host */
export async function givenFleet(session: Session, paths: readonly string[]): Promise<GivenFleet> {
  const context = await openContext(session)
  const { fleet, notes } = await readFleet(context, paths)
  if (fleet.hosts.length === 0) throw new CommandError([`no host in ${paths.join(' ')}: ${NO_HOSTS}`])
  return { context, view: viewOf(context, fleet), notes }
}

/** An empty folder is a mistake in the path: nothing drifts there, and every policy holds. */
const NO_HOSTS = 'a fleet needs what `virsh capabilities` printed on its hosts'

/** The files of a command about a fleet. */
export const FLEET: OptionSpec = {
  name: 'fleet',
  value: 'path',
  positional: 'many',
  required: true,
  help: 'files and directories of hosts and guests (a subfolder is a pool), or a fleet.yaml',
}

/** Prints an answer in the form that was asked for, then what there is to note. */
export async function printAnswer(
  session: Session,
  args: Arguments,
  answer: object,
  write: (report: Report) => void,
  notes: readonly Note[],
): Promise<void> {
  await printReport(args, session, documentOf({ answer, notes }), () => {
    const report = new Report()
    write(report)
    for (const note of notes) report.line(...noteLine(note))
    return report
  })
}
