import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hardwareAxesOf, readCpuid } from '../../src/arch/x86/cpuid.ts'
import { Cpuid, type CpuidRow, type MsrRow } from '../../src/core/cpuid.ts'
import type { Feature } from '../../src/core/feature.ts'
import { signatureWord } from '../../src/core/model.ts'
import { catalogue, type Product, parseCatalogue, printProduct } from '../../src/formats/catalogue.ts'
import { parseAida64 } from '../../src/formats/dumps/aida64.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { builtinGenerations } from '../../src/map/generations.ts'
import { NO_REFERENCE, reference } from '../reference.ts'

const db = CpuMap.builtIn().of('x86')
const everything = [...db.features.list, ...db.beyond]

/** The CPU that the reader of dumps makes of a product's text. */
function dumpOf(product: Product): Cpuid {
  const [dump, ...more] = parseAida64(printProduct(product))
  expect(more).toEqual([])
  return dump?.data ?? Cpuid.empty
}

const brandOf = (data: Cpuid): string => {
  const words = [0x8000_0002, 0x8000_0003, 0x8000_0004].flatMap(leaf => {
    const { eax, ebx, ecx, edx } = data.registers(leaf, 0)
    return [eax, ebx, ecx, edx]
  })
  const bytes = Buffer.from(Uint32Array.from(words).buffer)
  return bytes.toString('latin1').replace(/\0.*/s, '').trim().replace(/\s+/g, ' ')
}

const isSet = (data: Cpuid, { place, bit }: Feature): boolean => {
  if (place.kind === 'cpuid') return data.bit(place.leaf, place.subleaf, place.register, bit)
  if (place.kind !== 'msr') return false
  return ((data.msr(place.index) >> BigInt(bit + (place.half === 'high' ? 32 : 0))) & 1n) === 1n
}

/** Of these features, those of words that the product's dump tells of. */
const toldOf = (product: Product, features: readonly Feature[]): Feature[] =>
  features.filter(({ place }) => {
    if (place.kind === 'msr') return product.msrs.includes(place.index)
    if (place.kind !== 'cpuid') return false
    return !product.untold.includes(`${place.leaf.toString(16).toUpperCase()}.${place.subleaf}`)
  })

const namesOf = (features: readonly Feature[]): string[] => features.map(({ name }) => name).sort()

describe.each(catalogue().map(product => [product.name, product] as const))('%s', (_name, product) => {
  const data = dumpOf(product)

  test('the reader of dumps finds what the catalogue says, and nothing besides', () => {
    const { vendor, signature, features } = readCpuid(db, data)
    expect([vendor?.name, signature, brandOf(data), hardwareAxesOf(data).physBits]).toEqual([
      product.vendor.name,
      product.signature,
      product.brand,
      product.physBits,
    ])
    const told = toldOf(product, product.features)
    expect(namesOf(db.features.in(features))).toEqual(
      namesOf(told.filter(feature => db.features.get(feature.name))),
    )
    expect(namesOf(everything.filter(feature => isSet(data, feature)))).toEqual(namesOf(told))
  })

  test('its silicon is a generation that we know, of the years that the catalogue covers', () => {
    const generation = builtinGenerations(db).find(product.vendor.name, product.signature)
    expect(generation).toBeDefined()
    if (generation?.since !== undefined) expect(generation.since).toBeGreaterThanOrEqual(2011)
  })
})

test('names are there once, and so are brands', () => {
  const of = (key: 'name' | 'brand') => catalogue().map(product => product[key].toLowerCase())
  for (const key of ['name', 'brand'] as const) expect(new Set(of(key)).size).toBe(of(key).length)
})

test.each([
  ['product A AMD 1.2.3 48 [x]\n   called A\n   has EPYC + nosuch', "unknown feature 'nosuch'"],
  ['product A AMD 1.2.3 48 [x]\n   called A\n   has EPIC + avx', 'no model is called `EPIC`'],
  ['product A AMD 1.2 48 [x]\n   called A\n   has EPYC', 'expected `product NAME VENDOR'],
  ['product A Acme 1.2.3 48 [x]\n   called A\n   has EPYC', 'expected `product NAME VENDOR'],
  ['product A AMD 1.2.3 48\n   called A\n   has EPYC', 'expected `product NAME VENDOR'],
])('%j is an error', (text, message) => {
  expect(() => parseCatalogue({ name: 'catalogue.txt', text }, db)).toThrow(message)
})

interface Row {
  readonly leaves: readonly CpuidRow[]
  readonly msrs?: readonly MsrRow[]
}

const folder = reference('real-cpus')

/** The dumps of real CPUs, by what they call themselves. */
function referenceDumps(): Map<string, Cpuid[]> {
  const dumps = new Map<string, Cpuid[]>()
  for (const name of readdirSync(folder ?? '').filter(file => /^(?:instlat|libcpuid|libvirt)/.test(file)))
    for (const line of readFileSync(join(folder ?? '', name), 'utf8')
      .trim()
      .split('\n')) {
      const { leaves, msrs = [] }: Row = JSON.parse(line)
      const data = Cpuid.of(leaves, msrs)
      dumps.set(brandOf(data), [...(dumps.get(brandOf(data)) ?? []), data])
    }
  return dumps
}

test.skipIf(!folder)(
  `dumps of real CPUs have what the catalogue says (${folder ? 'reference' : NO_REFERENCE})`,
  () => {
    const dumps = referenceDumps()
    const compared = catalogue().filter(({ brand }) => dumps.has(brand))
    expect(compared.length).toBeGreaterThan(20)
    for (const product of compared) {
      const told = toldOf(product, everything)
      const isThis = (data: Cpuid) =>
        data.word(1, 0, 'eax') % 0x1000_0000 === signatureWord(product.signature) &&
        namesOf(told.filter(feature => isSet(data, feature))).join() ===
          namesOf(toldOf(product, product.features)).join()
      expect(dumps.get(product.brand)?.some(isThis), product.name).toBe(true)
    }
  },
)
