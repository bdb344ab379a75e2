import { bits, type U32 } from '../../core/bits.ts'
import type { CpuidData, CpuidRow } from '../../core/cpuid-data.ts'

/** What a CPU says of itself that is no feature: sizes, which guests come to rely on as on features. */
interface Axes {
  /** Width of physical addresses. */
  readonly physBits?: number | undefined
  /** Bytes that CLFLUSH works on. */
  readonly lineSize?: number | undefined
  /** Bytes that the XSAVE area takes with everything enabled that the CPU has. */
  readonly xsaveSize?: number | undefined
  /** The time stamp counter's rate in Hz, where the CPU tells its crystal's. */
  readonly tscHz?: bigint | undefined
}

/**
 * The axes that CPUID tells: leaf 80000008H EAX[7:0], leaf 1 EBX[15:8] in 8 bytes, leaf 0DH.0 ECX, and of leaf
 * 15H ECX × EBX / EAX. A leaf that is missing or zero tells nothing.
 * Source: Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E.
 */
export function hardwareAxesOf({ leaves }: CpuidData): Axes {
  const row = (leaf: U32): CpuidRow | undefined => leaves.find(r => r[0] === leaf && r[1] === 0)
  const known = (value: number | undefined) => value || undefined
  const [clock, sizes, xsave, first] = [row(0x15), row(0x8000_0008), row(0xd), row(1)]
  return {
    physBits: known(sizes && bits(sizes[2], 0, 8)),
    lineSize: known(first && bits(first[3], 8, 8) * 8),
    xsaveSize: known(xsave && xsave[4] >>> 0),
    tscHz: clock && rateOf(clock),
  }
}

function rateOf([, , denominator, numerator, crystal]: CpuidRow): bigint | undefined {
  if (!denominator || !numerator || !crystal) return undefined
  return (BigInt(crystal >>> 0) * BigInt(numerator >>> 0)) / BigInt(denominator >>> 0)
}
