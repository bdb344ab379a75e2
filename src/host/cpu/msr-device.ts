import { readSync } from 'node:fs'
import type { U32 } from '../../core/bits.ts'
import type { MsrRow } from '../../core/cpuid-data.ts'
import { fromDevice } from '../files/device.ts'

/**
 * The MSRs of these that a CPU has, by Linux's msr driver, which only root may read.
 * @see msr(4)
 * @throws FileError where there is no such device, or it may not be read
 */
export const readMsrDevice = (path: string, indexes: readonly U32[]): MsrRow[] =>
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
