import type { Order } from './feature.ts'

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
