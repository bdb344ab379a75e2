import type { Feature } from '../../src/core/feature.ts'
import type { Model } from '../../src/core/model.ts'
import type { Database } from '../../src/map/database.ts'
import { formatModels } from '../../src/map/text/format.ts'
import { printSignatureField } from '../../src/map/text/parse-models.ts'

/** The text of a model that our data lacks: a first draft, to which its author adds note and source. */
export interface ModelProposal {
  /** The family that it belongs to, and whether our data has that. */
  readonly family: string
  readonly isKnown: boolean
  /** Of a family that is new: its `model` line and first item; else an item. In the form of the data. */
  readonly text: string
}

/** Proposes a model of an installed map, on the nearest model that stands above it in our data. */
export function proposeModel(db: Database, map: Database, model: Model): ModelProposal {
  const [, family = model.name, number] = /^(.+)-v(\d+)$/.exec(model.canonical ?? model.name) ?? []
  const known = db.families.find(({ name }) => name === family)
  const base = nearest(db, map, model, known?.name)
  const previous = known?.versions.at(-1)?.model
  const parent = base && !known ? ` : ${base.name}` : ''
  const own = known && base && base !== previous ? ` : ${shortIn(known, base)}` : ''
  const version = number === undefined ? '' : `v${number} `
  const names = /-v\d+$/.test(model.name) ? version : `${version}= ${model.name}`
  const flags = [
    names !== version && !model.decode.guest && 'host',
    names !== version && !model.compat && 'exact',
  ]
  const written = flags.some(Boolean) ? ` (${flags.filter(Boolean).join(', ')})` : ''
  const head = `model ${family}${parent}${known ? '' : fieldsOf(model)}`
  const item = `  ${names.trim()}${own}${written} ${deltaOf(db, map, model, base)}`
  const text = formatModels(`${head}\n${item}\n`, model.name)
  return { family, isKnown: known !== undefined, text: known ? text.slice(text.indexOf('\n') + 1) : text }
}

/** The models of a map that our data lacks, in its order; a canonical name is proposed with its alias. */
export function modelsToPropose(db: Database, map: Database): Model[] {
  const canonical = new Set(map.models.map(model => model.canonical))
  return map.models.filter(({ name }) => !db.model(name) && !canonical.has(name))
}

/** `v3` for a version of the family itself, else the model's name. */
const shortIn = ({ versions }: Database['families'][number], model: Model): string =>
  versions.find(({ plain, versioned }) => plain === model || versioned === model)?.row.version ?? model.name

function fieldsOf({ signatures, removed }: Model): string {
  const sig = signatures.length > 0 ? ` sig ${signatures.map(printSignatureField).join(' ')}` : ''
  return sig + (removed.length > 0 ? ` gone ${removed.map(({ name }) => name).join(' ')}` : '')
}

/** Of our models of the vendor, or of none, that may be referred to there: the one with the fewest features to change, the latest of equals. */
function nearest(db: Database, map: Database, model: Model, family: string | undefined): Model | undefined {
  const bits = ours(db, map, model)
  const end = db.families.findIndex(({ name }) => name === family)
  const above = end < 0 ? db.families : db.families.slice(0, end + 1)
  const peers = above.flatMap(({ versions }) => versions.map(version => version.model))
  const distance = (peer: Model) => peer.features.minus(bits).size + bits.minus(peer.features).size
  return peers
    .filter(
      peer => !peer.vendor || peer.vendor.name === model.vendor?.name || !db.vendor(model.vendor?.name ?? ''),
    )
    .reduce<Model | undefined>(
      (best, peer) => (best && distance(best) < distance(peer) ? best : peer),
      undefined,
    )
}

/** The model's features that we know, in our own layout. */
const ours = (db: Database, map: Database, model: Model) =>
  db.features.setOfNames(map.features.in(model.features).map(({ name }) => name))

function deltaOf(db: Database, map: Database, model: Model, base: Model | undefined): string {
  const bits = ours(db, map, model)
  const minus = base ? db.features.in(base.features.minus(bits)) : []
  const plus = db.features.in(base ? bits.minus(base.features) : bits)
  const part = (sign: string, list: readonly Feature[]) =>
    list.length > 0 ? [`${sign} ${list.map(({ name }) => name).join(' ')}`] : []
  return [...part('-', minus), ...part('+', plus)].join(' ')
}
