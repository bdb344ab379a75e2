import { readSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import type { U32 } from '../../core/bits.ts'
import type { Tsc } from '../../core/cpu.ts'
import type { MsrRow } from '../../core/cpuid.ts'
import { printCpuList } from '../../core/text.ts'
import { type Dump, distinctDumps, FEATURE_MSRS } from '../../formats/dumps/dump.ts'
import { type CpuInfo, microcodeOf, parseCpuInfo, physicalBitsOf } from '../../formats/dumps/proc-cpuinfo.ts'
import type { DistinctDump } from '../../formats/found.ts'
import type { CpuGroup, ProbedCpu, ProbeWarning, Route, RouteFailure } from '../../formats/host/host-facts.ts'
import { fromDevice } from '../files/cpuid-device.ts'
import { ProbeError, wordOf } from '../files/file-error.ts'
import {
  type ProgramReply,
  type ProgramRequest,
  ProgramRunner,
  type RunRequests,
  requestClose,
  requestIoctl,
  requestOpen,
} from './requests.ts'
import { ROUTES } from './routes.ts'
import { LinuxSystem, RouteError, tryRoute } from './system.ts'

const DEVICE = '/dev/kvm'
const READ_WRITE = 2

/** Commands of KVM and a capability, as on x86. @see Linux, Documentation/virt/kvm/api.rst */
const CREATE_VM = 0xae01
const CHECK_EXTENSION = 0xae03
const CREATE_VCPU = 0xae41
const GET_TSC_KHZ = 0xaea3
const GET_MSRS = 0xc008_ae88
const TSC_CONTROL = 60

/** The descriptors that the program will be given, being the lowest that are free; whatever it inherits is closed first. */
const [KVM, VM, VCPU] = [3, 4, 5]
const OPEN = [requestClose(KVM), requestClose(VM), requestClose(VCPU), requestOpen(DEVICE, READ_WRITE)]

/** The rate of a virtual CPU's time stamp counter, after whether that can be set; it is made for that and goes with the program. */
const TSC = [
  requestIoctl(KVM, CHECK_EXTENSION, TSC_CONTROL),
  requestIoctl(KVM, CREATE_VM, 0),
  requestIoctl(VM, CREATE_VCPU, 0),
  requestIoctl(VCPU, GET_TSC_KHZ, 0),
]

/** What this machine's KVM tells; asked once, when something is first wanted. */
export class Kvm {
  readonly #run: RunRequests
  readonly #indexes: readonly U32[]
  #told: { readonly tsc: readonly ProgramReply[]; readonly msrs: readonly ProgramReply[] } | undefined

  /** @param indexes of MSRs */
  constructor(run: RunRequests, indexes: readonly U32[]) {
    this.#run = run
    this.#indexes = indexes
  }

  /**
   * The MSRs that KVM tells the value of, as guests may be given them: where the CPU's own cannot be read, the nearest
   * to them, and what libvirt takes too.
   * @throws RouteError where KVM cannot be asked
   */
  msrs(): MsrRow[] {
    const { msrs } = this.#ask()
    return this.#indexes.flatMap((index, i) => {
      const answer = msrs[i]
      return answer?.result === 1 ? [[index, answer.word(4), answer.word(5)] as const] : []
    })
  }

  /** The rate of the time stamp counter. @throws RouteError where KVM cannot be asked */
  tsc(): Tsc {
    const [scaling, , vcpu, rate] = this.#ask().tsc
    if (!rate || rate.result <= 0) throw new RouteError(`no frequency is told (${describeError(vcpu)})`)
    return { frequency: BigInt(rate.result) * 1000n, scaling: (scaling?.result ?? 0) > 0 }
  }

  #ask() {
    if (this.#told) return this.#told
    const answers = this.#run([...OPEN, ...TSC, ...this.#indexes.map(requestMsr)])
    const opened = answers[OPEN.length - 1]
    if (opened?.result !== KVM) throw new RouteError(describeError(opened))
    const told = answers.slice(OPEN.length)
    this.#told = { tsc: told.slice(0, TSC.length), msrs: told.slice(TSC.length) }
    return this.#told
  }
}

/** A list of one: `u32 count, u32, {u32 index, u32, u64 value}`. */
function requestMsr(index: U32): ProgramRequest {
  const list = Buffer.alloc(24)
  list.writeUInt32LE(1, 0)
  list.writeUInt32LE(index, 8)
  return requestIoctl(KVM, GET_MSRS, list)
}

function describeError(answer: ProgramReply | undefined): string {
  const result = answer?.result ?? 0
  return result < 0 ? wordOf(getSystemErrorName(result)) : `answered ${result}`
}

/**
 * The MSRs that carry features, of each kind of CPU: the CPU's own, which root may read, else what KVM offers guests
 * of them, which libvirt falls back to as well.
 */
function readFeatureMsrs(
  system: LinuxSystem,
  dumps: readonly DistinctDump[],
  kvm: Kvm,
): { readonly dumps: DistinctDump[]; readonly warnings: ProbeWarning[] } {
  const indexes = [...FEATURE_MSRS]
  const own = tryRoute('/dev/cpu/0/msr', () =>
    dumps.map(dump => readMsrDevice(system.path('dev/cpu', dump.cpus[0] ?? '0', 'msr'), indexes)),
  )
  if (own.value) return { dumps: addMsrs(dumps, own.value), warnings: [] }
  const offered = tryRoute('/dev/kvm', () => kvm.msrs())
  if (offered.failure) {
    return { dumps: [...dumps], warnings: [{ kind: 'msrs-unseen', failed: [own.failure, offered.failure] }] }
  }
  const msrs = offered.value.map(([index]) => index)
  return {
    dumps: addMsrs(
      dumps,
      dumps.map(() => offered.value),
    ),
    warnings: [{ kind: 'msrs-of-kvm', failed: [own.failure], msrs }],
  }
}

const addMsrs = (dumps: readonly DistinctDump[], msrs: readonly (readonly MsrRow[])[]): DistinctDump[] =>
  dumps.map((dump, i) => ({ ...dump, data: dump.data.withMsrs(msrs[i] ?? []) }))

/**
 * The MSRs of these that a CPU has, by Linux's msr driver, which only root may read.
 * @see msr(4)
 * @throws FileError where there is no such device, or it may not be read
 */
const readMsrDevice = (path: string, indexes: readonly U32[]): MsrRow[] =>
  fromDevice(path, device => indexes.flatMap(index => readMsr(device, index) ?? []))

/** Undefined where the CPU has none of that number, which reads as an error. */
function readMsr(device: number, index: U32): [MsrRow] | undefined {
  const value = Buffer.alloc(8)
  try {
    readSync(device, value, 0, 8, index)
  } catch {
    return undefined
  }
  return [[index, value.readUInt32LE(0), value.readUInt32LE(4)]]
}

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
