import type { U32 } from '../../core/bits.ts'
import { Cpuid, type CpuidRegisters } from '../../core/cpuid.ts'
import { walkLeaves } from '../../core/cpuid-walk.ts'

/** One execution of CPUID. */
type CpuidLocation = readonly [leaf: U32, subleaf: U32]

/** Has each CPU asked, and answers in the order of its questions; undefined for a CPU that cannot be asked. */
export type AskAll = (
  wanted: ReadonlyMap<number, readonly CpuidLocation[]>,
) => ReadonlyMap<number, readonly CpuidRegisters[] | undefined>

/**
 * The rows of each CPU where asking is dear and many questions cost little more than one: the CPUs are walked over
 * what is known, what was missing is asked for in one go, and they are walked again until nothing is.
 * A CPU that cannot be asked is left out.
 */
export function walkInRounds(cpus: readonly number[], ask: AskAll): Map<number, Cpuid> {
  const known = new Map(cpus.map(cpu => [cpu, new KnownRows()]))
  let wanted: ReadonlyMap<number, readonly CpuidLocation[]> = new Map(cpus.map(cpu => [cpu, LIKELY]))
  while (wanted.size > 0) {
    for (const [cpu, answers] of ask(wanted)) {
      if (answers) known.get(cpu)?.learn(wanted.get(cpu) ?? [], answers)
      else known.delete(cpu)
    }
    const missing = [...known].map(([cpu, words]) => [cpu, words.walk()] as const)
    wanted = new Map(missing.filter(([, questions]) => questions.length > 0))
  }
  return new Map([...known].map(([cpu, { data }]) => [cpu, data]))
}

/** What one CPU has answered so far. */
class KnownRows {
  /** As far as they are known. */
  data = Cpuid.empty
  readonly #words = new Map<string, CpuidRegisters>()

  learn(questions: readonly CpuidLocation[], answers: readonly CpuidRegisters[]): void {
    for (const [i, question] of questions.entries()) this.#words.set(String(question), answers[i] ?? NOTHING)
  }

  /** Questions that are open. */
  walk(): CpuidLocation[] {
    const missing = new Map<string, CpuidLocation>()
    this.data = walkLeaves((...question) => {
      const registers = this.#words.get(String(question))
      if (!registers) missing.set(String(question), question)
      return registers ?? NOTHING
    })
    return [...missing.values()]
  }
}

const NOTHING: CpuidRegisters = { eax: 0, ebx: 0, ecx: 0, edx: 0 }

/** What most CPUs of the last ten years have: it saves rounds, and costs little where it is in vain. */
const LIKELY: readonly CpuidLocation[] = [
  ...range(0, 0x21).map(leaf => [leaf, 0] as const),
  ...[4, 0x8000_001d].flatMap(leaf => range(1, 4).map(subleaf => [leaf, subleaf] as const)),
  ...[7, 0xb, 0x1f].flatMap(leaf => range(1, 2).map(subleaf => [leaf, subleaf] as const)),
  ...[1, 2, 5, 6, 7, 9, 0xb, 0xc].map(subleaf => [0xd, subleaf] as const),
  ...range(0x4000_0000, 2).map(leaf => [leaf, 0] as const),
  ...range(0x8000_0000, 0x22).map(leaf => [leaf, 0] as const),
  [0xc000_0000, 0],
]

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}
