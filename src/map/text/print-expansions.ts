import { hex } from '../../core/bits.ts'
import { type Feature, placeKey } from '../../core/feature.ts'
import type { Model } from '../../core/model.ts'
import type { Database } from '../database.ts'
import { printSignatureField } from './parse-models.ts'

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
export function releaseLine(db: Database, model: Model): string {
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
