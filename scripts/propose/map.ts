import { hex } from '../../src/core/bits.ts'
import { type Feature, type Place, placeKey } from '../../src/core/feature.ts'
import type { Model } from '../../src/core/model.ts'
import { type Database, type DatabaseTexts, loadDatabase } from '../../src/map/database.ts'
import { formatData, formatModels } from '../../src/map/text/format.ts'
import { type FeatureRow, parseFeatureRows, type WordRow } from '../../src/map/text/parse-features.ts'
import { parseModels } from '../../src/map/text/parse-models.ts'
import { modelsToPropose, proposeModel } from './model.ts'

/**
 * Our data with what an installed map has and it lacks: features at their bits, vendors, families and versions, map
 * order. Titles, notes, classes and sources are for the author to add; what our data has besides stays.
 */
export function proposeMap(texts: DatabaseTexts, map: Database): DatabaseTexts {
  let now = texts
  for (const [i, feature] of map.features.list.entries()) {
    if (loadFeatures(now).some(row => row.name === feature.name && !row.flags.beyond)) continue
    now = { ...now, features: withFeature(now.features, feature, map.features.list[i - 1]) }
  }
  const vendors = loadDatabase(now).vendors
  for (const vendor of map.vendors) {
    if (!vendors.some(({ name }) => name === vendor.name)) now = withVendor(now, vendor)
  }
  for (const model of byVersion(modelsToPropose(loadDatabase(now), map)))
    now = withModel(now, map, model.name)
  const walk = inMapOrder(now, map)
  return { ...now, walk: formatData(walk, 'walk.txt'), features: formatData(now.features, 'features.txt') }
}

/** In their order, but the versions of a family together and ascending, as families have them. */
function byVersion(models: readonly Model[]): Model[] {
  const family = ({ name, canonical }: Model) => (canonical ?? name).replace(/-v\d+$/, '')
  const number = ({ name, canonical }: Model) => Number(/-v(\d+)$/.exec(canonical ?? name)?.[1] ?? 0)
  return [...new Set(models.map(family))].flatMap(name =>
    models.filter(model => family(model) === name).sort((a, b) => number(a) - number(b)),
  )
}

const fileOf = (text: string) => ({ name: 'features.txt', text })

const loadFeatures = ({ features }: DatabaseTexts): FeatureRow[] =>
  parseFeatureRows(fileOf(features)).flatMap(word => word.features)

/** Puts a feature at its bit: under the name that the bit had beyond libvirt, into its word, or into a new word behind that of `before`. */
function withFeature(text: string, feature: Feature, before: Feature | undefined): string {
  const words = parseFeatureRows(fileOf(text))
  const at = bitOf(feature.place, feature.bit)
  const word = words.find(one => keyOf(one) === keyOfPlace(feature.place))
  // The title is the name, which the law of titles refuses until somebody writes one.
  const line = `  ${at}  ${feature.name}  &  ${feature.migratable ? '-' : '-m'}  ${feature.name}\n`
  if (!word) {
    const after = words.find(one => before && keyOf(one) === keyOfPlace(before.place))
    const head = `word ${writePlace(feature.place)} = ${feature.name} [libvirt-map]`
    return insertAt(text, endOfWord(text, after), `\n${head}\n${line}`)
  }
  const same = word.features.find(row => row.bit === at)
  if (same) {
    if (!same.flags.beyond) {
      const where = `${same.name} of features.txt`
      throw new RangeError(
        `${where} is ${feature.name} in the map: rename it, and what refers to it, by hand first`,
      )
    }
    const old = lineAt(text, same.offset)
    const known = old.replace(same.name, feature.name).replace(/^(\s*\S+\s+\S+\s+\S\s+\w*)x(\w*\s)/, '$1$2')
    return text.replace(old, known)
  }
  const next = word.features.find(row => row.bit > at)
  const where = next ? lineStart(text, next.offset) : endOfWord(text, word)
  return insertAt(text, where, line)
}

const bitOf = (place: Place, bit: number): number =>
  bit + (place.kind === 'msr' && place.half === 'high' ? 32 : 0)

/** Equal for equal words of `features.txt`, where both halves of an MSR are one. */
const keyOfPlace = (place: Place): string => placeKey(place).replace(/^(msr\..*)\.(?:low|high)$/, '$1')

const keyOf = ({ at }: WordRow): string => {
  if ('msr' in at) return keyOfPlace({ kind: 'msr', index: at.msr, half: 'low' })
  return 'leaf' in at ? placeKey({ kind: 'cpuid', ...at }) : at.name
}

const writePlace = (place: Place): string =>
  place.kind === 'cpuid' && !place.indexed ? `${hex(place.leaf, 1)}.${place.register}` : keyOfPlace(place)

