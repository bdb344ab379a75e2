import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packLzma } from '../../scripts/lzma.mjs'
import { unpackLzma } from '../../web/ui/parts/unpack.ts'
import { runs } from '../effort.ts'
import { notInstalled } from '../needs.ts'

/** Text with repetitions near and far, of every length. */
const texts = fc
  .array(fc.tuple(fc.string({ unit: 'binary' }), fc.nat(5000), fc.nat(400)), { maxLength: 30 })
  .map(parts =>
    parts.reduce((text, [fresh, back, length]) => {
      const from = Math.max(0, text.length - back)
      return text + fresh + text.slice(from, from + length)
    }, ''),
  )

const packed = (text: string): Buffer => packLzma(Buffer.from(text))

describe('the worker’s program as the page holds it', () => {
  test('is unpacked as it was', () => {
    fc.assert(
      fc.property(texts, text => {
        expect(Buffer.from(unpackLzma(packed(text).toString('base64'))).toString()).toBe(
          Buffer.from(text).toString(),
        )
      }),
      { numRuns: runs(2000) },
    )
  })

  test('distances of more than a megabyte, and a text that is longer than what is planned at once', () => {
    const noise = Array.from({ length: 200_000 }, (_, i) => String((i * 7919) % 999_983)).join(',')
    const text = `the beginning, ${noise}, the beginning, ${'again '.repeat(5000)}`
    const bytes = packed(text)
    expect(bytes.length).toBeLessThan(text.length / 2)
    expect(Buffer.from(unpackLzma(bytes.toString('base64'))).toString()).toBe(text)
  })

  const noXz = notInstalled('xz')
  test.skipIf(noXz)(`is an .lzma file that xz reads (${noXz ?? 'installed'})`, () => {
    for (const text of fc.sample(texts, 20)) {
      const { stdout, status } = spawnSync('xz', ['--format=lzma', '-dc'], { input: packed(text) })
      expect([status, stdout.toString()]).toEqual([0, Buffer.from(text).toString()])
    }
  })
})
