import type { Cpuid, CpuidRegisters } from '../../core/cpuid.ts'
import type { CpuSizes } from '../driver.ts'

/**
 * The axes that CPUID tells: leaf 80000008H EAX[7:0], leaf 1 EBX[15:8] in 8 bytes, leaf 0DH.0 ECX, and of leaf
 * 15H ECX × EBX / EAX. A leaf that is missing or zero tells nothing.
 * Source: Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E.
 */
export function hardwareAxesOf(cpuid: Cpuid): CpuSizes {
  return {
    physBits: cpuid.field(0x8000_0008, 0, 'eax', 0, 8) || undefined,
    lineSize: cpuid.field(1, 0, 'ebx', 8, 8) * 8 || undefined,
    xsaveSize: cpuid.word(0xd, 0, 'ecx') || undefined,
    tscHz: rateOf(cpuid.registers(0x15, 0)),
  }
}

function rateOf({ eax: denominator, ebx: numerator, ecx: crystal }: CpuidRegisters): bigint | undefined {
  if (!denominator || !numerator || !crystal) return undefined
  return (BigInt(crystal) * BigInt(numerator)) / BigInt(denominator)
}
