import { spawnSync } from 'node:child_process'
import type { Suspend } from '../../formats/host/host-facts.ts'
import type { HostTree } from './tree.ts'

interface SuspendState {
  readonly name: Suspend
  /** What systemd's logind calls it. */
  readonly method: string
  /** What pm-utils call it. */
  readonly option: string
}

const STATES: readonly SuspendState[] = [
  { name: 'suspend_mem', method: 'CanSuspend', option: '--suspend' },
  { name: 'suspend_disk', method: 'CanHibernate', option: '--hibernate' },
  { name: 'suspend_hybrid', method: 'CanHybridSleep', option: '--suspend-hybrid' },
]

/**
 * How the host can be put to sleep: as logind says, else as pm-utils say, else not at all. A recorded host cannot be
 * asked: there it is what its kernel could do.
 */
export function readPowerManagement(tree: HostTree): Suspend[] {
  if (!tree.isLive) return readKernelStates(tree)
  const ask = tree.has(BUS) ? isAllowedByLogind : isAllowedByPmUtils
  return STATES.filter(ask).map(({ name }) => name)
}

const BUS = 'run/dbus/system_bus_socket'

function isAllowedByLogind({ method }: SuspendState): boolean {
  const place = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager']
  const answer = runProgram('busctl', ['call', '--timeout=60', ...place, method])
  return /"(?:yes|challenge)"/.test(answer ?? '')
}

const isAllowedByPmUtils = ({ option }: SuspendState): boolean =>
  runProgram('pm-is-supported', [option]) !== undefined

/** How long a program may take, in milliseconds: a busy machine takes its time. */
const TIMEOUT = 60_000

/** What a program prints; undefined where it is not there, or fails. */
function runProgram(program: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: TIMEOUT })
  return status === 0 ? stdout : undefined
}

/** @see Linux, Documentation/admin-guide/pm/sleep-states.rst */
function readKernelStates(tree: HostTree): Suspend[] {
  const states = tree.text('sys/power/state')?.split(/\s+/) ?? []
  const disk = states.includes('disk') && !tree.text('sys/power/disk')?.includes('[disabled]')
  const memory = states.includes('mem')
  const can = { suspend_mem: memory, suspend_disk: disk, suspend_hybrid: memory && disk }
  return STATES.map(({ name }) => name).filter(name => can[name])
}
