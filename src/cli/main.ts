#!/usr/bin/env node
import { hasBehaviour } from '../core/libvirt-version.ts'
import { type Arguments, readArguments, splitCommands } from './arguments.ts'
import { type Command, linesOf } from './command.ts'
import { COMMANDS } from './commands.ts'
import { connectionDriver, type Globals, libvirtVersion, readGlobals } from './globals.ts'
import { Session, STDERR, STDOUT, write } from './session.ts'
import { type CommandSpec, UsageError } from './spec.ts'

declare const __VERSION__: string

/** Runs what the command line says; answers the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  const globals = readGlobals(argv)
  if (globals.show !== undefined) return show(globals.show)
  for (const warning of globals.warnings) complain(warning)
  const [name, ...args] = globals.rest
  if (name === undefined) return show('help')
  if (args.length === 0 && /[\s;'"\\]/.test(name)) {
    let status = 0
    for (const words of splitCommands(name)) status = await runNamed(words[0] ?? '', words.slice(1), globals)
    return status
  }
  return runNamed(name, args, globals)
}

async function runNamed(name: string, args: readonly string[], before: Globals): Promise<number> {
  if (name === 'help') return help(args, sessionOf(before))
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!entry) {
    const { nearest } = await import('../core/text.ts')
    const [near] = nearest(Object.keys(COMMANDS), name, 1)
    throw new UsageError(`unknown command: '${name}'${near ? `\nerror: did you mean '${near}'?` : ''}`)
  }
  const { command } = await entry.load()
  try {
    const globals: Globals = { ...before, warnings: [] }
    const given = readArguments(command.spec, args, globals)
    for (const warning of globals.warnings) complain(warning)
    const session = sessionOf(globals)
    if (given !== 'help') return await run(command, given, session)
    const what = globals.show ?? 'help'
    return await (what === 'help' ? help([name], session) : show(what))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return usage(error, command.spec)
  }
}

/**
 * Runs a command and says what went wrong; returns the exit status. After each of virsh's commands comes an
 * empty line, whatever became of it.
 */
async function run({ spec, run: command }: Command, args: Arguments, outer: Session): Promise<number> {
  const virsh = spec.style === 'virsh'
  let status: number
  let session = outer
  try {
    session = sessionFor(spec, args, outer)
    refuseNewerOptions(spec, args, session)
    status = await command(args, session, COMMANDS)
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

async function help(args: readonly string[], session: Session): Promise<number> {
  const { commandHelp } = await import('./help.ts')
  const [name] = args
  if (name === undefined) return show('help')
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!entry) throw new UsageError(`command '${name}' doesn't exist`)
  const { summary, load } = entry
  const { spec } = (await load()).command
  session.out(commandHelp(spec, summary))
  if (spec.style === 'virsh' && !session.quiet) session.out('\n')
  return 0
}

async function show(what: NonNullable<Globals['show']>): Promise<number> {
  if (what === 'version') write(STDOUT, `${__VERSION__}\n`)
  else {
    const { generalHelp, longVersion } = await import('./help.ts')
    write(STDOUT, what === 'help' ? generalHelp(COMMANDS) : longVersion(__VERSION__))
  }
  return 0
}

const sessionOf = (globals: Globals): Session =>
  new Session({
    quiet: globals.quiet,
    readOnly: globals.readOnly,
    driver: connectionDriver(globals.connect),
    libvirt: libvirtVersion(globals.libvirt),
    cpuMap: globals.cpuMap ?? (process.env.VIRT_CPU_MAP || undefined),
  })

const complain = (line: string): void => write(STDERR, `error: ${line}\n`)

/** virsh knows no other status than 1; our own commands tell a mistake in the call from a "no". */
function usage({ message }: UsageError, spec?: CommandSpec): number {
  complain(message)
  return spec?.style === 'own' ? 2 : 1
}

main(process.argv.slice(2)).then(
  status => {
    process.exitCode = status
  },
  (error: unknown) => {
    if (error instanceof UsageError) process.exitCode = usage(error)
    else throw error
  },
)
