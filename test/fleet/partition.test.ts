import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baselineOf, groupHosts } from '../../src/fleet/groups.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { makeItems, nameOf } from '../../src/fleet/plan/items.ts'
import { type Constraints, type PlanOptions, planPools } from '../../src/fleet/plan/partition.ts'
import { makeSolution, Problem, pickBetter, type Solution } from '../../src/fleet/plan/problem.ts'
import { runs } from '../effort.ts'
import { bits, db, fleets, hosts, levels, valuation } from './notation.ts'

const planned = (fleet: readonly FleetHost[], most: number, options: PlanOptions = {}) =>
  planPools(valuation, levels, groupHosts(fleet), most, options)

const keeping = (text: string, most: number, constraints: Constraints) =>
  planned(hosts(text), most, { constraints })

/** `a b | c`: the hosts of each pool. */
const show = (pools: readonly { groups: readonly { hosts: readonly FleetHost[] }[] }[]) =>
  pools
    .map(({ groups }) => groups.flatMap(group => group.hosts.map(({ name }) => name)).join(' '))
    .join(' | ')

/** The best by rank of all partitions of the items into at most `count` pools, tried one after the other. */
function bruteForce(
  fleet: readonly FleetHost[],
  count: number,
  constraints: Constraints,
): { readonly problem: Problem; readonly best: Solution | undefined } {
  const { items } = makeItems(valuation, groupHosts(fleet), constraints)
  const problem = new Problem(valuation, items, constraints.smallest)
  const pinned = items.flatMap(({ pin }) => pin ?? [])
  // One pin across vendors.
  if (new Set(pinned).size < pinned.length) return { problem, best: undefined }
  const pool = new Int32Array(items.length)
  let best: Solution | undefined
  const place = (u: number, used: number): void => {
    if (u === items.length) best = pickBetter(best, makeSolution(problem, pool))
    else {
      for (let p = 0; p < Math.min(used + 1, count); p++) {
        pool[u] = p
        place(u + 1, Math.max(used, p + 1))
      }
    }
  }
  if (items.length > 0) place(0, 0)
  return { problem, best }
}

const constraints: fc.Arbitrary<Constraints> = fc.record(
  {
    vendors: fc.constantFrom('separate', 'together'),
    smallest: fc.integer({ min: 1, max: 4 }),
    pins: fc
      .dictionary(fc.constantFrom('h0', 'h1', 'h2', 'h3'), fc.constantFrom('x', 'y'))
      .map(pins => new Map(Object.entries(pins))),
    mustHave: fc.constantFrom(bits('sse2'), bits('avx')),
  },
  { requiredKeys: [] },
)

const small = fleets.filter(fleet => fleet.length <= 7)

