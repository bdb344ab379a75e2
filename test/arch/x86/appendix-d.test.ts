import { describe, expect, test } from 'vitest'
import type { AllowedModels } from '../../../src/arch/driver.ts'
import { BaselineFold } from '../../../src/arch/x86/baseline.ts'
import { readCpuid } from '../../../src/arch/x86/cpuid.ts'
import { findClosestCpu } from '../../../src/arch/x86/decode.ts'
import type { Database } from '../../../src/map/database.ts'
import { cpuid, host, modelOf, names, show } from '../../notation.ts'
import { SMALL, smallMap } from '../../small-map.ts'

/** The smallest map on which every rule of choosing a model can be seen. */

const db = smallMap(SMALL)

const decoded = (as: 'host' | 'guest', rows: string, models?: AllowedModels, map: Database = db): string =>
  show(findClosestCpu(map, readCpuid(map, cpuid(rows)), { as, fallback: 'allow', models }))

const ABCE = 'vendor=GenuineIntel, sig=6.1.0, 7.0.ebx=17'
const ABE = 'vendor=GenuineIntel, sig=6.1.0, 7.0.ebx=13'

test('1: mid-v1 is the canonical name of mid and has its features', () => {
  expect(db.model('mid')?.canonical).toBe('mid-v1')
  expect(db.model('mid-v1')?.canonical).toBeUndefined()
  for (const name of ['mid', 'mid-v1']) expect(names(modelOf(name, db).features, db)).toBe('a b')
})

test('2: of equally short hosts the later model wins, and one without the signature never', () => {
  expect(decoded('host', ABCE)).toBe('mid-v1 Intel sig:6.1.0 +c +e')
})

test('3: a guest is not given a version, and a matching signature beats a shorter list', () => {
  expect(decoded('guest', ABCE)).toBe('exact mid Intel require:c require:e')
})

test('4: a removed feature that is not there is disabled', () => {
  expect(decoded('guest', ABE)).toBe('exact mid Intel require:e disable:c')
})

test('5: a blocker is disabled although the CPU has it, unless it is among the extra features', () => {
  const models = new Map(
    ['base', 'mid', 'mid-v1', 'top'].map(name => [name, name === 'mid' ? ['b', 'c'] : []]),
  )
  expect(decoded('guest', ABCE, models)).toBe('exact mid Intel require:c require:e disable:b')
})

test('6: a preferred model loses to another with a smaller total', () => {
  const fold = new BaselineFold(db)
  for (const text of ['mid Intel +c +e', 'top Intel']) fold.add(host(text))
  expect(show(fold.result())).toBe('exact base Intel require:b')
})

