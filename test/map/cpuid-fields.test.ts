import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { placeOf } from '../../src/core/feature.ts'
import {
  builtinCpuidFields,
  type CpuidField,
  findFieldsAt,
  printFieldPlace,
} from '../../src/map/cpuid-fields.ts'
import { contextOf } from '../../src/questions/context.ts'
import { answerName } from '../../src/questions/name/question.ts'
import { printName } from '../../src/questions/name/report.ts'
import { builtin } from '../built-in.ts'
import { NO_REFERENCE, reference } from '../reference.ts'

const db = builtin()
const fields = builtinCpuidFields()
const features = [...db.features.list, ...db.beyond]

/** Every bit of a field, as a place of its first subleaf. */
const bitsOf = ({ leaf, subleaves, register, lsb, length }: CpuidField): string[] =>
  Array.from({ length }, (_, i) => `${leaf.toString(16)}.${subleaves[0]}.${register}.${lsb + i}`)

describe('fields of CPUID beside the features', () => {
  test('every name and every bit is there once, in both files together', () => {
    const names = [...features, ...fields].map(one => one.name)
    expect(names.filter((one, i) => names.indexOf(one) !== i)).toEqual([])
    const taken = features.flatMap(({ place, bit }) =>
      place.kind === 'cpuid' ? [`${place.leaf.toString(16)}.${place.subleaf}.${place.register}.${bit}`] : [],
    )
    const bits = [...taken, ...fields.flatMap(bitsOf)]
    expect(bits.filter((one, i) => bits.indexOf(one) !== i)).toEqual([])
    expect(fields.every(({ lsb, length }) => lsb + length <= 32)).toBe(true)
  })

  test('are found by name and by any place that they have bits of', () => {
    const found = (text: string) =>
      answerName(contextOf(), text).meanings.map(one => `${one.name} ${one.place}`)
    expect(found('cache_level')).toEqual(['cache-level CPUID.04H.0-31:EAX[7:5]'])
    expect(found('CPUID.04H.3:EAX[6]')).toEqual(['cache-level CPUID.04H.0-31:EAX[7:5]'])
    expect(found('cpuid.04h.0-31:eax[7:5]')).toEqual(['cache-level CPUID.04H.0-31:EAX[7:5]'])
    expect(found('CPUID.04H.32:EAX[6]')).toEqual([])
    expect(found('CPUID.06H:EAX[5]')).toEqual(['ecmd CPUID.06H:EAX[5]'])
    // A feature comes first.
    expect(found('CPUID.06H:EAX[2]')).toEqual(['arat CPUID.06H:EAX[2]'])
    for (const field of fields) expect(findFieldsAt(printFieldPlace(field))).toContain(field)
  })

  test('say where no hypervisor gives them to guests', () => {
    const said = (text: string) => printName(answerName(contextOf(), text))
    expect(said('ecmd')).toContain('libvirt does not know it; no hypervisor gives it to guests')
    expect(said('hwp')).toContain('no hypervisor gives it to guests')
    expect(said('cache-level')).not.toContain('no hypervisor')
    expect(said('avx2')).not.toContain('no hypervisor')
    expect(db.features.list.filter(({ unoffered }) => unoffered)).toEqual([])
  })
})

const csv = reference('facts', 'x86-cpuid-db-3.1.csv')

/** `0x4, 31:0, eax, 7:5, cache_level, …` */
function readRow(line: string) {
  const [leaf = '', subleaves = '', register = '', bits = '', short = '', ...words] = line
    .split(',')
    .map(cell => cell.trim())
  const [last = 0, first = last] = subleaves.split(':').map(Number)
  const [high = 0, low = high] = bits.split(':').map(Number)
  const [of, length] = [Number(leaf), high - low + 1]
  return { leaf: of, first, last, register, lsb: low, length, short, description: words.join(', ') }
}

describe.skipIf(!csv)(`x86-cpuid-db 3.1 (${csv ? 'its rows' : NO_REFERENCE})`, () => {
  const rows = readFileSync(csv ?? import.meta.filename, 'utf8')
    .split('\n')
    .filter(line => csv && line.trim() !== '' && !line.startsWith('#'))
    .map(readRow)
  const places = new Map(features.map(one => [placeOf(one), one]))
  const entryOf = ({ leaf, first, last, register, lsb, length }: (typeof rows)[number]) => {
    const hex = leaf.toString(16).toUpperCase().padStart(2, '0')
    const where = `:${register.toUpperCase()}[${lsb}]`
    const feature = places.get(`CPUID.${hex}H${where}`) ?? places.get(`CPUID.${hex}H.${first}${where}`)
    if (feature) return length === 1 && first === last ? feature : undefined
    return fields.find(
      one =>
        one.leaf === leaf &&
        one.subleaves[0] === first &&
        one.subleaves[1] === last &&
        one.register === register &&
        one.lsb === lsb &&
        one.length === length,
    )
  }

  test('every field has a name, an order, a class and a title of our own', () => {
    expect(rows.length).toBeGreaterThan(900)
    for (const row of rows) {
      const entry = entryOf(row)
      const { name: of, order, class: kind, title } = entry ?? {}
      expect([row.short, Boolean(of && order && kind && title)]).toEqual([row.short, true])
      // Features have the manuals' terms, which are anybody's.
      if (entry && 'lsb' in entry) expect(title?.toLowerCase()).not.toBe(row.description.toLowerCase())
    }
  })

  test('no field is of our making', () => {
    const known = new Set(rows.map(entryOf))
    expect(fields.filter(field => !known.has(field))).toEqual([])
  })
})
