import { readSync } from 'node:fs'
import type { U32 } from '../../core/bits.ts'
import type { MsrRow } from '../../core/cpuid.ts'
import { FEATURE_MSRS } from '../../formats/dumps/feature-msrs.ts'
import type { DistinctDump } from '../../formats/found.ts'
import type { ProbeWarning } from '../../formats/host/probed.ts'
import { fromDevice } from '../files/device.ts'
import { tryRoute } from './attempt.ts'
import type { Kvm } from './kvm.ts'
import type { LinuxSystem } from './system.ts'

/**
 * The MSRs that carry features, of each kind of CPU: the CPU's own, which root may read, else what KVM offers guests
 * of them, which libvirt falls back to as well.
 */
export function readFeatureMsrs(
  system: LinuxSystem,
  dumps: readonly DistinctDump[],
  kvm: Kvm,
): { readonly dumps: DistinctDump[]; readonly doubts: ProbeWarning[] } {
  const indexes = [...FEATURE_MSRS]
  const own = tryRoute('/dev/cpu/0/msr', () =>
    dumps.map(dump => readMsrDevice(system.path('dev/cpu', dump.cpus[0] ?? '0', 'msr'), indexes)),
  )
  if (own.value) return { dumps: addMsrs(dumps, own.value), doubts: [] }
  const offered = tryRoute('/dev/kvm', () => kvm.msrs())
  if (offered.failure) {
    return { dumps: [...dumps], doubts: [{ kind: 'msrs-unseen', failed: [own.failure, offered.failure] }] }
  }
  const msrs = offered.value.map(([index]) => index)
  return {
    dumps: addMsrs(
      dumps,
      dumps.map(() => offered.value),
    ),
    doubts: [{ kind: 'msrs-of-kvm', failed: [own.failure], msrs }],
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
