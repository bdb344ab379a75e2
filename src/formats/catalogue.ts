import { hex, type U32 } from '../core/bits.ts'
import { Cpuid, type CpuidRow, rowOf } from '../core/cpuid.ts'
import { type Feature, type Place, placeKey } from '../core/feature.ts'
import { once } from '../core/memo.ts'
import { type Signature, signatureWord, type Vendor } from '../core/model.ts'
import { CpuMap } from '../map/cpu-map.ts'
import { dataFile } from '../map/data.ts'
import type { Database } from '../map/database.ts'
import {
  type DataFile,
  type DataStatement,
  faultIn,
  readCited,
  statementsOf,
  tokensOf,
} from '../map/text/data-file.ts'
import { parseDelta } from '../map/text/delta.ts'
import { printAida64 } from './dumps/aida64.ts'

/** A server CPU of which a public dump is known: what one machine with it had. */
export interface Product {
  /** `EPYC-9655` */
  readonly name: string
  /** What it calls itself: `AMD EPYC 9655 96-Core Processor`. */
  readonly brand: string
  readonly vendor: Vendor
  readonly signature: Signature
  /** Width of physical addresses. */
  readonly physBits: number
  /** Keys of docs/sources.md. */
  readonly sources: readonly string[]
  /** What it had, features that libvirt does not know among them. */
  readonly features: readonly Feature[]
  /** The MSRs of which the dump tells. */
  readonly msrs: readonly U32[]
  /** Leaves that it has and of which the dump does not tell, as `LEAF.SUBLEAF` in hexadecimal. */
  readonly untold: readonly string[]
}

/** The products that come with this package, in the order of the data. */
export const catalogue = once((): readonly Product[] =>
  parseCatalogue(dataFile('catalogue.txt'), CpuMap.builtIn().of('x86')),
)

/**
 * A product's CPUID and MSR words as AIDA64 prints them: the reader of dumps makes a host of them, as of any machine's.
 * Leaves that hold no feature are zero.
 */
export function printProduct(product: Product): string {
  return printAida64(dumpOf(product, CpuMap.builtIn().of('x86')))
}

/** Reads `catalogue.txt`; its head says how. @throws ParseError */
export function parseCatalogue(file: DataFile, db: Database): Product[] {
  const byName = new Map([...db.features.list, ...db.beyond].map(feature => [feature.name, feature]))
  const sets = new Map<string, readonly string[]>()
  const products: { at: DataStatement; lines: DataStatement[] }[] = []
  for (const at of statementsOf(file)) {
    const [, name, delta = ''] = /^set (@\S+) (.*)$/.exec(at.text) ?? []
    if (name !== undefined) sets.set(name, parseDelta(delta, at).plus)
    else if (at.indent === 0) products.push({ at, lines: [] })
    else products.at(-1)?.lines.push(at)
  }
  return products.map(({ at, lines }) => {
    const { model: base = '', delta = '' } =
      /^has (?<model>\S+) ?(?<delta>.*)$/.exec(textOf(lines, 'has'))?.groups ?? {}
    const model = db.model(base)
    if (!model) throw faultIn(at, `no model is called \`${base}\``, base)
    const { minus, plus } = parseDelta(delta, at)
    const names = new Set(db.features.in(model.features).map(feature => feature.name))
    for (const word of minus) names.delete(word)
    for (const word of plus) for (const name of sets.get(word) ?? [word]) names.add(name)
    const features = [...names].map(name => {
      const feature = byName.get(name)
      if (!feature) throw faultIn(at, `unknown feature '${name}'`, name)
      return feature
    })
    const msrs = tokensOf(textOf(lines, 'told')).slice(1)
    return {
      ...parseHead(at, db),
      brand: textOf(lines, 'called').replace(/^called /, ''),
      features,
      msrs: msrs.map(text => Number.parseInt(text.replace(/^MSR\./, ''), 16)),
      untold: tokensOf(textOf(lines, 'untold')).slice(1),
    }
  })
}

