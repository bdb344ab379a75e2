import type { LogicalCpu, NumaTopology } from '../../formats/host/host-facts.ts'
import { readCells } from './cells.ts'
import { readInterconnects } from './interconnects.ts'
import { memoryOf } from './memory.ts'
import type { NodeInfo } from './node-info.ts'
import { cpuSet } from './places.ts'
import type { HostTree } from './tree.ts'

/**
 * The host's nodes and what lies between them. Where the kernel knows no NUMA, one cell is made up from how many
 * sockets, cores and threads there are.
 * @param basePage the size of an ordinary page, KiB
 * @param node undefined: it could not be told, and nothing is made up
 * @throws LibvirtError for a processor whose place makes no sense
 */
export function readTopology(
  tree: HostTree,
  basePage: number,
  node: NodeInfo | undefined,
): NumaTopology | undefined {
  const cells = readCells(tree, basePage)
  if (cells.length > 0) return { cells, interconnects: readInterconnects(tree) }
  if (!node) return undefined
  const cpus = madeUpCpus(node).filter(({ id }) => cpuSet(tree, 'online')?.has(id) ?? true)
  const cell = { id: 0, memory: memoryOf(tree), pages: [], distances: [], caches: [], cpus }
  return { cells: [cell], interconnects: [] }
}

/** Processors numbered thread by thread, core by core, socket by socket. */
function madeUpCpus({ sockets, cores, threads }: NodeInfo): LogicalCpu[] {
  return Array.from({ length: sockets * cores * threads }, (_, id) => {
    const core = Math.floor(id / threads)
    const siblings = Array.from({ length: threads }, (_, thread) => core * threads + thread)
    return { id, socket: Math.floor(core / cores), die: 0, cluster: 0, core: core % cores, siblings }
  })
}
