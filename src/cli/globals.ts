import { fstatSync, writeSync } from 'node:fs'
import {
  type Behaviour,
  DEFAULT_LIBVIRT,
  hasBehaviour,
  LIBVIRT_VERSIONS_TEXT,
  type LibvirtVersion,
  parseLibvirtVersion,
} from '../core/libvirt-version.ts'
import type { CpuMap } from '../map/cpu-map.ts'
import type { Context } from '../questions/context.ts'
import { CommandError, UsageError } from './spec.ts'

/** What stands before the command, or among its arguments. */
export interface Globals {
  quiet: boolean
  /** Only what libvirt lets everyone do. */
  readOnly: boolean
  /** Whether to print how long each command took. */
  timing: boolean
  connect?: string
  cpuMap?: string
  libvirt?: string
  /** An option as it was written that only newer versions of libvirt have. */
  newer?: { readonly option: string; readonly since: Behaviour }
  /** Shown instead of any command. */
  show?: 'help' | 'version' | 'long-version'
  /** The command and what follows it. */
  rest: readonly string[]
  /** Printed on stderr before the command runs. */
  warnings: string[]
}

interface GlobalOption {
  readonly short?: string
  readonly long?: string
  readonly value?: 'needed' | 'optional'
  /** The behaviour of newer versions of libvirt that brought it; older ones refuse it. */
  readonly since?: Behaviour
  /** What it sets. */
  readonly set: (value: string, globals: Globals) => Partial<Globals>
}

/**
 * virsh's global options. Keepalive, debug level, log, the console's escape and the polkit agent have nothing to act on
 * here: they are checked and accepted.
 */
const OPTIONS: readonly GlobalOption[] = [
  { short: 'c', long: 'connect', value: 'needed', set: connect => ({ connect }) },
  { short: 'd', long: 'debug', value: 'needed', set: debugLevel },
  { short: 'e', long: 'escape', value: 'needed', set: escapeSequence },
  { short: 'h', long: 'help', set: () => ({ show: 'help' }) },
  { short: 'k', long: 'keepalive-interval', value: 'needed', set: value => keepalive('-k', value) },
  { short: 'K', long: 'keepalive-count', value: 'needed', set: value => keepalive('-K', value) },
  { short: 'l', long: 'log', value: 'needed', set: () => ({}) },
  { short: 'q', long: 'quiet', set: () => ({ quiet: true }) },
  { short: 'r', long: 'readonly', set: () => ({ readOnly: true }) },
  { short: 't', long: 'timing', set: () => ({ timing: true }) },
  { long: 'no-pkttyagent', since: 'no-pkttyagent', set: () => ({}) },
  { short: 'v', long: 'version', value: 'optional', set: showVersion },
  { short: 'V', set: () => ({ show: 'long-version' }) },
  { long: 'cpu-map', value: 'needed', set: cpuMap => ({ cpuMap }) },
  { long: 'libvirt', value: 'needed', set: libvirt => ({ libvirt }) },
]

/**
 * Reads the options before the command as getopt does: short ones in clusters, long ones by any unambiguous
 * beginning.
 * @throws UsageError in virsh's words
 */
export function readGlobals(argv: readonly string[]): Globals {
  const globals: Globals = { quiet: false, readOnly: false, timing: false, rest: [], warnings: [] }
  const rest = argv.slice()
  for (let arg = rest[0]; arg !== undefined && /^-./.test(arg); arg = rest[0]) {
    rest.shift()
    if (arg === '--') break
    if (arg.startsWith('--')) readLong(globals, arg, rest)
    else readCluster(globals, arg, rest)
  }
  globals.rest = rest
  return globals
}

/**
 * Takes a global option that stands after the command, with its value from `rest`; answers whether it is one. Long
 * ones are written out there. `--help` is the command's.
 * @throws UsageError in virsh's words
 */
export function takeGlobal(globals: Globals, arg: string, rest: string[]): boolean {
  const [, name = ''] = /^--([^=]+)/.exec(arg) ?? []
  const isIt = ({ short, long }: GlobalOption) => (name ? long === name : arg.charAt(1) === short)
  if (!/^-[^-]|^--[^=]/.test(arg) || name === 'help' || !OPTIONS.some(isIt)) return false
  if (name) readLong(globals, arg, rest)
  else readCluster(globals, arg, rest)
  return true
}

function readLong(globals: Globals, arg: string, rest: string[]): void {
  const [, name = '', given] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? []
  const exact = OPTIONS.find(option => option.long === name)
  const candidates = exact ? [exact] : OPTIONS.filter(option => option.long?.startsWith(name))
  const option = candidates.length === 1 ? candidates[0] : undefined
  if (!option || (given !== undefined && option.value === undefined)) throw unsupported(arg)
  if (option.since) globals.newer = { option: arg, since: option.since }
  Object.assign(globals, option.set(takeValue(option, given, rest), globals))
}

function readCluster(globals: Globals, arg: string, rest: string[]): void {
  for (let at = 1; at < arg.length; at++) {
    const letter = arg.charAt(at)
    const option = OPTIONS.find(o => o.short === letter)
    if (!option) throw unsupported(`-${letter}`)
    if (option.value === 'needed') {
      Object.assign(globals, option.set(takeValue(option, arg.slice(at + 1) || undefined, rest), globals))
      return
    }
    Object.assign(globals, option.set('', globals))
    if (option.value === 'optional') return
  }
}

function takeValue({ short, long, value }: GlobalOption, given: string | undefined, rest: string[]): string {
  if (value !== 'needed') return given ?? ''
  const taken = given ?? rest.shift()
  if (taken !== undefined) return taken
  const names = [short && `'-${short}'`, long && `'--${long}'`].filter(Boolean).join('/')
  throw new UsageError(`option ${names} requires an argument`)
}

