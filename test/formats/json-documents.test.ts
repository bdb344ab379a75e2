import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDocuments } from '../../src/formats/json/json.ts'
import { refusal } from '../notation.ts'

const values = (text: string) => parseDocuments(text).map(({ value }) => value)

describe('documents', () => {
  test.each([
    ['', []],
    ['\ufeff \n', []],
    ['{}', [{}]],
    ['{"a":\n1}\n\n{"b":2}\n', [{ a: 1 }, { b: 2 }]],
    ['{"a":1}\r\n\r\n\r\n  \n[3]', [{ a: 1 }, [3]]],
    ['{"a":\n\n1}{"b":"} \\" {"}\n', [{ a: 1 }, { b: '} " {' }]],
  ])('%j: %o', (text, expected) => {
    expect(values(text)).toEqual(expected)
  })

  test('each tells the line it begins on', () => {
    expect(parseDocuments('\n{"a":\n1}\n\n{}\n{}').map(({ line }) => line)).toEqual([2, 5, 6])
  })

  test('any values, with any white space between them, are read back', () => {
    const bracketed = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
    const spaces = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(bracketed, spaces, fc.boolean())), parts => {
        const text = parts.map(([value, space, wide]) => JSON.stringify(value, null, wide ? 1 : 0) + space)
        expect(values(text.join(''))).toEqual(parts.map(([value]) => JSON.parse(JSON.stringify(value))))
      }),
    )
  })
})

test.each([
  ['{}\n\n{"a":', /^x:3:6: the text ends where a value should be/],
  ['{}\n  {"a": nil}', /^x:2:9: not JSON: expected a value, found `n`/],
  ['{}\nhello\n{}', /^x:2:1: not JSON: expected a value, found `h`/],
  ['{"a": "b\n}', /^x:1:7: a string that is not closed/],
])('%j is refused: %s', (text, message) => {
  expect(refusal(() => parseDocuments(text, 'x'))).toMatch(message)
})
