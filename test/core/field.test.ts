import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Field, meetValues, ORDERS, printField, readField, writeField } from '../../src/core/feature.ts'

const field = (parts: Partial<Field>): Field => ({
  name: 'f',
  register: 'R',
  lsb: 4,
  length: 4,
  reading: 'plain',
  order: '<',
  title: '',
  ...parts,
})

test.each([
  ['plain', 0x30n, 3],
  ['plain', 0xf0n, 15],
  ['signed', 0xf0n, -1],
  ['signed', 0x70n, 7],
  ['zero-is-largest', 0x0fn, 16],
  ['zero-is-largest', 0x40n, 4],
] as const)('%s: %s reads as %s', (reading, register, value) => {
  expect(readField(field({ reading }), register)).toBe(value)
})

test('is printed as manuals write it', () => {
  expect(printField(field({}))).toBe('R[7:4]')
  expect(printField(field({ length: 1 }))).toBe('R[4]')
})

const reading = fc.constantFrom('plain', 'signed', 'zero-is-largest')
const register = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })

test('what is written is read, and nothing else changes', () => {
  fc.assert(
    fc.property(reading, register, register, (how, a, b) => {
      const own = field({ reading: how, lsb: 20 } as Partial<Field>)
      const written = writeField(own, readField(own, a), b)
      const rest = ~(0xfn << 20n)
      expect(readField(own, written)).toBe(readField(own, a))
      expect(written & rest).toBe(b & rest)
    }),
  )
})

describe('the meet of values', () => {
  const orders = fc.constantFrom(...ORDERS)
  const value = fc.integer({ min: -8, max: 16 })
  const met = (order: (typeof ORDERS)[number], ...[a, ...rest]: number[]): number | undefined =>
    rest.reduce<number | undefined>((acc, b) => (acc === undefined ? acc : meetValues(order, acc, b)), a)

  test('does not depend on order or repetition', () => {
    fc.assert(
      fc.property(orders, value, value, value, (order, a, b, c) => {
        expect(met(order, a, b, c)).toBe(met(order, c, b, a))
        expect(met(order, a, a)).toBe(a)
        expect(met(order, a, b, a)).toBe(met(order, a, b))
      }),
    )
  })

  test('is below both: meeting it again with either changes nothing', () => {
    fc.assert(
      fc.property(orders, value, value, (order, a, b) => {
        const both = meetValues(order, a, b)
        if (both !== undefined) expect(meetValues(order, both, a)).toBe(both)
        else expect(order).toBe('=')
      }),
    )
  })
})
