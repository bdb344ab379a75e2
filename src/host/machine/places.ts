import type { NamedRegisters } from '../../core/cpu.ts'
import { internalError } from '../../core/libvirt-error.ts'
import { parseCpuList } from '../../core/text.ts'
import type { HostTree } from './tree.ts'

/** Where the kernel tells of processors, memory and their arrangement. */
export const CPUS = 'sys/devices/system/cpu'
export const NODES = 'sys/devices/system/node'
export const RESCTRL = 'sys/fs/resctrl/info'

/** A set of processors that the kernel keeps in a file; undefined: it does not. */
export function readCpuSet(tree: HostTree, name: 'present' | 'online'): ReadonlySet<number> | undefined {
  const list = parseCpuList(tree.text(`${CPUS}/${name}`) ?? '?')
  return list && new Set(list)
}

/** The number of a logical CPU's socket; one without a number is the first. */
export const readSocket = (tree: HostTree, cpu: number): number =>
  Math.max(0, tree.number(`${CPUS}/cpu${cpu}/topology/physical_package_id`) ?? 0)

/**
 * The number of a logical CPU's core in its socket; one without a number is the first.
 * @throws LibvirtError for a number below 0
 */
export function readCore(tree: HostTree, cpu: number): number {
  const path = `${CPUS}/cpu${cpu}/topology/core_id`
  const core = tree.number(path) ?? 0
  if (core < 0) throw internalError(`Invalid unsigned integer value '${core}' in file '/${path}'`)
  return core
}

/** The logical CPUs of the same core, itself among them. */
export const readSiblings = (tree: HostTree, cpu: number): readonly number[] =>
  parseCpuList(tree.text(`${CPUS}/cpu${cpu}/topology/thread_siblings_list`) ?? '?') ?? [cpu]

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
