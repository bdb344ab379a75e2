import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { brandOf, brandRows, Cpuid, type CpuidRow, type MsrRow } from '../../src/core/cpuid.ts'
import { placeKey, REGISTERS } from '../../src/core/feature.ts'
import { cpuid, together } from '../notation.ts'

const word = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff }))
const leaf = fc.constantFrom(0, 1, 7, 0xd, 0x8000_0001, 0xffff_ffff)
const row: fc.Arbitrary<CpuidRow> = fc.tuple(leaf, fc.constantFrom(0, 1, 0x100), word, word, word, word)
const msr: fc.Arbitrary<MsrRow> = fc.tuple(fc.constantFrom(0x10a, 0x48b, 0xffff_ffff), word, word)
const anyCpuid = fc.tuple(fc.array(row), fc.array(msr)).map(([rows, msrs]) => Cpuid.of(rows, msrs))

/** What a reader sees of a CPU: each word that it has, by its key. */
const seen = (data: Cpuid): Map<string, number> => {
  const words = new Map<string, number>()
  for (const [place, value] of data.words()) {
    const key = placeKey(place)
    words.set(key, ((words.get(key) ?? 0) | value) >>> 0)
  }
  return words
}

const holds = (law: (a: Cpuid, b: Cpuid) => void): void => fc.assert(fc.property(anyCpuid, anyCpuid, law))

describe('laws', () => {
  test('a word is the OR of all rows with its key', () => {
    holds(data => {
      const words = seen(data)
      for (const [leaf, subleaf] of data.rows()) {
        for (const register of REGISTERS) {
          const key = placeKey({ kind: 'cpuid', leaf, subleaf, register, indexed: true })
          expect(data.word(leaf, subleaf, register)).toBe(words.get(key))
          expect(data.registers(leaf, subleaf)[register]).toBe(words.get(key))
        }
      }
      for (const [index] of data.msrs()) {
        const half = (which: 'low' | 'high') =>
          words.get(placeKey({ kind: 'msr', index, half: which })) ?? Number.NaN
        expect(data.msr(index)).toBe(BigInt(half('high')) * 2n ** 32n + BigInt(half('low')))
      }
    })
  })

  test('merging changes nothing that can be read, and is done once', () => {
    holds(data => {
      const merged = data.merged()
      expect(seen(merged)).toEqual(new Map([...seen(data)].sort(([a], [b]) => keysInOrder(merged, a, b))))
      expect(merged.eq(data)).toBe(true)
      expect(merged.merged().rows()).toEqual(merged.rows())
      expect(merged.merged().msrs()).toEqual(merged.msrs())
    })
  })

  test('merged rows ascend, one a key', () => {
    holds(data => {
      const merged = data.merged()
      const keys = merged.rows().map(([leaf, subleaf]) => leaf * 0x1000 + subleaf)
      expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b))
      const indexes = merged.msrs().map(([index]) => index)
      expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b))
    })
  })

  test('words and rows are one another’s reverse', () => {
    holds(data => {
      const built = Cpuid.ofWords(data.words())
      expect(built.rows()).toEqual(data.merged().rows())
      expect(built.msrs()).toEqual(data.merged().msrs())
    })
  })

  test('equality is that of the words: reflexive, symmetric, blind to order and repetition', () => {
    holds((a, b) => {
      const same = JSON.stringify([...seen(a)].sort()) === JSON.stringify([...seen(b)].sort())
      expect(a.eq(b)).toBe(same)
      expect(b.eq(a)).toBe(same)
      expect(together(a, b).eq(together(b, a))).toBe(true)
      expect(together(a, a).eq(a)).toBe(true)
    })
  })

  test('fields and bits are parts of their word', () => {
    fc.assert(
      fc.property(row, fc.nat(31), fc.nat(31), (row, lsb, more) => {
        const data = Cpuid.of([row])
        const [leaf, subleaf, eax] = row
        const len = Math.min(more + 1, 32 - lsb)
        expect(data.field(leaf, subleaf, 'eax', lsb, len)).toBe(Math.floor(eax / 2 ** lsb) % 2 ** len)
        expect(data.bit(leaf, subleaf, 'eax', lsb)).toBe(data.field(leaf, subleaf, 'eax', lsb, 1) === 1)
      }),
    )
  })
})

/** The order of two words of merged data. */
function keysInOrder(merged: Cpuid, a: string, b: string): number {
  const keys = [...seen(merged).keys()]
  return keys.indexOf(a) - keys.indexOf(b)
}

test('the order of reading is kept', () => {
  const data = cpuid('7.0.ebx=2, 1.ecx=1, 7.0.ebx=1, msr.10a=100000002')
  expect(data.rows()).toEqual([
    [7, 0, 0, 2, 0, 0],
    [1, 0, 0, 0, 1, 0],
    [7, 0, 0, 1, 0, 0],
  ])
  expect(data.word(7, 0, 'ebx')).toBe(3)
  expect(data.msr(0x10a)).toBe(0x1_0000_0002n)
})

test('what is not there reads as zero', () => {
  const data = cpuid('1.ecx=ffffffff')
  expect(data.has(1, 0)).toBe(true)
  expect(data.has(1, 1)).toBe(false)
  expect(data.word(1, 0, 'ecx')).toBe(0xffff_ffff)
  expect(data.word(1, 1, 'ecx')).toBe(0)
  expect(data.msr(0x10a)).toBe(0n)
  expect(Cpuid.empty.eq(cpuid(''))).toBe(true)
})

test('other MSRs leave the rows alone', () => {
  const data = cpuid('1.ecx=1, msr.10a=1').withMsrs([[0x48b, 1, 2]])
  expect(data.eq(cpuid('1.ecx=1, msr.48b=200000001'))).toBe(true)
})

describe('the name of the product', () => {
  test.each([
    ['Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz', 'Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz'],
    ['  two   blanks ', 'two blanks'],
    ['x'.repeat(60), 'x'.repeat(48)],
    ['\u00ff and more', '\u00ff and more'],
    [' ', undefined],
    ['', undefined],
  ])('%j is read as %j', (name, read) => {
    expect(brandOf(Cpuid.of(brandRows(name)))).toBe(read)
  })

  test('is in three leaves, four letters a register', () => {
    expect(brandRows('')).toEqual([])
    expect(brandRows('ABCDEFGHIJKLMNOPQ')).toEqual([
      [0x8000_0002, 0, 0x44434241, 0x48474645, 0x4c4b4a49, 0x504f4e4d],
      [0x8000_0003, 0, 0x51, 0, 0, 0],
      [0x8000_0004, 0, 0, 0, 0, 0],
    ])
  })
})
