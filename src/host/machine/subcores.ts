import { CPUS } from './paths.ts'
import type { HostTree } from './tree.ts'

/** Bytes of a thread's number in the device tree. */
const CELL = 4

/**
 * POWER8 can split its cores, and then shows the first thread of each part alone: how many threads a part has. 0 where
 * the host shows every thread, or cannot run guests with KVM.
 * @see Linux, Documentation/ABI/testing/sysfs-devices-system-cpu, subcores_per_core
 */
export function threadsPerSubcore(tree: HostTree, arch: string): number {
  if (!arch.startsWith('ppc64') || !tree.has('dev/kvm')) return 0
  const parts = tree.number(`${CPUS}/subcores_per_core`)
  if (!parts) return 0
  const folder = 'proc/device-tree/cpus'
  const [core] = tree.names(folder).filter(name => name.startsWith('PowerPC,'))
  const threads = tree.bytes(`${folder}/${core}/ibm,ppc-interrupt-server#s`)
  return threads ? threads.length / CELL / parts : 0
}
