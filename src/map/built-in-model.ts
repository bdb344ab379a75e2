import type { Feature } from '../core/feature.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import type { Model, Vendor } from '../core/model.ts'
import type { SignatureMatch } from '../core/signature.ts'

/** What a plain name and its version share. */
export interface ModelBits {
  readonly features: FeatureSet
  readonly vendor: Vendor | undefined
  readonly signatures: readonly SignatureMatch[]
}

/** What differs between names of one CPU. */
export interface ModelUse {
  readonly decode: { readonly host: boolean; readonly guest: boolean }
  readonly compat: boolean
  readonly removed: readonly Feature[]
  readonly added: readonly Feature[]
  readonly canonical: string | undefined
}

/** A model of our own data. */
export class BuiltInModel implements Model {
  readonly name: string
  readonly index: number
  readonly features: FeatureSet
  declare readonly vendor?: Vendor
  readonly signatures: readonly SignatureMatch[]
  readonly decode: { readonly host: boolean; readonly guest: boolean }
  readonly compat: boolean
  readonly removed: readonly Feature[]
  readonly added: readonly Feature[]
  declare readonly canonical?: string

  constructor(name: string, index: number, bits: ModelBits, use: ModelUse) {
    this.name = name
    this.index = index
    this.features = bits.features
    if (bits.vendor) this.vendor = bits.vendor
    this.signatures = bits.signatures
    this.decode = use.decode
    this.compat = use.compat
    this.removed = use.removed
    this.added = use.added
    if (use.canonical) this.canonical = use.canonical
  }
}

/** Every `FAMILY-vN`: chosen for hosts, never for guests. */
export const VERSIONED: ModelUse = {
  decode: { host: true, guest: false },
  compat: false,
  removed: [],
  added: [],
  canonical: undefined,
}
