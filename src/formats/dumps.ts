import { parseAida64 } from './aida64.ts'
import { parseCpuidR } from './cpuid-r.ts'
import { detectFormat } from './detect.ts'
import type { Dump } from './dump.ts'
import { parseLibcpuid } from './libcpuid.ts'
import { type DistinctDump, distinctDumps } from './volatile.ts'

/** MSRs in which CPUs enumerate features; of all others in a dump the values are of the moment, or secret. */
const FEATURE_MSRS: ReadonlySet<number> = new Set([
  0xcf, // IA32_CORE_CAPABILITIES
  0x10a, // IA32_ARCH_CAPABILITIES
  0x480, // IA32_VMX_BASIC
  0x485, // IA32_VMX_MISC
  0x48b, // IA32_VMX_PROCBASED_CTLS2
  0x48c, // IA32_VMX_EPT_VPID_CAP
  0x48d, // IA32_VMX_TRUE_PINBASED_CTLS
  0x48e, // IA32_VMX_TRUE_PROCBASED_CTLS
  0x48f, // IA32_VMX_TRUE_EXIT_CTLS
  0x490, // IA32_VMX_TRUE_ENTRY_CTLS
  0x491, // IA32_VMX_VMFUNC
])

/**
 * The distinct CPUs of a dump by any of the tools that print registers, with the MSRs that enumerate features.
 * None where the text is no such dump.
 * @throws ParseError at a line of a dump that is not complete
 */
export function readDumps(text: string, source = ''): DistinctDump[] {
  const format = detectFormat(text)
  const parse = format && READERS[format]
  return parse ? distinctDumps(parse(text, source).map(withFeatureMsrs)) : []
}

const READERS: { readonly [format: string]: ((text: string, source: string) => Dump[]) | undefined } = {
  aida64: parseAida64,
  libcpuid: parseLibcpuid,
  'cpuid-r': parseCpuidR,
}

const withFeatureMsrs = ({ label, data: { leaves, msrs }, notes }: Dump): Dump => ({
  label,
  data: { leaves, msrs: msrs.filter(([index]) => FEATURE_MSRS.has(index)) },
  notes,
})
