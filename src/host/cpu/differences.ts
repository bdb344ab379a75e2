import { type CpuInfo, microcodeOf } from '../../formats/dumps/proc-cpuinfo.ts'
import type { DistinctDump } from '../../formats/found.ts'
import { printCpuList } from '../../formats/host/cpu-list.ts'
import type { CpuGroup, ProbeWarning } from '../../formats/host/probed.ts'

/** In what the CPUs of one machine differ, beyond their words: kinds of cores, and microcode. */
export const findDifferences = (
  dumps: readonly DistinctDump[],
  infos: readonly CpuInfo[],
): ProbeWarning[] => [...findHybrid(dumps), ...findMixedMicrocode(infos)]

/** @see SDM 2A, CPUID leaf 1AH: the kind of core in the top byte of EAX */
const CORES: ReadonlyMap<number, string> = new Map([
  [0x20, 'Atom'],
  [0x40, 'Core'],
])

function findHybrid(dumps: readonly DistinctDump[]): ProbeWarning[] {
  const cores = groupCpus(
    dumps.flatMap(({ data, cpus }) => {
      const kind = data.field(0x1a, 0, 'eax', 24, 8)
      return cpus.map(cpu => [CORES.get(kind) ?? `kind ${kind}`, Number(cpu)] as const)
    }),
  )
  return cores.length > 1 ? [{ kind: 'hybrid', cores }] : []
}

function findMixedMicrocode(infos: readonly CpuInfo[]): ProbeWarning[] {
  const versions = groupCpus(
    infos.map((info, i) => {
      const version = microcodeOf(info)
      return [
        version === undefined ? 'unknown' : `0x${version.toString(16)}`,
        Number(info.get('processor') ?? i),
      ]
    }),
  )
  return versions.length > 1 ? [{ kind: 'microcode-differs', versions }] : []
}

function groupCpus(cpus: readonly (readonly [name: string, cpu: number])[]): CpuGroup[] {
  const groups = new Map<string, number[]>()
  for (const [name, cpu] of cpus) groups.set(name, [...(groups.get(name) ?? []), cpu])
  return [...groups].map(([name, numbers]) => ({ name, cpus: printCpuList(numbers.sort((a, b) => a - b)) }))
}
