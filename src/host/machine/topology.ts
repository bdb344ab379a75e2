import type { Interconnect, LogicalCpu, NumaTopology } from '../../formats/host/host-facts.ts'
import { readCells } from './cells.ts'
import { readMemorySize } from './memory.ts'
import type { NodeInfo } from './node-info.ts'
import { NODES } from './paths.ts'
import { readCpuSet } from './places.ts'
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
  const cpus = makeCpus(node).filter(({ id }) => readCpuSet(tree, 'online')?.has(id) ?? true)
  const cell = { id: 0, memory: readMemorySize(tree), pages: [], distances: [], caches: [], cpus }
  return { cells: [cell], interconnects: [] }
}

/** Processors numbered thread by thread, core by core, socket by socket. */
function makeCpus({ sockets, cores, threads }: NodeInfo): LogicalCpu[] {
  return Array.from({ length: sockets * cores * threads }, (_, id) => {
    const core = Math.floor(id / threads)
    const siblings = Array.from({ length: threads }, (_, thread) => core * threads + thread)
    return { id, socket: Math.floor(core / cores), die: 0, cluster: 0, core: core % cores, siblings }
  })
}

/**
 * How fast nodes reach each other's memory, as firmware told the kernel, in the order of initiator and target.
 * @see Linux, Documentation/admin-guide/mm/numaperf.rst
 */
function readInterconnects(tree: HostTree): Interconnect[] {
  const links = tree.numbered(NODES, 'node').flatMap(target => {
    const folder = `${NODES}/node${target}/access1/initiators`
    return tree
      .numbered(folder, 'node')
      .flatMap(initiator => readLinks(tree, folder).map(link => ({ ...link, initiator, target })))
  })
  return links.sort((a, b) => a.initiator - b.initiator || a.target - b.target)
}

type Link = Omit<Interconnect, 'initiator' | 'target'>

function readLinks(tree: HostTree, folder: string): Link[] {
  return (['latency', 'bandwidth'] as const).flatMap(kind =>
    (['read', 'write'] as const).flatMap(access => {
      const value = tree.number(`${folder}/${access}_${kind}`) ?? 0
      // The kernel counts MiB/s.
      return value > 0 ? [{ kind, access, value: kind === 'bandwidth' ? value * 1024 : value }] : []
    }),
  )
}