describe('laws', () => {
  test('exact is what brute force finds, to the last tie', () => {
    fc.assert(
      fc.property(small, constraints, (fleet, kept) => {
        for (const { count, pools, value, bound, gap, exact, impossible } of planned(fleet, 4, {
          constraints: kept,
        }).curve) {
          const { problem, best } = bruteForce(fleet, count, kept)
          expect(exact).toBe(true)
          expect(impossible === undefined).toBe(best !== undefined)
          if (!best) continue
          expect([value, bound, gap]).toEqual([best.value, best.value, 0])
          const place = (name: string) =>
            pools.findIndex(({ groups }) => groups.some(group => group.name === name))
          const items = Array.from(problem.byName, u => problem.items[u])
          expect(items.map(unit => (unit ? place(nameOf(unit)) : -1))).toEqual([...best.places])
        }
      }),
      { numRuns: runs(10_000, 10) },
    )
  })

  test('the heuristic is never above exact, and its printed gap never below the true one', () => {
    fc.assert(
      fc.property(small, constraints, (fleet, kept) => {
        const exact = planned(fleet, 3, { constraints: kept }).curve
        const guessed = planned(fleet, 3, { constraints: kept, exact: 0 }).curve
        guessed.forEach((guess, i) => {
          const best = exact[i]
          if (!best) throw new RangeError('curves of different length')
          expect(guess.value).toBeLessThanOrEqual(best.value)
          if (guess.impossible) return
          expect(best.impossible).toBeUndefined()
          expect(guess.bound).toBeGreaterThanOrEqual(best.value)
          expect(guess.gap).toBeGreaterThanOrEqual(
            (best.value - guess.value) / Math.max(1, best.value) - 1e-12,
          )
        })
      }),
      { numRuns: runs(20_000, 10) },
    )
  })

  test('the bound holds where many bits differ, which is where families are split and charged', () => {
    const features = db.features.list.filter(feature => valuation.worthOf(feature) > 0)
    const noisy = fc.array(
      fc.record({
        lacks: fc.array(fc.integer({ min: 0, max: features.length - 1 }), { maxLength: 60 }),
        weight: fc.integer({ min: 1, max: 99 }),
      }),
      { minLength: 8, maxLength: 12 },
    )
    fc.assert(
      fc.property(noisy, list => {
        const fleet = list.map(({ lacks, weight }, i) => {
          const without = db.features.setOf(lacks.flatMap(n => features[n] ?? []))
          return { name: `h${i}`, weight, features: db.features.all.minus(without) }
        })
        const exact = planned(fleet, 6).curve
        planned(fleet, 6, { exact: 0 }).curve.forEach(({ value, bound }, i) => {
          expect(exact[i]?.exact).toBe(true)
          expect(value).toBeLessThanOrEqual(exact[i]?.value ?? -1)
          expect(bound).toBeGreaterThanOrEqual(exact[i]?.value ?? Number.POSITIVE_INFINITY)
        })
      }),
      { numRuns: runs(200, 10) },
    )
  })

  test('every host is in one pool or left out; pools keep their promises; more pools never lose', () => {
    fc.assert(
      fc.property(fleets, constraints, fc.constantFrom(0, 20), (fleet, kept, exact) => {
        const { curve, leftOut } = planned(fleet, 4, { constraints: kept, exact })
        const out = leftOut.flatMap(({ group }) => group.hosts.map(({ name }) => name))
        let before = 0
        for (const { pools, value, impossible, count } of curve) {
          if (impossible) continue
          const inPools = pools.flatMap(pool =>
            pool.groups.flatMap(group => group.hosts.map(({ name }) => name)),
          )
          expect([...inPools, ...out].sort()).toEqual(fleet.map(({ name }) => name).sort())
          expect(pools.length).toBeLessThanOrEqual(count)
          expect(pools.reduce((sum, pool) => sum + pool.value, 0)).toBe(value)
          for (const pool of pools) {
            expect(pool.value).toBe(valuation.valueOfPool(pool.groups))
            expect(pool.baseline.eq(baselineOf(pool.groups))).toBe(true)
            for (const { features } of pool.groups) expect(pool.baseline.leq(features)).toBe(true)
            expect(kept.mustHave?.leq(pool.baseline) ?? true).toBe(true)
            expect(pool.hosts).toBeGreaterThanOrEqual(kept.smallest ?? 1)
            if (kept.vendors !== 'together') expect(pool.vendors.length).toBe(1)
            const pins = pool.groups.flatMap(group =>
              group.hosts.flatMap(({ name }) => kept.pins?.get(name) ?? []),
            )
            expect(new Set(pins).size).toBeLessThanOrEqual(1)
          }
          expect(value).toBeGreaterThanOrEqual(before)
          before = value
        }
      }),
      { numRuns: runs(5000, 10) },
    )
  })

  test('the order of the input does not matter', () => {
    fc.assert(
      fc.property(fleets, constraints, fc.constantFrom(0, 20), (fleet, kept, exact) => {
        const once = planned(fleet, 3, { constraints: kept, exact })
        expect(planned([...fleet].reverse(), 3, { constraints: kept, exact })).toEqual(once)
      }),
      { numRuns: 200 },
    )
  })

  test('parting equal hosts never gains: no partition of hosts beats the best of items', () => {
    fc.assert(
      fc.property(small, fc.integer({ min: 1, max: 3 }), (fleet, count) => {
        const [best] = planned(fleet, count).curve.slice(-1)
        const alone = fleet.map((host, i) => ({ ...host, pin: i }))
        const pool = alone.map(() => 0)
        const tryAll = (i: number): void => {
          if (i === alone.length) {
            const parts = Array.from({ length: count }, (_, p) => fleet.filter((_host, n) => pool[n] === p))
            if (parts.some(part => new Set(part.map(({ vendor }) => vendor)).size > 1)) return
            const value = parts.reduce((sum, part) => sum + valuation.valueOfPool(groupHosts(part)), 0)
            expect(value).toBeLessThanOrEqual(best?.impossible ? -1 : (best?.value ?? 0))
            return
          }
          for (let p = 0; p < count; p++) {
            pool[i] = p
            tryAll(i + 1)
          }
        }
        tryAll(0)
      }),
      { numRuns: 60 },
    )
  })
})

