import { distinctDumps } from '../../formats/dumps/distinct.ts'
import type { Dump } from '../../formats/dumps/dump.ts'
import { FEATURE_MSRS } from '../../formats/dumps/feature-msrs.ts'
import { microcodeOf, parseCpuInfo, physicalBitsOf } from '../../formats/dumps/proc-cpuinfo.ts'
import { printCpuList } from '../../formats/host/cpu-list.ts'
import type { ProbedCpu, ProbeWarning, Route, RouteFailure } from '../../formats/host/probed.ts'
import { ProbeError } from '../probe-error.ts'
import { tryRoute } from './attempt.ts'
import { findDifferences } from './differences.ts'
import { readFeatureMsrs } from './feature-msrs.ts'
import { Kvm } from './kvm.ts'
import type { RunRequests } from './requests.ts'
import { ROUTES } from './routes.ts'
import { ProgramRunner } from './runner.ts'
import { LinuxSystem } from './system.ts'

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
    doubts: [
      { kind: 'probed', route, cpus: printCpuList(listNumbers(dumps)), failed },
      ...findUnseen(system, route, dumps),
      ...(system.smt === undefined ? [] : [{ kind: 'smt', state: system.smt } as const]),
      ...findDifferences(kinds, infos),
      ...msrs.doubts,
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
  const because = route === 'instruction' ? 'not-allowed' : 'not-told'
  const missed = online.filter(cpu => !seen.has(cpu))
  return [
    { kind: 'cpus-unseen', cpus: printCpuList(offline), because: 'offline' } as const,
    { kind: 'cpus-unseen', cpus: printCpuList(missed), because } as const,
  ].filter(({ cpus }) => cpus !== '')
}

/** Whether the counter runs at one rate whatever the CPU does: only then libvirt tells its rate. */
const hasInvariantTsc = ([first]: readonly Dump[]): boolean =>
  first?.data.bit(0x8000_0007, 0, 'edx', 8) ?? false
