import { getSystemErrorName } from 'node:util'
import type { U32 } from '../../core/bits.ts'
import type { Tsc } from '../../core/cpu.ts'
import type { MsrRow } from '../../core/cpuid-data.ts'
import { wordOf } from '../../node/file-error.ts'
import { type Answer, close, ioctl, open, type Request } from './requests.ts'
import { RouteError } from './route-error.ts'
import type { Runner } from './runner.ts'

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
const OPEN = [close(KVM), close(VM), close(VCPU), open(DEVICE, READ_WRITE)]

/**
 * The MSRs of these that KVM tells the value of, as guests may be given them: where the CPU's own cannot be read, the
 * nearest to them, and what libvirt takes too.
 * @throws RouteError where KVM cannot be asked
 */
export function readMsrsOfKvm(indexes: readonly U32[], program: Runner): MsrRow[] {
  const answers = askKvm(program, indexes.map(readMsr))
  return indexes.flatMap((index, i) => {
    const answer = answers[i]
    return answer?.result === 1 ? [[index, answer.word(4), answer.word(5)] as const] : []
  })
}

/** A list of one: `u32 count, u32, {u32 index, u32, u64 value}`. */
function readMsr(index: U32): Request {
  const list = Buffer.alloc(24)
  list.writeUInt32LE(1, 0)
  list.writeUInt32LE(index, 8)
  return ioctl(KVM, GET_MSRS, list)
}

/**
 * The rate of the time stamp counter, which KVM tells of a virtual CPU, made for that and gone again.
 * @throws RouteError where KVM cannot be asked
 */
export function readTscOfKvm(program: Runner): Tsc {
  const [scaling, , vcpu, rate] = askKvm(program, [
    ioctl(KVM, CHECK_EXTENSION, TSC_CONTROL),
    ioctl(KVM, CREATE_VM, 0),
    ioctl(VM, CREATE_VCPU, 0),
    ioctl(VCPU, GET_TSC_KHZ, 0),
  ])
  if (!rate || rate.result <= 0) throw new RouteError(`KVM tells no TSC frequency (${errorOf(vcpu)})`)
  return { frequency: BigInt(rate.result) * 1000n, scaling: (scaling?.result ?? 0) > 0 }
}

function askKvm(program: Runner, requests: readonly Request[]): Answer[] {
  const answers = program.run([...OPEN, ...requests])
  const opened = answers[OPEN.length - 1]
  if (opened?.result !== KVM) throw new RouteError(`${DEVICE}: ${errorOf(opened)}`)
  return answers.slice(OPEN.length)
}

function errorOf(answer: Answer | undefined): string {
  const result = answer?.result ?? 0
  return result < 0 ? wordOf(getSystemErrorName(result)) : `answered ${result}`
}
