import { describe, expect, test } from 'vitest'
import { groupHosts } from '../../src/fleet/groups.ts'
import { findShortfall } from '../../src/fleet/requirements/requirement.ts'
import { levelOf, nextLevel, parseLevels } from '../../src/map/levels.ts'
import { bits, db, hosts, levels } from './notation.ts'

const level = (text: string) => levelOf(levels, bits(text))?.name

describe('levels', () => {
  test.each([
    ['kvm64', 'x86-64-v1'],
    ['Nehalem', 'x86-64-v2'],
    ['Denverton', 'x86-64-v2'],
    ['EPYC', 'x86-64-v3'],
    ['SierraForest', 'x86-64-v3'],
    // Knights Mill has avx512f alone of the level's five.
    ['KnightsMill', 'x86-64-v3'],
    ['Skylake-Server', 'x86-64-v4'],
    ['EPYC-Genoa', 'x86-64-v4'],
    ['486', undefined],
  ])('%s reaches %s', (model, name) => {
    expect(level(model)).toBe(name)
  })

  test('each is above the one before', () => {
    levels.slice(1).forEach((above, i) => {
      expect(levels[i]?.needs.leq(above.needs)).toBe(true)
    })
    expect(levels.every(({ unknown }) => unknown.length === 0)).toBe(true)
  })

  test('one flag short of v3: f16c on h4', () => {
    const pool = groupHosts(hosts('h1 : Skylake-Client\n h4 : Skylake-Client -f16c -avx512f'))
    const short = findShortfall(db.features, levels, pool)
    expect(short?.level.name).toBe('x86-64-v3')
    expect(
      short?.missing.map(({ feature, groups }) => [feature.name, groups.map(({ name }) => name)]),
    ).toEqual([['f16c', ['h4']]])
  })

  test('nothing is above the highest', () => {
    expect(nextLevel(db.features, levels, bits('Skylake-Server'))).toBeUndefined()
  })

  test('a level whose features the map does not know is never reached', () => {
    const file = { name: 'l', text: 'a : - + fpu\nb : a + no-such-feature\n' }
    const [, b] = parseLevels(file, db.features)
    expect(b?.unknown).toEqual(['no-such-feature'])
    expect(levelOf(parseLevels(file, db.features), db.features.all)?.name).toBe('a')
  })

  test('faults point at the line', () => {
    expect(() => parseLevels({ name: 'l', text: 'a : - + fpu\nb : c + sse\n' }, db.features)).toThrow('l:2:5')
    expect(() => parseLevels({ name: 'l', text: 'a fpu\n' }, db.features)).toThrow('expected `LEVEL')
  })
})
