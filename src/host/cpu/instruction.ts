import type { CpuidRow } from '../../core/cpuid-data.ts'
import { executeCpuid, moveToCpu, type Run } from './requests.ts'
import { type AskAll, walkInRounds } from './walk-in-rounds.ts'

/**
 * The rows of each CPU by the instruction itself, executed on that CPU. Left out are those where this process may
 * not run.
 * @throws RouteError
 */
export const readByInstruction = (cpus: readonly number[], run: Run): Map<number, CpuidRow[]> =>
  walkInRounds(cpus, askBy(run))

const askBy =
  (run: Run): AskAll =>
  wanted => {
    const requests = [...wanted].flatMap(([cpu, questions]) => [
      moveToCpu(cpu),
      ...questions.map(([leaf, subleaf]) => executeCpuid(leaf, subleaf)),
    ])
    const answers = run(requests)
    let at = 0
    const found = [...wanted].map(([cpu, questions]) => {
      const [move, ...own] = answers.slice(at, at + 1 + questions.length)
      at += 1 + questions.length
      return [cpu, move?.result === 0 ? own.map(answer => answer.registers) : undefined] as const
    })
    return new Map(found)
  }
