import { beforeAll, describe, expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { loadYaml } from '../../../src/formats/yaml.ts'
import { dumpCorpus, machineCorpus } from '../corpus.ts'
import { sample, sampleNames, sniffed } from './samples.ts'

beforeAll(loadYaml)

describe.each(sampleNames())('%s', name => {
  const text = sample(name)

  test('is in one dialect', () => expect(sniffed(text)).toHaveLength(1))

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
