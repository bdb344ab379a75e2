import * as v from 'valibot'
import { expect, test } from 'vitest'
import { question } from '../../src/questions/question.ts'

// `npm run types` checks these: a line without its error fails there.

const parts = {
  name: 'sample',
  summary: 'Return a sample',
  input: v.strictObject({ text: v.string() }),
  answer: v.strictObject({ length: v.number() }),
} as const

test('an answer is what its schema says, or it does not compile', () => {
  const right = question({ ...parts, run: (_, { text }) => ({ answer: { length: text.length } }) })
  // @ts-expect-error the schema has no such key
  question({ ...parts, run: () => ({ answer: { nonsense: 1 } }) })
  // @ts-expect-error a key more than the schema has
  question({ ...parts, run: () => ({ answer: { length: 1, nonsense: 1 } }) })
  // @ts-expect-error another type than the schema says
  question({ ...parts, run: () => ({ answer: { length: '1' } }) })
  // @ts-expect-error an input that the schema does not have
  question({ ...parts, run: (_, { words }) => ({ answer: { length: words } }) })
  expect(right.name).toBe('sample')
})