describe('constraints', () => {
  test('vendors never share a pool unless asked', () => {
    const fleet = 'a vendor=AMD : avx\n b vendor=Intel : avx aes'
    const [one, two] = keeping(fleet, 2, {}).curve
    expect(one?.impossible).toEqual({ because: 'vendors', vendors: ['AMD', 'Intel'] })
    expect(show(two?.pools ?? [])).toBe('a | b')
    const [together] = keeping(fleet, 1, { vendors: 'together' }).curve
    expect([show(together?.pools ?? []), together?.pools[0]?.vendors]).toEqual(['a b', ['AMD', 'Intel']])
  })

  test('hosts without what all must have are left out, and it is said what they lack', () => {
    const { curve, leftOut } = keeping('a : avx aes\n b : avx', 1, { mustHave: bits('aes') })
    expect(show(curve[0]?.pools ?? [])).toBe('a')
    expect(
      leftOut.map(({ group, lacks }) => [group.name, valuation.table.in(lacks).map(({ name }) => name)]),
    ).toEqual([['b', ['aes']]])
  })

  test('a minimum level is what the level needs', () => {
    const v3 = levels.find(({ name }) => name === 'x86-64-v3')
    const { leftOut } = keeping('a : Haswell f16c abm\n b : Nehalem', 1, { mustHave: v3?.needs })
    expect(leftOut.map(({ group }) => group.name)).toEqual(['b'])
  })

  test('pins hold hosts together and apart, and part a group', () => {
    const pins = new Map([
      ['a', 'x'],
      ['c', 'x'],
      ['b', 'y'],
    ])
    const { curve } = keeping('a : avx\n b : avx\n c : avx aes\n d : avx aes', 2, { pins })
    expect(curve[0]?.impossible).toEqual({ because: 'pins', pins: ['x', 'y'] })
    expect(curve[1]?.pools.map(({ pin }) => pin)).toEqual(['x', 'y'])
    expect(show(curve[1]?.pools ?? []).split(' | ')[0]).toContain('a c')
  })

  test('a pin across vendors is refused', () => {
    const pins = new Map([
      ['a', 'x'],
      ['b', 'x'],
    ])
    const { curve } = keeping('a vendor=AMD : avx\n b vendor=Intel : avx', 2, { pins })
    expect(curve[1]?.impossible).toEqual({
      because: 'pin-across-vendors',
      pin: 'x',
      vendors: ['AMD', 'Intel'],
    })
  })

  test('no pool is smaller than asked', () => {
    const fleet = 'a : avx\n b : avx aes\n c : avx aes'
    expect(show(keeping(fleet, 2, {}).curve[1]?.pools ?? [])).toBe('a | b c')
    expect(show(keeping(fleet, 2, { smallest: 2 }).curve[1]?.pools ?? [])).toBe('a b c')
    const [few] = keeping(fleet, 1, { smallest: 4 }).curve
    expect(few?.impossible).toEqual({ because: 'too-few-hosts', vendor: '', hosts: 3, smallest: 4 })
  })
})

describe('curve', () => {
  test('a further pool that gains less than 5 % is not worth it', () => {
    const old = Array.from({ length: 5 }, (_, i) => `old${i} : Nehalem`).join('\n')
    const young = Array.from({ length: 5 }, (_, i) => `young${i} : Skylake-Server-IBRS`).join('\n')
    const { curve, enough } = planned(hosts(`${old}\n${young}\nmid : Nehalem aes`), 4)
    expect(enough).toBe(2)
    expect(curve.map(({ pools }) => pools.length)).toEqual([1, 2, 3, 3])
    expect(curve.map(({ pools }) => pools.map(({ level }) => level?.name.slice(-2)).join(' '))).toEqual([
      'v2',
      'v2 v4',
      'v2 v2 v4',
      'v2 v2 v4',
    ])
  })

  test('nothing has no partition', () => {
    expect(planned([], 3)).toEqual({ curve: [], enough: undefined, leftOut: [] })
  })

  test('hosts that differ in nothing that is worth anything stay together', () => {
    expect(show(planned(hosts('a : avx\n b : avx monitor\n c : avx acpi'), 3).curve[2]?.pools ?? [])).toBe(
      'a b c',
    )
  })
})
