import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Evidence } from '../../src/core/evidence.ts'
import { computeCosts, computeJointCosts, listHostCosts } from '../../src/fleet/cost.ts'
import { baselineOf, groupHosts } from '../../src/fleet/groups.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { levelOf } from '../../src/map/levels.ts'
import { fs } from '../notation.ts'
import { db, fleets, hosts, levels, valuation } from './notation.ts'

const costs = (fleet: readonly FleetHost[]) => computeCosts(valuation, levels, groupHosts(fleet))
const names = (features: readonly { name: string }[]) => features.map(({ name }) => name).join(' ')

describe('cost', () => {
  test('the mostExpensive host comes first, with what the others would gain', () => {
    const pool = hosts('new1 : Skylake-Server\n new2 : Skylake-Server\n old : Skylake-Server -avx512f -clwb')
    const [first, ...rest] = costs(pool)
    expect(first?.groups[0]?.name).toBe('old')
    expect(names(first?.features ?? [])).toBe('avx512f clwb')
    expect(first).toMatchObject({ hosts: 1, worth: 2, gain: 4 })
    expect([first?.step?.from?.name, first?.step?.to?.name]).toEqual(['x86-64-v3', 'x86-64-v4'])
    expect(rest.map(cost => [cost.gain, cost.features.length])).toEqual([[0, 0]])
  })

  test('what nothing is known of costs nobody anything', () => {
    const some = [...db.features.in(fs('avx avx2 f16c aes ssbd md-clear'))]
    fc.assert(
      fc.property(fleets, fc.array(fc.subarray(some), { minLength: 12, maxLength: 12 }), (fleet, unread) => {
        const read = fleet.map((host, i): FleetHost => {
          const unknown = db.features.setOf(unread[i] ?? [])
          const features = host.features.minus(unknown)
          return { ...host, features, evidence: Evidence.recorded(features, db.features.all.minus(unknown)) }
        })
        for (const { groups, features } of costs(read)) {
          const absent = groups.map(({ evidence }) => evidence?.absent ?? fs(''))
          expect(features.filter(({ bits }) => absent.every(lacking => !lacking.meets(bits)))).toEqual([])
        }
      }),
    )
  })

  test('one of two equal hosts costs nothing alone, both do', () => {
    const pool = hosts('a : avx\n b sig=6.85.4 : avx\n c : avx aes\n d : avx aes')
    const [first] = costs(pool)
    expect(first).toMatchObject({ hosts: 2, gain: 2 })
    expect(listHostCosts(costs(pool)).map(({ host, cost }) => [host.name, cost])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', undefined],
      ['d', undefined],
    ])
  })

  test('two kinds that lack the same cost nothing alone, and are one step together', () => {
    const pool = hosts('a : aes\n b : avx\n c : avx aes f16c\n d : avx aes f16c\n e : avx aes f16c')
    expect(costs(pool).map(({ groups, gain }) => [groups[0]?.name, gain])).toEqual([
      ['a', 4],
      ['b', 4],
      ['c', 0],
    ])
    const both = hosts('a : avx\n b : aes avx\n c : avx aes f16c\n d : avx aes f16c\n e : avx aes f16c')
    const [first, second, ...more] = computeJointCosts(valuation, levels, groupHosts(both))
    expect([first?.groups.map(({ name }) => name), names(first?.features ?? [])]).toEqual([['a'], 'aes'])
    expect([second?.groups.map(({ name }) => name), names(second?.features ?? [])]).toEqual([
      ['b'],
      'aes f16c',
    ])
    expect(more).toEqual([])
  })

  test('each step gains what the baseline of those who stay has more, and less than half of the hosts go', () => {
    fc.assert(
      fc.property(fleets, fleet => {
        const groups = groupHosts(fleet)
        let stay = groups
        for (const step of computeJointCosts(valuation, levels, groups)) {
          stay = stay.filter(group => !step.groups.includes(group))
          const more = baselineOf(stay).minus(baselineOf(groups))
          const weight = stay.reduce((sum, group) => sum + group.weight, 0)
          expect(step.gain).toBe(weight * valuation.worth(more))
          expect(step.features).toEqual(db.features.in(more))
          expect(step.level).toBe(levelOf(levels, baselineOf(stay)))
        }
        const hostsOf = (some: typeof groups) => some.reduce((sum, group) => sum + group.hosts.length, 0)
        expect(2 * hostsOf(stay)).toBeGreaterThanOrEqual(hostsOf(groups))
      }),
    )
  })

  test('a pool of one CPU costs itself nothing', () => {
    expect(costs(hosts('a : avx'))).toMatchObject([{ hosts: 1, features: [], gain: 0 }])
    expect(costs([])).toEqual([])
  })

  test('the gain of leaving one out is the difference of the two baselines', () => {
    fc.assert(
      fc.property(fleets, fleet => {
        const common = baselineOf(groupHosts(fleet))
        const all = listHostCosts(costs(fleet))
        expect(all.length).toBe(fleet.length)
        for (const { host, cost } of all) {
          const others = fleet.filter(other => other !== host)
          const without = others.length > 0 ? baselineOf(groupHosts(others)) : common
          const weight = others.reduce((sum, other) => sum + (other.weight ?? 1), 0)
          const worth = valuation.worth(without) - valuation.worth(common)
          expect(cost?.features ?? []).toEqual(db.features.in(without.minus(common)))
          expect([cost?.worth ?? 0, cost?.gain ?? 0]).toEqual([worth, worth * weight])
          if (cost?.step) expect(cost.step.to).toBe(levelOf(levels, without))
        }
      }),
    )
  })

  test('the gain of leaving a kind out is the difference of the two baselines', () => {
    fc.assert(
      fc.property(fleets, fleet => {
        const common = baselineOf(groupHosts(fleet))
        const all = costs(fleet)
        for (const { groups, features } of all) {
          const left = new Set(groups.flatMap(group => group.hosts))
          const others = fleet.filter(host => !left.has(host))
          const without = others.length > 0 ? baselineOf(groupHosts(others)) : common
          expect(features).toEqual(db.features.in(without.minus(common)))
        }
        const gains = all.map(({ gain }) => gain)
        expect(gains).toEqual([...gains].sort((a, b) => b - a))
      }),
    )
  })
})

test('a baseline is never above a member; another host never adds a bit to it', () => {
  fc.assert(
    fc.property(fleets, fleets, (fleet, more) => {
      const baseline = baselineOf(groupHosts(fleet))
      for (const { features } of fleet) expect(baseline.leq(features)).toBe(true)
      expect(baselineOf(groupHosts([...fleet, ...more])).leq(baseline)).toBe(true)
    }),
  )
})
