import type { NamedRegisters } from '../../core/cpu.ts'
import { CPUS } from './places.ts'
import type { HostTree } from './tree.ts'

/** Bytes of an entry: a kind and a value of 64 bits each. */
const ENTRY = 16

/** What the kernel told this program at its start; undefined where it did not. @see getauxval(3) */
export function readAuxiliaryValue(tree: HostTree, kind: bigint): bigint | undefined {
  const vector = tree.bytes('proc/self/auxv') ?? Buffer.alloc(0)
  for (let at = 0; at + ENTRY <= vector.length; at += ENTRY) {
    if (vector.readBigUInt64LE(at) === kind) return vector.readBigUInt64LE(at + 8)
  }
  return undefined
}

/** @see getauxval(3) */
const AT_HWCAP = 16n

/** The registers that tell the model of a processor of ARM or POWER, as far as the kernel shows them. */
export function readRegisters(tree: HostTree): NamedRegisters {
  const registers = new Map<string, bigint>()
  const midr = tree.text(`${CPUS}/cpu0/regs/identification/midr_el1`)
  if (midr?.match(/^0x[0-9a-f]+$/i)) registers.set('MIDR_EL1', BigInt(midr))
  const hwcap = readAuxiliaryValue(tree, AT_HWCAP)
  if (hwcap !== undefined) registers.set('AT_HWCAP', hwcap)
  const [, version, revision] =
    /\(pvr ([0-9a-f]{4}) ([0-9a-f]{4})\)/i.exec(tree.text('proc/cpuinfo') ?? '') ?? []
  if (version && revision) registers.set('PVR', BigInt(`0x${version}${revision}`))
  return registers
}
