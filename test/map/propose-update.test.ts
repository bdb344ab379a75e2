import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { proposeMap } from '../../scripts/propose/map.ts'
import { modelsToPropose, proposeModel } from '../../scripts/propose/model.ts'
import { proposeReleases, readSeen, seenInMap } from '../../scripts/propose/releases.ts'
import { dataFile } from '../../src/map/data.ts'
import { type Database, type DatabaseTexts, loadDatabase } from '../../src/map/database.ts'
import { readInstalled } from '../../src/map/libvirt/cpu-map.ts'
import { builtinReleases, parseReleases } from '../../src/map/releases.ts'
import { formatData } from '../../src/map/text/format.ts'
import { parseFeatureRows } from '../../src/map/text/parse-features.ts'
import { parseModels } from '../../src/map/text/parse-models.ts'
import { builtin } from '../built-in.ts'
import { NO_REFERENCE, reference } from '../reference.ts'
import { differences } from './differences.ts'
import { small, TEXTS } from './texts.ts'

/** Our data, which has one family and a part of another. */
const OURS =
  'vendor V TwelveBytes!\nmodel Old   sig 6.1\n  v1 = Old  + a\n  v2  + b\nmodel Mid : Old-v2   sig 6.2\n  v1 = Mid  + c d\n'
const ours = loadDatabase(small(OURS, 'Old\nMid'))

/** An installed map, which has a version and a family more. */
const NEWER = `${OURS.replace('  v2  + b\n', '  v2  + b\n  v3  + c\n')}model New : Mid-v1   sig 6.3\n  v1 = New (exact)  - a  + e\n`
const newer = loadDatabase(small(NEWER, 'Old\nMid\nNew'))

test('what our data lacks is proposed in its grammar', () => {
  const missing = modelsToPropose(ours, newer)
  expect(missing.map(model => model.name)).toEqual(['Old-v3', 'New'])
  expect(missing.map(model => proposeModel(ours, newer, model))).toEqual([
    { family: 'Old', isKnown: true, text: '  v3  + c\n' },
    { family: 'New', isKnown: false, text: 'model New : Mid   sig 6.3\n  v1 = New (exact)  - a  + e\n' },
  ])
})

test('a proposal is the data that makes the map', () => {
  const texts = proposeMap(small(OURS, 'Old\nMid\n'), newer)
  expect(texts.models['m.txt']).toBe(
    formatData(NEWER.replace('model New : Mid-v1', '\nmodel New : Mid'), 'models/m.txt'),
  )
  expect(texts.walk).toBe('Old\nMid\nNew\n')
})

test('what no data lacks is left as it is', () => {
  const texts = small(NEWER, 'Old\nMid\nNew\n')
  expect(proposeMap(texts, newer).models).toEqual(texts.models)
})

describe('features, vendors and families of a map', () => {
  const text = small(OURS, 'Old\nMid\n')
  const beyond = { ...text, features: `${text.features}    5  early  |  sx  Known before libvirt knew it\n` }
  const more = {
    ...text,
    features: `${text.features}    5  timely  |  s  Title f\n    7  late  &  pm  Title h\n\nword msr.10a = MSR [key]\n   33  msr-bit  &  p  Title i\n`,
    models: {
      ...text.models,
      'models/w.txt':
        'vendor "W x" OtherTwelve!\n\nmodel M   sig 6.9   gone b\n  = M (host)  + late timely\n',
    },
    walk: 'Old\nM\nMid\n',
  }
  const texts = proposeMap(beyond, loadDatabase(more))

  test('are proposed at their places', () => {
    expect(differences(loadDatabase(texts), loadDatabase(more))).toEqual([])
    expect(texts.models['models/w.txt']).toContain(
      'model M   sig 6.9   gone b\n  = M (host)  + timely late\n',
    )
    expect(texts.walk).toBe('Old\nM\nMid\n')
  })

  test('a bit that we had a name for keeps what is known of it', () => {
    expect(texts.features).toMatch(/ 5 +timely +\| +s +Known before libvirt knew it\n/)
    expect(texts.features).toMatch(/ 7 +late +& +-m +late\n/)
    expect(texts.features).toMatch(
      /\nword msr\.10a = msr-bit \[libvirt-map\]\n +33 +msr-bit +& +- +msr-bit\n$/,
    )
  })

  test('a bit that libvirt calls by another name now is the author’s to rename', () => {
    const renamed = loadDatabase({
      ...text,
      features: text.features.replace(' a ', ' z '),
      models: {},
      walk: '',
    })
    expect(() => proposeMap(text, renamed)).toThrow('a of features.txt is z in the map: rename it')
  })
})

