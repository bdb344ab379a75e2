import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bit, bitMask, bits, hex, popcount } from '../../src/core/bits.ts'

/** The same in whole numbers of any size, which have no sign bit. */

const word = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(0, 0x8000_0000, 0xffff_ffff))
const place = fc.integer({ min: 0, max: 31 })

test('a bit, and the word in which only that is set', () => {
  fc.assert(
    fc.property(word, place, (of, n) => {
      expect(BigInt(bitMask(n))).toBe(1n << BigInt(n))
      expect(bit(of, n)).toBe(((BigInt(of) >> BigInt(n)) & 1n) === 1n)
    }),
  )
})

test('a field of each length', () => {
  fc.assert(
    fc.property(word, place, fc.integer({ min: 1, max: 32 }), (of, lsb, length) => {
      expect(BigInt(bits(of, lsb, length))).toBe(BigInt.asUintN(length, BigInt(of) >> BigInt(lsb)))
    }),
  )
})

test('how many bits are set, and the digits', () => {
  fc.assert(
    fc.property(word, of => {
      expect(popcount(of)).toBe(of.toString(2).replaceAll('0', '').length)
      expect([hex(of).length, Number.parseInt(hex(of), 16)]).toEqual([8, of])
      expect(hex(of, 1)).toBe(of.toString(16))
    }),
  )
})
