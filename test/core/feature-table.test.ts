import { describe, expect, test } from 'vitest'
import type { Feature, Order, Place } from '../../src/core/feature.ts'
import { FeatureSet } from '../../src/core/feature-set.ts'
import { FeatureTable, safeLeq, safeMeet } from '../../src/core/feature-table.ts'

const PLACE = { kind: 'cpuid', leaf: 7, subleaf: 0, register: 'ebx', indexed: true } satisfies Place

/** A table of `NAME:WORDS` in hex, low word first, as a set prints; `NAME:WORDS/ORDER` for another order than `&`. */
function table(text: string): FeatureTable {
  const list = text.split(' ').map((item, index): Feature => {
    const [name = '', spec = ''] = item.split(':')
    const [words = '', order = '&'] = spec.split('/')
    const rest = { place: PLACE, bit: 0, migratable: true, order: order as Order, title: '' }
    return { name, index, bits: set(words), ...rest }
  })
  return new FeatureTable(list, [PLACE, { ...PLACE, register: 'ecx' }])
}

const set = (words: string): FeatureSet =>
  FeatureSet.of(words.split('-').map(word => Number.parseInt(word, 16)))
const found = (features: FeatureTable, words: string): string =>
  features
    .in(set(words))
    .map(({ name }) => name)
    .join(' ')

/** One bit each, ascending: what libvirt's maps are. The others each break that in one way. */
const SIMPLE = 'a:1 b:4 c:80000000 d:0-1 e:0-80000000'

describe('one bit each', () => {
  test.each([
    ['0', ''],
    ['1', 'a'],
    ['80000005-80000001', 'a b c d e'],
    // Bits of no feature are passed over.
    ['fffffffa-7ffffffe', 'c'],
    // A shorter set has zero words.
    ['ffffffff', 'a b c'],
  ])('in %s: %s', (words, expected) => {
    expect(found(table(SIMPLE), words)).toBe(expected)
  })

  test('finds features by name; a name that no feature has is left out', () => {
    const features = table(SIMPLE)
    expect(features.named(['d', 'bogus', 'a']).map(({ name }) => name)).toEqual(['d', 'a'])
    expect(features.setOfNames(['d', 'bogus', 'a']).eq(set('1-1'))).toBe(true)
    expect(features.setOfNames([]).isEmpty).toBe(true)
  })

  test('counts what the first has and the second not', () => {
    const features = table(SIMPLE)
    expect(features.count(set('80000005-1'))).toBe(4)
    expect(features.count(set('80000005-1'), set('4'))).toBe(3)
    expect(features.count(set('1'), set('1-1'))).toBe(0)
  })
})

describe('the general form', () => {
  test.each([
    // Several bits: all must be there.
    ['a:3 b:4', '1', ''],
    ['a:3 b:4', '3', 'a'],
    ['a:3 b:4', '7', 'a b'],
    ['a:1-1 b:2', '3', 'b'],
    ['a:1-1 b:2', '3-1', 'a b'],
    // A shared bit counts for the first that claims it.
    ['a:3 b:6', '7', 'a'],
    ['a:6 b:3', '7', 'a'],
    ['a:3 b:6', '6', 'b'],
    ['a:1 b:1', '1', 'a'],
    ['a:30 b:10', '30', 'a'],
    ['b:10 a:30', '30', 'b'],
    // The order is the table's, not that of the bits.
    ['b:4 a:1', '5', 'b a'],
    ['b:0-1 a:1', '1-1', 'b a'],
    // A feature without bits is in nothing.
    ['a:0 b:1', '1', 'b'],
  ])('%s in %s: %s', (features, words, expected) => {
    expect(found(table(features), words)).toBe(expected)
  })

  test('counts features, not bits', () => {
    const features = table('a:3 b:6 c:8')
    expect(features.count(set('f'))).toBe(2)
    expect(features.count(set('f'), set('1'))).toBe(2)
    expect(features.count(set('f'), set('8'))).toBe(1)
  })

  test('says the same as the short way where both apply', () => {
    const [short, general] = [table(SIMPLE), table(`${SIMPLE} none:0`)]
    for (const words of ['5', '80000000-80000000', '80000005-80000001', '4-1']) {
      expect(found(general, words)).toBe(found(short, words))
      expect(general.count(set(words), set('4'))).toBe(short.count(set(words), set('4')))
    }
  })
})

