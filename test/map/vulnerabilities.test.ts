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
      ...row.wants.flatMap(({ features: all }) => all),
      ...conditions.map(word => word.replace('!', '')).filter(word => /^[a-z]/.test(word)),
    ]
    expect(features.filter(feature => !known.has(feature))).toEqual([])
    const others = conditions.flatMap(word => /@(.+)/.exec(word)?.[1] ?? [])
    expect(others.filter(other => !table.list.some(one => one.name === other))).toEqual([])
  })
})

/**
 * Who is affected as the kernel's documents and Intel's list say, the models of family 6 in hexadecimal digits; `+` are
 * features that such a CPU has.
 */
const AFFECTED: readonly (readonly [
  name: string,
  vendor: string,
  family: number,
  models: string,
  more?: string,
])[] = [
  ['mmio_stale_data', 'Intel', 6, '3F 4F 56 55 4E 5E 8E 9E 6A 6C 7E A5 A6 8A A7 86 96 9C'],
  ['srbds', 'Intel', 6, '3A 3C 45 46 3D 47 4E 5E 8E 9E 7E A5 A6 8A 96 9C', 'rdrand'],
  ['retbleed', 'Intel', 6, '4E 5E 55 8E 9E 66 7E A5 A6 8A A7'],
  ['gds', 'Intel', 6, '4E 5E 55 8E 9E 7E 6C 6A A5 A6 8C 8D A7', 'avx'],
  ['its', 'Intel', 6, '55 8E 9E A5 A6 7E 6C 6A 8C 8D A7'],
  ['its_native_only', 'Intel', 6, '7E 6C 6A 8C 8D A7'],
  ['rfds', 'Intel', 6, '5C 5F 7A 86 96 9C BE 97 9A B7 BA BF'],
  [
    'vmscape',
    'Intel',
    6,
    '2A 2D 3A 3E 3C 3F 45 46 3D 47 4F 56 4E 5E 55 8E 9E 66 A5 A6 97 9A B7 BA BF AA B5 C5 C6 BD 8F CF AD BE AE AF',
  ],
  ['zenbleed', 'AMD', 23, '30-4F 60-7F A0-AF'],
  ['div0', 'AMD', 23, '00-2F 50-5F'],
  ['fpdss', 'AMD', 23, '00-2F 50-5F'],
]

/** Steppings that tell are the largest: later ones are on the lists of `ITS` and `GDS`. */
const LATEST = 15

test.each(AFFECTED.map(one => [one[0], one] as const))(
  '%s is of the CPUs that Linux lists',
  (_, [name, vendor, family, models, more = '']) => {
    const row = table.list.find(one => one.name === name)
    const wanted = models.split(' ').flatMap(range => {
      const [first = 0, last = first] = range.split('-').map(digits => Number.parseInt(digits, 16))
      return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    })
    const all = Array.from({ length: 256 }, (_, model) => model)
    const has = (model: number, family1 = family, vendor1 = vendor) =>
      row && isVulnerable(row, cpu(vendor1, { family: family1, model, stepping: LATEST }, [more]), false)
    expect(all.filter(model => has(model))).toEqual(wanted.sort((a, b) => a - b))
    expect(all.filter(model => has(model, family + 1) && name !== 'vmscape')).toEqual([])
  },
)

/** Whole families of AMD's and Hygon's. */
test.each([
  ['retbleed', { AMD: [21, 22, 23], Hygon: [24] }],
  ['srso', { AMD: [23, 25, 26], Hygon: [24] }],
  ['smt_rsb', { AMD: [23], Hygon: [24] }],
  ['tsa', { AMD: [25], Hygon: [] }],
  ['vmscape', { AMD: [23, 25, 26], Hygon: [24] }],
  ['mds', { AMD: [], Hygon: [] }],
  ['l1tf', { AMD: [], Hygon: [] }],
  ['cpu_meltdown', { AMD: [], Hygon: [] }],
])('%s is of these families of AMD and Hygon alone', (name, families) => {
  const row = table.list.find(one => one.name === name)
  for (const [vendor, listed] of Object.entries(families)) {
    const all = Array.from({ length: 32 }, (_, family) => family)
    const hit = all.filter(
      family => row && isVulnerable(row, cpu(vendor, { family, model: 16, stepping: 1 }), false),
    )
    expect(hit).toEqual(listed)
  }
})

/** Every file and every word of `bugs` of Linux 7.2. */
const FILES =
  'meltdown spectre_v1 spectre_v2 spec_store_bypass l1tf mds tsx_async_abort itlb_multihit srbds mmio_stale_data retbleed spec_rstack_overflow gather_data_sampling reg_file_data_sampling ghostwrite old_microcode indirect_target_selection tsa vmscape'
const BUGS =
  'swapgs srso smt_rsb eibrs_pbrsb bhi ibpb_no_ret spectre_v2_user its its_native_only tsa vmscape old_microcode gds rfds div0 tdx_pw_mce zenbleed fpdss reptar bpi'

test('every file and bug of Linux has a rule, examples of both kinds, and a source', () => {
  expect(new Set(table.list.flatMap(({ file }) => file ?? []))).toEqual(new Set(FILES.split(' ')))
  const names = table.list.map(({ name }) => name)
  expect(BUGS.split(' ').filter(name => !names.includes(name))).toEqual([])
  // Of these only kernels tell: no list of CPUs says who is affected.
  const untold = table.list.filter(row => listed(row).length === 0).map(({ name }) => name)
  expect(untold).toEqual(['old_microcode', 'ghostwrite'])
  for (const row of table.list) {
    expect(row.sources, row.name).not.toEqual([])
    const free = [cpu('VIA', NEW), cpu('Intel', { family: 5, model: 1, stepping: 0 })]
    expect(
      free.some(one => isVulnerable(row, one, false) === false),
      row.name,
    ).toBe(true)
  }
})

/** Bits by which a guest is free of a bug, or protects itself, as the kernel's documents name them. */
test.each([
  ['spec_store_bypass', 'ssbd; amd-ssbd; virt-ssbd', 'ssb-no; amd-no-ssb'],
  ['cpu_meltdown', '', 'rdctl-no'],
  ['mds', 'md-clear', 'mds-no'],
  ['taa', 'md-clear', 'taa-no'],
  ['mmio_stale_data', 'fb-clear; md-clear flush-l1d', 'sbdr-ssdp-no fbsdp-no psdp-no'],
  ['retbleed', 'spec-ctrl; amd-stibp; ibrs-all', 'btc-no'],
  ['gds', '', 'gds-no'],
  ['rfds', 'rfds-clear', 'rfds-no'],
  ['srso', 'ibpb-brtype', 'srso-no'],
  ['its', '', 'its-no; bhi-ctrl'],
  ['tsa', 'verw-clear', 'tsa-sq-no tsa-l1-no'],
  ['eibrs_pbrsb', '', 'pbrsb-no'],
  ['itlb_multihit', '', 'pschange-mc-no'],
])('%s: a guest needs %s, or is free by %s', (name, needs, free) => {
  const row = table.list.find(one => one.name === name)
  const lists = (text: string) => text.split('; ').filter(Boolean)
  const said = row?.says.flat().flatMap(({ conditions }) => conditions) ?? []
  for (const list of lists(needs)) expect(said).toEqual(expect.arrayContaining(list.split(' ')))
  expect(row?.free.map(all => all.join(' '))).toEqual(lists(free))
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
  expect(new Set(said)).toEqual(new Set(['mitigated', 'hole', 'vulnerable', 'unknown']))
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
