import { expect, test } from 'vitest'
import { coverageOf, resolveWords } from '../../src/map/vocabulary.ts'
import { builtin } from '../built-in.ts'

const db = builtin()
const names = (vocabulary: Parameters<typeof resolveWords>[1], ...words: string[]) => {
  const { features, unknown } = resolveWords(db, vocabulary, words)
  return [features.map(({ name }) => name), unknown]
}
const covers = (vocabulary: Parameters<typeof coverageOf>[1], name: string) =>
  db.features.setOf([db.features.get(name) ?? []].flat()).leq(coverageOf(db, vocabulary))

test('each tool’s word for a feature, whatever its case; words that name none are returned', () => {
  expect(names('linux', 'pclmulqdq', 'sse4_1', 'AVX2', 'bogus')).toEqual([
    ['pclmuldq', 'sse4.1', 'avx2'],
    ['bogus'],
  ])
  expect(names('libvirt', 'pclmuldq', 'pclmulqdq')).toEqual([['pclmuldq'], ['pclmulqdq']])
  expect(names('vmware', 'SSE41', 'cx16')).toEqual([['sse4.1'], ['cx16']])
})

test('a list covers what its vocabulary has a word for and shows', () => {
  expect(covers('libvirt', 'vmx-ept')).toBe(true)
  expect(covers('linux', 'avx2')).toBe(true)
  expect(covers('linux', 'osxsave')).toBe(false)
  expect(covers('vmware', 'est')).toBe(false)
})
