import { internalError } from '../../core/libvirt-error.ts'
import { parseCpuList } from '../../formats/host/cpu-list.ts'
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
