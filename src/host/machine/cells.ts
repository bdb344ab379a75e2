import { parseCpuList } from '../../formats/host/cpu-list.ts'
import type { HostNumaCell, LogicalCpu, MemorySideCache } from '../../formats/host/host-facts.ts'
import { readMemorySize, readPages } from './memory.ts'
import { CPUS, NODES } from './paths.ts'
import { readCore, readSiblings, readSocket } from './places.ts'
import type { HostTree } from './tree.ts'

/**
 * The host's NUMA nodes, by number; none where the kernel knows no NUMA.
 * @param basePage the size of an ordinary page, KiB
 * @throws LibvirtError for a processor whose place makes no sense
 */
export function readCells(tree: HostTree, basePage: number): HostNumaCell[] {
  const nodes = tree.numbered(NODES, 'node')
  return nodes.map(node => {
    const memory = readMemorySize(tree, node)
    return {
      id: node,
      memory,
      pages: readPages(tree, node, memory, basePage),
      distances: readDistances(tree, node, nodes),
      caches: readMemorySideCaches(tree, node),
      cpus: readCpus(tree, node).map(cpu => readLogicalCpu(tree, cpu)),
    }
  })
}

/** The kernel has a column for every node that is there; 0 is no distance. */
function readDistances(tree: HostTree, node: number, nodes: readonly number[]): HostNumaCell['distances'] {
  const columns = tree.text(`${NODES}/node${node}/distance`)?.split(/\s+/).map(Number) ?? []
  return nodes.map((cell, i) => ({ cell, value: columns[i] ?? 0 })).filter(({ value }) => value > 0)
}

/** The processors of a node that are online. */
function readCpus(tree: HostTree, node: number): readonly number[] {
  const folder = `${NODES}/node${node}`
  return parseCpuList(tree.text(`${folder}/cpulist`) ?? '?') ?? tree.numbered(folder, 'cpu')
}

function readLogicalCpu(tree: HostTree, id: number): LogicalCpu {
  const place = (name: string) => tree.number(`${CPUS}/cpu${id}/topology/${name}`) ?? 0
  return {
    id,
    socket: readSocket(tree, id),
    die: Math.max(0, place('die_id')),
    cluster: Math.max(0, place('cluster_id')),
    core: readCore(tree, id),
    siblings: readSiblings(tree, id),
  }
}

const ASSOCIATIVITY = ['direct', 'full', 'none'] as const
const POLICY = ['writeback', 'writethrough', 'none'] as const

/** @see Linux, Documentation/admin-guide/mm/numaperf.rst */
function readMemorySideCaches(tree: HostTree, node: number): MemorySideCache[] {
  const folder = `${NODES}/node${node}/memory_side_cache`
  return tree.numbered(folder, 'index').map(level => {
    const value = (name: string) => tree.number(`${folder}/index${level}/${name}`) ?? 0
    return {
      level,
      associativity: ASSOCIATIVITY[value('indexing')] ?? 'none',
      policy: POLICY[value('write_policy')] ?? 'none',
      size: Math.floor(value('size') / 1024),
      line: value('line_size'),
    }
  })
}
