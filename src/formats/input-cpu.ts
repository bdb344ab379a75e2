import type { Cpu } from '../core/cpu.ts'
import type { Element } from '../xml/element.ts'
import type { RegisterDump } from './dumps/register-dump.ts'
import type { DistinctDump } from './dumps/volatile.ts'

/**
 * A CPU met in an input: a definition, a host's already read, or what a machine said of its logical CPUs, which may
 * be of several kinds: CPUID words of x86, named registers of other architectures.
 */
export type FoundInput =
  | { readonly kind: 'host'; readonly cpu: Cpu }
  | { readonly kind: 'definition'; readonly element: Element }
  | { readonly kind: 'dump'; readonly dumps: readonly DistinctDump[] }
  | { readonly kind: 'registers'; readonly dumps: readonly RegisterDump[] }

/** The same with what it is called. */
export type InputCpu = FoundInput & { readonly source: string }
