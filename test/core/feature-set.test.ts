import { describe, expect, test } from 'vitest'
import { bit, bitMask, bits, hex, popcount } from '../../src/core/bits.ts'
import { addInto, FeatureSet, removeFrom } from '../../src/core/feature-set.ts'

/** A set as it prints. */
const set = (text: string): FeatureSet =>
  FeatureSet.of(text.split('-').flatMap(word => (word ? [Number.parseInt(word, 16)] : [])))

describe('bits are unsigned', () => {
  test.each([
    [0x8000_0000, 31, true],
    [0x8000_0000, 30, false],
    [0, 31, false],
    [1, 0, true],
  ])('bit of %i, %i', (word, n, expected) => {
    expect(bit(word, n)).toBe(expected)
  })

  test.each([
    [0, 0],
    [1, 1],
    [0x8000_0000, 1],
    [0xffff_ffff, 32],
    [0x1234_5678, 13],
  ])('popcount of %i', (word, expected) => {
    expect(popcount(word)).toBe(expected)
  })

  test('masks, fields and hex', () => {
    expect([bitMask(0), bitMask(31)]).toEqual([1, 0x8000_0000])
    expect([bits(0xffff_ffff, 0, 32), bits(0x8000_0000, 31, 1), bits(0x306c3, 4, 4)]).toEqual([
      0xffff_ffff, 1, 12,
    ])
    expect([hex(0), hex(0xffff_ffff), hex(7, 2), hex(0x123, 2)]).toEqual([
      '00000000',
      'ffffffff',
      '07',
      '123',
    ])
  })
})

describe('sets of different lengths', () => {
  const [short, long] = [set('80000001'), set('80000003-00000001')]

  test.each([
    ['meet', short.meet(long), '80000001'],
    ['join', short.join(long), '80000003-00000001'],
    ['minus', short.minus(long), '00000000'],
    ['minus the other way', long.minus(short), '00000002-00000001'],
    ['empty', FeatureSet.empty, ''],
    ['one', FeatureSet.one(1, 0x8000_0000), '00000000-80000000'],
  ])('%s', (_, found, expected) => {
    expect(String(found)).toBe(expected)
  })

  test('order and equality do not see zero words', () => {
    expect([short.leq(long), long.leq(short)]).toEqual([true, false])
    expect([set('1').eq(set('1-0')), set('1-0').eq(set('1')), set('1').eq(set('1-1'))]).toEqual([
      true,
      true,
      false,
    ])
    expect([set('0-0').isEmpty, FeatureSet.empty.isEmpty, set('0-1').isEmpty]).toEqual([true, true, false])
  })

  test('sizes and meetings', () => {
    expect([short.size, long.size, long.sizeWithout(short), short.sizeWithout(long)]).toEqual([2, 4, 2, 0])
    expect([short.meets(long), set('4').meets(long), set('0-1').meets(short)]).toEqual([true, false, false])
    expect(FeatureSet.one(1, 1).meets(FeatureSet.one(0, 1))).toBe(false)
    expect(FeatureSet.one(1, 1).leq(FeatureSet.one(0, 1))).toBe(false)
    expect(FeatureSet.one(0, 1).leq(FeatureSet.one(1, 1))).toBe(false)
  })

  test('nothing changes what is given', () => {
    const words = [1, 2]
    const made = FeatureSet.of(words)
    words[0] = 7
    made.join(set('8')).minus(set('1')).meet(set('2'))
    expect(String(made)).toBe('00000001-00000002')
    expect(String(FeatureSet.of([-1, 2 ** 32]))).toBe('ffffffff-00000000')
  })

  test('in place', () => {
    const words = Uint32Array.of(1, 0)
    addInto(words, FeatureSet.one(1, 0x8000_0000))
    addInto(words, set('2'))
    removeFrom(words, set('1-0-7'))
    expect([...words]).toEqual([2, 0x8000_0000])
  })
})
