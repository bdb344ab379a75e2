import {
  DEFAULT_LIBVIRT,
  LIBVIRT_VERSIONS_TEXT,
  type LibvirtVersion,
  parseLibvirtVersion,
} from '../core/libvirt-version.ts'
import type { ConnectionDriver } from './session.ts'
import { UsageError } from './spec.ts'

/** What stands before the command, or among its arguments. */
export interface Globals {
  quiet: boolean
  /** Only what libvirt lets everyone do. */
  readOnly: boolean
  connect?: string
  cpuMap?: string
  libvirt?: string
  /** Answered instead of any command. */
  show?: 'help' | 'version' | 'long-version'
  /** The command and what follows it. */
  rest: readonly string[]
  /** Said on stderr before the command runs. */
  warnings: string[]
}

interface GlobalOption {
  readonly short?: string
  readonly long?: string
  readonly value?: 'needed' | 'optional'
  /** What it sets. */
  readonly set: (value: string, globals: Globals) => Partial<Globals>
}

/** virsh's global options. Keepalive, debug level and log have nothing to act on here: they are checked and accepted. */
const OPTIONS: readonly GlobalOption[] = [
  { short: 'c', long: 'connect', value: 'needed', set: connect => ({ connect }) },
  { short: 'd', long: 'debug', value: 'needed', set: debugLevel },
  { short: 'h', long: 'help', set: () => ({ show: 'help' }) },
  { short: 'k', long: 'keepalive-interval', value: 'needed', set: value => keepalive('-k', value) },
  { short: 'K', long: 'keepalive-count', value: 'needed', set: value => keepalive('-K', value) },
  { short: 'l', long: 'log', value: 'needed', set: () => ({}) },
  { short: 'q', long: 'quiet', set: () => ({ quiet: true }) },
  { short: 'r', long: 'readonly', set: () => ({ readOnly: true }) },
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
  const globals: Globals = { quiet: false, readOnly: false, rest: [], warnings: [] }
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

function keepalive(option: string, value: string): Partial<Globals> {
  if (!/^-?\d+$/.test(value)) throw new UsageError(`Invalid value for option ${option}`)
  if (value.startsWith('-')) throw new UsageError(`option ${option} requires a positive integer argument`)
  return {}
}

function showVersion(type: string): Partial<Globals> {
  if (type !== '' && type !== 'short' && type !== 'long') throw unsupported('--version')
  return { show: type === 'long' ? 'long-version' : 'version' }
}

/** @throws UsageError for a version whose behaviour we do not know */
export function libvirtVersion(given: string = DEFAULT_LIBVIRT): LibvirtVersion {
  const version = parseLibvirtVersion(given)
  if (!version) throw new UsageError(`--libvirt takes ${LIBVIRT_VERSIONS_TEXT}, not '${given}'`)
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
