import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  accumulates,
  type Field,
  isHazard,
  meetValues,
  ORDERS,
  type Order,
  type Place,
  placeKey,
  printField,
  printPlace,
  readField,
  writeField,
} from '../../src/core/feature.ts'

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

test.each([
  ['&', 3],
  ['<', 3],
  ['~', 3],
  ['.', 3],
  ['>', 5],
  ['|', 5],
  ['=', undefined],
] as const)('by the order %s the safe value of 3 and 5 is %s', (order, safe) => {
  expect([meetValues(order, 3, 5), meetValues(order, 5, 3), meetValues(order, 4, 4)]).toEqual([safe, safe, 4])
})

test('a hazard warns; what tells of a remedy does more', () => {
  const of = (name: string, order: Order) => isHazard({ name, order })
  expect([of('rsba', '|'), of('md-clear', '|'), of('avx', '&')]).toEqual([true, false, false])
  expect(ORDERS.filter(accumulates)).toEqual(['|', '>'])
})

test('bits are printed and known by their words', () => {
  const leaf = { kind: 'cpuid', leaf: 7, subleaf: 1, register: 'edx', indexed: true } as const
  const places: readonly Place[] = [
    leaf,
    { ...leaf, indexed: false },
    { kind: 'msr', index: 0x10a, half: 'low' },
    { kind: 'msr', index: 0x10a, half: 'high' },
    { kind: 'named', name: 'STFLE', offset: 128 },
  ]
  expect(places.map(place => printPlace(place, 3))).toEqual([
    'CPUID.07H.1:EDX[3]',
    'CPUID.07H:EDX[3]',
    'MSR.10AH[3]',
    'MSR.10AH[35]',
    'STFLE[131]',
  ])
  expect(places.map(placeKey)).toEqual(['7.1.edx', '7.1.edx', 'msr.10a.low', 'msr.10a.high', 'STFLE.128'])
})
