import { bits, type U32 } from './bits.ts'
import type { Feature } from './feature.ts'
import type { FeatureSet } from './feature-set.ts'

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

/** Family, model and stepping of a CPU, as CPUID leaf 1 reports them. Family 0 means unknown. */
export interface Signature {
  readonly family: number
  readonly model: number
  readonly stepping: number
}

/** What a model accepts: a family and model, and the steppings as a mask of bits 0 to 15; absent: any. */
export interface SignatureMatch {
  readonly family: number
  readonly model: number
  readonly steppings?: number
}

/**
 * Reads EAX of CPUID leaf 1. Unlike the manuals, libvirt always adds the extended family and always
 * uses the extended model; a signature of 0 disables matching.
 */
export const signatureOf = (eax: U32): Signature => ({
  family: bits(eax, 20, 8) + bits(eax, 8, 4),
  model: (bits(eax, 16, 4) << 4) + bits(eax, 4, 4),
  stepping: bits(eax, 0, 4),
})

/** The EAX whose `signatureOf` is this, processor type 0. */
export function signatureWord({ family, model, stepping }: Signature): U32 {
  const extended = Math.max(0, family - 0xf)
  const base = family - extended
  return (
    ((extended << 20) | ((model >>> 4) << 16) | (base << 8) | ((model & 0xf) << 4) | (stepping & 0xf)) >>> 0
  )
}

export const matches = (list: readonly SignatureMatch[], { family, model, stepping }: Signature): boolean =>
  list.some(
    m =>
      m.family === family &&
      m.model === model &&
      (m.steppings === undefined || ((m.steppings >>> stepping) & 1) === 1),
  )

/** `6.85.7`: family, model and stepping, decimal. */
export const printSignature = ({ family, model, stepping }: Signature): string =>
  `${family}.${model}.${stepping}`
