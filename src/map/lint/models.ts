import { hex } from '../../core/bits.ts'
import { type Feature, placeKey } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { Model } from '../../core/model.ts'
import { type Database, type DatabaseTexts, loadDatabase } from '../database.ts'
import { type DataFile, type DataStatement, faultAt, faultIn } from '../text/data-file.ts'
import { parseDelta, setsOf } from '../text/delta.ts'
import { inWalkOrder, type ModelFamily, parseWalk, type Version } from '../text/family.ts'
import { parseFeatureRows, type WordRow } from '../text/parse-features.ts'
import { type ModelsFile, parseModels, printSignatureField } from '../text/parse-models.ts'

/** What the laws look at: the texts, and what was read from them. */
export interface LintSubject {
  readonly texts: DatabaseTexts
  readonly db: Database
  readonly features: DataFile
  readonly words: readonly WordRow[]
  readonly files: readonly ModelsFile[]
  /** `docs/sources.md`. */
  readonly sources: string
  /** `test/expected/released.txt`: a line a model that may not change any more. */
  readonly released: string
}

/** @throws ParseError where the texts are not even readable */
export function lintSubject(texts: DatabaseTexts, sources: string, released: string): LintSubject {
  const features = { name: 'features.txt', text: texts.features }
  const files = Object.entries(texts.models).map(([name, text]) => parseModels(text, name))
  return {
    texts,
    db: loadDatabase(texts),
    features,
    words: parseFeatureRows(features),
    files: inWalkOrder(files, parseWalk(texts.walk, 'walk.txt')),
    sources,
    released,
  }
}

/** Every version of every family, in the order of the files. */
function versionsOf(db: Database): { family: ModelFamily; version: Version }[] {
  return db.families.flatMap(family => family.versions.map(version => ({ family, version })))
}

/** Where the data breaks one of its laws, and how. */
export interface LintFinding {
  readonly file: string
  /** 1-based; 0: the file as a whole. */
  readonly line: number
  readonly message: string
}

/** A finding at `token` of a statement. */
export function findingIn(at: DataStatement, message: string, token = ''): LintFinding {
  return { file: at.file.name, line: faultIn(at, message, token).line, message }
}

/** A finding at `offset` of a file. */
export function findingAt(file: DataFile, offset: number, message: string): LintFinding {
  return { file: file.name, line: faultAt(file, offset, message).line, message }
}

/** `models/intel.txt:12: message` */
export const printFinding = ({ file, line, message }: LintFinding): string => `${file}:${line}: ${message}`

/** Law 1: no word of a delta is without effect, and a version that changes no bit says what else changed. */
export function noNoOps({ db, files }: LintSubject): LintFinding[] {
  const sets = setsOf(db.features, files)
  return versionsOf(db).flatMap(({ version }) => {
    const { at } = version.row
    const { minus, plus } = version.delta
    const base = version.base?.features ?? FeatureSet.empty
    const silent = minus.length + plus.length === 0 && !version.note
    const idle = [
      ...minus.filter(name => !bitsOf(name).meets(base) || plus.includes(name)),
      ...plus.filter((name, i) => bitsOf(name).leq(base.minus(join(minus))) || plus.indexOf(name) !== i),
    ]
    return [
      ...(silent ? [findingIn(at, 'this version changes no bit and does not say what changed')] : []),
      ...idle.map(name => findingIn(at, `\`${name}\` changes nothing here`, name)),
    ]
  })

  function bitsOf(name: string): FeatureSet {
    return sets.get(name) ?? db.features.get(name)?.bits ?? FeatureSet.empty
  }

  function join(names: readonly string[]): FeatureSet {
    return names.reduce((all, name) => all.join(bitsOf(name)), FeatureSet.empty)
  }
}

/** Law 2: names stand in the order of `features.txt`, sets behind them, versions ascending. */
export function inFileOrder({ db, files }: LintSubject): LintFinding[] {
  const place = (name: string) => db.features.get(name)?.index ?? Number.POSITIVE_INFINITY
  const deltas = files.flatMap(file => [...file.sets, ...file.families.flatMap(family => family.items)])
  const names = deltas.flatMap(({ at, delta }) => {
    const { minus, plus } = parseDelta(delta, at)
    const stray = [minus, plus].flatMap(list =>
      list.filter((name, i) => place(list[i - 1] ?? '') > place(name) && i > 0),
    )
    return stray.map(name =>
      findingIn(at, `\`${name}\` stands before the name in front of it in features.txt`, name),
    )
  })
  const versions = files.flatMap(file =>
    file.families.flatMap(({ items }) => {
      const numbers = items.map(item => Number(item.version?.slice(1) ?? 0))
      const stray = items.filter(
        (_, i) => i > 0 && (numbers[i] ?? 0) <= (numbers[i - 1] ?? 0) && numbers[i] !== 0,
      )
      return stray.map(item => findingIn(item.at, 'versions ascend'))
    }),
  )
  return [...names, ...versions]
}

/**
 * Law 3: every model is closed under `deps.txt`, but for the breaches of libvirt's that a rule counts. A model made of
 * one that breaks a rule may break it too.
 */
