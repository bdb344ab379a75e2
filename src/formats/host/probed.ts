import type { U32 } from '../../core/bits.ts'
import type { Tsc } from '../../core/cpu.ts'
import type { DistinctDump } from '../found.ts'

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
