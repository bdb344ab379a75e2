import type { Model, Vendor } from '../../core/model.ts'
import { type DataStatement, faultIn, statementsOf, tokensOf } from './data-file.ts'
import { type Delta, parseDelta } from './delta.ts'
import { type FamilyRow, type ItemRow, isQemuOnly, type ModelsFile } from './parse-models.ts'

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

/** Position of every model in map order, by name. @throws ParseError unless the walk names each family once */
export function walkOrder(families: readonly FamilyRow[], walk: readonly WalkRow[]): Map<string, number> {
  const rows = new Map(families.map(family => [family.name, family]))
  const order = new Map<string, number>()
  for (const row of walk) {
    const family = rows.get(row.family)
    if (!family) throw faultIn(row.at, `no family left is called \`${row.family}\``, row.family)
    rows.delete(row.family)
    for (const name of namesInOrder(family, row)) order.set(name, order.size)
  }
  for (const family of rows.values()) {
    throw faultIn(family.at, `\`${family.name}\` is not in the walk`, family.name)
  }
  return order
}

/** Every name of a family that libvirt has, in the order that the walk gives it. */
function namesInOrder(family: FamilyRow, { at, first }: WalkRow): string[] {
  const plain: string[] = []
  const versions: string[] = []
  for (const item of family.items) {
    if (item.plain) plain.push(item.plain)
    if (item.version && !isQemuOnly(item)) versions.push(`${family.name}-${item.version}`)
  }
  const all = plain.concat(versions)
  if (first.length === 0) return all
  const given = first.filter(name => name !== 'v*')
  const stray = given.find(name => !all.includes(name))
  if (stray) throw faultIn(at, `\`${family.name}\` has no model \`${stray}\``, stray)
  const names = [...new Set([...given, ...(first.includes('v*') ? all : [])])]
  if (names.length < all.length) throw faultIn(at, 'this leaves models out; end it with `v*`', family.name)
  return names
}

/** One line of `walk.txt`: the models of a family, where they stand in map order. */
export interface WalkRow {
  readonly at: DataStatement
  readonly family: string
  /** The names that come first; `v*` stands for all the rest. Empty: the plain names, then the versions. */
  readonly first: readonly string[]
}

/** Reads `walk.txt`, whose lines are `FAMILY` or `FAMILY = NAME … v*`. @throws ParseError */
export function parseWalk(text: string, name: string): WalkRow[] {
  return statementsOf({ name, text }).map(at => {
    const [family = '', equals, ...first] = tokensOf(at.text)
    if (equals !== undefined && (equals !== '=' || first.length === 0)) {
      throw faultIn(at, 'expected `FAMILY` or `FAMILY = NAME … v*`', equals)
    }
    return { at, family, first }
  })
}

/** Files of models as the walk first names a family of each, which is the order of vendor detection. */
export function inWalkOrder(files: readonly ModelsFile[], walk: readonly WalkRow[]): ModelsFile[] {
  const place = new Map(walk.map((row, i) => [row.family, i]))
  const first = ({ families }: ModelsFile) => Math.min(...families.map(({ name }) => place.get(name) ?? 0))
  return [...files].sort((a, b) => first(a) - first(b))
}
