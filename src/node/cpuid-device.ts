import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { type Query, walkLeaves } from '../arch/x86/walk.ts'
import type { CpuidRow } from '../core/cpuid-data.ts'
import { fileError } from './file-error.ts'

/**
 * The rows of the CPU that a device of Linux's cpuid driver executes the instruction on.
 * @see cpuid(4): the leaf is the low half of the position, the subleaf the high one
 * @throws FileError
 */
export function readCpuidDevice(path: string): CpuidRow[] {
  const device = openDevice(path)
  try {
    return walkLeaves(queryOf(device, path))
  } finally {
    closeSync(device)
  }
}

/** Whether it is such a device: to read one as a file would never end. */
export function isCpuidDevice(path: string): boolean {
  if (!/\/cpuid$/.test(path)) return false
  try {
    return statSync(path).isCharacterDevice()
  } catch {
    return false
  }
}

function openDevice(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw fileError('open', path, error)
  }
}

function queryOf(device: number, path: string): Query {
  const answer = Buffer.alloc(16)
  return (leaf, subleaf) => {
    try {
      readSync(device, answer, 0, 16, (BigInt(subleaf) << 32n) | BigInt(leaf))
    } catch (error) {
      throw fileError('read', path, error)
    }
    return [answer.readUInt32LE(0), answer.readUInt32LE(4), answer.readUInt32LE(8), answer.readUInt32LE(12)]
  }
}