export function closedUnderDeps({ db }: LintSubject): LintFinding[] {
  return db.dependencies.rules.flatMap(({ at, features, needs, broken }) => {
    // Features that libvirt does not know are in no model and need not be.
    const need = db.features.setOfNames(needs)
    const breaks = (model: Model | undefined) =>
      model !== undefined && features.some(name => has(model, name)) && !need.leq(model.features)
    const breaking = versionsOf(db).filter(({ version }) => breaks(version.model) && !breaks(version.base))
    if (breaking.length === broken) return []
    const who = breaking.slice(0, 5).map(({ version }) => version.model.name)
    return [findingIn(at, `${breaking.length} models break this rule, not ${broken}: ${who.join(' ')} …`)]
  })

  function has(model: Model, name: string): boolean {
    return db.features.get(name)?.bits.leq(model.features) ?? false
  }
}

/** Law 4: a delta is the smallest that any model above of the vendor, or of none, gives; or its note names the parent. */
export function smallestDelta({ db, files }: LintSubject): LintFinding[] {
  const sets = setsOf(db.features, files)
  const above: Version[] = []
  const findings: LintFinding[] = []
  for (const { family, version } of versionsOf(db)) {
    const written = version.delta.minus.length + version.delta.plus.length
    const peers = above.filter(peer => !peer.model.vendor || peer.model.vendor === family.vendor)
    const nearest = peers
      .map(peer => ({ peer, size: sizeOf(peer.model, version.model) }))
      .sort((a, b) => a.size - b.size)[0]
    // What libvirt has is never a delta on what it has no name for.
    if (!version.qemuOnly) above.push(version)
    if (!nearest || nearest.size >= written || /\bparent\b/.test(version.note)) continue
    const better = `\`${nearest.peer.model.name}\` is nearer: ${nearest.size} words instead of ${written}`
    findings.push(findingIn(version.row.at, `${better}; or the note says why, with the word "parent"`))
  }
  return findings

  /** Words that the delta would take; a named set counts as one where it is exactly what is added or removed. */
  function sizeOf(from: Model, to: Model): number {
    return wordsFor(from.features.minus(to.features)) + wordsFor(to.features.minus(from.features))
  }

  function wordsFor(set: FeatureSet): number {
    const covered = [...sets.values()].filter(named => named.leq(set)).map(named => named.size - 1)
    return set.size - Math.max(0, ...covered)
  }
}

/** Law 5: a released model never changes; a change is a new version. */
export function releasedStay({ db, released }: LintSubject): LintFinding[] {
  const file = 'test/expected/released.txt'
  return released.split('\n').flatMap((line, i) => {
    const name = line.split(' ')[0]
    if (!name) return []
    const model = db.model(name)
    const message = model
      ? `${name} is released and has changed: make a new version`
      : `${name} is released and gone`
    return model && releaseLine(db, model) === line ? [] : [{ file, line: i + 1, message }]
  })
}

/**
 * Every model, fully expanded, in map order, then those that only QEMU has: what a change of one line of data comes to. The features stand
 * one word a line; a model that equals its plain name only says so.
 */
export function printExpansions(db: Database): string {
  const alias = new Map<string, Model>()
  for (const model of db.models) if (model.canonical) alias.set(model.canonical, model)
  const unnamed = db.families.flatMap(({ versions }) => versions.filter(({ qemuOnly }) => qemuOnly))
  return [...db.models, ...unnamed.map(({ model }) => model)]
    .map(model => `${printModel(db, model, alias.get(model.name))}\n`)
    .join('\n')
}

function printModel(db: Database, model: Model, alias: Model | undefined): string {
  const same = alias?.features.eq(model.features) ? [`  as ${alias.name}`] : undefined
  return [headOf(model), ...listsOf(model), ...(same ?? wordsOf(db, model))].join('\n')
}

function headOf({ name, vendor, signatures, decode, compat, canonical, index }: Model): string {
  const facts = [
    vendor?.name ?? 'any vendor',
    ...signatures.map(printSignatureField),
    ...(index < 0 ? ['QEMU only'] : []),
    ...(decode.host ? ['host'] : []),
    ...(decode.guest ? ['guest'] : []),
    ...(compat ? ['compat'] : []),
    ...(canonical ? [`canonical ${canonical}`] : []),
  ]
  return `${name}: ${facts.join(', ')}`
}

function listsOf({ removed, added }: Model): string[] {
  const line = (label: string, list: readonly Feature[]) =>
    list.length > 0 ? [`  ${label}: ${list.map(feature => feature.name).join(' ')}`] : []
  return [...line('removed', removed), ...line('added', added)]
}

function wordsOf(db: Database, model: Model): string[] {
  const words = new Map<string, string[]>()
  for (const feature of db.features.in(model.features)) {
    const key = placeKey(feature.place)
    const names = words.get(key)
    if (names) names.push(feature.name)
    else words.set(key, [feature.name])
  }
  return Array.from(words, ([key, names]) => `  ${key}: ${names.join(' ')}`)
}

/**
 * `EPYC-v1 5f3a09c1`: the name and a digest of all that a model says. It does not depend on the layout of the
 * feature table, so new features leave it alone.
 */
function releaseLine(db: Database, model: Model): string {
  return `${model.name} ${digest(printModel(db, model, undefined))}`
}

/** The release lines of all models, in map order. */
export const printReleased = (db: Database): string =>
  db.models.map(model => `${releaseLine(db, model)}\n`).join('')

/** FNV-1a, 32 bits: it guards against slips, not against malice. */
function digest(text: string): string {
  let hash = 0x811c_9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193)
  return hex(hash >>> 0)
}
