import type { Model } from '../../core/model.ts'
import type { Database } from '../database.ts'
import type { ModelFamily } from './family.ts'
import { formatModels } from './format.ts'
import { printSignatureField } from './parse-models.ts'

/**
 * The text of a model of an installed map that our data lacks: a first draft, on the nearest model we have.
 * Features that we do not know stand in a comment; note and source are for the author to add.
 */
export function proposeModel(db: Database, map: Database, model: Model): string {
  const [, family = model.name, number] = /^(.+)-v(\d+)$/.exec(model.name) ?? []
  const known = number === undefined ? undefined : db.families.find(({ name }) => name === family)
  const vendor = model.vendor ? db.vendor(model.vendor.name) : undefined
  const base = nearest(db, map, model)
  const parent = base && !known ? ` : ${base.name}` : ''
  const own = known && base ? ` : ${shortIn(known, base)}` : ''
  const names = known ? `v${number}` : model.canonical ? `v1 = ${model.name}` : `= ${model.name}`
  const flags = [!known && !model.decode.guest && 'host', !known && !model.compat && 'exact'].filter(Boolean)
  const lines = [
    ...(model.vendor && !vendor ? [`vendor "${model.vendor.name}" ${model.vendor.id}`, ''] : []),
    `model ${known ? family : model.name}${parent}${known ? '' : fieldsOf(model)}`,
    `  ${names}${own}${flags.length > 0 ? ` (${flags.join(', ')})` : ''} ${deltaOf(db, map, model, base)}`,
  ]
  const unknown = map.features.in(model.features).filter(({ name }) => !db.features.get(name))
  const missing =
    unknown.length > 0 ? `# not in features.txt: ${unknown.map(({ name }) => name).join(' ')}\n` : ''
  return missing + formatModels(`${lines.join('\n')}\n`, model.name)
}

/** The models of a map that our data lacks; a canonical name is proposed with its alias. */
export function modelsToPropose(db: Database, map: Database): Model[] {
  const canonical = new Set(map.models.map(model => model.canonical))
  return map.models.filter(({ name }) => !db.model(name) && !canonical.has(name))
}

/** `v3` for a version of the family itself, else the model's name. */
const shortIn = ({ versions }: ModelFamily, model: Model): string =>
  versions.find(({ plain, versioned }) => plain === model || versioned === model)?.row.version ?? model.name

function fieldsOf({ signatures, removed }: Model): string {
  const sig = signatures.length > 0 ? ` sig ${signatures.map(printSignatureField).join(' ')}` : ''
  return sig + (removed.length > 0 ? ` gone ${removed.map(({ name }) => name).join(' ')}` : '')
}

/** Of our models of the vendor, or of none, the one with the fewest features to take away and add. */
function nearest(db: Database, map: Database, model: Model): Model | undefined {
  const bits = ours(db, map, model)
  const peers = db.models.filter(peer => !peer.vendor || peer.vendor.name === model.vendor?.name)
  const distance = (peer: Model) => peer.features.minus(bits).size + bits.minus(peer.features).size
  return peers.reduce<Model | undefined>(
    (best, peer) => (best && distance(best) <= distance(peer) ? best : peer),
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
  const part = (sign: string, list: readonly { readonly name: string }[]) =>
    list.length > 0 ? [`${sign} ${list.map(({ name }) => name).join(' ')}`] : []
  return [...part('-', minus), ...part('+', plus)].join(' ')
}
