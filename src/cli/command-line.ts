import { type Arguments, isKnown, readArguments, splitCommands } from './arguments.ts'
import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'
import {
  connectionDriver,
  type Globals,
  libvirtVersion,
  readGlobals,
  Session,
  STDERR,
  STDOUT,
  write,
} from './globals.ts'
import { CommandError, type CommandSpec, UsageError, withWords } from './spec.ts'

declare const __VERSION__: string

/** Runs what the process was called with. */
export async function runProgram(): Promise<void> {
  process.exitCode = await runCommandLine(process.argv.slice(2))
  // Where nothing is under way, Node need not look for it, nor take its heap apart: 1 ms.
  if (process.getActiveResourcesInfo().length === 0) process.exit()
}

/** Runs what the command line says, once all of it was read; returns the exit status, whatever goes wrong. */
async function runCommandLine(argv: readonly string[]): Promise<number> {
  try {
    return await runCommands(argv)
  } catch (error) {
    if (!(error instanceof CommandError)) return usage(error)
    for (const line of error.lines) complain(line)
    return 2
  }
}

async function runCommands(argv: readonly string[]): Promise<number> {
  const globals = readGlobals(argv)
  if (globals.show !== undefined) return show(globals.show)
  for (const warning of globals.warnings) complain(warning)
  if (globals.rest.length === 0) return show('help')
  const steps: Step[] = []
  for (const words of commandsOf(globals.rest)) {
    const step = await plan(words, globals, words === globals.rest ? 2 : 1)
    if (typeof step === 'number') return step
    steps.push(step)
  }
  let status = 0
  for (const step of steps) status = await step()
  return status
}

/** The commands of a command line: one, or those of a string with several. */
function commandsOf(words: readonly string[]): readonly (readonly string[])[] {
  const [text = '', ...more] = words
  return more.length > 0 || !/[\s;'"\\#]/.test(text) ? [words] : splitCommands(text)
}

/** A command whose arguments were read. Returns the exit status. */
type Step = () => Promise<number>

/**
 * Reads a command; returns the exit status of one that is called wrongly, and says why.
 * @param unknown the exit status of an unknown command: virsh's where virsh's own form, a string of commands, is used
 */
async function plan(
  [name = '', ...args]: readonly string[],
  before: Globals,
  unknown: 1 | 2,
): Promise<Step | number> {
  if (name === 'help') {
    const session = sessionOf(before)
    return () => show('help', args[0], session)
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!entry) {
    usage(await makeUnknownCommand(name))
    return unknown
  }
  const { command } = await entry.load()
  const { spec } = command
  try {
    const globals: Globals = { ...before, warnings: [] }
    const given = readArguments(spec, args, globals)
    for (const warning of globals.warnings) complain(warning)
    const session = sessionOf(globals)
    if (given === 'help') return () => show(globals.show, name, session)
    refuseNewerOptions(spec, given, session)
    return () => run(command, given, session).catch(error => usage(error, spec))
  } catch (error) {
    return usage(await withSuggestion(error, spec), spec)
  }
}

/** The option of a command of our own that may have been meant; what else went wrong stays. */
async function withSuggestion(error: unknown, { style, options }: CommandSpec): Promise<unknown> {
  const [, given] = (error instanceof UsageError && / option (--\S+)$/.exec(error.message)) || []
  if (given === undefined || style !== 'own') return error
  const { didYouMean } = await import('../core/text.ts')
  const names = options.map(({ name }) => `--${name}`)
  return new UsageError(`${(error as UsageError).message}${didYouMean(names, given)}`)
}

/**
 * Runs a command and says what went wrong; returns the exit status. After each of virsh's commands comes an
 * empty line, whatever became of it.
 * @throws UsageError
 */
async function run({ spec, run: command }: Command, args: Arguments, session: Session): Promise<number> {
  const virsh = spec.style === 'virsh'
  const started = process.hrtime.bigint()
  let status: number
  try {
    status = await command(args, session, COMMANDS)
  } catch (error) {
    const { linesOf } = await import('./command.ts')
    for (const line of linesOf(error)) session.err(`error: ${line}\n`)
    status = virsh ? 1 : 2
  }
  if (virsh) {
    try {
      endAsVirsh(session, started)
    } catch (error) {
      // What kept the answer from being written keeps this line too, and was said.
      if (!(error instanceof CommandError) || status === 0) throw error
    }
  } else if (session.timing) session.err(timeSince(started))
  return status
}

/** Prints what virsh prints when a command ends: how long it took, where that is asked for, or an empty line. */
function endAsVirsh(session: Session, started: bigint): void {
  if (session.timing) session.out(`\n${timeSince(started)}\n`)
  else if (!session.quiet) session.out('\n')
}

/** `performance` would be loaded for it: 1.3 ms. */
const timeSince = (started: bigint): string =>
  `(Time: ${(Number(process.hrtime.bigint() - started) / 1e6).toFixed(3)} ms)\n`

/** @throws UsageError for an option that the session's version of libvirt does not have */
function refuseNewerOptions({ name, options }: CommandSpec, args: Arguments, { libvirt }: Session): void {
  const newer = options.find(option => args.has(option.name) && !isKnown(option, libvirt))
  if (newer) throw new UsageError(`command '${name}' doesn't support option --${newer.name}`)
}

async function makeUnknownCommand(name: string): Promise<UsageError> {
  const { nearest } = await import('../core/text.ts')
  const [near] = nearest(Object.keys(COMMANDS), name, 1)
  return new UsageError(`unknown command: '${name}'${near ? `\nerror: did you mean '${near}'?` : ''}`)
}

/** Prints a version or help: of a command where `name` is given. */
async function show(what: Globals['show'] = 'help', name?: string, session?: Session): Promise<number> {
  if (what === 'help' && name !== undefined && session) return help(name, session)
  if (what === 'version') write(STDOUT, `${__VERSION__}\n`)
  else {
    const { asCalled, generalHelp, longVersion } = await import('./help.ts')
    write(STDOUT, what === 'help' ? asCalled(generalHelp(COMMANDS)) : longVersion(__VERSION__))
  }
  return 0
}

async function help(name: string, session: Session): Promise<number> {
  const started = process.hrtime.bigint()
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  const spec = (await entry?.load())?.command.spec
  if (entry && spec) {
    const { asCalled, commandHelp } = await import('./help.ts')
    session.out(asCalled(commandHelp(await withWords(spec), entry.summary, session.libvirt)))
  } else complain(`command or command group '${name}' doesn't exist`)
  if (spec?.style !== 'own') endAsVirsh(session, started)
  return spec ? 0 : 1
}

const sessionOf = (globals: Globals): Session =>
  new Session({
    quiet: globals.quiet,
    readOnly: globals.readOnly,
    timing: globals.timing,
    driver: connectionDriver(globals.connect),
    libvirt: libvirtVersion(globals),
    cpuMap: globals.cpuMap ?? (process.env.VIRT_CPU_MAP || undefined),
  })

const complain = (line: string): void => write(STDERR, `error: ${line}\n`)

/**
 * Says what is wrong with a call. virsh knows no other status than 1; our own commands tell a mistake in the call from
 * a "no".
 * @throws what is no mistake in the call
 */
function usage(error: unknown, spec?: CommandSpec): number {
  if (!(error instanceof UsageError)) throw error
  complain(error.message)
  return spec?.style === 'own' ? 2 : 1
}
