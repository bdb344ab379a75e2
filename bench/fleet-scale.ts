import { FeatureSet } from '../src/core/feature-set.ts'
import { builtin } from '../src/database/builtin.ts'
import { costsOf, hostCosts } from '../src/fleet/cost.ts'
import { groupHosts } from '../src/fleet/groups.ts'
import type { FleetHost } from '../src/fleet/host.ts'
import { builtinLevels } from '../src/fleet/levels.ts'
import { plan } from '../src/fleet/partition.ts'
import { poolsOf } from '../src/fleet/pools.ts'
import { Valuation } from '../src/fleet/value.ts'
import { builtinWeights } from '../src/fleet/weights.ts'
import { dice } from './fleet.ts'

const db = builtin()
const valuation = new Valuation(db.features, builtinWeights())
const levels = builtinLevels(db.features)

/** Bits that differ between hosts of one generation: microcode, firmware and kernel options. */
const TOGGLES =
  'vmx svm aes hle rtm pku la57 spec-ctrl ssbd stibp md-clear fb-clear arch-capabilities flush-l1d ibpb amd-ssbd sgx x2apic invpcid umip mds-no taa-no rdrand xsaves'
    .split(' ')
    .flatMap(name => db.features.get(name) ?? [])

/** CPUs of a real fleet's shape: server models of the last fifteen years, each with a few bits on or off. */
function cpus(distinct: number, vendors: readonly string[], toggles: number, seed: number): FeatureSet[] {
  const roll = dice(seed)
  const models = db.models.filter(
    model => vendors.includes(model.vendor?.name ?? '') && model.features.size > 60,
  )
  const found = new Map<string, FeatureSet>()
  while (found.size < distinct) {
    let set = models[roll(models.length)]?.features ?? FeatureSet.empty
    for (let i = roll(toggles + 1); i > 0; i--) {
      const { bits } = TOGGLES[roll(TOGGLES.length)] ?? { bits: FeatureSet.empty }
      set = roll(3) === 0 ? set.join(bits) : set.minus(bits)
    }
    found.set(String(set), set)
  }
  return [...found.values()]
}

/** CPUs without any shape: each lacks a fifth of all features. */
function noise(distinct: number, seed: number): FeatureSet[] {
  const roll = dice(seed)
  return Array.from({ length: distinct }, () => db.features.setOf(db.features.list.filter(() => roll(5) > 0)))
}

function hostsOf(sets: readonly FeatureSet[], count: number, pools: number, seed: number): FleetHost[] {
  const roll = dice(seed)
  return Array.from({ length: count }, (_, i) => ({
    name: `host-${String(i).padStart(6, '0')}`,
    pool: `pool-${roll(pools)}`,
    weight: 1 + roll(64),
    features: sets[i < sets.length ? i : roll(sets.length)] ?? FeatureSet.empty,
    vendor: 'Intel',
  }))
}

function timed<T>(what: string, call: () => T): T {
  const start = performance.now()
  const answer = call()
  console.log(`${what}: ${Math.round(performance.now() - start)} ms`)
  return answer
}

function curve(what: string, sets: readonly FeatureSet[], hosts: number, most: number): void {
  const groups = groupHosts(hostsOf(sets, hosts, 1, 3))
  const made = timed(`${what}, ${groups.length} CPUs, k = 1…${most}`, () =>
    plan(valuation, levels, groups, most),
  )
  for (const { count, value, gap, exact, pools } of made.curve) {
    console.log(
      `  k=${count} ${pools.length} pools, value ${value}, gap ${(gap * 100).toFixed(2)} %${exact ? ', exact' : ''}`,
    )
  }
}

const big = hostsOf(cpus(300, ['Intel'], 6, 1), 100_000, 200, 2)
const groups = timed('100 000 hosts: groups', () => groupHosts(big))
const pools = timed('200 pools', () => poolsOf(groups))
timed('cost of every host', () =>
  pools.map(pool => hostCosts(costsOf(valuation, levels, pool.groups)).length),
)
console.log(`${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident`)
curve('20 of a real shape', cpus(20, ['Intel'], 6, 4), 200, 8)
curve('20 of noise', noise(20, 5), 200, 8)
curve('300 of a real shape', cpus(300, ['Intel'], 6, 6), 3000, 8)
curve('300 of noise', noise(300, 7), 3000, 8)
