import { hex } from '../../core/bits.ts'
import { placeOf } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { count, fewNames, groupBy } from '../../core/text.ts'
import type { Outlier } from '../../fleet/causes/lost.ts'
import type { FleetHost } from '../../fleet/host.ts'
import type {
  NamedSystem,
  RequirementFailure,
  RequirementKind,
} from '../../fleet/requirements/requirement.ts'
import { checkFleet, type RequirementResult } from '../../fleet/requirements/requirement-checks.ts'
import { neededOn, systemNeeding } from '../../map/system-needs.ts'
import { HostTable } from '../explain/reasons.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { describeObstacles, obstacleAnswers } from '../migrate/describe.ts'
import { keptCpusOf } from '../pools/compute.ts'
import { reasonOf } from '../words/note.ts'
import type { CheckAnswer, FailureAnswer, FailureWords, VerdictAnswer } from './answer.ts'

/** What a demand demands, in a line. */
export const DEMAND_TITLES: Readonly<Record<RequirementKind, string>> = {
  pools: 'the requirement is for a pool that is there',
  level: 'the pool reaches an x86-64 level',
  os: 'hosts and guests can run a system or program',
  'must-have': "the pool's baseline has features",
  'must-not': "the pool's baseline does not have features",
  model: 'the pool can run a CPU model',
  vendor: 'every host is of a vendor',
  lost: 'few features are lost to the baseline',
  hosts: 'the pool has enough hosts',
  'phys-bits': 'every host addresses enough memory',
  microcode: 'microcode is new enough',
  'same-microcode': 'hosts of one signature run one microcode',
  alike: 'hosts of one signature have the same features',
  'not-vulnerable': 'no host is vulnerable',
  'reported-within': 'every host reported lately',
  movable: 'the pool survives the loss of any host',
  'kept-cpu': 'the hosts of the pool give its kept CPU',
  safe: 'guests see what is dangerous on any of their hosts',
}

/** Why a demand is not kept. */
function describeFailure(view: FleetView, failure: RequirementFailure): FailureWords {
  switch (failure.kind) {
    case 'no-pool':
      return {
        text: `no pool is called ${failure.labels.join(' or ')}`,
        remedy: 'correct the label in the requirement',
      }
    case 'lacks': {
      const { feature, lacking } = failure
      const hosts = lacking.flatMap(({ group }) => group.hosts.map(({ name }) => name))
      const finding = lacking[0]?.finding
      const cause = finding ? ` (${finding.cause}, ${finding.confidence})` : ''
      return {
        text: `${feature.name} ${placeOf(feature)} is not on ${fewNames(hosts)}${cause}`,
        remedy: finding?.remedy ?? '',
      }
    }
    case 'unknown-feature':
      return {
        text: `${failure.name} is not in the CPU map`,
        remedy: 'use the built-in data, or a newer map',
      }
    case 'has':
      return {
        text: `every host has ${failure.feature.name} ${placeOf(failure.feature)}`,
        remedy: `disable ${failure.feature.name} in the guests' CPU, or turn it off on the hosts`,
      }
    case 'kept-lacks':
      return {
        text: `the kept CPU lacks ${fewNames(failure.features.map(({ name }) => name))}`,
        remedy: 'raise it where all hosts have them (`pools --save-cpu`), and power guests off and on',
      }
    case 'lost': {
      const names = fewNames(failure.features.map(({ name }) => name))
      return {
        text: `${count(failure.features.length, `${failure.class} feature`)} lost, ${failure.most} allowed: ${names}`,
        remedy: 'see which hosts lack them with `virt-cpu explain`',
      }
    }
    default:
      return sayHostFailure(view, failure)
  }
}

type HostFailure = Exclude<
  RequirementFailure,
  { readonly kind: 'no-pool' | 'lacks' | 'unknown-feature' | 'has' | 'kept-lacks' | 'lost' }
>

