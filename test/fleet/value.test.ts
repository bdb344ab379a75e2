import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { groupHosts } from '../../src/fleet/groups.ts'
import { Valuation } from '../../src/fleet/value.ts'
import { builtinWeights, parseWeights } from '../../src/map/weights.ts'
import { smallMap } from '../small-map.ts'
import { bits, db, fleets, hosts, valuation } from './notation.ts'

describe('value', () => {
  test('4 security, 1 performance and virtualization, 0 nested, platform and volatile', () => {
    expect(builtinWeights()).toEqual({
      security: 4,
      performance: 1,
      virtualization: 1,
      nested: 0,
      platform: 0,
      volatile: 0,
      unknown: 1,
    })
    expect(valuation.worth(bits('spec-ctrl avx vmx vmx-ept monitor ht'))).toBe(6)
  })

  test('of a pool: the hosts’ weights times what their baseline is worth', () => {
    const pool = groupHosts(hosts('a weight=3 : avx aes\n b weight=2 : avx spec-ctrl'))
    expect(valuation.valueOfPool(pool)).toBe(5)
    expect(valuation.valueOfPool(pool.slice(0, 1))).toBe(6)
    expect(valuation.valueOfPool([])).toBe(0)
  })

  test('is the sum of the features’ weights, and never falls when a feature is added', () => {
    fc.assert(
      fc.property(fleets, ([host, other = host]) => {
        if (!host || !other) return
        const { features } = host
        const sum = db.features.in(features).reduce((total, feature) => total + valuation.worthOf(feature), 0)
        expect(valuation.worth(features)).toBe(sum)
        expect(valuation.worth(features.join(other.features))).toBeGreaterThanOrEqual(sum)
      }),
    )
  })

  test('an installed map names no classes: every feature counts alike', () => {
    const { features } = smallMap('feature a b c')
    expect(new Valuation(features, builtinWeights()).worth(features.all)).toBe(3)
  })

  test('a weights file says every class once', () => {
    const file = (text: string) => () => parseWeights({ name: 'w', text })
    expect(file('security 4\nsecurity 4\n')).toThrow('w:2:1: `security` is above already')
    expect(file('colour 4\n')).toThrow('a class is one of security')
    expect(file('security 0.5\n')).toThrow('whole number')
    expect(file('security 4\n')).toThrow('no line says what `performance` weighs')
  })
})
