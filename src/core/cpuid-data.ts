import type { U32 } from './bits.ts'

/** One executed CPUID: `[leaf, subleaf, eax, ebx, ecx, edx]`. */
export type CpuidRow = readonly [leaf: U32, subleaf: U32, eax: U32, ebx: U32, ecx: U32, edx: U32]

/** One MSR: `[index, low 32 bits, high 32 bits]`. */
export type MsrRow = readonly [index: U32, low: U32, high: U32]

/** What a CPU said of itself, in the order of reading. Rows with the same key are ORed when read. */
export interface CpuidData {
  readonly leaves: readonly CpuidRow[]
  readonly msrs: readonly MsrRow[]
}
