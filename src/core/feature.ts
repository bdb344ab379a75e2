import { hex, type U32 } from './bits.ts'
import type { FeatureSet } from './feature-set.ts'

/**
 * The order of a one-bit field: what `a ≤ b` means for it. The order is data (`features.txt`).
 *
 * | letter | meaning | one bit: the safe common value |
 * | --- | --- | --- |
 * | `&` | only if every CPU has it | AND |
 * | `\|` | if any CPU has it: a hazard the guest must see | OR |
 * | `<` | the smaller value is safe | AND |
 * | `>` | the larger value is safe | OR |
 * | `=` | all must agree | AND, and a disagreement is a conflict |
 * | `~` | a hint, never a blocker | AND |
 * | `.` | not compared: the OS or the vCPU owns it | AND |
 */
export type Order = '&' | '|' | '<' | '>' | '=' | '~' | '.'

export const ORDERS: readonly Order[] = ['&', '|', '<', '>', '=', '~', '.']

/** Orders whose bits accumulate over a pool. */
/** Whether it only warns of something: `rsba`; what tells that VERW helps does more. */
export const isHazard = ({ name, order }: Pick<Feature, 'name' | 'order'>): boolean =>
  order === '|' && !name.endsWith('-clear')

export const accumulates = (order: Order): boolean => order === '|' || order === '>'

/** What a feature is for: decides what is said about it, never what libvirt answers. */
export type FeatureClass = 'security' | 'performance' | 'virtualization' | 'nested' | 'platform' | 'volatile'

/** A named field of a CPU; on x86 one bit, though an installed map may give it several. */
export interface Feature {
  readonly name: string
  /** Position in map order: the order of all output. */
  readonly index: number
  /** The bits that must all be set for a CPU to have it. */
  readonly bits: FeatureSet
  /** Where its lowest bit is. */
  readonly place: Place
  /** The number of that bit in its 32-bit word. */
  readonly bit: number
  /** libvirt's migration blockers have `false`. */
  readonly migratable: boolean
  readonly order: Order
  /** Absent where the data says nothing (an installed map). */
  readonly class?: FeatureClass
  /** One line in the manual's terms; empty for a feature of an installed map. */
  readonly title: string
  /** No hypervisor is known to give it to guests. */
  readonly unoffered?: true
}

/** `CPUID.07H.0:EBX[5]` */
export const placeOf = (feature: Feature): string => printPlace(feature.place, feature.bit)

export type Register = 'eax' | 'ebx' | 'ecx' | 'edx'

/** In the order of the manuals and of rows. */
export const REGISTERS: readonly Register[] = ['eax', 'ebx', 'ecx', 'edx']

/** One 32-bit word that carries features: a register of a CPUID leaf, one half of an MSR, or part of a register that has a name. */
export type Place =
  | {
      readonly kind: 'cpuid'
      readonly leaf: U32
      readonly subleaf: U32
      readonly register: Register
      /** Whether the leaf takes a subleaf at all; decides only how the place is written. */
      readonly indexed: boolean
    }
  | { readonly kind: 'msr'; readonly index: U32; readonly half: 'low' | 'high' }
  | {
      readonly kind: 'named'
      /** As manuals call it: `ID_AA64PFR0_EL1`, `STFLE`. */
      readonly name: string
      /** The number that the word's lowest bit has in it. */
      readonly offset: number
    }

/** As the manuals write it: `CPUID.07H.0:EBX[5]`, `CPUID.01H:ECX[3]`, `MSR.10AH[33]` (bits 0 to 63), `STFLE[129]`. */
export function printPlace(place: Place, bitNumber: number): string {
  if (place.kind === 'named') return `${place.name}[${place.offset + bitNumber}]`
  const upper = (word: U32) => `${hex(word, 2).toUpperCase()}H`
  if (place.kind === 'msr')
    return `MSR.${upper(place.index)}[${bitNumber + (place.half === 'high' ? 32 : 0)}]`
  const leaf = place.indexed ? `${upper(place.leaf)}.${place.subleaf}` : upper(place.leaf)
  return `CPUID.${leaf}:${place.register.toUpperCase()}[${bitNumber}]`
}

/** Equal for equal words: whether the leaf is indexed does not count. */
export function placeKey(place: Place): string {
  if (place.kind === 'named') return `${place.name}.${place.offset}`
  return place.kind === 'msr'
    ? `msr.${hex(place.index, 1)}.${place.half}`
    : `${hex(place.leaf, 1)}.${place.subleaf}.${place.register}`
}

/** How a field's bits are a number: as they stand, in two's complement, or with zero for the largest. */
export type Reading = 'plain' | 'signed' | 'zero-is-largest'

/** Some bits of a register that together are one value. */
export interface Field {
  readonly name: string
  /** The register, as manuals call it. */
  readonly register: string
  /** Its lowest bit. */
  readonly lsb: number
  readonly length: number
  readonly reading: Reading
  readonly order: Order
  readonly title: string
}

/** `ID_AA64ISAR0_EL1[7:4]` */
export const printField = ({ register, lsb, length }: Field): string =>
  length === 1 ? `${register}[${lsb}]` : `${register}[${lsb + length - 1}:${lsb}]`

/** The field's value in a register. */
export function readField({ lsb, length, reading }: Field, register: bigint): number {
  const bits = Number(BigInt.asUintN(length, register >> BigInt(lsb)))
  if (reading === 'signed') return bits >= 2 ** (length - 1) ? bits - 2 ** length : bits
  return reading === 'zero-is-largest' && bits === 0 ? 2 ** length : bits
}

/** The register with the field set to a value. */
export function writeField({ lsb, length }: Field, value: number, register: bigint): bigint {
  const mask = (1n << BigInt(length)) - 1n
  const bits = BigInt(value) & mask
  return (register & ~(mask << BigInt(lsb))) | (bits << BigInt(lsb))
}

/** The value that is safe for both, by the field's order; undefined: none is, since they must agree and do not. */
export function meetValues(order: Order, a: number, b: number): number | undefined {
  if (a === b) return a
  switch (order) {
    case '=':
      return undefined
    case '>':
    case '|':
      return Math.max(a, b)
    default:
      return Math.min(a, b)
  }
}
