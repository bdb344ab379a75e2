import { expect, test } from 'vitest'
import { printExpansions } from '../../src/map/lint/models.ts'
import { pack, unpack } from '../../src/map/packed.ts'
import { builtin } from '../built-in.ts'

const db = builtin()
const { text, titles } = pack(db)
const copy = unpack(
  text,
  () => titles,
  () => db,
)

test('a packed database has the same features', () => {
  const facts = (of: typeof db) =>
    of.features.list.map(({ name, index, bits, place, bit, migratable, order, class: kind, title }) => [
      name,
      index,
      String(bits),
      place,
      bit,
      migratable,
      order,
      kind,
      title,
    ])
  expect(facts(copy)).toEqual(facts(db))
  expect(copy.features.words).toEqual(db.features.words)
  expect(copy.features.all.eq(db.features.all)).toBe(true)
})

test('a packed database has the same vendors and models', () => {
  const names = (features: readonly { name: string }[]) => features.map(({ name }) => name)
  const facts = (of: typeof db) =>
    of.models.map(
      ({ name, index, features, vendor, signatures, decode, compat, removed, added, canonical }) => [
        name,
        index,
        String(features),
        vendor?.name,
        signatures,
        [decode.host, decode.guest, compat],
        names(removed),
        names(added),
        canonical,
      ],
    )
  expect(copy.vendors).toEqual(db.vendors)
  expect(facts(copy)).toEqual(facts(db))
  expect(printExpansions(copy)).toBe(printExpansions(db))
})

test('what is not packed comes from the data files, asked once and only when needed', () => {
  let asked = 0
  let titlesAsked = 0
  const readTitles = () => {
    titlesAsked++
    return titles
  }
  const lazy = unpack(text, readTitles, () => {
    asked++
    return db
  })
  expect(lazy.model('EPYC')?.features.size).toBe(db.model('EPYC')?.features.size)
  expect(titlesAsked).toBe(0)
  expect(lazy.features.get('avx2')?.title).toBe(db.features.get('avx2')?.title)
  expect(lazy.features.get('avx')?.title).toBe(db.features.get('avx')?.title)
  expect([titlesAsked, asked]).toEqual([1, 0])
  expect(lazy.families).toBe(db.families)
  expect(lazy.beyond).toBe(db.beyond)
  expect(lazy.called('avx512_vnni').map(({ name }) => name)).toEqual(['avx512vnni'])
  expect(asked).toBe(1)
})
