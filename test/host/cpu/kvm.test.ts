import { expect, test } from 'vitest'
import { Kvm } from '../../../src/host/cpu/probe-cpu.ts'
import { ProgramReply, type ProgramRequest, type RunRequests } from '../../../src/host/cpu/requests.ts'

const [OPEN, IOCTL, CLOSE] = [2, 16, 3]

interface Fake {
  readonly open?: number
  readonly vcpu?: number
  readonly kilohertz?: number
  readonly scaling?: number
  /** By index. */
  readonly msrs?: Readonly<Record<number, bigint>>
}

/** A machine whose KVM is as told. Counts how often it was asked. */
function machine({ open = 3, vcpu = 5, kilohertz = 2_600_000, scaling = 1, msrs = {} }: Fake) {
  const asked: number[] = []
  const results = new Map([
    [0xae01, 4],
    [0xae03, scaling],
    [0xae41, vcpu],
    [0xaea3, kilohertz],
  ])
  const answer = (request: ProgramRequest): ProgramReply => {
    const bytes = Buffer.from(request)
    const [call, , command] = [0, 8, 16].map(at => Number(bytes.readBigInt64LE(at)))
    const value = msrs[bytes.readUInt32LE(40)]
    if (call === CLOSE) bytes.writeBigInt64LE(-9n, 0)
    else if (call === OPEN) bytes.writeBigInt64LE(BigInt(open), 0)
    else if (call === IOCTL && command === 0xc008_ae88) {
      bytes.writeBigInt64LE(value === undefined ? 0n : 1n, 0)
      bytes.writeBigUInt64LE(value ?? 0n, 48)
    } else bytes.writeBigInt64LE(BigInt(results.get(command ?? 0) ?? -22), 0)
    return new ProgramReply(bytes)
  }
  const run: RunRequests = requests => {
    asked.push(requests.length)
    return requests.map(answer)
  }
  return { run, asked }
}

test('MSRs that KVM knows, and the counter, in one go', () => {
  const { run, asked } = machine({ msrs: { 266: 0x4000_000c_0000_0069n, 1157: 1n } })
  const kvm = new Kvm(run, [0xcf, 0x10a, 0x485])
  expect(kvm.msrs()).toEqual([
    [0x10a, 0x69, 0x4000_000c],
    [0x485, 1, 0],
  ])
  expect(kvm.tsc()).toEqual({ frequency: 2_600_000_000n, scaling: true })
  expect(asked).toHaveLength(1)
})

test('a counter that cannot be set to another rate', () => {
  expect(new Kvm(machine({ scaling: 0 }).run, []).tsc()).toMatchObject({ scaling: false })
})

test.each([
  [{ open: -13 }, 'Permission denied'],
  [{ open: -2 }, 'No such file or directory'],
  [{ open: 7 }, 'answered 7'],
])('without KVM: why (%o)', (fake, why) => {
  const kvm = new Kvm(machine(fake).run, [0x10a])
  expect(() => kvm.msrs()).toThrow(why)
  expect(() => kvm.tsc()).toThrow(why)
})

test('a virtual CPU that cannot be made tells no frequency, but MSRs are told all the same', () => {
  const kvm = new Kvm(machine({ vcpu: -12, kilohertz: -9, msrs: { 266: 1n } }).run, [0x10a])
  expect(() => kvm.tsc()).toThrow(/no frequency is told/)
  expect(kvm.msrs()).toEqual([[0x10a, 1, 0]])
})
