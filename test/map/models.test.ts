import { describe, expect, test } from 'vitest'
import { loadDatabase } from '../../src/map/database.ts'
import { printSignatureField } from '../../src/map/text/parse-models.ts'
import { names, refusal } from '../notation.ts'
import { small } from './texts.ts'

/** The grammar of the models, on five features and a family or two. */

const load = (models: string, walk?: string) => loadDatabase(small(models, walk))

const features = (models: string, walk?: string): Record<string, string> => {
  const db = load(models, walk)
  return Object.fromEntries(db.models.map(model => [model.name, names(model.features, db)]))
}

describe('deltas', () => {
  test('a version is a delta on the one before', () => {
    expect(features('model m\n  v1 = p  + a b\n  v2  - a  + c\n  v3')).toEqual({
      p: 'a b',
      'm-v1': 'a b',
      'm-v2': 'b c',
      'm-v3': 'b c',
    })
  })

  test('or on another, or on any model above', () => {
    const models =
      'model m\n  v1  + a\n  v2  + b\n  v3 : v1  + c\nmodel n : m-v2\n  v1  + d\n  v2 : m-v3  + e'
    expect(features(models, 'm\nn')).toMatchObject({ 'm-v3': 'a c', 'n-v1': 'a b d', 'n-v2': 'a c e' })
  })

  test('removals come first, sets stand for their features', () => {
    const models = 'set @x + a b\nset @y : @x - b + c\nmodel m\n  v1  + @y d\n  v2  - @x  + b'
    expect(features(models)).toEqual({ 'm-v1': 'a c d', 'm-v2': 'b c d' })
  })

  test('lines continue where they are indented by four', () => {
    expect(features('model m   # one\n    sig 6.1\n  v1 = p\n      + a b\n        c')).toMatchObject({
      p: 'a b c',
    })
  })
})

describe('what a line says of its models', () => {
  const db = load(`vendor "V W" TwelveBytes!   [key]
set @x + d e
model m   sig 6.85.0-4,7 6.1   gone c   later @x   [a; b]  # what it is
  v1 = p  + a                # why
  v2 = q (host, exact)  + b
  v3 = r (never)
  v4 (sig 6.2)
`)
  const { p, q, r } = Object.fromEntries(db.models.map(model => [model.name, model]))

  test('a plain name is for hosts and guests, and checked by bits', () => {
    expect(p).toMatchObject({ decode: { host: true, guest: true }, compat: true, canonical: 'm-v1' })
    expect(p?.removed.map(feature => feature.name)).toEqual(['c'])
    expect(p?.added.map(feature => feature.name)).toEqual(['d', 'e'])
  })

  test('flags take that back', () => {
    expect(q).toMatchObject({ decode: { host: true, guest: false }, compat: false })
    expect(r).toMatchObject({ decode: { host: false, guest: false }, compat: true })
  })

  test('a version is for hosts alone and mentions nothing', () => {
    expect(db.model('m-v1')).toMatchObject({
      decode: { host: true, guest: false },
      compat: false,
      removed: [],
      added: [],
    })
    expect(db.model('m-v1')).not.toHaveProperty('canonical')
  })

  test('signatures keep their order; an item may have its own', () => {
    expect(p?.signatures.map(printSignatureField)).toEqual(['6.85.0-4,7', '6.1'])
    expect(p?.signatures[0]?.steppings).toBe(0b1001_1111)
    expect(db.model('m-v4')?.signatures.map(printSignatureField)).toEqual(['6.2'])
  })

  test('vendor, sources and notes', () => {
    expect(db.vendors).toEqual([{ name: 'V W', id: 'TwelveBytes!' }])
    expect(p?.vendor).toBe(db.vendor('V W'))
    expect(db.families[0]).toMatchObject({ sources: ['a', 'b'], note: 'what it is' })
    expect(db.families[0]?.versions.map(version => version.note)).toEqual(['why', '', '', ''])
  })
})

describe('walk', () => {
  const models = 'model m\n  v1 = p  + a\n  v2 = q  + b\nmodel n\n  = s  + c'
  const order = (walk: string) =>
    load(models, walk)
      .models.map(model => model.name)
      .join(' ')

  test('plain names, then versions', () => expect(order('n\nm')).toBe('s p q m-v1 m-v2'))
  test('or as it is spelled out', () => expect(order('m = q m-v2 v*\nn')).toBe('q m-v2 p m-v1 s'))
  test('every family once', () => {
    expect(refusal(() => order('m'))).toContain('`n` is not in the walk')
    expect(refusal(() => order('m\nn\nm'))).toContain('no family left is called `m`')
    expect(refusal(() => order('m = q\nn'))).toContain('leaves models out')
    expect(refusal(() => order('m = s v*\nn'))).toContain('`m` has no model `s`')
  })
})

/** Each fault, where it is said to be, and the words that say it. */
const FAULTS: readonly [models: string, place: string, what: string][] = [
  ['model m\n  v1  + a zz', 'm.txt:2:11', 'no feature is called `zz`'],
  ['model m\n  v1\n      + a\n        zz', 'm.txt:4:9', 'no feature is called `zz`'],
  ['model m\n  v1  + @zz', 'm.txt:2:9', 'no set above is called `@zz`'],
  ['model m : zz\n  v1', 'm.txt:1:11', 'no model above is called `zz`'],
  ['model m\n  v1 : v7', 'm.txt:2:8', 'no model above is called `m-v7`'],
  ['model m\n  v1  a', 'm.txt:2:7', 'expected `vN'],
  ['model m\n  v1  + a - b', 'm.txt:2:11', 'comes before what is added'],
  ['model m\n  v1 = p q', 'm.txt:2:10', 'expected `vN'],
  ['model m\n  v1 (host', 'm.txt:2:3', 'flags end with `)`'],
  ['model m\n  v1 = p (wrong)', 'm.txt:2:11', 'a flag is host, never, exact'],
  ['model m   sig 6\n  v1', 'm.txt:1:15', 'a signature is'],
  ['model m   sig 6.1.4-2\n  v1', 'm.txt:1:15', 'a signature is'],
  ['model m   wrong\n  v1', 'm.txt:1:11', 'expected `:`, `sig`'],
  ['model m', 'm.txt:1:7', '`m` has no versions'],
  ['model m\n  v1\n  v1', 'm.txt:3:3', '`m-v1` is there already'],
  ['set @x + a\nset @x + b\nmodel m\n  v1', 'm.txt:2:5', '`@x` is defined above already'],
  ['set x + a', 'm.txt:1:5', 'expected `set @NAME'],
  ['vendor X', 'm.txt:1:1', 'expected `vendor NAME ID`'],
  ['    v1', 'm.txt:1:5', 'continues nothing'],
]

test.each(FAULTS)('%j', (models, place, what) => {
  const message = refusal(() => load(models))
  expect(message).toContain(what)
  expect(message.slice(0, place.length + 1)).toBe(`${place}:`)
})