function sayHostFailure(view: FleetView, failure: HostFailure): FailureWords {
  switch (failure.kind) {
    case 'hosts':
      return {
        text: `the pool has ${count(failure.hosts, 'host')}, ${failure.least} wanted`,
        remedy: 'add a host, or join pools',
      }
    case 'phys-bits': {
      const { host, is, least } = failure
      return is === undefined
        ? { text: `${host.name}: width of physical addresses not known`, remedy: SAY_MORE }
        : {
            text: `${host.name} addresses ${is} bits, ${least} wanted`,
            remedy: `leave the host out, or ask for ${is} and give guests no more`,
          }
    }
    case 'microcode': {
      const { host, is, least } = failure
      return is === undefined
        ? { text: `${host.name}: microcode revision not known`, remedy: SAY_MORE }
        : { text: `${host.name} runs microcode ${rev(is)}, ${rev(least)} wanted`, remedy: UPDATE }
    }
    case 'older-microcode':
      return {
        text: `${fewNames(failure.hosts.map(({ name, microcode = 0 }) => `${name} ${rev(microcode)}`))}: others of the same silicon run microcode ${rev(failure.newest)}`,
        remedy: UPDATE,
      }
    case 'vendor':
      return {
        text: `${failure.host.name} is of ${failure.is ?? 'an unknown vendor'}, not ${failure.wanted}`,
        remedy: 'put the host in a pool of its vendor',
      }
    case 'odd':
      return sayOdd(failure.odd)
    case 'vulnerable':
      return failure.status === undefined
        ? { text: `${failure.host.name}: vulnerabilities not known`, remedy: SAY_MORE }
        : {
            text: `${failure.host.name}: ${failure.name}: ${failure.status}`,
            remedy: 'update microcode and kernel',
          }
    case 'silent': {
      const { name, reported } = failure.host
      return reported === undefined
        ? { text: `${name}: not known when it last reported`, remedy: SAY_WHEN }
        : { text: `${name} has not reported since ${reported}`, remedy: ASK_WHY }
    }
    case 'guest-lacks': {
      const { guest, features } = failure
      return {
        text: `guest ${guest.name} lacks ${fewNames(features.map(({ name }) => name))}`,
        remedy: 'give it a model that has them, or its host’s CPU (host-model), and power it off and on',
      }
    }
    case 'unsafe': {
      const { feature, why, having, lacking } = failure
      const [on, off] = [having, lacking].map(groups =>
        fewNames(groups.flatMap(({ hosts }) => hosts.map(({ name }) => name))),
      )
      return {
        text:
          why === 'hazard'
            ? `guests do not see ${feature.name} ${placeOf(feature)}, which those on ${on} must`
            : `${feature.name} ${placeOf(feature)} is on ${on} and not on ${off}: hosts of a pool must agree on it`,
        remedy: 'see why hosts differ with `virt-cpu explain`, or part them',
      }
    }
    case 'guest-blind': {
      const { guest, features } = failure
      return {
        text: `guest ${guest.name} does not see ${fewNames(features.map(({ name }) => name))}, which guests on hosts of its pool must`,
        remedy: 'give it a CPU that has it (`virt-cpu explain`), and power it off and on',
      }
    }
    case 'stuck': {
      const { guest, why } = failure.stuck
      const [nearest] = why
      if (!nearest) return { text: `guest ${guest.name} has no other host`, remedy: 'add a host' }
      const obstacles = obstacleAnswers(view, nearest.group, nearest.obstacles)
      return {
        text: `guest ${guest.name} has no other host; of the closest, ${nearest.group.name}: ${describeObstacles(obstacles)}`,
        remedy: obstacles[0]?.remedy ?? '',
      }
    }
  }
}

const SAY_MORE = 'record the host again with `virsh capabilities`, or say it in the fleet file'
const SAY_WHEN = 'say it in the fleet file (`reported: 2026-11-30`), or ask a server where hosts report'
const ASK_WHY = 'see what became of the host and its agent, or take it out'
const UPDATE = 'update microcode or firmware, cold boot, restart guests'

const rev = (revision: number): string => `0x${hex(revision, 1)}`