const textOf = (lines: readonly DataStatement[], word: string): string =>
  lines.find(({ text }) => text.startsWith(`${word} `))?.text ?? ''

/** `product NAME VENDOR SIGNATURE BITS [SOURCE]` @throws ParseError */
function parseHead(
  at: DataStatement,
  db: Database,
): Pick<Product, 'name' | 'vendor' | 'signature' | 'physBits' | 'sources'> {
  const { text = '', sources = [] } = readCited(at.text) ?? {}
  const [, name, vendorName, family, model, stepping, bits] =
    /^product (\S+) (\S+) (\d+)\.(\d+)\.(\d+) (\d+)$/.exec(text) ?? []
  const vendor = db.vendors.find(one => one.name === vendorName)
  if (name === undefined || !vendor)
    throw faultIn(at, 'expected `product NAME VENDOR FAMILY.MODEL.STEPPING BITS [SOURCE]`')
  const signature = { family: Number(family), model: Number(model), stepping: Number(stepping) }
  return { name, vendor, signature, physBits: Number(bits), sources }
}

/** Every word of a feature, those of 0 too, but for what the dump does not tell of. */
function dumpOf(product: Product, db: Database): Cpuid {
  const { untold, msrs } = product
  const isTold = (place: Place): boolean =>
    place.kind === 'msr'
      ? msrs.includes(place.index)
      : place.kind === 'cpuid' &&
        isShared(place.leaf) &&
        !untold.includes(`${hex(place.leaf, 1).toUpperCase()}.${place.subleaf}`)
  const words = new Map<string, readonly [Place, U32]>()
  for (const { place } of [...db.features.list, ...db.beyond])
    if (isTold(place)) words.set(placeKey(place), [place, 0])
  for (const { place, bit } of product.features) {
    const [, word] = words.get(placeKey(place)) ?? []
    if (word !== undefined) words.set(placeKey(place), [place, (word | (1 << bit)) >>> 0])
  }
  const found = Cpuid.ofWords(words.values())
  return Cpuid.of([...found.rows(), ...identity(product, found.rows())], found.msrs()).merged()
}

/** Other ranges belong to vendors that make no servers of ours. */
const isShared = (leaf: U32): boolean => leaf < 0x1_0000 || leaf >>> 16 === 0x8000

/** The rows that say who a CPU is, and which leaves it has. */
function identity(product: Product, rows: readonly CpuidRow[]): CpuidRow[] {
  const { vendor, signature, physBits, brand } = product
  const highest = (from: U32, to: U32) =>
    Math.max(from, ...rows.map(([leaf]) => leaf).filter(leaf => leaf >= from && leaf < to))
  const id = wordsOf(vendor.id, 12)
  const vendorWords = { ebx: id[0] ?? 0, edx: id[1] ?? 0, ecx: id[2] ?? 0 }
  const name = wordsOf(brand, 48)
  const brandRows = [0, 1, 2].map(
    (row): CpuidRow => [
      0x8000_0002 + row,
      0,
      name[4 * row] ?? 0,
      name[4 * row + 1] ?? 0,
      name[4 * row + 2] ?? 0,
      name[4 * row + 3] ?? 0,
    ],
  )
  const subleaves = Math.max(...rows.filter(([leaf]) => leaf === 7).map(row => row[1]))
  return [
    rowOf(0, 0, { eax: highest(0, 0x1_0000), ...vendorWords }),
    rowOf(1, 0, { eax: signatureWord(signature) }),
    rowOf(7, 0, { eax: subleaves }),
    rowOf(0x8000_0000, 0, { eax: highest(0x8000_0008, 0x8001_0000), ...vendorWords }),
    ...brandRows,
    rowOf(0x8000_0008, 0, { eax: physBits }),
  ]
}

/** Text as little-endian words, filled up with zeros. */
function wordsOf(text: string, length: number): U32[] {
  const bytes = new Uint8Array(length)
  bytes.set(new TextEncoder().encode(text).subarray(0, length))
  const view = new DataView(bytes.buffer)
  return Array.from({ length: length / 4 }, (_, i) => view.getUint32(4 * i, true))
}
