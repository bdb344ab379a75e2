import { detectFormat } from '../detect.ts'
import { parseAida64 } from './aida64.ts'
import { parseCpuidR } from './cpuid-r.ts'
import type { Dump } from './dump.ts'
import { FEATURE_MSRS } from './feature-msrs.ts'
import { parseLibcpuid } from './libcpuid.ts'
import { parseLoaderDiagnostics } from './loader-diagnostics.ts'
import { parseLscpu } from './lscpu.ts'
import { parseProcCpuinfo } from './proc-cpuinfo.ts'
import { type DistinctDump, distinctDumps } from './volatile.ts'

/**
 * The distinct CPUs of a dump by any of the tools that print registers, or what stands for them, with the MSRs that
 * enumerate features.
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
  'ld.so': parseLoaderDiagnostics,
  'proc-cpuinfo': parseProcCpuinfo,
  lscpu: parseLscpu,
}

const withFeatureMsrs = ({ label, data, notes }: Dump): Dump => ({
  label,
  data: data.withMsrs(data.msrs().filter(([index]) => FEATURE_MSRS.has(index))),
  notes,
})
