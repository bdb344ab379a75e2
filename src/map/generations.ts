import type { FeatureSet } from '../core/feature-set.ts'
import { oncePer } from '../core/memo.ts'
import type { Signature } from '../core/model.ts'
import { namesOf } from '../core/text.ts'
import { dataFile } from './data.ts'
import type { Database } from './database.ts'
import {
  type DataFile,
  type DataStatement,
  faultIn,
  readCited,
  statementsOf,
  tokensOf,
} from './text/data-file.ts'

/** CPUs of one design: what their silicon has. */
export interface Generation {
  readonly name: string
  readonly vendor: string
  /** What people call it. */
  readonly title: string
  readonly sources: readonly string[]
  readonly signatures: readonly SignatureRange[]
  /** The names of all after which it comes. */
  readonly before: ReadonlySet<string>
  /** What all of its CPUs have. */
  readonly has: FeatureSet
  /** What some of its products have. */
  readonly some: FeatureSet
  /** What was there before and is no longer. */
  readonly lost: FeatureSet
  readonly without: readonly ProductRule[]
  /** Products that may have what the others have not. */
  readonly having: readonly ProductRule[]
  readonly names: readonly ProductName[]
  /** When its first products came; undefined: not known, or they are not there yet. */
  readonly since?: number
}

/** CPUs of one family and a range of models and steppings. */
export interface SignatureRange {
  readonly family: number
  readonly models: readonly [first: number, last: number]
  readonly steppings: readonly [first: number, last: number]
}

export const within = (range: SignatureRange, { family, model, stepping }: Signature): boolean =>
  range.family === family &&
  range.models[0] <= model &&
  model <= range.models[1] &&
  range.steppings[0] <= stepping &&
  stepping <= range.steppings[1]

/** Features that products go without, or alone may have, whose brand string has one of the words. */
interface ProductRule {
  readonly features: FeatureSet
  readonly words: readonly string[]
}

/** How some of its products call themselves. */
interface ProductName {
  /** In a name as `plainName` makes it. */
  readonly pattern: RegExp
  /** How many of its letters and digits are given: the more, the surer. */
  readonly given: number
}

/** What is known of a feature in the silicon of some CPUs. */
export type SiliconVerdict =
  | { readonly kind: 'has' | 'some' }
  /** No CPU of the generation has it. `first`: the first that does, of those after it if any; `gone`: CPUs before it had it. */
  | {
      readonly kind: 'lacks'
      readonly generation: Generation
      readonly first: Generation | undefined
      readonly gone: boolean
    }
  /** Products that are called so go without it. */
  | { readonly kind: 'product'; readonly word: string; readonly generation: Generation }
  /** Only CPUs of other vendors have it. */
  | { readonly kind: 'vendor'; readonly vendors: readonly string[] }

/** The generations of x86 CPUs, and which features their silicon has. */
export class GenerationTable {
  readonly list: readonly Generation[]
  /** What each vendor's generations name, by the vendor's name. */
  readonly #named = new Map<string, FeatureSet>()
  /** What some CPU of a generation has: asked of every feature of every group of hosts. */
  readonly #able = new Map<Generation, FeatureSet>()
  /** Hosts of a fleet are called alike. */
  readonly #called = new Map<string, readonly Generation[]>()

  constructor(list: readonly Generation[]) {
    this.list = list
    for (const one of list) {
      const { vendor, has, some, lost } = one
      const able = has.join(some)
      const named = able.join(lost)
      this.#able.set(one, able)
      this.#named.set(vendor, this.#named.get(vendor)?.join(named) ?? named)
    }
  }

  get(name: string): Generation | undefined {
    return this.list.find(one => one.name === name)
  }

  /** Undefined: no generation has the signature. */
  find(vendor: string, signature: Signature): Generation | undefined {
    return this.list.findLast(
      one => one.vendor === vendor && one.signatures.some(range => within(range, signature)),
    )
  }

  /** The vendor's generations whose products are called so, by the names that fit best; empty: none. */
  called(vendor: string, brand: string): readonly Generation[] {
    const key = `${vendor} ${brand}`
    const known = this.#called.get(key) ?? this.#findCalled(vendor, plainName(brand))
    this.#called.set(key, known)
    return known
  }

