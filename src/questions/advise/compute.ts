import { FeatureSet } from '../../core/feature-set.ts'
import { bytewise, count, fewNames, groupBy } from '../../core/text.ts'
import { computeJointCosts } from '../../fleet/cost.ts'
import { baselineOf, countHosts, type Group, identityOf } from '../../fleet/groups.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { findPossible } from '../../fleet/offered.ts'
import { planPools } from '../../fleet/plan/partition.ts'
import { sumWeights } from '../../fleet/value.ts'
import type { WriteOptions } from '../../formats/write.ts'
import { levelOf } from '../../map/levels.ts'
import { findUnrecorded, isFixable } from '../explain/cost-report.ts'
import { HostTable, type PlacesOf } from '../explain/reasons.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { PoolDefinition } from '../pools/answer.ts'
import { poolCpuOf, Refusals, writePoolDefinition } from '../pools/choice.ts'
import { DefinitionList, keptCpusOf, type PoolsOptions } from '../pools/compute.ts'
import { joinRemedies, percent } from '../words/cells.ts'
import { reasonOf } from '../words/note.ts'
import type { Advice, FirstStep, Strategy } from './answer.ts'

/** Hosts between which a guest with all of its host's CPU moves safely. */
interface IdenticalPart {
  readonly hosts: readonly FleetHost[]
  /** What is not known of them; a host of which something is not known is a part of its own. */
  readonly unknown: readonly Fact[]
}

type Fact = 'microcode' | 'kernel' | 'hypervisor'

const FACTS: readonly Fact[] = ['microcode', 'kernel', 'hypervisor']

/** The hosts by what must be equal for host-passthrough: CPU, microcode, kernel and hypervisor. */
function identicalParts(groups: readonly Group[]): IdenticalPart[] {
  const parts: IdenticalPart[] = []
  for (const { hosts } of groups) {
    const known: FleetHost[] = []
    for (const host of hosts) {
      const unknown = FACTS.filter(fact => host[fact] === undefined)
      if (unknown.length > 0) parts.push({ hosts: [host], unknown })
      else known.push(host)
    }
    const byFacts = groupBy(known, host => FACTS.map(fact => host[fact]).join('\n'))
    for (const same of byFacts.values()) parts.push({ hosts: same, unknown: [] })
  }
  return parts
}

/** A pool of a strategy, before its hosts and its definition are referred to by their places. */
interface AdvisedPool
  extends Pick<Strategy['pools'][number], 'name' | 'hostCount' | 'featureCount' | 'model'> {
  readonly groups: readonly Group[]
  readonly expression: PoolDefinition | null
}

/** A strategy before it is known what share of the fleet it gives. */
interface Valued extends Omit<Strategy, 'share' | 'pools'> {
  readonly pools: readonly AdvisedPool[]
}

/** Every guest gets all of its host's CPU, and moves between identical hosts only. */
function passthrough(view: FleetView): { readonly strategy: Valued; readonly whole: boolean } {
  const { groups, pools, valuation } = view
  const value = groups.reduce((sum, { weight, offered }) => sum + weight * valuation.worth(offered), 0)
  const parts = identicalParts(groups)
  const whole = pools.every(pool => identicalParts(pool.groups).length === 1)
  const alone = parts.filter(({ hosts }) => hosts.length === 1).length
  const unknown = parts.filter(({ unknown: facts }) => facts.length > 0)
  const facts = [...new Set(unknown.flatMap(part => part.unknown))]
  const doubt =
    facts.length > 0 ? `; ${facts.join(', ')} of some hosts not known, so counted as different` : ''
  return {
    whole,
    strategy: {
      strategy: 'passthrough',
      poolCount: parts.length,
      value,
      benefit:
        'every guest gets all of its host’s CPU; right where a guest never moves, or only between identical hosts',
      drawback: whole
        ? 'nothing while the hosts stay identical: update them together'
        : `guests of ${count(alone, 'host')} can move nowhere; ${count(parts.length, 'set')} of identical hosts${doubt}`,
      pools: [],
    },
  }
}

