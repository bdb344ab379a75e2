import { beforeAll, describe, expect, test } from 'vitest'
import { ParseError } from '../../../src/core/parse-error.ts'
import { readText } from '../../../src/formats/dialects.ts'
import { loadYaml } from '../../../src/formats/yaml.ts'
import { dumpCorpus, machineCorpus } from '../corpus.ts'
import { guestsIn, sample, sampleNames, shownGuest, sniffed, statementsIn } from './samples.ts'

beforeAll(loadYaml)

/** What a text says, one by one. */
const claimsIn = (text: string): string[] => [
  ...statementsIn(text).flatMap(({ layer, present, absent = [] }) => [
    ...present.map(word => `${layer} has ${word}`),
    ...absent.map(word => `${layer} lacks ${word}`),
  ]),
  ...guestsIn(text).map(shownGuest),
]

/** The same, of a text that may be refused. */
function claimsOf(part: string): string[] {
  try {
    return claimsIn(part)
  } catch (error) {
    expect(error).toBeInstanceOf(ParseError)
    return []
  }
}

describe.each(sampleNames())('%s', name => {
  const text = sample(name)
  const isJson = name.endsWith('.json')

  test('is in one dialect', () => expect(sniffed(text)).toHaveLength(1))

  test('a part of JSON is refused; a part of lines makes nothing absent that the whole does not', () => {
    const whole = claimsIn(text)
    for (let i = 0; i < 40; i++) {
      const end = Math.floor((text.length * i) / 40)
      const part = text.slice(0, isJson ? end : text.lastIndexOf('\n', end) + 1)
      const claims = claimsOf(part)
      const wrong = claims.filter(claim => isJson || (/ lacks /.test(claim) && !whole.includes(claim)))
      expect(wrong).toEqual([])
    }
  })

  test('holds the same with CR LF, a byte order mark and blank lines in front', () => {
    const found = readText(text)
    expect(found.length).toBeGreaterThan(0)
    expect(readText(text.replaceAll('\n', '\r\n'))).toEqual(found)
    expect(readText(`\ufeff${text}`)).toEqual(found)
    expect(readText(`\n\n${text}`)).toEqual(found)
  })
})

test('dumps are in no dialect of a platform', () => {
  for (const text of [...dumpCorpus().values(), ...machineCorpus()]) expect(sniffed(text)).toHaveLength(1)
})
