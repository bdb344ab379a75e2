import { internalError } from '../../core/libvirt-error.ts'
import { CPUS, type HostTree, NODES, readCore, readCpuSet, readSiblings, readSocket } from './tree.ts'

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
