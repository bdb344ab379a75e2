import type { Cpu, NamedRegisters } from '../../core/cpu.ts'
import { type FeatureClass, type Field, readField } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { internalError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { dataFile, readDataFile } from '../../map/data.ts'
import { hexAttribute, type MapFiles, type MapTaker, walkCpuMap } from '../../map/libvirt/walk.ts'
import { faultIn, hexOf, parseModelList, statementsOf, tokensOf } from '../../map/text/data-file.ts'
import { buildTables, parseFeatureRows } from '../../map/text/parse-features.ts'
import { child, type Element, requiredAttribute } from '../../xml/element.ts'
import type { FeatureView } from '../driver.ts'

/** The files of our cores: libvirt's, and others. */
const [MODELS, CORES] = ['arm/models.txt', 'arm/cores.txt']

/** The words that begin a field there. */
const FIELDS = ['part', 'called']

export const LISTS = { [MODELS]: FIELDS, [CORES]: FIELDS }

/** What is known of ARM cores, each part read when it is first asked for. */
export class ArmModels {
  /** libvirt's cores: an installed map's, or ours. @throws LibvirtError for what libvirt refuses to load */
  readonly map: () => ArmMap
  /** Every core that we know, libvirt's first: by implementer and part. @throws ParseError */
  readonly cores = once((): readonly ArmModel[] => [...builtinArmMap().models, ...listed(CORES).models])
  /** The flags of AT_HWCAP and AT_HWCAP2. @throws ParseError */
  readonly hwcaps = once((): FeatureTable => tableOf('arm/hwcaps.txt'))
  /** The fields of the ID registers that guests may see. @throws ParseError */
  readonly fields = once(readFields)
  /** How far those of `names.txt` may come. @throws ParseError */
  readonly steps = once(() => this.fields().flatMap(field => stepsOf(field, this.names())))

  /** The architecture's names of fields' values, by `REGISTER.field`. @throws ParseError */
  readonly names = once(readNames)

  constructor({ files, knows }: CpuMap) {
    this.map = once(() => (files ? readArmMap(files) : builtinArmMap(knows)))
  }

  /** The flags that definitions list; what is no flag (`sve512`, `pauth`) is passed over. */
  get view(): FeatureView {
    return { table: this.hwcaps(), of: cpu => this.flagsOf(cpu) }
  }

  /**
   * The flags of which registers tell: as Linux told them, else as it derives them from ID registers.
   * @see Linux, ARM64 ELF hwcaps
   */
  flagsIn(registers: NamedRegisters): { readonly has: FeatureSet; readonly known: FeatureSet } {
    const table = this.hwcaps()
    if (registers.has('AT_HWCAP')) return { has: table.setOfRegisters(registers), known: table.all }
    const named = (wanted: boolean | undefined) =>
      table.setOfNames(
        this.steps().flatMap(({ flag, field, value, name }) => {
          const least = { field: { ...field, order: '<' as const }, value, name, flag }
          return flag !== undefined && isReached(least, registers) === wanted ? flag : []
        }),
      )
    const has = named(true)
    return { has, known: has.join(named(false).minus(named(undefined))) }
  }

  flagsOf({ features }: Cpu): FeatureSet {
    const table = this.hwcaps()
    return table.setOf(
      features.flatMap(({ name, policy }) => (policy === 'disable' ? [] : (table.get(name) ?? []))),
    )
  }
}

function tableOf(name: string): FeatureTable {
  const file = dataFile(name)
  return buildTables(parseFeatureRows(file), file).features
}

/** A value of a field, and what a core has where the field is at least that. */
interface FieldName {
  readonly value: number
  readonly name: string
  /** The flag by which Linux tells it. Absent: by none. */
  readonly flag?: string | undefined
}

/** A field of an ID register, and what it is for. */
interface IdField extends Field {
  readonly class: FeatureClass | undefined
}

/** How far a field may come, by its order: at least to a value, at most to it, or to no other. */
export interface FieldStep {
  readonly field: IdField
  readonly value: number
  /** `FEAT_CSV2`; of what has no such name `CTR_EL0.dic`, `ID_AA64MMFR0_EL1.parange>=5`. */
  readonly name: string
  readonly flag: string | undefined
}

const SIGNS: Readonly<Record<string, string>> = { '<': '>=', '>': '<=', '=': '=' }

function stepsOf(field: IdField, names: ReadonlyMap<string, readonly FieldName[]>): FieldStep[] {
  const { register, length, order } = field
  const key = `${register}.${field.name}`
  return (names.get(key) ?? []).map(({ value, name, flag }) => {
    const own = length === 1 ? key : `${key}${SIGNS[order] ?? ''}${value}`
    return { field, value, name: name === '-' || order === '=' ? own : `FEAT_${name}`, flag }
  })
}

/** Whether a core's field has come so far; undefined: its register was not read. */
export function isReached({ field, value }: FieldStep, registers: NamedRegisters): boolean | undefined {
  const register = registers.get(field.register)
  if (register === undefined) return undefined
  const own = readField(field, register)
  return field.order === '<' ? own >= value : field.order === '>' ? own <= value : own === value
}

function readNames(): ReadonlyMap<string, readonly FieldName[]> {
  const names = new Map<string, readonly FieldName[]>()
  for (const at of statementsOf(dataFile('arm/names.txt'))) {
    const [field = '', ...words] = tokensOf(at.text)
    const found: FieldName[] = []
    for (let i = 0; i < words.length; i += 2) {
      const [value, word] = [Number(words[i]), words[i + 1]]
      if (!Number.isInteger(value) || word === undefined) throw faultIn(at, 'expected `VALUE NAME`', words[i])
      const [name = '', flag] = word.split(':')
      found.push({ value, name, flag })
    }
    names.set(field, found)
  }
  return names
}

const readFields = (): readonly IdField[] =>
  parseFeatureRows(dataFile('arm/registers.txt')).flatMap(({ at, features }) =>
    features.map(({ name, bit, length, reading, flags, title }) => ({
      name,
      register: 'name' in at ? at.name : '',
      lsb: bit,
      length,
      reading,
      order: flags.order,
      class: flags.class,
      title,
    })),
  )

/** Our own cores of libvirt's, those that are known. @throws ParseError */
export function builtinArmMap(knows: CpuMap['knows'] = () => true): ArmMap {
  const { vendors, models } = listed(MODELS)
  return {
    vendors,
    models: models.filter(({ name }) => knows(name)),
    features: tableOf('arm/features.txt').list.flatMap(({ name }) => (knows(name) ? name : [])),
  }
}

function listed(name: string): Omit<ArmMap, 'features'> {
  const list = parseModelList(readDataFile(name), name, FIELDS)
  const vendors = list.vendors.map(({ name, id }) => ({ name, implementer: Number.parseInt(id, 16) }))
  return {
    vendors,
    models: list.models.map(({ at, name, vendor, fields }) => {
      const [part, more] = fields.part ?? []
      if (part === undefined || more !== undefined) throw faultIn(at, 'a core has one part number')
      return { name, vendor: vendors.find(known => known.name === vendor?.name), part: hexOf(part, at) }
    }),
  }
}

/** Who makes a core, and the number by which the main ID register says so. */
interface ArmVendor {
  readonly name: string
  readonly implementer: number
}

/** A core. libvirt finds it by its part number alone, whoever made it. */
interface ArmModel {
  readonly name: string
  readonly vendor?: ArmVendor | undefined
  readonly part: number
}

/** What libvirt knows of ARM cores. */
interface ArmMap {
  readonly vendors: readonly ArmVendor[]
  /** The names of the features that definitions may list, in map order. */
  readonly features: readonly string[]
  /** In map order. */
  readonly models: readonly ArmModel[]
}

/** An installed map's ARM cores. @throws LibvirtError with libvirt's texts for what it refuses to load */
export function readArmMap(read: MapFiles): ArmMap {
  const reader = new Reader()
  walkCpuMap(read, 'arm', reader)
  return reader
}

class Reader implements MapTaker, ArmMap {
  readonly vendors: ArmVendor[] = []
  readonly features: string[] = []
  readonly models: ArmModel[] = []

  vendor(element: Element, name: string): void {
    if (this.vendors.some(known => known.name === name))
      throw internalError(`CPU vendor ${name} already defined`)
    const implementer = hexAttribute(element, 'value')
    if (this.vendors.some(known => known.implementer === implementer)) {
      throw internalError(`CPU vendor value 0x${implementer.toString(16).padStart(2)} already defined`)
    }
    this.vendors.push({ name, implementer })
  }

  feature(_: Element, name: string): void {
    if (this.features.includes(name)) throw internalError(`CPU feature ${name} already defined`)
    this.features.push(name)
  }

  model(element: Element, name: string): void {
    if (this.models.some(known => known.name === name))
      throw internalError(`CPU model ${name} already defined`)
    const vendor = this.#vendorOf(element, name)
    const pvr = child(element, 'pvr')
    if (!pvr) throw internalError(`Missing PVR information for CPU model ${name}`)
    this.models.push({ name, vendor, part: hexAttribute(pvr, 'value') })
  }

  #vendorOf(element: Element, model: string): ArmVendor | undefined {
    const given = child(element, 'vendor')
    if (!given) return undefined
    const name = requiredAttribute(given, 'name')
    const vendor = this.vendors.find(known => known.name === name)
    if (!vendor) throw internalError(`Unknown vendor ${name} referenced by CPU model ${model}`)
    return vendor
  }
}