function sayOdd({ group, norm, lacks, has }: Outlier): FailureWords {
  const names = group.hosts.map(({ name }) => name)
  const words = (list: Outlier['lacks']) => fewNames(list.map(({ feature }) => feature.name))
  const parts = [
    ...(lacks.length > 0 ? [`lacks ${words(lacks)}`] : []),
    ...(has.length > 0 ? [`has beyond it ${words(has)}`] : []),
  ]
  return {
    text: `${fewNames(names)}: the silicon of ${norm.name}, but ${parts.join(' and ')}`,
    remedy: (lacks[0] ?? has[0])?.finding.remedy ?? '',
  }
}

/**
 * Whether the fleet keeps to its requirements, pool by pool, and why not. Of no requirements: it does.
 * @param now the time by which it is judged; absent: when it was read
 */
export function checkAnswer(view: FleetView, now = view.fleet.readAt): CheckAnswer {
  const { db, cpus, levels, fleet, finder, groups } = view
  const checked = {
    db,
    cpus,
    levels,
    fleet,
    finder,
    groups,
    now,
    needsOf: (one: NamedSystem) => needsOf(view, one),
  }
  const results = checkFleet(checked).map(result => ({
    ...result,
    failures: result.failures.flatMap(failure => foundFailures(view, failure)),
  }))
  const table = new HostTable(
    results.flatMap(({ failures, unknown }) => [
      ...failures.flatMap(({ lists }) => lists),
      ...unknown.flatMap(({ groups: some }) => some.map(({ hosts }) => hosts)),
    ]),
  )
  const verdicts = results.map(result => verdictAnswer(result, table))
  return {
    groups: table.groups,
    passed: verdicts.every(({ passed }) => passed),
    verdicts,
    ...keptCpusOf(view),
  }
}

function needsOf({ context, db, levels }: FleetView, { name, fault }: NamedSystem): FeatureSet {
  const need = neededOn(systemNeeding(name, fault), context.arch, db.features, levels)
  if (!need || need.unknown.length > 0) throw fault(`what ${name} needs of ${context.arch} is not known`)
  return need.set
}

/** A failure before its hosts are referred to by their places. */
interface FoundFailure extends Omit<FailureAnswer, 'inGroups'> {
  readonly lists: readonly (readonly FleetHost[])[]
}

const verdictAnswer = (
  {
    requirement,
    kind,
    pool,
    failures,
    unknown,
  }: Omit<RequirementResult, 'failures'> & { readonly failures: readonly FoundFailure[] },
  table: HostTable,
): VerdictAnswer => ({
  requirement,
  kind,
  pool,
  passed: failures.length === 0,
  failures: failures.map(({ lists, ...failure }) => ({ ...failure, inGroups: table.placesOf(lists) })),
  unknown: unknown.map(({ feature, groups, guests }) => ({
    ...reasonOf(feature),
    inGroups: table.placesOfGroups(groups),
    ...(guests ? { guestNames: guests.map(({ name }) => name) } : {}),
  })),
})

/** What lacks a feature for several reasons is several failures: each has its own remedy. */
function foundFailures(view: FleetView, failure: RequirementFailure): FoundFailure[] {
  if (failure.kind !== 'lacks') {
    const about = 'feature' in failure ? { about: reasonOf(failure.feature) } : {}
    const of = failure.kind === 'stuck' ? failure.stuck.guest : 'guest' in failure && failure.guest
    const guest = of ? { guest: of.name } : {}
    return [{ ...describeFailure(view, failure), lists: hostsOf(failure), ...about, ...guest }]
  }
  const { feature, lacking } = failure
  return [...groupBy(lacking, one => one.finding.remedy).values()].map(some => ({
    ...describeFailure(view, { ...failure, lacking: some }),
    lists: some.map(({ group }) => group.hosts),
    about: reasonOf(feature),
  }))
}

function hostsOf(failure: RequirementFailure): (readonly FleetHost[])[] {
  switch (failure.kind) {
    case 'phys-bits':
    case 'microcode':
    case 'vendor':
    case 'vulnerable':
    case 'silent':
      return [[failure.host]]
    case 'older-microcode':
      return [failure.hosts]
    case 'odd':
      return [failure.odd.group.hosts]
    case 'unsafe':
      return failure.having.map(({ hosts }) => hosts)
    default:
      return []
  }
}