describe('sets', () => {
  const features = table('a:1 b:6/| c:8/= d:0-1/|')

  test('of names and of orders', () => {
    expect(String(features.setOf([]))).toBe('00000000-00000000')
    expect(String(features.setOf(features.list.slice(1, 3)))).toBe('0000000e-00000000')
    expect(String(features.all)).toBe('0000000f-00000001')
    expect(features.withOrder('|').eq(set('6-1'))).toBe(true)
    expect(features.withOrder('=', '&').eq(set('9'))).toBe(true)
    expect(features.withOrder('~').isEmpty).toBe(true)
  })

  test('a blank is the caller’s own', () => {
    const words = features.blank(set('5'))
    expect([...words]).toEqual([5, 0])
    words[0] = 0
    expect([...features.blank(set('5'))]).toEqual([5, 0])
    expect([...features.blank()]).toEqual([0, 0])
  })

  test('names are looked up', () => {
    expect(features.get('c')?.index).toBe(2)
    expect(features.get('x')).toBeUndefined()
    expect(features.get('constructor')).toBeUndefined()
  })
})

describe('more features behind those of a table', () => {
  const own = table(SIMPLE)
  const names = Array.from({ length: 34 }, (_, i) => `m${i}`)
  const more = names.map(name => ({ name, order: '&' as const, title: '', class: undefined }))
  const { table: both, added } = own.with('W', more)

  test('have the bits of further words, in order, and places in registers', () => {
    expect(both.list).toEqual([...own.list, ...added])
    expect(added.map(({ index }) => index)).toEqual(names.map((_, i) => own.list.length + i))
    expect(both.words.length).toBe(4)
    expect(both.in(both.setOf(added)).map(({ name }) => name)).toEqual(names)
    expect(names.map(name => both.placeInRegister(name))).toEqual(
      names.map((_, bit) => ({ register: 'W', bit })),
    )
    expect([both.placeInRegister('a'), both.placeInRegister('none')]).toEqual([undefined, undefined])
    expect(both.count(both.setOf(added), both.setOfNames(['m1', 'm33']))).toBe(32)
  })

  test('are found in registers of that name', () => {
    const shown = (registers: [string, bigint][]) =>
      both.in(both.setOfRegisters(new Map(registers))).map(({ name }) => name)
    expect(shown([['W', (1n << 33n) | 0b101n]])).toEqual(['m0', 'm2', 'm33'])
    expect(shown([['V', 1n]])).toEqual([])
  })

  test('may stand elsewhere in manuals', () => {
    const at = { register: 'R', bit: 40 }
    const one = own.with('W', [{ name: 'x', order: '&', title: '', class: 'nested', at }])
    expect(one.table.placeInRegister('x')).toEqual(at)
    expect(one.added[0]?.class).toBe('nested')
    expect('class' in (added[0] ?? {})).toBe(false)
  })
})

describe('features of each order', () => {
  const TABLE = table('abled:1/& hazard:2/| less:4/< more:8/> agree:10/= hint:20/~ own:40/.')

  test.each([
    ['f', '3', ['abled', 'hazard', 'more'], []],
    ['0', 'a', ['hazard', 'more'], []],
    ['10', '0', [], ['agree']],
    ['10', '10', ['agree'], []],
    ['60', '20', ['hint'], []],
    ['4', '6', ['hazard', 'less'], []],
  ])('%s and %s', (a, b, features, conflicts) => {
    const met = safeMeet(TABLE, [set(a), set(b)])
    expect(TABLE.in(met.features).map(({ name }) => name)).toEqual(features)
    expect(met.conflicts.map(({ name }) => name)).toEqual(conflicts)
  })

  test.each([
    ['1', '0', false],
    ['0', '1', true],
    ['2', '0', true],
    ['0', '2', false],
    ['4', '0', false],
    ['0', '4', true],
    ['8', '0', true],
    ['0', '8', false],
    ['10', '0', false],
    ['0', '10', false],
    ['60', '0', true],
    ['0', '60', true],
  ])('what relies on %s is safe on %s: %s', (a, b, isSafe) => {
    expect(safeLeq(TABLE, set(a), set(b))).toBe(isSafe)
  })

  test('none have nothing', () => {
    expect(safeMeet(TABLE, [])).toEqual({ features: FeatureSet.empty, conflicts: [] })
    expect(TABLE.in(TABLE.withOrder('|', '=')).map(({ name }) => name)).toEqual(['hazard', 'agree'])
    expect(TABLE.withOrder('|')).toEqual(TABLE.withOrder('|'))
  })
})