const unsupported = (option: string): UsageError =>
  new UsageError(`unsupported option '${option}'. See --help.`)

function debugLevel(value: string, { warnings }: Globals): Partial<Globals> {
  if (!/^\d+$/.test(value)) throw new UsageError('option -d takes a numeric argument')
  if (Number(value) <= 4) return {}
  return { warnings: [...warnings, `ignoring debug level ${value} out of range [0-4]`] }
}

/** One character, or `^` and one that a control key makes. */
function escapeSequence(value: string): Partial<Globals> {
  if (/^(?:[\0-\]_-\x7f]|\^[@A-Z[\\\]^_a-z])$/.test(value)) return {}
  throw new UsageError(`Invalid string '${value}' for escape sequence`)
}

function keepalive(option: string, value: string): Partial<Globals> {
  if (!/^-?\d+$/.test(value)) throw new UsageError(`Invalid value for option ${option}`)
  if (value.startsWith('-')) throw new UsageError(`option ${option} requires a positive integer argument`)
  return {}
}

function showVersion(type: string): Partial<Globals> {
  if (type !== '' && type !== 'short' && type !== 'long') throw unsupported('--version')
  return { show: type === 'long' ? 'long-version' : 'version' }
}

/** Whose behaviour is asked for. @throws UsageError for a version that is unknown, or does not have an option given */
export function libvirtVersion({ libvirt = DEFAULT_LIBVIRT, newer }: Globals): LibvirtVersion {
  const version = parseLibvirtVersion(libvirt)
  if (!version) throw new UsageError(`--libvirt takes ${LIBVIRT_VERSIONS_TEXT}, not '${libvirt}'`)
  if (newer && !hasBehaviour(version, newer.since)) throw unsupported(newer.option)
  return version
}

/**
 * Where a connection URI leads. Any local one is this host.
 * @throws UsageError for a remote one
 */
export function connectionDriver(uri: string | undefined): ConnectionDriver {
  if (uri === undefined || uri === '') return 'host'
  if (/^test:\/\/\/./.test(uri)) return 'test'
  if (/^[a-z0-9.-]+:\/\/\//i.test(uri)) return 'host'
  const hint = `no remote hosts: give a recorded host with --host FILE, or run virt-cpu there ('${uri}')`
  throw new UsageError(`failed to connect to the hypervisor\nerror: ${hint}`)
}

export const STDOUT = 1
export const STDERR = 2

/**
 * Writes all of the text before it returns, so that nothing is lost when the process ends and order is
 * kept between streams. A reader that has gone away ends the process quietly.
 */
export function write(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EPIPE' || code === 'ECONNRESET') process.exit(0) // a pipe, or a socket in its place
      if (code !== 'EAGAIN') throw writeError(fd, error)
      pause(5)
    }
  }
}

/** A full disk, or what else keeps text from where it goes. Where that is stderr, nothing can be said. */
function writeError(fd: number, error: unknown): CommandError {
  if (fd === STDERR) process.exit(2)
  const [, why] = /^\w+: (.*), \w+$/.exec(error instanceof Error ? error.message : '') ?? []
  return new CommandError([`Failed to write to standard output: ${why ?? error}`], { cause: error })
}

/** Blocks: a pipe that another process made non-blocking is full, or empty. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** Asks the file, not the stream: Node's streams take 2 ms to load. */
export const isTerminal = (fd: number): boolean => fstatSync(fd).isCharacterDevice()

/** How wide text may be: as `COLUMNS` says, or the terminal; 80 columns where stdout is none. */
export const terminalWidth = (): number =>
  Number(process.env.COLUMNS) || (isTerminal(STDOUT) && process.stdout.columns) || 80

/** Where the command is told to be: on this host, or with libvirt's built-in test driver. */
export type ConnectionDriver = 'host' | 'test'

/** What was said before the command, and how it answers. */
export class Session {
  readonly quiet: boolean
  /** Only what libvirt lets everyone do. */
  readonly readOnly: boolean
  /** Whether to print how long each command took. */
  readonly timing: boolean
  readonly driver: ConnectionDriver
  readonly libvirt: LibvirtVersion
  /** An installed libvirt's map; absent: the built-in data. */
  readonly cpuMap: string | undefined

  constructor(given: Pick<Session, 'quiet' | 'readOnly' | 'timing' | 'driver' | 'libvirt' | 'cpuMap'>) {
    this.quiet = given.quiet
    this.readOnly = given.readOnly
    this.timing = given.timing
    this.driver = given.driver
    this.libvirt = given.libvirt
    this.cpuMap = given.cpuMap
  }

  out(text: string): void {
    write(STDOUT, text)
  }

  err(text: string): void {
    write(STDERR, text)
  }
}

/** The database of a session: the built-in data, or the installed map that it names. @throws FileError, ParseError, LibvirtError */
export async function openContext({ cpuMap, libvirt }: Session): Promise<Context> {
  // Not before a command runs: `--version` needs no map.
  const { contextOf } = await import('../questions/context.ts')
  return contextOf(cpuMap === undefined ? undefined : await openMap(cpuMap), libvirt)
}

async function openMap(path: string): Promise<CpuMap> {
  const { openCpuMap } = await import('../host/files/cpu-map.ts')
  return openCpuMap(path)
}

/** Sets an option of V8, after the program was told: what it keeps of compiled code belongs to the options (main.ts). */
export function setV8Option(option: string): void {
  process.emit('v8-option' as 'message', option, undefined)
  process.getBuiltinModule('node:v8').setFlagsFromString(option)
}
