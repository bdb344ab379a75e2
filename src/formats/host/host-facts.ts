import type { U32 } from '../../core/bits.ts'
import type { Cpu, Tsc } from '../../core/cpu.ts'
import type { DistinctDump } from '../found.ts'

/** What `<host>` of the capabilities document tells. Absent: not known, and not printed. Memory is in KiB. */
export interface HostFacts {
  readonly uuid?: string | undefined
  /** Its topology is the whole host's. */
  readonly cpu: Cpu
  /** What only libvirt's drivers of Xen and for tests tell: `pae`, `nonpae`. */
  readonly oldFeatures?: readonly string[] | undefined
  /** Sizes of pages that the host can give, KiB, ascending. */
  readonly pageSizes: readonly number[]
  /** How the host can be put to sleep; absent: it cannot be asked. */
  readonly powerManagement?: readonly Suspend[] | undefined
  /** Whether devices are in IOMMU groups. */
  readonly iommu: boolean
  readonly migration?: Migration | undefined
  readonly topology?: NumaTopology | undefined
  readonly cache: CacheFacts
  readonly memoryBandwidth: BandwidthFacts
  /** Energy counters of resctrl, which libvirt tells of since 12.8. */
  readonly energy?: Monitor | undefined
  readonly securityModels: readonly SecurityModel[]
}

export type Suspend = 'suspend_mem' | 'suspend_disk' | 'suspend_hybrid'

/** How guests can leave the host. */
export interface Migration {
  readonly live: boolean
  readonly transports: readonly string[]
}

export interface NumaTopology {
  readonly cells: readonly HostNumaCell[]
  /** In the order of initiator and target. */
  readonly interconnects: readonly Interconnect[]
}

/** A NUMA node. */
export interface HostNumaCell {
  readonly id: number
  readonly memory?: number | undefined
  /** How many pages of each size, KiB, ascending. */
  readonly pages: readonly { readonly size: number; readonly count: number }[]
  /** To the nodes, itself among them; 10 is the distance to itself. */
  readonly distances: readonly { readonly cell: number; readonly value: number }[]
  readonly caches: readonly MemorySideCache[]
  readonly cpus: readonly LogicalCpu[]
}

/** A logical CPU's place, and the logical CPUs of the same core, itself among them. */
export interface LogicalCpu {
  readonly id: number
  readonly socket: number
  readonly die: number
  readonly cluster: number
  readonly core: number
  readonly siblings: readonly number[]
}

/** Memory that caches memory, as HMAT describes it. */
export interface MemorySideCache {
  readonly level: number
  readonly associativity: 'none' | 'direct' | 'full'
  readonly policy: 'none' | 'writeback' | 'writethrough'
  /** KiB. */
  readonly size: number
  /** Bytes. */
  readonly line: number
}

/** How fast an initiator's access to a target is: latency in ns, bandwidth in KiB/s. */
export interface Interconnect {
  readonly kind: 'latency' | 'bandwidth'
  readonly initiator: number
  readonly target: number
  readonly access: 'read' | 'write'
  readonly value: number
}

export type CacheType = 'both' | 'code' | 'data'

export interface CacheFacts {
  readonly banks: readonly CacheBank[]
  readonly monitor?: (Monitor & { readonly level: number; readonly reuseThreshold: number }) | undefined
}

/** A cache and the logical CPUs that share it. */
export interface CacheBank {
  readonly id: number
  readonly level: number
  readonly type: CacheType
  /** Bytes. */
  readonly size: number
  readonly cpus: readonly number[]
  /** How resctrl can share it out. */
  readonly controls: readonly CacheControl[]
}

/** Parts of a cache, in bytes, that can be given to so many groups. */
export interface CacheControl {
  readonly type: CacheType
  readonly granularity: number
  readonly min: number
  readonly maxAllocs: number
}

export interface BandwidthFacts {
  readonly nodes: readonly BandwidthNode[]
  readonly monitor?: Monitor | undefined
}

/** Memory bandwidth of the CPUs that share a last-level cache, in percent as the CPU counts them. */
export interface BandwidthNode {
  readonly id: number
  readonly cpus: readonly number[]
  readonly granularity: number
  readonly min: number
  readonly maxAllocs: number
}

/** How many groups resctrl can watch at a time, and what it counts. */
export interface Monitor {
  readonly maxMonitors: number
  readonly features: readonly string[]
}

/** How guests are kept apart from the host and from each other. */
export interface SecurityModel {
  readonly model: string
  readonly doi: string
  /** The label that guests of a type start from. */
  readonly baselabels: readonly { readonly type: string; readonly label: string }[]
}

