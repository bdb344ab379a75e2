import type { Dump } from '../../formats/dumps/dump.ts'
import { distinctDumps, FEATURE_MSRS } from '../../formats/dumps/dump.ts'
import { type CpuInfo, microcodeOf, parseCpuInfo, physicalBitsOf } from '../../formats/dumps/proc-cpuinfo.ts'
import type { DistinctDump } from '../../formats/found.ts'
import { printCpuList } from '../../formats/host/cpu-list.ts'
import type { CpuGroup, ProbedCpu, ProbeWarning, Route, RouteFailure } from '../../formats/host/probed.ts'
import { ProbeError } from '../files/file-error.ts'
import { Kvm, readFeatureMsrs } from './kvm.ts'
import type { RunRequests } from './requests.ts'
import { ProgramRunner } from './requests.ts'
import { ROUTES } from './routes.ts'
import { LinuxSystem, tryRoute } from './system.ts'

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

/** Where to look. */
export interface ProbeCpuOptions {
  /** The root of a recorded machine's files; absent: this machine. */
  readonly root?: string
}

/**
 * What CPUs a machine has, by the best of the ways that are there. Needs no privileges; without them it sees less, and
 * says what.
 * @throws ProbeError where no way is there
 */
export async function probeCpu({ root = '/' }: ProbeCpuOptions = {}): Promise<ProbedCpu> {
  const system = new LinuxSystem(root)
  system.requireLinuxOnX86()
  const runner = new ProgramRunner()
  const run: RunRequests = requests => {
    system.requireHere()
    return runner.run(requests)
  }
  try {
    return probeSystem(system, run)
  } finally {
    runner.remove()
  }
}

function probeSystem(system: LinuxSystem, run: RunRequests): ProbedCpu {
  const { route, dumps, failed } = readCpus(system, run)
  const infos = parseCpuInfo(system.text('proc/cpuinfo') ?? '')
  const kinds = distinctDumps(dumps)
  const kvm = new Kvm(run, [...FEATURE_MSRS])
  const msrs = readFeatureMsrs(system, kinds, kvm)
  const tsc = hasInvariantTsc(dumps) ? tryRoute('/dev/kvm', () => kvm.tsc()) : undefined
  return {
    arch: system.arch,
    route,
    dumps: msrs.dumps,
    microcode: microcodeOf(infos[0]),
    tsc: tsc?.value,
    physicalBits: physicalBitsOf(infos[0]),
    warnings: [
      { kind: 'probed', route, cpus: printCpuList(listNumbers(dumps)), failed },
      ...findUnseen(system, route, dumps),
      ...(system.smt === undefined ? [] : [{ kind: 'smt', state: system.smt } as const]),
      ...findDifferences(kinds, infos),
      ...msrs.warnings,
      ...(tsc?.failure ? [{ kind: 'tsc-unseen', failed: [tsc.failure] } as const] : []),
    ],
  }
}

interface CpuReading {
  readonly route: Route
  readonly dumps: readonly Dump[]
  /** The better ways that are not there. */
  readonly failed: readonly RouteFailure[]
}

function readCpus(system: LinuxSystem, run: RunRequests): CpuReading {
  const failed: RouteFailure[] = []
  for (const { route, tries, read } of ROUTES) {
    const { value: dumps, failure } = tryRoute(tries, () => read(system, run))
    if (dumps && dumps.length > 0) return { route, dumps, failed }
    failed.push(failure ?? { tried: tries, why: 'no CPU may be looked at' })
  }
  throw new ProbeError(
    `this machine's CPU cannot be read: ${failed.map(f => `${f.tried}: ${f.why}`).join('; ')}`,
  )
}

const listNumbers = (dumps: readonly Dump[]): number[] => dumps.map(({ label }) => Number(label))

function findUnseen({ online, offline }: LinuxSystem, route: Route, dumps: readonly Dump[]): ProbeWarning[] {
  const seen = new Set(listNumbers(dumps))
  const because = route === 'instruction' ? 'not-allowed' : 'not-reported'
  const missed = online.filter(cpu => !seen.has(cpu))
  return [
    { kind: 'cpus-unseen', cpus: printCpuList(offline), because: 'offline' } as const,
    { kind: 'cpus-unseen', cpus: printCpuList(missed), because } as const,
  ].filter(({ cpus }) => cpus !== '')
}

/** Whether the counter runs at one rate whatever the CPU does: only then libvirt tells its rate. */
const hasInvariantTsc = ([first]: readonly Dump[]): boolean =>
  first?.data.bit(0x8000_0007, 0, 'edx', 8) ?? false