/** One of QEMU's models that every x86-64 CPU of the last decades runs, or the level that all hosts reach. */
function generic({ context, groups, valuation, levels }: FleetView): Valued {
  const { db } = context
  const baseline = baselineOf(groups)
  const level = levelOf(levels, baseline)
  const refusals = new Refusals(db.features, groups)
  const models = ['kvm64', 'qemu64'].flatMap(name => {
    const model = db.model(name)
    const fits = model?.features.leq(baseline.join(hypervisorOwn(db))) && !refusals.of(model).refusal
    return fits ? name : []
  })
  const given = level ? level.needs : baselineOf([])
  const security = db.features.in(baseline.minus(given)).filter(feature => feature.class === 'security')
  const names = security.map(({ name }) => name)
  return {
    strategy: 'generic',
    poolCount: 1,
    value: sumWeights(groups) * valuation.worth(given.meet(baseline)),
    benefit: `${[level?.name, ...models].filter(Boolean).join(', ') || 'no generic model'} on every host, of any vendor`,
    drawback:
      names.length > 0
        ? `${count(names.length, 'security feature')} that every host has: ${fewNames(names, 6)}`
        : 'what its level does not name',
    pools: [],
  }
}

/** What hypervisors make themselves, whatever the CPU. */
const hypervisorOwn = (db: FleetView['context']['db']) =>
  db.features.setOfNames(['hypervisor', 'x2apic', 'tsc-deadline', 'svm', 'vmx'])

/** A handful of pools, one baseline each, as EVC does; as many as are worth their trouble. */
function inGroups(view: FleetView, { most, constraints }: PoolsOptions, write: WriteOptions): Valued {
  const { valuation, levels, groups } = view
  const { curve, enough } = planPools(valuation, levels, groups, most, { constraints })
  const point = curve.find(({ count: of }) => of === enough)
  if (!point) {
    return {
      strategy: 'groups',
      poolCount: 0,
      value: 0,
      benefit: 'nothing: no partition keeps the constraints',
      drawback: 'everything',
      pools: [],
    }
  }
  const reached = point.pools.map(
    ({ level, hosts }) => `${level?.name ?? 'no level'} (${count(hosts, 'host')})`,
  )
  return {
    strategy: 'groups',
    poolCount: point.pools.length,
    value: point.value,
    benefit: `one baseline for each of ${count(point.pools.length, 'pool')}: ${reached.join(', ')}`,
    drawback: 'guests move within their pool only',
    pools: point.pools.map(pool => advisedPool(view, pool.groups, write, constraints.mustHave)),
  }
}

/** One baseline for all hosts of a vendor. */
function common(view: FleetView, write: WriteOptions): Valued {
  const { groups, valuation, levels } = view
  const parts = splitByVendor(groups)
  const reached = parts.map(part => levelOf(levels, baselineOf(part))?.name ?? 'no level')
  return {
    strategy: 'common',
    poolCount: parts.length,
    value: parts.reduce((sum, part) => sum + valuation.valueOfPool(part), 0),
    benefit: `one baseline${parts.length > 1 ? ' a vendor' : ''}: ${reached.join(', ')}; every guest can go to every host${parts.length > 1 ? ' of its vendor' : ''}`,
    drawback: 'what the weakest host of each lacks; `virt-cpu explain --cost` names it',
    pools: parts.map(part => advisedPool(view, part, write)),
  }
}

const splitByVendor = (groups: readonly Group[]): Group[][] => [...groupBy(groups, identityOf).values()]

function advisedPool(
  view: FleetView,
  groups: readonly Group[],
  write: WriteOptions,
  asked?: FeatureSet,
): AdvisedPool {
  const { features, definition } = poolCpuOf(view, groups, asked)
  return {
    name: groups.map(({ name }) => name).sort(bytewise)[0] ?? '',
    hostCount: countHosts(groups),
    featureCount: view.db.features.count(features),
    model: definition?.model ?? null,
    groups,
    expression: definition ? writePoolDefinition(view.context, definition, write) : null,
  }
}

/** A further pool must gain so much to be worth its trouble. */
const WORTHWHILE = 0.05

