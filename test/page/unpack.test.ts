import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packPage, unpackPage } from '../../web/shared/packing.ts'
import { runs } from '../effort.ts'

/** Bytes of every kind, and repetitions near and far, of every length. */
const texts = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.nat(5000), fc.nat(400)), { maxLength: 30 })
  .map(parts => {
    let text = Buffer.alloc(0)
    for (const [fresh, back, length] of parts) {
      const from = Math.max(0, text.length - back)
      text = Buffer.concat([text, fresh, text.subarray(from, from + length)])
    }
    return Uint8Array.from(text)
  })

describe('the page’s programs as it holds them', () => {
  test('is unpacked as it was', () => {
    fc.assert(
      fc.property(texts, text => {
        expect(unpackPage(packPage(text))).toEqual(text)
      }),
      { numRuns: runs(300) },
    )
  })

  test('a text that comes again is nearly free, however far back it stands', () => {
    const noise = Array.from({ length: 20_000 }, (_, i) => String((i * 7919) % 999_983)).join(',')
    const once = packPage(Buffer.from(noise))
    const twice = packPage(Buffer.from(noise + noise))
    expect(once.length).toBeLessThan(noise.length / 2)
    expect(twice.length - once.length).toBeLessThan(noise.length / 100)
    expect(Buffer.from(unpackPage(twice)).toString()).toBe(noise + noise)
  })

  test('bits of equal chance take what they take', () => {
    const [noise] = fc.sample(fc.uint8Array({ minLength: 10_000, maxLength: 10_000 }), 1)
    expect(packPage(noise ?? new Uint8Array()).length).toBeLessThan(10_500)
  })
})
