import type { Feature } from '../../core/feature.ts'
import { addInto, FeatureSet, removeFrom } from '../../core/feature-set.ts'
import { internalError, LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import type { Model, SignatureMatch, Vendor } from '../../core/model.ts'
import { child, children, type Element } from '../../xml/element.ts'
import type { MapFeatures } from './features.ts'

/** A model whose canonical name may still be found. */
type Draft = { -readonly [K in keyof Model]: Model[K] }

/** What a `<feature>` of a model says; a model simply has what is on neither list. */
interface Item {
  readonly feature: Feature
  readonly list: 'removed' | 'added' | undefined
}

/** The models of an installed map, in its order. */
export class MapModels {
  readonly list: Model[] = []
  readonly #vendors: readonly Vendor[]
  readonly #features: MapFeatures
  readonly #byName = new Map<string, Draft>()
  /** The readers share equal elements, so most of the 14 000 items are understood already. */
  readonly #items = new Map<Element, Item>()

  constructor(vendors: readonly Vendor[], features: MapFeatures) {
    this.#vendors = vendors
    this.#features = features
  }

  /** Reads `<model>`: check, decode, ancestor, signatures, vendor, features, in libvirt's order. @throws LibvirtError */
  add(element: Element, name: string): void {
    if (this.#byName.has(name)) throw internalError(`Multiple definitions of CPU model '${name}'`)
    const compat = readCompat(element, name)
    const decode = readDecode(element, name)
    const ancestor = this.#ancestor(element, name)
    const ownSignatures = readMapSignatures(element, name)
    const signatures = ownSignatures.length > 0 ? ownSignatures : (ancestor?.signatures ?? [])
    const vendor = this.#vendor(element, name) ?? ancestor?.vendor
    const features = this.#ownFeatures(element, name, ancestor)
    const own = ownSignatures.length > 0 || child(element, 'vendor') || child(element, 'feature')
    if (ancestor && !own) makeCanonical(name, ancestor)
    const model = {
      name,
      index: this.list.length,
      signatures,
      decode,
      compat,
      ...features,
      ...(vendor && { vendor }),
    }
    this.list.push(model)
    this.#byName.set(name, model)
  }

  #ancestor(element: Element, name: string): Draft | undefined {
    const given = child(element, 'model')
    if (!given) return undefined
    const ancestorName = given.attributes.name
    if (ancestorName === undefined) throw internalError(`Missing ancestor's name in CPU model ${name}`)
    const ancestor = this.#byName.get(ancestorName)
    if (!ancestor) throw internalError(`Ancestor model ${ancestorName} not found for CPU model ${name}`)
    return ancestor
  }

  #vendor(element: Element, name: string): Vendor | undefined {
    const given = child(element, 'vendor')
    if (!given) return undefined
    const vendorName = given.attributes.name
    if (vendorName === undefined) throw internalError(`Invalid vendor element in CPU model ${name}`)
    const vendor = this.#vendors.find(known => known.name === vendorName)
    if (!vendor) throw internalError(`Unknown vendor ${vendorName} referenced by CPU model ${name}`)
    return vendor
  }

  /** The ancestor's bits without what it removed, and the model's own; both lists are the model's alone. */
  #ownFeatures(
    element: Element,
    name: string,
    ancestor: Model | undefined,
  ): Pick<Model, 'features' | 'removed' | 'added'> {
    const words = new Uint32Array(this.#features.words.length)
    const removed: Feature[] = []
    const added: Feature[] = []
    if (ancestor) words.set(ancestor.features.words)
    for (const feature of ancestor?.removed ?? []) removeFrom(words, feature.bits)
    for (const part of element.content) {
      if (typeof part === 'string' || part.name !== 'feature') continue
      const { feature, list } = this.#items.get(part) ?? this.#learn(part, name)
      if (list === 'removed') removed.push(feature)
      else if (list === 'added') added.push(feature)
      else addInto(words, feature.bits)
    }
    return { features: FeatureSet.over(words), removed, added }
  }

  #learn(element: Element, model: string): Item {
    const name = element.attributes.name
    if (name === undefined) throw internalError(`Missing feature name for CPU model ${model}`)
    const feature = this.#features.get(name)
    if (!feature) throw internalError(`Feature ${name} required by CPU model ${model} not found`)
    const removed = tristate(element, 'removed', 'yes', 'no')
    const list = removed ? 'removed' : tristate(element, 'added', 'yes', 'no') ? 'added' : undefined
    const item = { feature, list } as const
    this.#items.set(element, item)
    return item
  }
}

function makeCanonical(name: string, alias: Draft): void {
  if (alias.canonical !== undefined) {
    const conflict = `which is already an alias of '${alias.canonical}'`
    throw internalError(`Cannot set CPU model '${name}' as canonical name of '${alias.name}' ${conflict}`)
  }
  alias.canonical = name
}

function readCompat(element: Element, name: string): boolean {
  const check = child(element, 'check')
  if (!check) return false
  const partial = check.attributes.partial
  if (partial === undefined) throw internalError(`Missing check/@partial in CPU model ${name}`)
  if (partial !== 'compat')
    throw internalError(`Invalid check/@partial value '${partial}' in CPU model ${name}`)
  return true
}

function readDecode(element: Element, name: string): { host: boolean; guest: boolean } {
  const decode = child(element, 'decode')
  if (!decode) throw internalError(`missing decode element in CPU model ${name}`)
  const read = (attribute: string): boolean => {
    const value = tristate(decode, attribute, 'on', 'off')
    if (value === undefined) throw xmlError(`Missing required attribute '${attribute}' in element 'decode'`)
    return value
  }
  return { host: read('host'), guest: read('guest') }
}

/** Undefined: the attribute is absent. */
function tristate(element: Element, name: string, yes: string, no: string): boolean | undefined {
  const value = element.attributes[name]
  if (value === undefined) return undefined
  if (value === yes || value === no) return value === yes
  throw xmlError(`Invalid value for attribute '${name}' in element '${element.name}': '${value}'.`)
}

/** The `<signature>` elements of a model. @throws LibvirtError */
function readMapSignatures(element: Element, model: string): SignatureMatch[] {
  return children(element, 'signature').map(({ attributes }) => {
    const family = parseDecimal(attributes.family)
    if (!family) throw internalError(`Invalid CPU signature family in model ${model}`)
    const number = parseDecimal(attributes.model)
    if (number === undefined) throw internalError(`Invalid CPU signature model in model ${model}`)
    const steppings = attributes.stepping
    const match = { family, model: number }
    return steppings === undefined ? match : { ...match, steppings: parseSteppings(steppings) }
  })
}

function parseDecimal(text = ''): number | undefined {
  const digits = /^[ \t\n\v\f\r]*\+?(\d+)$/.exec(text)?.[1]
  return digits && Number(digits) <= 0xffff_ffff ? Number(digits) : undefined
}

/** libvirt's bitmap syntax, `0-4,7,^2`, as a mask of bits 0 to 15; a later item overrides an earlier one. */
function parseSteppings(text: string): number {
  let mask = 0
  for (const item of text.split(',')) {
    const [, not, from, to] = /^ *(\^)?(\d+)(?:-(\d+))? *$/.exec(item) ?? []
    const [low, high] = [Number(from ?? Number.NaN), Number(to ?? from)]
    if (!(low <= high && high <= 15) || (not && to))
      throw new LibvirtError('invalid-arg', `Failed to parse bitmap '${text}'`)
    for (let stepping = low; stepping <= high; stepping++) {
      mask = not ? mask & ~(1 << stepping) : mask | (1 << stepping)
    }
  }
  return mask
}
