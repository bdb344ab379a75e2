import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { SignatureRange } from '../../src/map/generations.ts'
import {
  builtinVulnerabilities,
  isVulnerable,
  leastRevision,
  parseVulnerabilities,
  readStatus,
  type SeenCpu,
  saidByGuest,
  type Vulnerability,
} from '../../src/map/vulnerabilities.ts'
import { db } from '../fleet/notation.ts'
import { differences, EXCEPTIONS, RECORDED } from '../linux-beliefs.ts'

const root = join(import.meta.dirname, '..')
const table = builtinVulnerabilities()
const inFile = table.list.filter(({ isErratum }) => !isErratum)

const signatureIn = ({ family, models, steppings }: SignatureRange) => ({
  family,
  model: models[1],
  stepping: steppings[1],
})

const cpu = (vendor: string, signature: SeenCpu['signature'], has: readonly string[] = []): SeenCpu => ({
  vendor,
  signature,
  has: name => has.includes(name),
})

/** A CPU on each list of the row, with what makes it count. */
const listed = ({ on, not, hazard }: Vulnerability): [SeenCpu, readonly string[]][] => {
  const isExcluded = (one: SeenCpu) =>
    not.some(({ vendor, signatures }) => vendor === one.vendor && isIn(signatures, one.signature))
  const lists = on.flatMap(({ vendor, signatures, features }): [SeenCpu, readonly string[]][] =>
    (signatures.length > 0 ? signatures.map(signatureIn) : [{ family: 6, model: 60, stepping: 3 }]).map(
      signature => [cpu(vendor === '*' ? 'Intel' : vendor, signature, features), features],
    ),
  )
  return [
    ...lists.filter(([one]) => !isExcluded(one)),
    ...hazard.map((name): [SeenCpu, readonly string[]] => [cpu('Intel', NEW, [name]), [name]]),
  ]
}

const isIn = (ranges: readonly SignatureRange[], at: SeenCpu['signature']) =>
  ranges.some(
    ({ family, models: [first, last] }) => at?.family === family && first <= at.model && at.model <= last,
  )

/** On no list. */
const NEW = { family: 6, model: 250, stepping: 0 }

describe.each(inFile.map(row => [row.name, row] as const))('%s', (name, row) => {
  test('a CPU that is listed has it', () => {
    for (const [one] of listed(row)) expect(isVulnerable(row, one, false), name).toBe(true)
    if (row.on.length > 0) expect(listed(row)).not.toEqual([])
  })

  test('a CPU with the features that free it has it not; with all but one of them it has', () => {
    for (const [one, own] of listed(row))
      for (const free of row.free) {
        const given = (features: readonly string[]) => ({
          ...one,
          has: (it: string) => features.includes(it),
        })
        expect(isVulnerable(row, given([...own, ...free]), false)).toBe(false)
        for (const left of free)
          expect(isVulnerable(row, given([...own, ...free.filter(it => it !== left)]), false)).toBe(true)
      }
  })

  test('a CPU on no list has it not, and of one of which nothing is known it is not known', () => {
    const narrow = row.on.every(
      ({ vendor, signatures, features }) => vendor !== '*' && signatures.length + features.length > 0,
    )
    if (narrow) expect(isVulnerable(row, cpu('Intel', NEW), false)).toBe(false)
    const nothing: SeenCpu = { has: () => undefined }
    if (row.on.length > 0 && row.on.every(({ vendor }) => vendor !== '*'))
      expect(isVulnerable(row, nothing, false)).toBeUndefined()
  })

  test('a guest believes in it where it is assumed, and never where only hosts have it', () => {
    for (const { vendor, signatures } of row.assumed) {
      const [first = { family: 6, models: [250, 250], steppings: [0, 0] } as const] = signatures
      expect(isVulnerable(row, cpu(vendor, signatureIn(first)), true)).toBe(true)
    }
    if (row.hostsOnly) for (const [one] of listed(row)) expect(isVulnerable(row, one, true)).toBe(false)
  })

  test('revisions that have the fix are told of their signatures alone', () => {
    for (const { vendor, signature, least } of row.fixed) {
      expect(leastRevision(row.fixed, { vendor, signature: signatureIn(signature) })).toBe(least)
      expect(leastRevision(row.fixed, { vendor, signature: NEW })).toBeUndefined()
    }
  })

  test('its features are known', () => {
    const known = new Set([...db.features.list, ...db.beyond].map(feature => feature.name))
    const conditions = row.says.flatMap(list => list.flatMap(({ conditions: all }) => all))
    const features = [
      ...row.on.flatMap(({ features: all }) => all),
      ...row.free.flat(),
      ...row.hazard,
      ...row.wants.flat(),
      ...conditions.map(word => word.replace('!', '')).filter(word => /^[a-z]/.test(word)),
    ]
    expect(features.filter(feature => !known.has(feature))).toEqual([])
    const others = conditions.flatMap(word => /@(.+)/.exec(word)?.[1] ?? [])
    expect(others.filter(other => !table.list.some(one => one.name === other))).toEqual([])
  })
})

