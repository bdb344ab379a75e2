import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { builtinCauses, parseCauses } from '../../src/map/cause-table.ts'
import { builtinEffects } from '../../src/map/effects.ts'
import { lintCited } from '../../src/map/lint/files.ts'
import { readCited } from '../../src/map/text/data-file.ts'
import { db } from './notation.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'sources.md'), 'utf8')
const known = new Set(Array.from(page.matchAll(/^\| `([^`]+)`/gm), match => match[1]))

describe('what is known of causes and effects', () => {
  test('every row cites a source of docs/sources.md', () => {
    const rows = builtinCauses().rows.filter(({ names }) => !/^[*@]/.test(names[0] ?? ''))
    const cited = [
      ...rows.map(({ names, sources }) => ({ what: names.join(' '), sources })),
      ...builtinEffects(db).map(({ name, sources }) => ({ what: name, sources })),
    ]
    for (const { what, sources } of cited) {
      expect(sources, what).not.toEqual([])
      expect(
        sources.filter(key => !known.has(key)),
        what,
      ).toEqual([])
    }
  })

  test('the lint finds a line without a source, and one with a source that is not there', () => {
    const lint = (text: string) =>
      lintCited({ name: 'c', text }, page).map(({ line, message }) => `${line} ${message}`)
    const head = 'cause kernel : why\n'
    expect(lint(`${head}   smap : boot [linux-params; unverified]\n   * : boot\n`)).toEqual([])
    expect(lint(`${head}   smap : boot\n`)).toEqual(['2 no source'])
    expect(lint(`${head}   smap : boot [unverified]\n`)).toEqual(['2 no source'])
    expect(lint('effect a kernel : off [hearsay]\n   takes smap\n')).toEqual(['1 unknown source `hearsay`'])
  })

  test('every feature that a cause names there is', () => {
    const names = builtinCauses().rows.flatMap(row => row.names.filter(name => !/[*@]/.test(name)))
    const foreign = names.filter(name => !db.features.get(name))
    expect(foreign).toEqual([])
  })

  test('a remedy that could not be checked is told by nobody', () => {
    expect(readCited('boot without it [a; b]')).toEqual({
      text: 'boot without it',
      sources: ['a', 'b'],
      isVerified: true,
    })
    expect(readCited('boot without it [a; unverified]')).toEqual({
      text: 'boot without it (unverified)',
      sources: ['a'],
      isVerified: false,
    })
    expect(readCited('boot without it')).toBeUndefined()
    expect(() => parseCauses({ name: 'c', text: 'cause kernel : why\n   smap : boot\n' })).toThrow(
      '[SOURCE; …]',
    )
    const unsure = parseCauses({
      name: 'c',
      text: 'cause kernel : why\n   smap : boot [linux-params; unverified]\n',
    })
    expect(unsure.remedy('kernel', 'smap')).toBe('no known remedy')
    expect(builtinCauses().remedy('unknown', 'smap')).toBe('no known remedy')
  })
})
