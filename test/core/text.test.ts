import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bytewise,
  count,
  didYouMean,
  fewNames,
  fill,
  globs,
  groupBy,
  isGlob,
  namesOf,
  nearest,
  parseCpuList,
  printCpuList,
  widthOf,
} from '../../src/core/text.ts'

describe('filled lines', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{0,6}$/), { maxLength: 20 })

  test('keep the words in order, and fit unless a word alone does not', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 4, max: 20 }), (given, width) => {
        const lines = fill(given, '- ', width)
        const kept = given.filter(Boolean)
        expect(lines.join(' ').split(/\s+/).filter(Boolean)).toEqual(kept.length > 0 ? ['-', ...kept] : [])
        for (const [i, line] of lines.entries()) {
          expect(line.startsWith(i === 0 ? '- ' : '  ')).toBe(true)
          if (line.length > width) expect(line.slice(2)).not.toContain(' ')
          const next = lines[i + 1]?.slice(2).split(' ')[0]
          if (next !== undefined) expect(line.length + 1 + next.length).toBeGreaterThan(width)
        }
      }),
    )
  })

  test('there are none where there are no words', () => {
    expect([fill([], 'first', 80), fill([''], 'first', 80)]).toEqual([[], []])
    expect(fill(['a', 'b', 'cc'], '', 3)).toEqual(['a b', 'cc'])
  })
})

describe('names spelled much alike', () => {
  const names = ['sse4.1', 'sse4.2', 'ssse3', 'avx', 'avx2', 'avx512f', 'md-clear']

  test.each([
    ['sse41', ['sse4.1', 'sse4.2']],
    ['SSE4_2', ['sse4.2', 'sse4.1']],
    ['avx3', ['avx', 'avx2']],
    ['avx22', ['avx2']],
    ['mdclear', ['md-clear']],
    ['md-claer', ['md-clear']],
    ['avx512', ['avx512f', 'avx2']],
    ['avx512fg', ['avx512f']],
    ['x', []],
    ['quite-another', []],
  ])('%s: %s', (text, found) => {
    expect(nearest(names, text)).toEqual(found)
  })

  test('as many as asked for, three where nothing is said', () => {
    const many = ['aa1', 'aa2', 'aa3', 'aa4']
    expect([nearest(many, 'aa5'), nearest(many, 'aa5', 1)]).toEqual([['aa1', 'aa2', 'aa3'], ['aa1']])
    expect([didYouMean(many, 'aa5'), didYouMean(many, 'zz')]).toEqual(['; did you mean aa1?', ''])
  })

  /** The distance by its definition. */
  const edits = (a: string, b: string): number =>
    a === '' || b === ''
      ? a.length + b.length
      : Math.min(
          edits(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1),
          edits(a.slice(1), b) + 1,
          edits(a, b.slice(1)) + 1,
        )

  test('a third of the letters may differ, and one always', () => {
    const short = fc.stringMatching(/^[ab]{1,6}$/)
    fc.assert(
      fc.property(short, short, (a, b) => {
        const far = Math.max(1, Math.floor(b.length / 3))
        expect(nearest([a], b)).toEqual(edits(a, b) <= far ? [a] : [])
      }),
    )
  })
})

describe('order of names', () => {
  const name = fc.string({ unit: 'binary', maxLength: 4 })

  test('is that of their bytes', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(bytewise(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
      }),
    )
    const sorted = ['\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{10ffff}']
    expect([...sorted].reverse().sort(bytewise)).toEqual(sorted)
  })
})

describe('texts of lists', () => {
  test('groups in the order of first members', () => {
    expect([...groupBy([3, 1, 4, 1, 5], n => n % 2)]).toEqual([
      [1, [3, 1, 1, 5]],
      [0, [4]],
    ])
  })

  test('counts and few names', () => {
    expect([count(0, 'host'), count(1, 'host'), count(2, 'host')]).toEqual(['0 hosts', '1 host', '2 hosts'])
    const names = ['a', 'b', 'c', 'd', 'e']
    expect([3, 4, 5].map(n => fewNames(names.slice(0, n)))).toEqual([
      'a, b, c',
      'a, b, c, d',
      'a, b, c and 2 more',
    ])
    expect(fewNames(names, 1)).toBe('a and 4 more')
  })

  test.each([
    ['plain', 5],
    ['', 0],
    ['~', 1],
    ['日本', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['a\u{1f600}', 3],
  ])('columns of %s', (text, columns) => {
    expect(widthOf(text)).toBe(columns)
  })
})

describe('patterns', () => {
  test.each([
    ['*.xml', 'a.xml', true],
    ['*.xml', 'aXxml', false],
    ['*.xml', 'd/a.xml', false],
    ['**.xml', 'd/a.xml', true],
    ['**/a.xml', 'a.xml', true],
    ['**/a.xml', 'd/e/a.xml', true],
    ['**/a.xml', 'da.xml', false],
    ['***/a.xml', 'd/a.xml', true],
    ['d/**', 'd/e/a', true],
    ['d/**', 'e/d/a', false],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['a?c', 'ac', false],
    ['a(b)[c]', 'a(b)[c]', true],
    ['a.c', 'a.cd', false],
    ['*', 'a\nb', true],
  ])('%s and %s: %s', (pattern, name, fits) => {
    expect(globs(pattern, name)).toBe(fits)
  })

  test('what is one, and the names that one stands for', () => {
    expect(['a', 'a*', 'a?', '*'].map(isGlob)).toEqual([false, true, true, true])
    const known = ['avx', 'avx2', 'fma']
    expect(['avx', 'avx*', '*', 'av', 'sse*'].map(pattern => namesOf(pattern, known))).toEqual([
      ['avx'],
      ['avx', 'avx2'],
      known,
      [],
      [],
    ])
  })

  test('are the same after very many others', () => {
    for (let i = 0; i < 2100; i++) expect(globs(`a${i}*`, `a${i}b`)).toBe(true)
    expect([globs('a7*', 'a7b'), globs('a7*', 'b')]).toEqual([true, false])
  })
})

describe('lists of CPUs', () => {
  test('read what they print', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 40 })), numbers => {
        const sorted = numbers.toSorted((a, b) => a - b)
        expect(parseCpuList(printCpuList(sorted))).toEqual(sorted)
      }),
    )
  })

  test.each([
    ['0-3,8', [0, 1, 2, 3, 8]],
    [' 1 , 2-2 \n', [1, 2]],
    ['', []],
    ['  ', []],
    ['999999', [999_999]],
    ['3-1', []],
    ['1000000', undefined],
    ['1,', undefined],
    ['a', undefined],
    ['1-', undefined],
    ['x1', undefined],
    ['1x', undefined],
    ['1-2x', undefined],
  ])('%j is %j', (text, numbers) => {
    expect(parseCpuList(text)).toEqual(numbers)
  })

  test('print runs as ranges', () => {
    expect(printCpuList([])).toBe('')
    expect(printCpuList([0, 1, 2, 4, 6, 7])).toBe('0-2,4,6-7')
  })
})
