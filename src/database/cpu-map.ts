import { FeatureTable } from '../core/feature-table.ts'
import { internalError } from '../core/libvirt-error.ts'
import type { Vendor } from '../core/model.ts'
import { children, type Element } from '../xml/element.ts'
import { parseXml } from '../xml/reader.ts'
import { MapFeatures } from './cpu-map-features.ts'
import { MapModels } from './cpu-map-models.ts'
import { readModelText } from './cpu-map-text.ts'
import type { Database, DatabaseParts } from './database.ts'

/** As `Database.fromCpuMap`, what the database is made of. */
export function cpuMapParts(
  read: (fileName: string) => string,
  arch: string,
  known: Database | undefined,
): DatabaseParts {
  if (!arch) throw internalError('undefined hardware architecture')
  const index = parseXml(read('index.xml'), 'index.xml')
  const found = children(index, 'arch').find(element => element.attributes.name === arch)
  if (!found) throw internalError(`cannot find CPU map for ${arch} architecture`)
  const map = new CpuMap(known?.features)
  map.add(found, 'index.xml')
  for (const include of includesOf(found)) {
    const fileName = include.attributes.filename
    if (fileName === undefined) throw internalError("Missing 'filename' in CPU map include")
    const text = read(fileName)
    map.add(readModelText(text) ?? parseXml(text, fileName), fileName)
  }
  return map.parts()
}

/** In document order, those of groups among the others. A group without a name is passed over. */
function includesOf(arch: Element): Element[] {
  return children(arch).flatMap(element => {
    if (element.name === 'include') return [element]
    const named = element.name === 'group' && element.attributes.name !== undefined
    return named ? children(element, 'include') : []
  })
}

/** A map in the making. */
class CpuMap {
  readonly #vendors: Vendor[] = []
  readonly #features: MapFeatures
  readonly #models: MapModels

  constructor(known: FeatureTable | undefined) {
    this.#features = new MapFeatures(known)
    this.#models = new MapModels(this.#vendors, this.#features)
  }

  /** Vendors, then features, then models, each in document order. */
  add(parent: Element, file: string): void {
    for (const element of children(parent, 'vendor')) this.#addVendor(element, nameOf(element, file))
    for (const element of children(parent, 'feature')) this.#features.add(element, nameOf(element, file))
    for (const element of children(parent, 'model')) this.#models.add(element, nameOf(element, file))
  }

  parts(): DatabaseParts {
    const features = new FeatureTable(this.#features.list, this.#features.words)
    return { features, vendors: this.#vendors, models: this.#models.list }
  }

  #addVendor(element: Element, name: string): void {
    if (this.#vendors.some(vendor => vendor.name === name))
      throw internalError(`CPU vendor ${name} already defined`)
    const id = element.attributes.string
    if (id === undefined) throw internalError(`Missing vendor string for CPU vendor ${name}`)
    if (new TextEncoder().encode(id).length !== 12) throw internalError(`Invalid CPU vendor string '${id}'`)
    this.#vendors.push({ name, id })
  }
}

function nameOf(element: Element, file: string): string {
  const name = element.attributes.name
  if (name === undefined) throw internalError(`cannot find ${element.name} name in CPU map '${file}'`)
  return name
}