const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1
const lineEnd = (text: string, offset: number): number =>
  (text.indexOf('\n', offset) + 1 || text.length + 1) - 1
const lineAt = (text: string, offset: number): string =>
  text.slice(lineStart(text, offset), lineEnd(text, offset))
const insertAt = (text: string, at: number, what: string): string => text.slice(0, at) + what + text.slice(at)

const endOfWord = (text: string, word: WordRow | undefined): number =>
  word ? lineEnd(text, word.features.at(-1)?.offset ?? word.offset) + 1 : text.length

const withVendor = (
  texts: DatabaseTexts,
  { name, id }: { readonly name: string; readonly id: string },
): DatabaseTexts => ({
  ...texts,
  models: {
    ...texts.models,
    [`models/${name.split(' ')[0]?.toLowerCase()}.txt`]: `# Models of ${name}.\n\nvendor "${name}" ${id}   [libvirt-map]\n`,
  },
})

/** Adds a model, and its family to the walk, behind the family of the model that is before it in the map. */
function withModel(texts: DatabaseTexts, map: Database, name: string): DatabaseTexts {
  const db = loadDatabase(texts)
  const model = map.model(name)
  if (!model) throw new RangeError(`the map has no ${name}`)
  const { family, isKnown, text } = proposeModel(db, map, model)
  const [file = '', old = ''] =
    Object.entries(texts.models).find(([path, content]) =>
      parseModels(content, path).families.some(row => row.name === family),
    ) ??
    Object.entries(texts.models).find(([path, content]) =>
      parseModels(content, path).vendors.some(row => row.vendor?.name === model.vendor?.name),
    ) ??
    []
  const row = parseModels(old, file).families.find(known => known.name === family)
  const last = row?.items.at(-1)
  const where = last ? endOfStatement(old, last.at.offset) : old.length
  const models = {
    ...texts.models,
    [file]: formatModels(insertAt(old, where, isKnown ? text : `\n${text}`), file),
  }
  if (isKnown) return { ...texts, models }
  return { ...texts, models, walk: insertInWalk(texts.walk, family, familyBefore(db, map, name)) }
}

/** The end of a statement with the lines that go on with it. */
function endOfStatement(text: string, offset: number): number {
  let end = lineEnd(text, offset) + 1
  while (/^ {4,}\S/.test(text.slice(end, lineEnd(text, end)))) end = lineEnd(text, end) + 1
  return end
}

function familyBefore(db: Database, map: Database, name: string): string | undefined {
  const before = map.models
    .slice(
      0,
      map.models.findIndex(model => model.name === name),
    )
    .reverse()
  const known = before.find(model => db.model(model.name))
  return db.families.find(({ versions }) =>
    versions.some(({ plain, versioned }) => [plain?.name, versioned?.name].includes(known?.name)),
  )?.name
}

function insertInWalk(walk: string, family: string, before: string | undefined): string {
  const lines = walk.trimEnd().split('\n')
  const at = lines.findIndex(line => before !== undefined && line.split(' ')[0] === before)
  lines.splice(at < 0 ? lines.length : at + 1, 0, family)
  return `${lines.join('\n')}\n`
}

/** The walk, in which families whose names stand in another order in the map say which come first. */
function inMapOrder(texts: DatabaseTexts, map: Database): string {
  const place = new Map(map.models.map((model, i) => [model.name, i]))
  const lines = loadDatabase(texts).families.reduce((walk, family) => {
    const named = family.versions.filter(({ qemuOnly }) => !qemuOnly)
    const plain = named.flatMap(version => version.plain?.name ?? [])
    const usual = [...plain, ...named.flatMap(version => version.versioned?.name ?? [])]
    const wanted = usual.toSorted((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0))
    const fits = (n: number) => [...new Set([...wanted.slice(0, n), ...usual])].join() === wanted.join()
    const first = wanted.slice(
      0,
      wanted.findIndex((_, n) => fits(n)),
    )
    const line = first.length > 0 ? `${family.name} = ${first.join(' ')} v*` : family.name
    return walk.map(old => (old.split(' ')[0] === family.name ? keepOrder(old, line, wanted) : old))
  }, texts.walk.split('\n'))
  return lines.join('\n')
}

/** What the author wrote, where it comes to the same order. */
const keepOrder = (old: string, line: string, wanted: readonly string[]): string => {
  const [, , ...first] = old.split(' ')
  const given = first.filter(name => name !== 'v*')
  return given.length > 0 && given.join() === wanted.slice(0, given.length).join() && line.includes(' = ')
    ? old
    : line
}
