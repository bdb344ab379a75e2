import { driverOf } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { LibvirtVersion } from '../../core/libvirt-version.ts'
import { archOfCpuInfo } from '../../formats/dumps/proc-cpuinfo.ts'
import type { HostFacts, VfioFacts } from '../../formats/host/host-facts.ts'
import { probeCpu } from '../../host/cpu/probe-cpu.ts'
import { ProbeError } from '../../host/files/file-error.ts'
import { readHost } from '../../host/machine/read-host.ts'
import type { NodeInfo } from '../../host/machine/topology.ts'
import { HostTree, readRegisters } from '../../host/machine/tree.ts'
import { readVfio } from '../../host/machine/vfio.ts'
import { findGuests, readHostArch } from '../../host/qemu/emulator.ts'
import type { GuestFacts } from '../../qemu/print-capabilities.ts'
import type { Context } from '../../questions/context.ts'
import { hostCpu } from '../../questions/input/definition-of.ts'
import type { Note, Noted } from '../../questions/words/note.ts'

/** A host and what guests it can run. */
export interface DescribedHost {
  readonly host: HostFacts
  readonly guests: readonly GuestFacts[]
  readonly node: NodeInfo | undefined
  readonly vfio: VfioFacts
  readonly notes: readonly Note[]
}

export interface DescribeOptions {
  /** `/`, or a folder to which the files of a host were copied. */
  readonly root: string
  readonly libvirt: LibvirtVersion
  /** Beyond libvirt: the CPU's model may lack bits, and its signature counts first. */
  readonly best: boolean
  /** Where answers of QEMU are kept; absent: the user's cache. */
  readonly cache?: 'none' | undefined
}

/** Describes this host, or one whose files were recorded: as virsh's capabilities do, and with what they leave unsaid. */
export async function describeHost(context: Context, options: DescribeOptions): Promise<DescribedHost> {
  const tree = new HostTree(options.root)
  const arch = archOf(tree)
  const { facts, node, warnings } = readHost(tree, arch, options.libvirt)
  const cpu = await readCpu(context, tree, arch, node, options.best)
  const { guests, warnings: aboutGuests } = tree.isLive
    ? await findGuests(arch, { cache: options.cache })
    : { guests: [], warnings: [{ kind: 'guests-unasked' } as const] }
  return {
    host: { ...facts, cpu: cpu.value },
    guests,
    node,
    vfio: readVfio(tree, arch),
    notes: [...cpu.notes, ...warnings, ...aboutGuests],
  }
}

/** Nothing in a recorded host's files says it outright. */
function archOf(tree: HostTree): string {
  if (tree.isLive) return readHostArch()
  return archOfCpuInfo(tree.text('proc/cpuinfo') ?? '') ?? 'x86_64'
}

async function readCpu(
  context: Context,
  tree: HostTree,
  arch: string,
  node: NodeInfo | undefined,
  best: boolean,
): Promise<Noted<Cpu>> {
  const topology = node && {
    sockets: node.sockets,
    dies: 1,
    clusters: 1,
    cores: node.cores,
    threads: node.threads,
  }
  try {
    const driver = driverOf(context.map, arch)
    if (driver?.decoder) {
      const { value, notes } = hostCpu(context, await probeCpu({ root: tree.root }), { topology, best })
      return { value: { ...value, arch }, notes }
    }
    const cpu = driver?.detect?.(arch, readRegisters(tree))
    return { value: { type: 'host', features: [], ...cpu, arch, topology }, notes: [] }
  } catch (error) {
    if (!(error instanceof ProbeError || error instanceof LibvirtError)) throw error
    const note = { kind: 'cpu-unread', because: error.message } as const
    return { value: { type: 'host', arch, topology, features: [] }, notes: [note] }
  }
}
