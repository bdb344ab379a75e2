import { describe, expect, test } from 'vitest'
import { hex } from '../../src/core/bits.ts'
import { matches, type SignatureMatch, signatureOf, signatureWord } from '../../src/core/model.ts'

const parse = (text: string) => {
  const [family = 0, model = 0, stepping = 0] = text.split('.').map(Number)
  return { family, model, stepping }
}

describe('reading and writing', () => {
  test.each([
    ['000206a7', '6.42.7'],
    ['000306c3', '6.60.3'],
    ['00050654', '6.85.4'],
    ['00000f4a', '15.4.10'],
    ['00600f12', '21.1.2'],
    ['00800f12', '23.1.2'],
    ['00a20f10', '25.33.0'],
    // Unlike the manuals, the extended family is always added and the extended model always used.
    ['00000000', '0.0.0'],
    ['00050f41', '15.84.1'],
  ])('%s is %s', (word, text) => {
    expect(signatureOf(Number.parseInt(word, 16))).toEqual(parse(text))
    expect(hex(signatureWord(parse(text)))).toBe(word)
  })

  test('every family, model and stepping comes back', () => {
    for (const family of [0, 1, 6, 14, 15, 16, 23, 0x10e]) {
      for (let model = 0; model < 256; model++) {
        for (const stepping of [0, 7, 15]) {
          const signature = { family, model, stepping }
          expect(signatureOf(signatureWord(signature))).toEqual(signature)
        }
      }
    }
  })

  test('the extended family is added to any base family', () => {
    expect(signatureOf(0x0010_0600)).toEqual(parse('7.0.0'))
    expect(hex(signatureWord(signatureOf(0x0010_0600)))).toBe('00000700')
  })

  test('processor type and reserved bits are no part of it', () => {
    expect(signatureOf(0xf000_f6c3)).toEqual(parse('6.12.3'))
  })
})

describe('matching', () => {
  const list: SignatureMatch[] = [
    { family: 6, model: 85, steppings: 0b1111_1000_0010_0000 },
    { family: 6, model: 63 },
    { family: 6, model: 90, steppings: 0 },
  ]

  test.each([
    ['6.85.5', true],
    ['6.85.15', true],
    ['6.85.4', false],
    ['6.85.6', false],
    ['6.63.0', true],
    ['6.63.15', true],
    ['7.63.0', false],
    ['6.64.0', false],
    ['6.90.0', false],
  ])('%s: %s', (text, expected) => {
    expect(matches(list, parse(text))).toBe(expected)
    expect(matches([], parse(text))).toBe(false)
  })
})
