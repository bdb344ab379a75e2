import { readSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import type { U32 } from '../../core/bits.ts'
import type { Tsc } from '../../core/cpu.ts'
import type { MsrRow } from '../../core/cpuid.ts'
import { FEATURE_MSRS } from '../../formats/dumps/dump.ts'
import type { DistinctDump } from '../../formats/found.ts'
import type { ProbeWarning } from '../../formats/host/probed.ts'
import { fromDevice } from '../files/cpuid-device.ts'
import { wordOf } from '../files/file-error.ts'
import {
  type ProgramReply,
  type ProgramRequest,
  type RunRequests,
  requestClose,
  requestIoctl,
  requestOpen,
} from './requests.ts'
import { type LinuxSystem, RouteError, tryRoute } from './system.ts'

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
export function readFeatureMsrs(
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
