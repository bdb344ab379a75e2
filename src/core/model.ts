import type { Feature } from './feature.ts'
import type { FeatureSet } from './feature-set.ts'
import type { SignatureMatch } from './signature.ts'

/** A CPU vendor: its name in definitions and the 12 bytes that CPUID leaf 0 spells; on x86 exactly 12. */
export interface Vendor {
  readonly name: string
  readonly id: string
}

/** A named CPU, fully expanded. */
export interface Model {
  readonly name: string
  /** Position in map order: the later model wins a tie. */
  readonly index: number
  readonly features: FeatureSet
  readonly vendor?: Vendor
  /** In file order; empty: never matched. */
  readonly signatures: readonly SignatureMatch[]
  /** For whom decoding may choose it. */
  readonly decode: { readonly host: boolean; readonly guest: boolean }
  /** Whether a partial check compares bits rather than asking the hypervisor (libvirt's `check partial='compat'`). */
  readonly compat: boolean
  /** Features once in the model: a guest definition mentions them as disabled. Not in `features`. */
  readonly removed: readonly Feature[]
  /** Features that hypervisors have in the model and libvirt's data has not. Not in `features`. */
  readonly added: readonly Feature[]
  /** The versioned name of the same CPU (`EPYC-v1` of `EPYC`); absent where there is none. */
  readonly canonical?: string
}
