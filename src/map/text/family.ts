import type { Model, Vendor } from '../../core/model.ts'
import { type Delta, parseDelta } from './delta.ts'
import { type FamilyRow, type ItemRow, isQemuOnly } from './parse-models.ts'

/** A line of CPUs that descend from one another: `EPYC` with all its versions. */
export class ModelFamily {
  readonly name: string
  /** Absent: not of one vendor. */
  readonly vendor: Vendor | undefined
  /** What the first version is a delta on; absent: on nothing. */
  readonly parent: Model | undefined
  /** In the order of the file; never empty. */
  readonly versions: readonly Version[]
  /** As the data says it. */
  readonly row: FamilyRow

  constructor(row: FamilyRow, parent: Model | undefined, versions: readonly Version[]) {
    this.name = row.name
    this.vendor = row.section?.vendor
    this.parent = parent
    this.versions = versions
    this.row = row
  }

  /** Microarchitecture, product, year; may be empty. */
  get note(): string {
    return this.row.at.note
  }

  /** Keys of `docs/sources.md`. */
  get sources(): readonly string[] {
    const sources = this.row.sources || this.row.section?.sources
    return sources ? sources.split(';').map(key => key.trim()) : []
  }
}

/** One step in a family's history: one CPU with one or two names. */
export class Version {
  /** The name without version; absent: only hosts are given this CPU by name. */
  readonly plain: Model | undefined
  /** `FAMILY-vN`; absent: the plain name has no versions. */
  readonly versioned: Model | undefined
  /** What it is a delta on; absent: on nothing. */
  readonly base: Model | undefined
  /** As the data says it. */
  readonly row: ItemRow

  constructor(row: ItemRow, plain: Model | undefined, versioned: Model | undefined, base: Model | undefined) {
    this.row = row
    this.plain = plain
    this.versioned = versioned
    this.base = base
  }

  /** The model, under its plain name where it has one. */
  get model(): Model {
    const model = this.plain ?? this.versioned
    if (!model) throw new RangeError('a version has at least one name')
    return model
  }

  /** The difference to `base` as the data says it: feature names and `@sets`. */
  get delta(): Delta {
    return parseDelta(this.row.delta, this.row.at)
  }

  /** Whether only QEMU has it: no model of the map. */
  get qemuOnly(): boolean {
    return isQemuOnly(this.row)
  }

  /** When and why; may be empty. */
  get note(): string {
    return this.row.at.note
  }
}
