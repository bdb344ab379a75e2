import { FeatureTable } from '../../core/feature-table.ts'
import { internalError } from '../../core/libvirt-error.ts'
import type { Model, Vendor } from '../../core/model.ts'
import type { Element } from '../../xml/element.ts'
import { parseXml } from '../../xml/reader.ts'
import { MapFeatures } from './features.ts'
import { MapModels } from './models.ts'
import { readModelText } from './text.ts'
import { type MapFiles, walkCpuMap } from './walk.ts'

/** What an installed map knows of an architecture. */
export interface CpuMap {
  readonly features: FeatureTable
  readonly vendors: readonly Vendor[]
  readonly models: readonly Model[]
}

/** As `Database.fromCpuMap`, what the database is made of. */
export function readCpuMap(read: MapFiles, arch: string, known: FeatureTable | undefined): CpuMap {
  const map = new MapInTheMaking(known)
  walkCpuMap(read, arch, map, (text, name) => readModelText(text) ?? parseXml(text, name))
  return map.finished()
}

class MapInTheMaking {
  readonly #vendors: Vendor[] = []
  readonly #features: MapFeatures
  readonly #models: MapModels

  constructor(known: FeatureTable | undefined) {
    this.#features = new MapFeatures(known)
    this.#models = new MapModels(this.#vendors, this.#features)
  }

  readonly feature = (element: Element, name: string): void => this.#features.add(element, name)
  readonly model = (element: Element, name: string): void => this.#models.add(element, name)

  finished(): CpuMap {
    const features = new FeatureTable(this.#features.list, this.#features.words)
    return { features, vendors: this.#vendors, models: this.#models.list }
  }

  vendor(element: Element, name: string): void {
    if (this.#vendors.some(vendor => vendor.name === name))
      throw internalError(`CPU vendor ${name} already defined`)
    const id = element.attributes.string
    if (id === undefined) throw internalError(`Missing vendor string for CPU vendor ${name}`)
    if (new TextEncoder().encode(id).length !== 12) throw internalError(`Invalid CPU vendor string '${id}'`)
    this.#vendors.push({ name, id })
  }
}
