import type { Signature } from './model.ts'

export type Mode = 'custom' | 'host-model' | 'host-passthrough' | 'maximum'
export type Match = 'exact' | 'minimum' | 'strict'
export type Check = 'none' | 'partial' | 'full'
export type Policy = 'force' | 'require' | 'optional' | 'disable' | 'forbid'
export type Fallback = 'allow' | 'forbid'

export const MODES: readonly Mode[] = ['custom', 'host-model', 'host-passthrough', 'maximum']
export const MATCHES: readonly Match[] = ['minimum', 'exact', 'strict']
export const CHECKS: readonly Check[] = ['none', 'partial', 'full']
export const POLICIES: readonly Policy[] = ['force', 'require', 'optional', 'disable', 'forbid']

/** A feature that a definition lists. On a host there is no policy: listed means present. */
export interface CpuFeature {
  readonly name: string
  readonly policy?: Policy
}

export interface Topology {
  readonly sockets: number
  readonly dies: number
  readonly clusters: number
  readonly cores: number
  readonly threads: number
}

/** The host's time stamp counter: Hz, and whether guests can be given another rate. */
export interface Tsc {
  readonly frequency: bigint
  readonly scaling?: boolean | undefined
}

export interface GuestCache {
  readonly level?: number | undefined
  readonly mode: 'emulate' | 'passthrough' | 'disable'
}

/** Physical address width in bits: given, or the host's with an upper limit. */
export interface MaxPhysAddr {
  readonly mode: 'emulate' | 'passthrough'
  readonly bits?: number | undefined
  readonly limit?: number | undefined
}

/** What hosts and guests have alike. Absent and undefined both mean: not given. */
interface CpuParts {
  readonly arch?: string | undefined
  readonly model?: string | undefined
  readonly vendor?: string | undefined
  /** What registers of the CPU held, where it was read from them; not part of a document. */
  readonly registers?: NamedRegisters | undefined
  readonly topology?: Topology | undefined
  readonly cache?: GuestCache | undefined
  readonly maxphysaddr?: MaxPhysAddr | undefined
  readonly features: readonly CpuFeature[]
}

/** What a host has. */
export interface HostCpu extends CpuParts {
  readonly type: 'host'
  /**
   * Whether the model was found from the hardware. libvirt prints model and vendor only of such a host, not of one
   * that it read from a document.
   */
  readonly detected?: boolean | undefined
  readonly microcode?: number | undefined
  readonly signature?: Signature | undefined
  readonly tsc?: Tsc | undefined
}

/** What a guest asks for. */
export interface GuestCpu extends CpuParts {
  readonly type: 'guest'
  readonly mode?: Mode | undefined
  readonly match?: Match | undefined
  /** Absent: libvirt's default, which the hypervisor driver resolves. */
  readonly check?: Check | undefined
  readonly migratable?: boolean | undefined
  readonly deprecatedFeatures?: boolean | undefined
  readonly fallback?: Fallback | undefined
  readonly vendorId?: string | undefined
  /** Only of a domain's CPU. */
  readonly numa?: Numa | undefined
}

/** A CPU definition: libvirt's `<cpu>`, of a host or for a guest. */
export type Cpu = HostCpu | GuestCpu

/** The definition of one of the two types. */
export type CpuOf<Type extends Cpu['type']> = Extract<Cpu, { readonly type: Type }>

/** The signature that a host's definition names. */
export const signatureIn = (cpu: Cpu): Signature | undefined =>
  cpu.type === 'host' ? cpu.signature : undefined

/** The CPU as a guest's definition; undefined: it is a host's. */
export const asGuest = (cpu: Cpu): GuestCpu | undefined => (cpu.type === 'guest' ? cpu : undefined)

/** Whether a guest's definition means something else on another host. */
export const isRelative = (guest: GuestCpu): boolean =>
  guest.mode === 'host-model' ||
  (guest.mode === 'custom' &&
    (guest.match === 'minimum' || guest.features.some(feature => feature.policy === 'optional')))

/** A host's feature as a guest lists it: what it has is required; a policy that is there stays. */
export const required = (feature: CpuFeature): CpuFeature =>
  feature.policy ? feature : { name: feature.name, policy: 'require' }

/** `list` with this feature: an entry of that name keeps its place and takes the policy, else it is appended. */
export function updateFeature(list: readonly CpuFeature[], feature: CpuFeature): CpuFeature[] {
  return list.some(f => f.name === feature.name)
    ? list.map(f => (f.name === feature.name ? feature : f))
    : [...list, feature]
}

/** `list` with this feature, unless one of that name is there. */
export const addIfMissing = (list: readonly CpuFeature[], feature: CpuFeature): readonly CpuFeature[] =>
  list.some(f => f.name === feature.name) ? list : [...list, feature]

/** What registers of a CPU held, by the name that the manuals give them: `PVR`, `MIDR_EL1`, `AT_HWCAP`. */
export type NamedRegisters = ReadonlyMap<string, bigint>

/** Memory of a NUMA cell that a side cache fronts. */
export interface NumaCache {
  readonly level: number
  readonly associativity: 'none' | 'direct' | 'full'
  readonly policy: 'none' | 'writeback' | 'writethrough'
  /** KiB. */
  readonly size: bigint
  /** Bytes. */
  readonly line: number
}

/** A guest's NUMA cell; its number is its place in the list. */
export interface GuestNumaCell {
  /** The virtual CPUs, ascending; empty for a cell of memory alone. */
  readonly cpus: readonly number[]
  /** KiB. */
  readonly memory: bigint
  readonly memAccess?: 'shared' | 'private' | undefined
  readonly discard?: boolean | undefined
  /** To each cell, 0 where nothing is said; empty where no distance of this cell is. */
  readonly distances: readonly number[]
  readonly caches: readonly NumaCache[]
}

/** How fast a cell's CPUs reach a cell's memory, or one of its caches. */
export interface NumaLink {
  readonly kind: 'latency' | 'bandwidth'
  readonly initiator: number
  readonly target: number
  /** A cache level of the target; 0: its memory. */
  readonly cache: number
  readonly type: 'access' | 'read' | 'write'
  /** Nanoseconds, or KiB/s. */
  readonly value: bigint
}

/** The NUMA topology of a guest: `<numa>` in a domain's `<cpu>`. */
export interface Numa {
  readonly cells: readonly GuestNumaCell[]
  readonly links: readonly NumaLink[]
}

/** Every architecture name that libvirt knows, whether or not it has a CPU driver for it. */
export const ARCH_NAMES: ReadonlySet<string> = new Set(
  (
    'alpha armv6l armv7l armv7b aarch64 cris i686 ia64 lm32 loongarch64 m68k microblaze microblazeel mips mipsel ' +
    'mips64 mips64el openrisc parisc parisc64 ppc ppcle ppc64 ppc64le ppcemb riscv32 riscv64 s390 s390x sh4 sh4eb ' +
    'sparc sparc64 unicore32 x86_64 xtensa xtensaeb'
  ).split(' '),
)