/** The four named strategies on this fleet, and which one to take. */
export function answerAdvise(view: FleetView, options: PoolsOptions, write: WriteOptions = {}): Advice {
  const { groups, valuation } = view
  const all = groups.reduce((sum, { weight, offered }) => sum + weight * valuation.worth(offered), 0)
  const [through, plain, grouped, one] = [
    passthrough(view),
    generic(view),
    inGroups(view, options, write),
    common(view, write),
  ]
  const { take, why } = choice(view, through.whole, grouped, one)
  const table = new HostTable(
    [...groups, ...[grouped, one].flatMap(({ pools }) => pools.flatMap(pool => pool.groups))].map(
      ({ hosts }) => hosts,
    ),
  )
  const definitions = new DefinitionList()
  const strategies = [through.strategy, plain, grouped, one].map(strategy => ({
    ...strategy,
    share: all === 0 ? 1 : strategy.value / all,
    pools: strategy.pools.map(({ groups: own, expression, ...pool }) => ({
      ...pool,
      inGroups: table.placesOfGroups(own),
      definition: definitions.placeOf(expression),
    })),
  }))
  const first =
    take === 'passthrough'
      ? []
      : splitByVendor(groups).flatMap(part => firstSteps(view, part, table.placesOfGroups))
  return {
    groups: table.groups,
    definitions: definitions.all,
    take,
    why,
    first,
    strategies,
    ...keptCpusOf(view),
  }
}

/** Few hosts are a part of so much at most. */
const FEW = 1 / 4

/** What is to be recorded, or done about a few odd hosts, before the others are given less for them. */
function firstSteps(view: FleetView, groups: readonly Group[], placesOf: PlacesOf): FirstStep[] {
  const { finder, valuation, levels } = view
  const unrecorded = findUnrecorded(view, groups)
  const records: FirstStep[] = unrecorded
    ? [
        {
          do: 'record',
          inGroups: placesOf(unrecorded.groups),
          gains: unrecorded.features,
          remedy: unrecorded.remedy,
        },
      ]
    : []
  const [odd] = computeJointCosts(valuation, levels, groups)
  const [lacking] = odd?.groups ?? []
  if (!odd || !lacking || odd.hosts > FEW * countHosts(groups)) return records
  const causes = odd.features.map(finder.forGroup(lacking))
  const remedies = [...new Set(causes.filter(isFixable).map(one => one.remedy))]
  const isFix = remedies.length > 0
  const gained = odd.features.filter(
    (_, i) => !isFix || isFixable(causes[i] ?? { cause: 'unknown', remedy: '' }),
  )
  return [
    ...records,
    {
      do: isFix ? 'fix' : 'part',
      inGroups: placesOf(odd.groups),
      gains: gained.map(reasonOf),
      remedy: isFix ? joinRemedies(remedies) : null,
    },
  ]
}

/** What pools are worth if all have what nobody knows that they lack. */
function possibleValueOf({ valuation }: FleetView, groups: readonly Group[]): number {
  const all = findPossible(groups).reduce<FeatureSet | undefined>(
    (set, own) => set?.meet(own) ?? own,
    undefined,
  )
  return sumWeights(groups) * valuation.worth(all ?? FeatureSet.empty)
}

function choice(
  view: FleetView,
  identical: boolean,
  grouped: Valued,
  one: Valued,
): Pick<Advice, 'take' | 'why'> {
  const { groups, fleet } = view
  const vendors = new Set(groups.map(identityOf))
  if (identical) {
    return {
      take: 'passthrough',
      why: 'all hosts of each pool are identical down to microcode, kernel and hypervisor: guests get everything and move',
    }
  }
  if (vendors.size > 1 && fleet.constraints.vendors === 'together') {
    return {
      take: 'generic',
      why: 'guests are to move between vendors, and only a model of no vendor is meant for that',
    }
  }
  const gain = one.value === 0 ? 0 : grouped.value / one.value - 1
  if (grouped.poolCount > one.poolCount && gain >= WORTHWHILE) {
    const possible = splitByVendor(groups).reduce((sum, part) => sum + possibleValueOf(view, part), 0)
    if (grouped.value < possible * (1 + WORTHWHILE))
      return {
        take: 'common',
        why: 'more pools gain nothing that is known: of what some hosts have, nothing is known on others',
      }
    return {
      take: 'groups',
      why: `${count(grouped.poolCount, 'pool')} give guests ${percent(gain)} more than ${count(one.poolCount, 'baseline')}`,
    }
  }
  return {
    take: 'common',
    why: `more pools gain ${percent(gain)}, which is not worth their trouble: every guest can then go to every host${vendors.size > 1 ? ' of its vendor' : ''}`,
  }
}
