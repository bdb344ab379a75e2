import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { groupHosts } from '../../src/fleet/groups.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { type Constraints, planPools } from '../../src/fleet/plan/partition.ts'
import { bits, db, levels, valuation } from './notation.ts'

/**
 * How good the search is: its plans and bounds of some fleets, as they were accepted (npm run accept). Laws cannot
 * tell a search from a worse one. A change that makes it better shows here; one that makes it worse too.
 */

/** Whole numbers below `below`, always the same. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const FEATURES = db.features.list.filter(feature => valuation.worthOf(feature) > 0)
const MODELS = 'Nehalem SandyBridge Haswell Broadwell Skylake-Server Cascadelake-Server Icelake-Server'.split(
  ' ',
)
const OF_AMD = 'Opteron_G5 EPYC EPYC-Rome EPYC-Milan EPYC-Genoa'.split(' ')

/** Hosts of few models, each without some features. */
function fleetOf(size: number, lacking: number, vendors: number, seed: number): FleetHost[] {
  const next = numbers(seed)
  return Array.from({ length: size }, (_, i) => {
    const isAmd = vendors > 1 && next(3) === 0
    const models = isAmd ? OF_AMD : MODELS
    const lost = Array.from({ length: next(lacking + 1) }, () => FEATURES[next(FEATURES.length)])
    return {
      name: `h${i}`,
      weight: 1 + next(20),
      vendor: isAmd ? 'AMD' : 'Intel',
      features: bits(models[next(models.length)] ?? '').minus(
        db.features.setOf(lost.flatMap(one => one ?? [])),
      ),
    }
  })
}

/** A line for each count of pools. */
function shown(
  fleet: readonly FleetHost[],
  most: number,
  exact: number,
  constraints: Constraints = {},
): string {
  const { curve, enough, leftOut } = planPools(valuation, levels, groupHosts(fleet), most, {
    constraints,
    exact,
  })
  const lines = curve.map(({ count, pools, value, bound, exact: isExact, impossible }) => {
    const names = pools.map(({ groups, level, weight }) => {
      const hosts = groups.flatMap(group => group.hosts.map(({ name }) => name.slice(1)))
      return `${hosts.join(' ')} (${level?.name ?? '-'}, ${weight})`
    })
    const found = impossible ? impossible.because : `${value} of ${bound}${isExact ? '' : ' or less'}`
    return [`${count}: ${found}`, ...names.map(name => `   ${name}`)].join('\n')
  })
  return `${lines.join('\n')}\nenough: ${enough}, left out: ${leftOut.length}\n`
}

const CASES: readonly (readonly [name: string, make: () => string])[] = [
  ['12 hosts, exactly', () => shown(fleetOf(12, 4, 1, 1), 5, 20)],
  ['12 noisy hosts, exactly', () => shown(fleetOf(12, 40, 1, 2), 5, 20)],
  ['12 hosts of two vendors', () => shown(fleetOf(12, 10, 2, 3), 5, 20)],
  ['12 hosts, vendors together', () => shown(fleetOf(12, 10, 2, 3), 4, 20, { vendors: 'together' })],
  ['10 hosts in pools of 3 or more', () => shown(fleetOf(10, 10, 1, 4), 4, 20, { smallest: 3 })],
  [
    '10 hosts with pins',
    () =>
      shown(fleetOf(10, 10, 1, 5), 4, 20, {
        pins: new Map([
          ['h1', 'x'],
          ['h2', 'y'],
          ['h3', 'x'],
        ]),
      }),
  ],
  ['20 hosts, by the heuristic', () => shown(fleetOf(20, 6, 1, 6), 5, 0)],
  ['20 noisy hosts, by the heuristic', () => shown(fleetOf(20, 40, 1, 7), 5, 0)],
  ['30 hosts of two vendors, by the heuristic', () => shown(fleetOf(30, 10, 2, 8), 5, 0)],
  [
    '30 hosts in pools of 4 or more, by the heuristic',
    () => shown(fleetOf(30, 10, 1, 9), 5, 0, { smallest: 4 }),
  ],
  [
    '24 hosts with pins, by the heuristic',
    () =>
      shown(fleetOf(24, 20, 1, 10), 4, 0, {
        pins: new Map([
          ['h1', 'x'],
          ['h2', 'y'],
          ['h3', 'x'],
        ]),
      }),
  ],
  ['40 hosts that must have AVX2', () => shown(fleetOf(40, 3, 2, 11), 4, 0, { mustHave: bits('avx2') })],
]

describe('plans and bounds are as accepted', () => {
  test.each(CASES)('%s', async (name, make) => {
    const file = `${name.replace(/\W+/g, '-')}.txt`
    await expect(make()).toMatchFileSnapshot(join(import.meta.dirname, '..', 'expected', 'plans', file))
  })
})