const releases = builtinReleases()

/** Our data without what libvirt 11.3 did not know. */
function olderTexts(): DatabaseTexts {
  const knows = (name: string) => releases.knows('libvirt', '11.3', name)
  return { ...TEXTS, features: olderFeatures(knows), models: olderModels(knows), walk: olderWalk(knows) }
}

type Knows = (name: string) => boolean

function olderFeatures(knows: Knows): string {
  const rows = parseFeatureRows({ name: 'features.txt', text: TEXTS.features })
  const names = rows.flatMap(({ features }) => features.map(({ name }) => name)).filter(name => !knows(name))
  const lines = TEXTS.features
    .split('\n')
    .filter(line => !names.includes(/^ +\d+ +(\S+)/.exec(line)?.[1] ?? ''))
  // A word of which nothing is left goes too.
  return `${lines.join('\n')}\n`.replace(/^word .*\n(?=\n|word )/gm, '').replace(/\n{3,}/g, '\n\n')
}

function olderModels(knows: Knows): Record<string, string> {
  const files = Object.entries(TEXTS.models).flatMap(([path, text]) => {
    const { vendors, families } = parseModels(text, path)
    if (vendors.some(({ vendor }) => vendor && !knows(vendor.id))) return []
    const dropped = families.flatMap(({ name, at, items }) => {
      const gone = items.filter(({ plain, version }) => !knows(plain ?? `${name}-${version}`))
      return gone.length === items.length ? [at, ...items.map(item => item.at)] : gone.map(item => item.at)
    })
    return [[path, dropped.reduceRight((left, { offset }) => withoutStatement(left, offset), text)] as const]
  })
  const sets = Object.fromEntries(files)
  return Object.fromEntries(
    Object.entries(sets).map(([path, text]) => [path, formatData(withoutUnknown(text, knows), path)]),
  )
}

function withoutStatement(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset) + 1
  const end = /\n(?! {4,}\S)/g
  end.lastIndex = offset
  const at = (end.exec(text)?.index ?? text.length) + 1
  return text.slice(0, start) + text.slice(at)
}

/** A model that came later may be what another is made of: then an older one of the same bits is. */
function olderBase(name: string, knows: Knows): string {
  const { features } = builtin().model(name) ?? {}
  const same = builtin().models.find(model => features?.eq(model.features) && knows(model.name))
  if (!same) throw new RangeError(`no older model has the bits of ${name}`)
  return same.name
}

/** Sets may name features that came later. */
const withoutUnknown = (text: string, knows: Knows): string =>
  text
    .replace(/(?<=^ *(?:model \S+|v\d+(?: = \S+)?) : )[A-Z]\S+/gm, name =>
      knows(name) ? name : olderBase(name, knows),
    )
    .replace(/(?<=[ ])[a-z0-9][\w.-]*(?=[ \n])/g, word => (knows(word) ? word : ''))

