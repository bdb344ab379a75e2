import { closeSync, openSync, readSync } from 'node:fs'
import type { Cpuid } from '../../core/cpuid.ts'
import { type Query, walkLeaves } from '../../core/cpuid-walk.ts'
import { printCpuidR } from '../../formats/dumps/cpuid-r.ts'
import { fileError } from './file-error.ts'

/** What a device of Linux's cpuid driver answers, as `cpuid -r` prints it. @throws FileError */
export const readCpuidText = (path: string): Buffer => Buffer.from(printCpuidR(readCpuidDevice(path)))

/**
 * The rows of the CPU that a device of Linux's cpuid driver executes the instruction on.
 * @see cpuid(4): the leaf is the low half of the position, the subleaf the high one
 * @throws FileError
 */
export const readCpuidDevice = (path: string): Cpuid =>
  fromDevice(path, device => walkLeaves(queryOf(device, path)))

function queryOf(device: number, path: string): Query {
  const answer = Buffer.alloc(16)
  return (leaf, subleaf) => {
    try {
      readSync(device, answer, 0, 16, (BigInt(subleaf) << 32n) | BigInt(leaf))
    } catch (error) {
      throw fileError('read', path, error)
    }
    return {
      eax: answer.readUInt32LE(0),
      ebx: answer.readUInt32LE(4),
      ecx: answer.readUInt32LE(8),
      edx: answer.readUInt32LE(12),
    }
  }
}

/** What is read from a device, which is closed whatever comes of it. @throws FileError where it cannot be opened */
export function fromDevice<T>(path: string, read: (device: number) => T): T {
  const device = opened(path)
  try {
    return read(device)
  } finally {
    closeSync(device)
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw fileError('open', path, error)
  }
}
