import type { SignatureMatch } from '../core/signature.ts'
import type { DataFile, Statement } from './text/data-file.ts'

/** `vendor NAME ID [source]`: everything below it, up to the next, is of this vendor. */
export interface VendorRow {
  readonly at: Statement
  /** Absent in `vendor -`: models that CPUs of every vendor may be given. */
  readonly vendor?: { readonly name: string; readonly id: string }
  /** Keys of `docs/sources.md` for the families that name none, as written: `key; key`. */
  readonly sources: string
}

/** `set @NAME : @BASE delta`: a named group of features. */
export interface SetRow {
  readonly at: Statement
  readonly name: string
  readonly base: string | undefined
  /** As written; `parseDelta` reads it. */
  readonly delta: string
}

/** `model FAMILY : PARENT …` and its versions. */
export interface FamilyRow {
  readonly at: Statement
  readonly name: string
  /** The section it stands in; absent before the first `vendor` line. */
  readonly section: VendorRow | undefined
  /** What the first version is a delta on; absent: on nothing. */
  readonly parent: string | undefined
  readonly signatures: readonly SignatureMatch[]
  /** Mentioned as disabled for the plain names (libvirt: removed). */
  readonly gone: readonly string[]
  /** A set that is in QEMU's model of the plain names but not in libvirt's data (libvirt: added). */
  readonly later: string | undefined
  /** Keys of `docs/sources.md`, as written: `key; key`; empty: the section's. */
  readonly sources: string
  readonly items: readonly ItemRow[]
}

/** One line of a family: `vN = PLAIN : BASE (flags) delta`. */
export interface ItemRow {
  readonly at: Statement
  /** `v2`: the model `FAMILY-v2`, chosen for hosts only. Absent: there is only the plain name. */
  readonly version: string | undefined
  /** The name without version. Absent: there is only the version. */
  readonly plain: string | undefined
  /** `vN` of this family, or a model above; absent: the item before, or the family's parent. */
  readonly base: string | undefined
  /** As written; `parseFlags` reads it. */
  readonly flags: string
  /** As written; `parseDelta` reads it. */
  readonly delta: string
}

/** Everything in one file of models, in its order. */
export interface ModelsFile {
  readonly file: DataFile
  readonly vendors: readonly VendorRow[]
  readonly sets: readonly SetRow[]
  readonly families: readonly FamilyRow[]
}

/** `v1`, `v2` …: the versions of a family. */
export const isVersion = (name: string): boolean => name.charAt(0) === 'v' && Number(name.slice(1)) > 0