const olderWalk = (knows: Knows): string =>
  TEXTS.walk
    .split('\n')
    .filter(line => /^(#|$)/.test(line) || knows(line.split(' ')[0] ?? ''))
    .map(line =>
      line.includes(' = ') && line.split(' ').some(name => !knows(name)) ? (line.split(' ')[0] ?? '') : line,
    )
    .join('\n')

const folder = reference('libvirt-12.8', 'cpu_map')
const installed = (path: string): Database => readInstalled(name => readFileSync(join(path, name), 'utf8'))

describe.skipIf(!folder)(`from 11.3's data and 12.8's map${folder ? '' : ` (${NO_REFERENCE})`}`, () => {
  const older = folder ? olderTexts() : TEXTS
  const map = folder ? installed(folder) : builtin()
  const proposed = folder ? proposeMap(older, map) : TEXTS

  test('the older data is what 11.3 has', () => {
    const db = loadDatabase(older)
    expect([db.models.length, db.features.list.length, db.vendors.length]).toEqual([150, 364, 3])
  })

  test('today’s data is proposed: features, vendors, models, in their order', () => {
    const db = loadDatabase(proposed)
    expect(differences(db, map)).toEqual([])
    expect(differences(db, builtin())).toEqual([])
    expect(db.models.map(({ name }) => name)).toEqual(builtin().models.map(({ name }) => name))
    expect(db.features.list.map(({ name }) => name)).toEqual(builtin().features.list.map(({ name }) => name))
    expect(db.vendors).toEqual(builtin().vendors)
  })

  test('in the same files, in the same families', () => {
    expect(Object.keys(proposed.models).sort()).toEqual(Object.keys(TEXTS.models).sort())
    const db = loadDatabase(proposed)
    const shape = ({ families }: Database) =>
      families
        .map(({ name, versions }) => [
          name,
          versions.filter(version => !version.qemuOnly).map(({ row }) => [row.version, row.plain]),
        ])
        .sort()
    expect(shape(db)).toEqual(shape(builtin()))
  })

  test('proposed again, nothing is left to propose', () => {
    expect(proposeMap(proposed, map)).toEqual(proposed)
  })
})

const REPLIES = reference('libvirt-12.8', 'live', 'qemu-11.1.3-x86_64.replies')
const OLDER_REPLIES = reference('libvirt-11.3', 'tests', 'qemucapabilitiesdata', 'caps_10.0.0_x86_64.replies')

describe.skipIf(!REPLIES || !OLDER_REPLIES)(
  `releases.txt from recordings${REPLIES ? '' : ` (${NO_REFERENCE})`}`,
  () => {
    const read = (path: string | undefined) => readSeen(readFileSync(path ?? '', 'utf8'), 'replies', 'x86_64')
    const text = olderReleases()
    const names = (db: Database) => [...db.models, ...db.features.list].map(({ name }) => name)

    test('libvirt: what 12.8 brought, to the letter', () => {
      const map = installed(folder ?? '')
      const others = ['Neoverse-V2', 'POWER11']
      const seen = seenInMap(map, others)
      const old = loadDatabase(olderTexts())
      const before = (word: string) => names(old).includes(word) || old.vendors.some(({ id }) => id === word)
      const proposed = proposeReleases(text, {
        tool: 'libvirt',
        version: '12.8',
        seen,
        before,
        universe: seen.words,
      })
      expect(rowsOf(proposed, 'libvirt 12.8')).toEqual(rowsOf(dataFile('releases.txt').text, 'libvirt 12.8'))
    })

    test('QEMU: every name that 11.1 has and 10.0 had not, and what is gone', () => {
      const [seen, earlier] = [read(REPLIES), read(OLDER_REPLIES)]
      const unnamed = builtin().families.flatMap(({ versions }) =>
        versions.filter(({ qemuOnly }) => qemuOnly).map(({ model }) => model.name),
      )
      const universe = [...names(builtin()), ...unnamed]
      const before = (word: string) => earlier.words.has(word)
      const proposed = proposeReleases(text, { tool: 'qemu', version: '11.1', seen, before, universe })
      const table = parseReleases({ name: 'releases.txt', text: proposed })
      const machines = [...seen.machines, ...earlier.machines]
      for (const name of [...universe, ...machines]) {
        for (const version of ['10.0', '11.1']) {
          expect([name, version, table.knows('qemu', version, name)]).toEqual([
            name,
            version,
            releases.knows('qemu', version, name),
          ])
        }
        expect([name, table.deprecatedIn('qemu', name)]).toEqual([name, releases.deprecatedIn('qemu', name)])
      }
      expect(proposeReleases(proposed, { tool: 'qemu', version: '11.1', seen, before, universe })).toBe(
        proposed,
      )
    })
  },
)

/** The table as it was when libvirt 11.3 and QEMU 10.0 were the newest that had been looked at. */
function olderReleases(): string {
  return dataFile('releases.txt')
    .text.replace(/^qemu dated .*\n/m, '')
    .replace(/^(qemu looked-at : .* 10\.0).*/m, '$1')
    .replace(/^(libvirt looked-at : 11\.3).*/m, '$1')
    .replace(/^(?:qemu (?:10\.[1-9]|11)|libvirt (?:12|later)).*(?:\n {4,}.*)*\n/gm, '')
}

/** The words of a row and those that go on with it. */
const rowsOf = (text: string, head: string): string[] =>
  [...text.matchAll(new RegExp(`^${head} : (.*(?:\n {4,}.*)*)`, 'gm'))]
    .flatMap(([, words = '']) => words.split(/\s+/))
    .sort()
