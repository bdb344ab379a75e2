import { internalError } from '../../core/libvirt-error.ts'
import { parseCpuList } from '../../core/text.ts'
import type {
  HostNumaCell,
  Interconnect,
  LogicalCpu,
  MemorySideCache,
  NumaTopology,
} from '../../formats/host/host-facts.ts'
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

/** How many processors the host has, and how they are arranged; the same in every node, or not told. */
export interface NodeInfo {
  readonly online: number
  /** With those that are offline. */
  readonly total: number
  readonly nodes: number
  /** In a node. */
  readonly sockets: number
  /** In a socket. */
  readonly cores: number
  /** In a core. */
  readonly threads: number
}

export interface NodeInfoOptions {
  readonly arch: string
  /**
   * POWER: the threads of a core, or of a part of a split core, all of which a guest can have although the host sees the
   * first alone. 0: the host sees all of them.
   */
  readonly threadsPerSubcore?: number
}

/**
 * Counts the processors and their arrangement: the most sockets of any node, cores of any socket, threads of any
 * core. Where these do not multiply to the number of processors, every processor counts as a core of one socket.
 * @throws LibvirtError where the tree has no processors, or one whose place makes no sense
 */
export function readNodeInfo(tree: HostTree, options: NodeInfoOptions): NodeInfo {
  const present = readCpuSet(tree, 'present') ?? new Set(tree.numbered(CPUS, 'cpu'))
  const online = readOnline(tree, present)
  const threads = findSubcoreThreads(options, online)
  const seen: Processors = { tree, arch: options.arch, present, online, threads }
  const nodes = tree.numbered(NODES, 'node').map(node => countNode(seen, `${NODES}/node${node}`))
  return sumCounts(nodes.some(({ online }) => online > 0) ? nodes : [countNode(seen, CPUS)])
}

interface Processors {
  readonly tree: HostTree
  readonly arch: string
  readonly present: ReadonlySet<number>
  readonly online: ReadonlySet<number>
  /** How many the first of a part stands for; undefined: each stands for itself. */
  readonly threads: number | undefined
}

interface Counts {
  readonly online: number
  readonly offline: number
  readonly sockets: number
  readonly cores: number
  readonly threads: number
}

function countNode({ tree, arch, present, online, threads }: Processors, folder: string): Counts {
  const here = tree.numbered(folder, 'cpu').filter(cpu => present.has(cpu) && cpu % (threads ?? 1) === 0)
  const up = here.filter(cpu => online.has(cpu))
  const sockets = new Map<number, Set<number>>()
  let siblings = 1
  for (const cpu of up) {
    const socket = readSocket(tree, cpu)
    const core = arch.startsWith('s390') ? cpu : readCore(tree, cpu)
    sockets.set(socket, (sockets.get(socket) ?? new Set()).add(core))
    siblings = Math.max(siblings, readSiblings(tree, cpu).length)
  }
  return {
    online: up.length * (threads ?? 1),
    offline: (here.length - up.length) * (threads ?? 1),
    sockets: sockets.size,
    cores: Math.max(0, ...Array.from(sockets.values(), cores => cores.size)),
    threads: threads ?? siblings,
  }
}

function sumCounts(counts: readonly Counts[]): NodeInfo {
  const sum = (key: keyof Counts) => counts.reduce((n, count) => n + count[key], 0)
  const most = (key: keyof Counts) => Math.max(0, ...counts.map(count => count[key]))
  const [online, offline] = [sum('online'), sum('offline')]
  const [sockets, cores, threads] = [most('sockets'), most('cores'), most('threads')]
  if (online === 0) throw internalError('no CPUs found')
  if (sockets === 0) throw internalError('no sockets found')
  if (threads === 0) throw internalError('no threads found')
  const all = online + offline
  return counts.length * sockets * cores * threads === all
    ? { online, total: all, nodes: counts.length, sockets, cores, threads }
    : { online, total: all, nodes: 1, sockets: 1, cores: all, threads: 1 }
}

/** Without a file of its own a processor cannot be taken offline. */
function readOnline(tree: HostTree, present: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...present].filter(cpu => (tree.number(`${CPUS}/cpu${cpu}/online`) ?? 1) !== 0))
}

/** Where some other thread than the first of a part is online, the host is not set up for KVM, and threads count as they are. */
function findSubcoreThreads(
  { threadsPerSubcore = 0 }: NodeInfoOptions,
  online: ReadonlySet<number>,
): number | undefined {
  if (threadsPerSubcore === 0) return undefined
  return [...online].every(cpu => cpu % threadsPerSubcore === 0) ? threadsPerSubcore : undefined
}

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