/** Whether a condition is met: `unknown` where it cannot be seen. */
export type VfioState = 'met' | 'unmet' | 'unknown'

/** Something that a device's passthrough to a guest needs, or that only some need. */
export interface VfioCondition {
  readonly name: VfioName
  readonly state: VfioState
  /** What was seen: a path and what it holds, or that it is not there. */
  readonly evidence: string
  /** What to do where it is not met. */
  readonly remedy?: string | undefined
}

/** In the order in which they build upon each other. */
export type VfioName =
  | 'iommu-in-cpu'
  | 'iommu-in-firmware'
  | 'iommu-in-kernel'
  | 'iommu-groups'
  | 'vfio-module'
  | 'vfio-pci-module'
  | 'vfio-type1-module'
  | 'vfio-device'
  | 'vfio-permission'
  | 'iommufd'
  | 'locked-memory'

/** What a host can pass through to guests. */
export interface VfioFacts {
  /** Whether libvirt says so: devices are in IOMMU groups, and `/dev/vfio/vfio` is there. It looks at nothing else. */
  readonly isSupported: boolean
  /** Whether guests may be given devices through `/dev/iommu`, which libvirt 12.8 asks for on its own. */
  readonly hasIommufd: boolean
  /** Devices that share a group can only be passed through together. */
  readonly groups: readonly VfioGroup[]
  readonly conditions: readonly VfioCondition[]
}

export interface VfioGroup {
  readonly id: number
  /** PCI addresses, such as `0000:01:00.0`. */
  readonly devices: readonly string[]
}

/**
 * How the CPUs of a machine were read: by executing CPUID, by the driver that executes it, by what the dynamic loader
 * says, or by what Linux says of them, which is the poorest.
 */
export type Route = 'instruction' | 'device' | 'loader' | 'cpuinfo'

/** What a machine was found to have. Plain data: whoever answers from it need not know where it is from. */
export interface ProbedCpu {
  /** As `uname` has it: `x86_64`, `i686`. */
  readonly arch: string
  readonly route: Route
  /** The kinds of logical CPU, each with its words and the numbers of its CPUs; mostly one. */
  readonly dumps: readonly DistinctDump[]
  /** The number of the first CPU's microcode; absent: not known. */
  readonly microcode?: number | undefined
  /** Absent: not known, or not a counter that always runs at one rate. */
  readonly tsc?: Tsc | undefined
  /** How wide physical addresses are; absent: not known. */
  readonly physicalBits?: number | undefined
  readonly warnings: readonly ProbeWarning[]
}

/** How a probe went, what it could not see, and where CPUs differ. CPUs are lists as Linux writes them: `0-3,8`. */
export type ProbeWarning =
  | {
      readonly kind: 'probed'
      readonly route: Route
      readonly cpus: string
      readonly failed: readonly RouteFailure[]
    }
  | {
      readonly kind: 'cpus-unseen'
      readonly cpus: string
      readonly because: 'offline' | 'not-allowed' | 'not-reported'
    }
  | { readonly kind: 'smt'; readonly state: string }
  | { readonly kind: 'hybrid'; readonly cores: readonly CpuGroup[] }
  | { readonly kind: 'microcode-differs'; readonly versions: readonly CpuGroup[] }
  | { readonly kind: 'msrs-unseen'; readonly failed: readonly RouteFailure[] }
  | { readonly kind: 'msrs-of-kvm'; readonly failed: readonly RouteFailure[]; readonly msrs: readonly U32[] }
  | { readonly kind: 'tsc-unseen'; readonly failed: readonly RouteFailure[] }

/** Something that was tried, and why it did not work. */
export interface RouteFailure {
  readonly tried: string
  readonly why: string
}

/** CPUs that have something in common which others have not. */
export interface CpuGroup {
  readonly name: string
  readonly cpus: string
}

/** A part of the capabilities that can fail on its own. */
export type HostPart = 'topology' | 'cache' | 'memory bandwidth' | 'energy' | 'node info'

/** What could not be learnt of a host, or not as libvirt learns it. */
export type HostWarning =
  | { readonly kind: 'part-left-out'; readonly part: HostPart; readonly because: string }
  | { readonly kind: 'files-denied'; readonly paths: readonly string[] }
  | { readonly kind: 'no-host-uuid' }
  | { readonly kind: 'recorded-host' }
  | { readonly kind: 'in-container' }
  | { readonly kind: 'cpu-unread'; readonly because: string }
  | { readonly kind: 'no-emulators' }
  | { readonly kind: 'emulator-failed'; readonly path: string; readonly because: string }
  | { readonly kind: 'guests-unasked' }
