import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The middle value. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Microseconds a call takes: the first round, when nothing is compiled yet, and the median of later ones. */
export function timed(calls: number, call: () => void, rounds = 7): { cold: number; warm: number } {
  const round = () => {
    const start = performance.now()
    call()
    return ((performance.now() - start) * 1000) / calls
  }
  const cold = round()
  return { cold, warm: median(Array.from({ length: rounds }, round)) }
}

/** The environment without what makes Node itself start slower on some machines. */
export const ENV = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_')),
)

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly input?: string
  /** The status with which it may end, beside 0: that the answer is no. */
  readonly no?: number
}

/** What a whole process takes: milliseconds on the clock and of processors, and the most memory in MB. */
export interface Cost {
  readonly ms: number
  readonly cpu: number
  readonly mb?: number
}

const TIME = '/usr/bin/time'
const MEMORY = join(tmpdir(), `virt-cpu-bench-${process.pid}`)
/** bash alone tells a child's processor time in milliseconds. Output goes to a pipe: /dev/null would count as a terminal. */
const SCRIPT = 'TIMEFORMAT="%3R %3U %3S"; time "$@" 2>/dev/null > >(cat >/dev/null)'

/** @throws when it cannot be started or fails */
export function once({ command, args, input, no }: Command): Cost {
  const memory = existsSync(TIME) ? [TIME, '-q', '-o', MEMORY, '-f', '%M'] : []
  const all = ['-c', SCRIPT, 'bash', ...memory, command, ...args]
  const { status, error, stderr } = spawnSync('bash', all, { input: input ?? '', env: ENV, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0 && status !== no) throw new Error(`${command} ${args.join(' ')}: exit ${status}`)
  const [real = 0, user = 0, system = 0] = stderr.trim().split(' ').map(Number)
  const mb = memory.length > 0 ? Number(readFileSync(MEMORY, 'utf8')) / 1024 : undefined
  return { ms: real * 1000, cpu: (user + system) * 1000, ...(mb === undefined ? {} : { mb }) }
}

/** Medians of commands run in turn, A B A B …, so that a machine whose speed drifts does not favour one. */
export function inTurn(commands: readonly Command[], runs: number): Cost[] {
  if (runs > 3) for (const command of commands) once(command)
  const costs = commands.map((): Cost[] => [])
  for (let run = 0; run < runs; run++) {
    for (const [i, command] of commands.entries()) costs[i]?.push(once(command))
  }
  return costs.map(all => ({
    ms: median(all.map(({ ms }) => ms)),
    cpu: median(all.map(({ cpu }) => cpu)),
    ...(all[0]?.mb === undefined ? {} : { mb: Math.max(...all.map(({ mb = 0 }) => mb)) }),
  }))
}

export const isInstalled = (command: string): boolean => spawnSync(command, ['--version']).status === 0
