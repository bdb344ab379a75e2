import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TextMemo } from '../../src/core/memo.ts'

/** Few texts of few keys, so that equal ones come again, and longer ones begin like shorter ones. */
const texts = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.stringMatching(/^[xy]{1,4}$/)), {
  maxLength: 60,
})

test('what is found was made of an equal text, and the text goes on with it', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 200 }), (given, most) => {
      const memo = new TextMemo<string>(most)
      const stream = given.map(([, text]) => text).join('')
      let at = 0
      for (const [key, text] of given) {
        const end = at + text.length
        const next = memo.findNext(stream, at)
        if (next) expect([next.value, stream.startsWith(next.text, at)]).toEqual([next.text, true])
        const found = memo.find(key, stream, at, end)
        if (found) expect([found.text, found.value]).toEqual([text, text])
        else memo.add(key, stream, at, end, text)
        at = end
      }
    }),
  )
})

test('texts that come again are found, in their order without a look at their keys', () => {
  const memo = new TextMemo<number>(1000)
  const stream = 'one two three one two three '
  const words = [0, 4, 8]
  for (const at of words) memo.add('', stream, at, stream.indexOf(' ', at) + 1, at)
  expect(memo.find('', stream, 14, 18)?.value).toBe(0)
  expect(memo.findNext(stream, 18)?.value).toBe(4)
  expect(memo.findNext(stream, 22)?.value).toBe(8)
  expect(memo.findNext(stream, 28)).toBeUndefined()
})

test('a stream of texts that differ leaves little behind', () => {
  const memo = new TextMemo<number>(100)
  const added = Array.from({ length: 1000 }, (_, i) => {
    const text = `text ${i}`
    memo.add(text, text, 0, text.length, i)
    return text
  })
  const kept = added.filter(text => memo.find(text, text, 0, text.length))
  expect(kept.join('').length).toBeLessThan(120)
})
