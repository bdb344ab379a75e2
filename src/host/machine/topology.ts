import { parseCpuList } from '../../core/text.ts'
import type {
  HostNumaCell,
  Interconnect,
  LogicalCpu,
  MemorySideCache,
  NumaTopology,
} from '../../formats/host/host-facts.ts'
import type { NodeInfo } from './node-info.ts'
import {
  CPUS,
  type HostTree,
  NODES,
  readAuxiliaryValue,
  readCore,
  readCpuSet,
  readSiblings,
  readSocket,
} from './tree.ts'

/** A node's memory, or with no node the whole host's, in KiB. */
function readMemorySize(tree: HostTree, node?: number): number | undefined {
  const text = tree.text(node === undefined ? 'proc/meminfo' : `${NODES}/node${node}/meminfo`)
  const [, size] = /MemTotal:\s*(\d+) kB/.exec(text ?? '') ?? []
  return size === undefined ? undefined : Number(size)
}

interface Pages {
  readonly size: number
  readonly count: number
}

/** A node's pages of every size; what huge pages do not take is in ordinary ones. */
function readPages(
  tree: HostTree,
  node: number,
  memory: number | undefined,
  basePage: number,
): readonly Pages[] {
  if (memory === undefined) return []
  const huge = readHugePages(tree, `${NODES}/node${node}/hugepages`)
  const taken = huge.reduce((sum, { size, count }) => sum + size * count, 0)
  return [{ size: basePage, count: Math.floor((memory - taken) / basePage) }, ...huge]
}

/** Sizes of pages that the host can give, KiB, ascending. */
export const readPageSizes = (tree: HostTree, basePage: number): readonly number[] => [
  basePage,
  ...readHugePages(tree, 'sys/kernel/mm/hugepages').map(({ size }) => size),
]

function readHugePages(tree: HostTree, folder: string): readonly Pages[] {
  return tree
    .names(folder)
    .flatMap(name => {
      const [, size] = /^hugepages-(\d+)kB$/.exec(name) ?? []
      return size === undefined
        ? []
        : [{ size: Number(size), count: tree.number(`${folder}/${name}/nr_hugepages`) ?? 0 }]
    })
    .sort((a, b) => a.size - b.size)
}

/** @see getauxval(3) */
const AT_PAGESZ = 6n

/** The size of an ordinary page, KiB: as the kernel told this program, else what the architecture mostly has. */
export function readBasePageSize(tree: HostTree, arch: string): number {
  const told = readAuxiliaryValue(tree, AT_PAGESZ)
  if (told !== undefined) return Number(told) / 1024
  return arch.startsWith('ppc64') ? 64 : 4
}

/**
 * The host's NUMA nodes, by number; none where the kernel knows no NUMA.
 * @param basePage the size of an ordinary page, KiB
 * @throws LibvirtError for a processor whose place makes no sense
 */
function readCells(tree: HostTree, basePage: number): HostNumaCell[] {
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
