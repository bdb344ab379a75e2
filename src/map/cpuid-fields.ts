import type { FeatureClass, Order, Register } from '../core/feature.ts'
import { dataFile, dataNames } from './data.ts'
import { parseFeatureRows } from './text/parse-features.ts'

/** Some bits of a CPUID register that are no feature: a number, or what no guest is given by name. */
export interface CpuidField {
  readonly name: string
  /** The leaf, its subleaves from the first to the last, and the register. */
  readonly leaf: number
  readonly subleaves: readonly [first: number, last: number]
  readonly register: Register
  /** Whether the leaf takes a subleaf at all; decides only how the place is written. */
  readonly indexed: boolean
  readonly lsb: number
  readonly length: number
  readonly order: Order
  readonly class: FeatureClass | undefined
  readonly title: string
  /** No hypervisor is known to give it to guests. */
  readonly unoffered: boolean
}

const FILE = 'x86/fields.txt'
let fields: readonly CpuidField[] | undefined

/** The fields of x86 beside its features, in the order of their places; none in the page, which is kept small. */
export function builtinCpuidFields(): readonly CpuidField[] {
  fields ??= dataNames('x86').includes(FILE) ? readFields() : []
  return fields
}

const readFields = (): CpuidField[] =>
  parseFeatureRows(dataFile(FILE)).flatMap(({ at, features }) =>
    features.flatMap(({ name, bit, length, flags, title }) => {
      if (!('leaf' in at)) return []
      const { leaf, subleaf, last = subleaf, register, indexed } = at
      const place = { leaf, subleaves: [subleaf, last] as const, register, indexed, lsb: bit, length }
      const { order, class: of, unoffered } = flags
      return [{ name, ...place, order, class: of, title, unoffered }]
    }),
  )

/** `CPUID.04H.0-31:EAX[7:5]` */
export function printFieldPlace({ leaf, subleaves, register, indexed, lsb, length }: CpuidField): string {
  const [first, last] = subleaves
  const range = first === last ? `.${first}` : `.${first}-${last}`
  const bits = length === 1 ? lsb : `${lsb + length - 1}:${lsb}`
  const hex = leaf.toString(16).toUpperCase().padStart(2, '0')
  return `CPUID.${hex}H${indexed ? range : ''}:${register.toUpperCase()}[${bits}]`
}

const PLACE = /^CPUID\.([0-9A-F]+)H(?:\.(\d+)(?:-\d+)?)?:(E[ABCD]X)\[(\d+)(?::(\d+))?\]$/

/** The fields that have bits of a place, `CPUID.04H.2:EAX[6]` or `CPUID.04H:EAX[7:5]`. */
export function findFieldsAt(text: string): CpuidField[] {
  const [, leaf, subleaf = '0', register = '', high, low = high] = PLACE.exec(text.toUpperCase()) ?? []
  if (leaf === undefined) return []
  const place = {
    leaf: Number.parseInt(leaf, 16),
    subleaf: Number(subleaf),
    register: register.toLowerCase(),
  }
  return builtinCpuidFields().filter(
    field => isAt(field, place) && field.lsb <= Number(high) && Number(low) < field.lsb + field.length,
  )
}

/** Whether the field is in a register of a subleaf. */
export function isAt(
  { leaf, subleaves, register }: CpuidField,
  place: { readonly leaf: number; readonly subleaf: number; readonly register: string },
): boolean {
  const [first, last] = subleaves
  const { subleaf } = place
  return leaf === place.leaf && first <= subleaf && subleaf <= last && register === place.register
}