const WORDS = readFileSync(join(root, 'corpus', 'vulnerability-words.txt'), 'utf8')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))
  .map(line => {
    const [, file = '', state = '', holes = '', text = ''] = /^(\S+) (\S+) (\d): (.+)$/.exec(line) ?? []
    return { file, state, holes: Number(holes), text }
  })

test.each(WORDS.map(one => [`${one.file}: ${one.text}`, one] as const))('the words %s', (_, one) => {
  const read = readStatus(table, one.file, one.text)
  expect(read.state).toBe(one.state)
  expect(read.holes).toHaveLength(one.holes)
  expect(read.parts.join('; ')).toBe(one.text.replace(/, (?=IBPB|IBRS_FW|STIBP|RSB|PBRSB|BHI|SMT )/g, '; '))
  for (const { meaning } of read.holes) expect(meaning).not.toBe('')
})

test('words that mislead are all tried, and so is what guests are predicted to say', () => {
  const all = WORDS.map(({ text }) => text).join('\n')
  expect(table.words.filter(({ words }) => !all.includes(words)).map(({ words }) => words)).toEqual([
    'IBPB: disabled',
    'STIBP: vulnerable',
  ])
  const said = inFile.flatMap(({ file = '', says }) =>
    says.slice(0, 1).flatMap(list => list.map(({ words }) => readStatus(table, file, words).state)),
  )
  expect(new Set(said)).toEqual(new Set(['mitigated', 'vulnerable', 'unknown']))
})

test.each(
  RECORDED.flatMap(({ cpu: given, said }) =>
    [...said].map(([kernel, it]) => [kernel, given.title, given, it] as const),
  ),
)('Linux %s says of %s what is predicted', (kernel, _, given, said) =>
  expect(differences(given, kernel, said).open).toEqual([]),
)

test('every exception is needed', () => {
  const needed = RECORDED.flatMap(({ cpu: given, said }) =>
    [...said].flatMap(([kernel, it]) => differences(given, kernel, it).excused),
  )
  expect(EXCEPTIONS.filter(one => !needed.includes(one))).toEqual([])
  expect(RECORDED.length).toBeGreaterThanOrEqual(20)
})

test('a guest of which a bit that decides is not known says nothing', () => {
  const mds = table.list.find(({ name }) => name === 'mds')
  if (!mds) throw new Error('no mds')
  const haswell = { vendor: 'Intel', signature: { family: 6, model: 60, stepping: 3 } }
  const guest = (has: SeenCpu['has']) => saidByGuest(table, mds, { ...haswell, has })
  expect(guest(() => undefined)).toBeUndefined()
  expect(guest(name => (name === 'mds-no' ? false : undefined))).toBeUndefined()
  expect(guest(() => false)).toMatch(/^Vulnerable: Clear CPU buffers attempted/)
  expect(guest(name => name === 'mds-no')).toBe('Not affected')
})

test.each([
  ['   on Intel\n', 'none is above'],
  ['vulnerability a : b\n', 'a source is missing'],
  ['vulnerability a [x]\n', 'expected `vulnerability NAME [FILE] : title`'],
  ['vulnerability a : b [x]\n   on Intel 6\n', 'a signature is `FAMILY.MODEL[.STEPPING]`'],
  ['vulnerability a : b [x]\n   fixed Intel 6.1.1\n', 'expected a revision'],
  ['vulnerability a : b [x]\n   odd thing\n', 'no such line'],
  ['vulnerability a : b [x]\n   free\n', '`free` of what?'],
  ['word odd a : b : c [x]\n', 'expected `word STATE'],
  ['thing\n', 'expected `vulnerability`'],
])('what is not in its form is refused: %j', (text, message) => {
  expect(() => parseVulnerabilities({ name: 'v', text })).toThrow(message)
})
