// The figures of docs/fleet-theory.md: node scripts/run-ts.mjs bench/fleet-scale.ts
import { requireDriver } from '../src/arch/registry.ts'
import { FeatureSet } from '../src/core/feature-set.ts'
import { CauseFinder } from '../src/fleet/causes/cause-of.ts'
import { Losses } from '../src/fleet/causes/lost.ts'
import { computeCosts, listHostCosts } from '../src/fleet/cost.ts'
import { groupHosts, splitIntoPools } from '../src/fleet/groups.ts'
import type { FleetHost } from '../src/fleet/host.ts'
import { planPools } from '../src/fleet/plan/partition.ts'
import { Valuation } from '../src/fleet/value.ts'
import { builtinCauses } from '../src/map/cause-table.ts'
import { CpuMap } from '../src/map/cpu-map.ts'
import { builtinLevels } from '../src/map/levels.ts'
import { builtinWeights } from '../src/map/weights.ts'
import { dice } from './fleet.ts'

const db = CpuMap.builtIn().of('x86')
const valuation = new Valuation(db.features, builtinWeights())
const levels = builtinLevels(db.features)
const causes = builtinCauses()

/** Bits that differ between hosts of one generation: microcode, firmware and kernel options. */
const TOGGLES = (
  'vmx aes hle rtm pku la57 spec-ctrl ssbd stibp md-clear fb-clear arch-capabilities flush-l1d sgx x2apic ' +
  'invpcid umip mds-no taa-no rdrand xsaves svm ibpb amd-ssbd'
)
  .split(' ')
  .flatMap(name => db.features.get(name) ?? [])

/** CPUs of a real fleet's shape: Intel's models, each with up to so many bits on or off. */
function cpus(distinct: number, toggles: number, seed: number): FeatureSet[] {
  const roll = dice(seed)
  const models = db.models.filter(model => model.vendor?.name === 'Intel' && model.features.size > 60)
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

/** CPUs without any shape, the worst there can be: each lacks a fifth of all features. */
function noise(distinct: number, seed: number): FeatureSet[] {
  const roll = dice(seed)
  return Array.from({ length: distinct }, () => db.features.setOf(db.features.list.filter(() => roll(5) > 0)))
}

function hostsOf(sets: readonly FeatureSet[], count: number, pools: number, seed: number): FleetHost[] {
  const roll = dice(seed)
  return Array.from({ length: count }, (_, i) => {
    const cpu = i < sets.length ? i : roll(sets.length)
    return {
      name: `host-${String(i).padStart(6, '0')}`,
      pool: `pool-${roll(pools)}`,
      weight: 1 + roll(64),
      features: sets[cpu] ?? FeatureSet.empty,
      vendor: 'Intel',
      signature: { family: 6, model: 85 + (cpu % 40), stepping: cpu % 8 },
    }
  })
}

function timed<T>(what: string, call: () => T): T {
  const start = performance.now()
  const answer = call()
  console.log(`${what}: ${Math.round(performance.now() - start)} ms`)
  return answer
}

function curve(what: string, sets: readonly FeatureSet[], hosts: number, most: number): void {
  const groups = groupHosts(hostsOf(sets, hosts, 1, 3))
  const made = timed(`${what}, k = 1…${most}`, () => planPools(valuation, levels, groups, most))
  for (const { count, value, gap, exact, pools } of made.curve) {
    const proof = exact ? 'exact' : `gap ${(gap * 100).toFixed(2)} %`
    console.log(`  k=${count}: ${pools.length} pools, value ${value}, ${proof}`)
  }
}

const hosts = hostsOf(cpus(300, 6, 1), 100_000, 200, 2)
console.log('100 000 hosts of 300 CPUs in 200 pools')
const groups = timed('  groups', () => groupHosts(hosts))
const pools = timed('  pools', () => splitIntoPools(groups))
timed('  cost of every host', () =>
  pools.map(pool => listHostCosts(computeCosts(valuation, levels, pool.groups)).length),
)
const finder = new CauseFinder(requireDriver(CpuMap.builtIn(), 'x86_64').fleet, causes, groups)
const losses = timed('  causes', () => new Losses(db.features, causes, finder, groups))
timed('  causes of every loss', () => pools.map(pool => losses.find(pool.groups).length))
console.log(`  ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident`)
if (process.argv[2] === 'groups') process.exit()
curve('20 CPUs of a real shape', cpus(20, 6, 4), 200, 8)
curve('20 CPUs of noise', noise(20, 5), 200, 8)
curve('300 CPUs of a real shape, few toggles', cpus(300, 2, 6), 3000, 8)
curve('300 CPUs of a real shape, many toggles', cpus(300, 6, 6), 3000, 8)
curve('300 CPUs of noise', noise(300, 7), 3000, 8)
