import { spawnSync } from 'node:child_process'

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
const ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_')))

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly input?: string
}

/** Milliseconds a whole process takes. @throws when it cannot be started or fails */
export function once({ command, args, input }: Command): number {
  const start = performance.now()
  const { status, error, stderr } = spawnSync(command, args, {
    input,
    env: ENV,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 30,
  })
  const took = performance.now() - start
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}: ${stderr}`)
  return took
}

/** Medians of commands run in turn, A B A B …, so that a machine whose speed drifts does not favour one. */
export function inTurn(commands: readonly Command[], runs: number): number[] {
  for (const command of commands) once(command)
  const times = commands.map((): number[] => [])
  for (let run = 0; run < runs; run++) {
    for (const [i, command] of commands.entries()) times[i]?.push(once(command))
  }
  return times.map(median)
}

export const isInstalled = (command: string): boolean => spawnSync(command, ['--version']).status === 0
