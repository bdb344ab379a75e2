import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Query, walkLeaves } from '../../src/core/cpuid-walk.ts'
import { builtin } from '../built-in.ts'
import { registersOf } from '../notation.ts'

/** A CPU that answers zeros but for what is listed: `LEAF.SUBLEAF: EAX EBX ECX EDX` in hexadecimal. */
const cpu = (...lines: readonly string[]): Query => {
  const words = new Map(
    lines.map(line => {
      const [key = '', registers = ''] = line.split(': ')
      return [key, registersOf(...registers.split(' ').map(word => Number.parseInt(word, 16)))]
    }),
  )
  return (leaf, subleaf) => words.get(`${leaf.toString(16)}.${subleaf.toString(16)}`) ?? registersOf()
}

const keys = (query: Query): string =>
  walkLeaves(query)
    .rows()
    .map(([leaf, subleaf]) => `${leaf.toString(16)}.${subleaf.toString(16)}`)
    .join(' ')

test.each([
  ['the basic range alone', ['0.0: 3 0 0 0'], '0.0 1.0 2.0 3.0'],
  ['the extended range', ['0.0: 0 0 0 0', '80000000.0: 80000001 0 0 0'], '0.0 80000000.0 80000001.0'],
  ['a range that answers as another leaf is none', ['0.0: 1 0 0 0', '80000000.0: 1 0 0 0'], '0.0 1.0'],
  [
    "a hypervisor's range",
    ['0.0: 1 0 0 0', '1.0: 0 0 80000000 0', '40000000.0: 40000001 0 0 0'],
    '0.0 1.0 40000000.0 40000001.0',
  ],
  ["a hypervisor's range without one", ['0.0: 1 0 0 0', '40000000.0: 40000001 0 0 0'], '0.0 1.0'],
  [
    'caches with the one that ends them',
    ['0.0: 4 0 0 0', '4.0: 121 0 0 0', '4.1: 122 0 0 0'],
    '0.0 1.0 2.0 3.0 4.0 4.1 4.2',
  ],
  [
    'levels of topology without the one that ends them',
    ['0.0: b 0 0 0', 'b.0: 1 1 100 0', 'b.1: 5 2 201 0', 'b.2: 0 0 2 0'],
    '0.0 1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0 9.0 a.0 b.0 b.1',
  ],
])('%s', (_, lines, expected) => {
  expect(keys(cpu(...lines))).toBe(expected)
})

const of = (leaf: number, query: Query): number[] =>
  walkLeaves(query)
    .rows()
    .flatMap(row => (row[0] === leaf ? [row[1]] : []))

test.each([
  ['7: what EAX says', 7, ['7.0: 2 0 0 0'], [0, 1, 2]],
  ['DH: components of XCR0 and IA32_XSS', 0xd, ['d.0: 27 0 0 2', 'd.1: 0 0 800 0'], [0, 1, 2, 5, 11, 33]],
  ['FH: resources', 0xf, ['f.0: 0 0 0 2'], [0, 1]],
  ['10H: resources', 0x10, ['10.0: 0 e 0 0'], [0, 1, 2, 3]],
  ['12H: none without SGX', 0x12, ['12.0: 3 0 0 0'], []],
  ['12H: sections of memory', 0x12, ['7.0: 0 4 0 0', '12.2: 1 0 0 0', '12.3: 1 0 0 0'], [0, 1, 2, 3]],
  ['17H: nothing below 3', 0x17, ['17.0: 2 0 0 0'], []],
  ['17H: what EAX says', 0x17, ['17.0: 3 0 0 0'], [0, 1, 2, 3]],
  ['1EH: 1 whatever EAX says', 0x1e, [], [0, 1]],
  ['24H: what EAX says', 0x24, ['24.0: 1 0 0 0'], [0, 1]],
])('subleaves of %s', (_, leaf, lines, expected) => {
  expect(of(leaf, cpu('0.0: 24 0 0 0', ...lines))).toEqual(expected)
})

const ALL = 0xffff_ffff

/** A CPU with all that there may be. */
const everything: Query = (leaf, subleaf) => {
  if ((leaf & 0xfff_ffff) === 0) return registersOf(leaf + 0x40)
  return subleaf < 8 ? registersOf(ALL, ALL, ALL, ALL) : registersOf()
}

test('every word that carries a feature is read of a CPU that has it', () => {
  const read = new Set(
    walkLeaves(everything)
      .rows()
      .map(([leaf, subleaf]) => `${leaf}.${subleaf}`),
  )
  const words = builtin().features.words.filter(place => place.kind === 'cpuid')
  expect(words.filter(({ leaf, subleaf }) => !read.has(`${leaf}.${subleaf}`))).toEqual([])
})

test('whatever a CPU says, the walk ends, asks no row twice and keeps order', () => {
  const word = fc.oneof(fc.nat(0x30), fc.integer({ min: 0, max: 0xffff_ffff }), fc.constant(0xffff_ffff))
  const registers = fc.tuple(word, word, word, word)
  fc.assert(
    fc.property(fc.func(registers), answer => {
      const rows = walkLeaves((leaf, subleaf) => registersOf(...answer(leaf, subleaf))).rows()
      expect(rows.length).toBeLessThan(4 * (0x100 + 20 * 0x40))
      const keys = rows.map(([leaf, subleaf]) => leaf * 0x100 + subleaf)
      expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b))
    }),
  )
})
