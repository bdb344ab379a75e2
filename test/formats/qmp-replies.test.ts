import { describe, expect, test } from 'vitest'
import { definitionsOf, expansionOf, parseReplies } from '../../src/formats/qmp-replies.ts'
import { refusal } from '../notation.ts'

describe('documents', () => {
  test.each([
    ['', []],
    ['{}', [{}]],
    ['{"a":\n1}\n\n{"b":2}\n', [{ a: 1 }, { b: 2 }]],
    ['{"a":1}\r\n\r\n\r\n  \n[3]', [{ a: 1 }, [3]]],
    ['\n \n{}\n \t\n', [{}]],
  ])('%j: %o', (text, expected) => {
    expect(parseReplies(text)).toEqual(expected)
  })

  test('what is not JSON is told with the input’s name', () => {
    expect(refusal(() => parseReplies('{}\n\n{"a":', 'x.replies'))).toMatch(/^x\.replies: not JSON: .*JSON/)
    expect(refusal(() => parseReplies('{}{}'))).toMatch(/^not JSON: /)
  })
})

describe('an expansion', () => {
  const expansion = (props: unknown) => ({
    return: { model: { name: 'base', props } },
    id: 'model-expansion',
  })

  test('its properties, in order; other values are passed over', () => {
    const props = { avx: true, fma: false, family: 6, vendor: 'GenuineIntel', a: null, b: [1], c: {} }
    expect([...(expansionOf(expansion(props)) ?? [])]).toEqual([
      ['avx', true],
      ['fma', false],
      ['family', 6],
      ['vendor', 'GenuineIntel'],
    ])
  })

  test.each([
    [{}],
    [{ return: [] }],
    [{ return: { model: {} } }],
    [expansion([])],
    [expansion(null)],
    [null],
    [5],
  ])('%j is none', reply => {
    expect(expansionOf(reply)).toBeUndefined()
  })
})

describe('definitions', () => {
  test.each([
    [{ name: 'A' }, { name: 'A', deprecated: false }],
    [
      { name: 'A', deprecated: true, 'unavailable-features': [] },
      { name: 'A', deprecated: true, unavailable: [] },
    ],
    [
      {
        name: 'A',
        typename: 'A-x86_64-cpu',
        'alias-of': 'B',
        'unavailable-features': ['mpx', 'lahf-lm', 'mpx', 7],
      },
      { name: 'A', deprecated: false, unavailable: ['mpx', 'lahf-lm', 'mpx'] },
    ],
    [
      { name: 'A', 'unavailable-features': 'mpx', deprecated: 'yes' },
      { name: 'A', deprecated: false },
    ],
  ])('%j: %o', (item, expected) => {
    expect(definitionsOf({ return: [item] })).toEqual([expected])
  })

  test('entries without a name are passed over', () => {
    expect(definitionsOf({ return: [{}, null, 5, { name: 7 }] })).toEqual([])
  })

  test.each([[{}], [{ return: {} }], [null], [[]]])('%j is none', reply => {
    expect(definitionsOf(reply)).toBeUndefined()
  })
})