  #findCalled(vendor: string, name: string): Generation[] {
    // QEMU's models are called so: `Intel Xeon E312xx (Sandy Bridge)`.
    if (name.includes('(')) return []
    const own = this.list.filter(one => one.vendor === vendor)
    const fitting = own.flatMap(({ title, names }) =>
      names.flatMap(({ pattern, given }) => (pattern.test(name) ? { title, given } : [])),
    )
    const most = Math.max(...fitting.map(({ given }) => given))
    const titles = new Set(fitting.flatMap(({ title, given }) => (given === most ? title : [])))
    return own.filter(({ title }) => titles.has(title))
  }

  /** The vendor's generations of which some CPU has all of these features, as far as they are named. */
  thatHave(vendor: string, features: FeatureSet): Generation[] {
    const named = this.#named.get(vendor)
    if (!named) return []
    const known = features.meet(named)
    return this.list.filter(one => one.vendor === vendor && this.#canHave(one, known))
  }

  /**
   * What is known of the feature in CPUs of the vendor; undefined: nothing, or its possible generations differ in it.
   * @param brand as CPUID prints it; empty: not known
   */
  judge(
    feature: FeatureSet,
    vendor: string,
    generations: readonly Generation[],
    brand: string,
  ): SiliconVerdict | undefined {
    const [first, ...more] = (generations.length > 0 ? generations : [undefined]).map(one =>
      this.#judgeOne(feature, vendor, one, brand),
    )
    return more.every(verdict => verdict?.kind === first?.kind) ? first : undefined
  }

  #judgeOne(
    feature: FeatureSet,
    vendor: string,
    generation: Generation | undefined,
    brand: string,
  ): SiliconVerdict | undefined {
    if (!feature.leq(this.#named.get(vendor) ?? feature.minus(feature)))
      return this.#ofOthers(feature, vendor)
    if (!generation) return undefined
    for (const { features, words } of generation.without) {
      const word = feature.leq(features) ? words.find(one => brand.includes(one)) : undefined
      if (word !== undefined) return { kind: 'product', word, generation }
    }
    if (feature.leq(generation.has)) return { kind: 'has' }
    const may = generation.having.some(
      ({ features, words }) => feature.leq(features) && words.some(one => brand.includes(one)),
    )
    if (may || feature.leq(generation.some)) return { kind: 'some' }
    const having = this.list.filter(one => one.vendor === vendor && this.#canHave(one, feature))
    const first = having.find(({ before }) => before.has(generation.name)) ?? having[0]
    return { kind: 'lacks', generation, first, gone: feature.leq(generation.lost) }
  }

  #canHave(generation: Generation, features: FeatureSet): boolean {
    return features.leq(this.#able.get(generation) ?? generation.has)
  }

  #ofOthers(feature: FeatureSet, vendor: string): SiliconVerdict | undefined {
    if (!this.#named.has(vendor)) return undefined
    const vendors = [...this.#named].filter(([, named]) => feature.leq(named)).map(([name]) => name)
    return vendors.length > 0 ? { kind: 'vendor', vendors } : undefined
  }
}

/** A product's name in small letters, without what some tools print and others do not: `intel xeon silver 4214r`. */
const plainName = (brand: string): string =>
  brand
    .replace(/\((?:r|tm)\)|[®™]|@.*/gi, '')
    .toLowerCase()
    .split(/\s+/)
    .filter(word => !/^(?:cpu|processor|pro|)$/.test(word))
    .join(' ')

/** The table that comes with this package; features that the database does not know are left out. */
export const builtinGenerations: (db: Database) => GenerationTable = oncePer((db: Database) =>
  parseGenerations(dataFile('generations.txt'), db),
)

/** Reads `generations.txt`. @throws ParseError */
function parseGenerations(file: DataFile, db: Database): GenerationTable {
  const list: Generation[] = []
  for (const at of statementsOf(file)) {
    if (at.indent === 0) list.push(headOf(at, list, db.features.setOf([])))
    else {
      const last = list.pop()
      if (!last) throw faultIn(at, 'this stands under its generation, and no generation is above')
      list.push(extended(last, at, db))
    }
  }
  return new GenerationTable(list)
}

const HEAD = /^generation (\S+) (\S+) ([^:]+?)(?: : after (.+))?$/

function headOf(at: DataStatement, list: readonly Generation[], none: FeatureSet): Generation {
  const cited = readCited(at.text)
  const [, name = '', vendor = '', signatures = '', after = ''] = HEAD.exec(cited?.text ?? '') ?? []
  if (!cited || name === '' || at.note === '')
    throw faultIn(at, 'expected `generation NAME VENDOR SIGNATURE … [: after NAME …] [SOURCE; …]  # title`')
  if (list.some(one => one.name === name)) throw faultIn(at, `\`${name}\` is above already`, name)
  const before = tokensOf(after).map(parent => {
    const known = list.find(one => one.name === parent)
    if (!known) throw faultIn(at, `no generation above is called ${parent}`, parent)
    return known
  })
  const has = before.reduce((all, one) => all.join(one.has), none)
  return {
    name,
    vendor,
    title: at.note,
    sources: cited.sources,
    signatures: tokensOf(signatures).map(token => parseSignatureRange(at, token)),
    before: new Set(before.flatMap(one => [one.name, ...one.before])),
    has,
    some: before.reduce((all, one) => all.join(one.some), none).minus(has),
    lost: before.reduce((all, one) => all.join(one.lost), none).minus(has),
    without: before.flatMap(({ without }) => without),
    having: before.flatMap(({ having }) => having),
    names: [],
  }
}

/** Reads `FAMILY.MODEL[.STEPPING]`, each a number, the last two or a range. @throws ParseError at `at` */
export function parseSignatureRange(at: DataStatement, token: string): SignatureRange {
  const [, family, ...ends] = /^(\d+)\.(\d+)(?:-(\d+))?(?:\.(\d+)(?:-(\d+))?)?$/.exec(token) ?? []
  if (family === undefined) throw faultIn(at, 'a signature is `FAMILY.MODEL[.STEPPING]`', token)
  const [model, lastModel, stepping, lastStepping] = ends.map(end =>
    end === undefined ? undefined : Number(end),
  )
  return {
    family: Number(family),
    models: [model ?? 0, lastModel ?? model ?? 0],
    steppings: stepping === undefined ? [0, 15] : [stepping, lastStepping ?? stepping],
  }
}

function extended(last: Generation, at: DataStatement, db: Database): Generation {
  const [list = '', words = ''] = at.text.split(' : ')
  const [word, ...names] = tokensOf(list)
  const features = featuresNamed(db, names)
  const { has, some, lost, without, having } = last
  const rest = (rules: readonly ProductRule[]) =>
    rules.map(rule => ({ ...rule, features: rule.features.minus(features) }))
  switch (word) {
    case 'gains': {
      const more = { some: some.minus(features), lost: lost.minus(features), without: rest(without) }
      return { ...last, ...more, has: has.join(features) }
    }
    case 'loses': {
      const gone = features.meet(has.join(some))
      const more = { some: some.minus(features), lost: lost.join(gone), having: rest(having) }
      return { ...last, ...more, has: has.minus(features) }
    }
    case 'some':
      return { ...last, has: has.minus(features), some: some.join(features), lost: lost.minus(features) }
    case 'without':
      return { ...last, without: [...without, { features, words: tokensOf(words) }] }
    case 'with':
      return { ...last, having: [...having, { features, words: tokensOf(words) }] }
    case 'since': {
      const year = /^since (\d{4})$/.exec(readCited(at.text)?.text ?? '')?.[1]
      if (year === undefined) throw faultIn(at, 'expected `since YEAR [SOURCE; …]`')
      return { ...last, since: Number(year) }
    }
    case 'called':
      return { ...last, names: [...last.names, ...namesIn(at)] }
    default:
      throw faultIn(at, 'expected `gains`, `loses`, `some`, `with`, `without`, `called` or `since`', word)
  }
}

/** Reads `called WORD … : NAME, … [SOURCE; …]`. @throws ParseError */
function namesIn(at: DataStatement): ProductName[] {
  const [, words = '', list] = /^called ([^:]+) : (.+)$/.exec(readCited(at.text)?.text ?? '') ?? []
  if (list === undefined) throw faultIn(at, 'expected `called WORD … : NAME, … [SOURCE; …]`')
  return list.split(', ').map(name => {
    const tokens = tokensOf(`${words} ${name}`).map(
      token =>
        `(?:${token.replace(/[.+]/g, '\\$&').replaceAll('?', '[a-z0-9]')})${/[\d?]/.test(token) ? '(?:[a-z]*|x3d)' : ''}`,
    )
    const pattern = new RegExp(`(?<!\\S)${tokens.join(' ')}(?!\\S)`)
    return { pattern, given: name.replace(/[^a-z0-9]/g, '').length }
  })
}

function featuresNamed(db: Database, names: readonly string[]): FeatureSet {
  const known = db.features.list.map(({ name }) => name)
  return db.features.setOfNames(names.flatMap(name => namesOf(name, known)))
}