describe('what no model of the built-in data shows', () => {
  test('a child starts from its ancestor without what the ancestor removed', () => {
    const map = smallMap(`
      feature a b c d
      model old : a b c
      model gone <old : -c
      model young <gone : d
      model twin <gone
    `)
    // Removing does not take the feature out of the model itself, only out of its children.
    const data = ['gone', 'young', 'twin'].map(name => names(modelOf(name, map).features, map))
    expect(data).toEqual(['a b c', 'a b d', 'a b'])
    expect(modelOf('young', map).removed).toEqual([])
  })

  test('added features are in no model, and children do not get them', () => {
    const map = smallMap('feature a b\nmodel one : a +b\nmodel two <one : a')
    expect(['one', 'two'].map(name => names(modelOf(name, map).features, map))).toEqual(['a', 'a'])
    expect(['one', 'two'].map(name => modelOf(name, map).added.length)).toEqual([1, 0])
  })

  test('a single preferred model ends the walk, however much it has to disable', () => {
    const map = smallMap(`
      feature a b c d e f g
      model poor : a
      model rich : a b c d e f g
      model later : a
    `)
    const data = { features: modelOf('poor', map).features }
    const chosen = (...preferred: string[]) =>
      findClosestCpu(map, data, { as: 'guest', fallback: 'allow', preferred }).model
    expect(chosen('rich')).toBe('rich')
    expect(chosen('rich', 'other')).toBe('later')
    expect(chosen()).toBe('later')
  })

  test('several preferred: one that disables less wins over a smaller total, until a smaller one comes', () => {
    const text = `
      feature a b c d e f g
      model plain : a
      model short : a b c d e f g
    `
    const chosen = (map: Database, ...preferred: string[]) =>
      findClosestCpu(map, readCpuid(map, cpuid('7.0.ebx=3f')), { as: 'guest', fallback: 'allow', preferred })
        .model
    // short lists one disabled feature: total 2. plain lists five required ones: total 5, but disables none.
    expect(chosen(smallMap(text), 'other', 'names')).toBe('short')
    expect(chosen(smallMap(text), 'plain', 'short')).toBe('plain')
    expect(
      chosen(smallMap(text.replace('model plain', 'model near : a b c d\nmodel plain')), 'plain', 'short'),
    ).toBe('near')
  })

  test('a preferred model that disables as much as the best does not win over a smaller total', () => {
    const map = smallMap('feature a b\nmodel low : a\nmodel high : a b')
    const options = { as: 'guest', fallback: 'allow', preferred: ['low', 'high'] } as const
    expect(findClosestCpu(map, readCpuid(map, cpuid('7.0.ebx=3')), options).model).toBe('high')
  })

  test.each([
    // A removed feature counts as disabled: two costs 2, against one required feature of one.
    ['model one : a\nmodel two : a b -c', '3', 'one'],
    // It counts once: two costs 2, against three.
    ['model one : a\nmodel two : a b d e -c', '1b', 'two'],
    // Not where the CPU has it: two costs 1, against two.
    ['model one : a\nmodel two : a b -c', '7', 'two'],
    // Nor again where the model has it of its ancestor and the CPU lacks it: two costs 2, against three.
    ['model old never : a c\nmodel one : a\nmodel two <old : b d e -c', '1b', 'two'],
  ])('removed features in the score: %j with %s is %s', (models, bits, expected) => {
    const map = smallMap(`feature a b c d e\n${models}`)
    const data = readCpuid(map, cpuid(`7.0.ebx=${bits}`))
    expect(findClosestCpu(map, data, { as: 'guest', fallback: 'allow' }).model).toBe(expected)
  })

  test('blockers count in the score', () => {
    const map = smallMap('feature a b c\nmodel one : a\nmodel two : a b -c')
    const models: AllowedModels = new Map(Object.entries({ one: ['a', 'a'], two: [] }))
    const data = readCpuid(map, cpuid('7.0.ebx=3'))
    expect(findClosestCpu(map, data, { as: 'guest', fallback: 'allow', models }).model).toBe('two')
  })
})

describe('refusals', () => {
  const data = readCpuid(db, cpuid(ABCE))

  test.each([
    ['no model of the list is known', new Map([['zero', []]]), {}],
    ['no model of the list is for guests', new Map([['mid-v1', []]]), {}],
    ['the list is empty', new Map(), {}],
    ['the only preferred one is not allowed', new Map([['zero', []]]), { preferred: ['mid'] }],
  ])('%s: no suitable model', (_, models, options) => {
    expect(() => findClosestCpu(db, data, { as: 'guest', fallback: 'allow', models, ...options })).toThrow(
      'internal error: Cannot find suitable CPU model for given data',
    )
  })

  test('the only preferred model is not allowed and nothing may stand in for it', () => {
    const options = { as: 'guest', fallback: 'forbid', models: new Map([['top', []]]) } as const
    expect(() => findClosestCpu(db, data, { ...options, preferred: ['mid'] })).toThrow(
      'unsupported configuration: CPU model mid is not supported by hypervisor',
    )
    expect(findClosestCpu(db, data, { ...options, preferred: ['mid', 'base'] }).model).toBe('top')
  })

  test('a host that has not even the smallest model', () => {
    expect(() => decoded('host', 'vendor=GenuineIntel, sig=6.1.0, 7.0.ebx=2')).toThrow('Cannot find suitable')
    expect(decoded('guest', 'vendor=GenuineIntel, sig=6.1.0, 7.0.ebx=2')).toBe(
      'exact mid Intel disable:a disable:c',
    )
  })
})
