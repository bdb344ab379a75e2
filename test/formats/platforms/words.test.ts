import { describe, expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { loadYaml } from '../../../src/formats/yaml.ts'
import { guestsIn, sample, sampleNames, statementsIn, unknownIn } from './samples.ts'

await loadYaml()

const UNKNOWN = 'zz9unknown'

/** Texts whose words are not read: bits are, or properties of QEMU, most of which are no features. */
const NOT_READ = /^(?:osquery|qmp-expansion|freebsd|cpuid-decoded|qemu-cpu-help|ovirt-servercpulist)/

/** What a text names: words of statements, features of guests; of flags of Linux, some that most have. */
const namedIn = (text: string): string[] => [
  ...statementsIn(text).flatMap(({ present, absent = [] }) => [...present, ...absent]),
  ...guestsIn(text).flatMap(({ cpu }) => cpu.features.map(({ name }) => name)),
  ...(readText(text).some(({ kind }) => kind === 'dump') ? ['xsave', 'aes', 'avx2'] : []),
]

/** Where a word stands, whatever its prefix and its case. */
const standing = (word: string): RegExp =>
  new RegExp(`(?<![a-z0-9]|-)${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![a-z0-9]|[-_.][a-z0-9])`, 'gi')

/** The words that a text has no meaning for here, and its notes. */
const unknownWordsOf = (text: string): string[] => [
  ...statementsIn(text).flatMap(unknownIn),
  ...guestsIn(text).flatMap(({ cpu }) => cpu.features.map(({ name }) => name)),
  ...readText(text).flatMap(found => [
    ...(found.notes ?? []),
    ...(found.kind === 'dump' ? found.dumps.flatMap(({ unknown = [] }) => unknown) : []),
  ]),
]

const cases = sampleNames().flatMap(name => {
  if (NOT_READ.test(name)) return []
  const text = sample(name)
  const words = [...new Set(namedIn(text))].filter(word => word.length > 2 && standing(word).test(text))
  const word = words[Math.floor(words.length / 2)]
  return word === undefined ? [] : [{ name, text, word }]
})

describe('a word that no feature is called is not lost', () => {
  test('most samples have words', () => expect(cases.length).toBeGreaterThan(45))

  test.each(cases)('$name: for $word', ({ text, word }) => {
    const changed = text.replace(standing(word), UNKNOWN)
    expect(unknownWordsOf(changed).join(' ').toLowerCase()).toContain(UNKNOWN)
  })
})
