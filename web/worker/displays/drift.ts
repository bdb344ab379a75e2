import { groupBy } from '../../../src/core/text.ts'
import type { FleetHost } from '../../../src/fleet/host.ts'
import type { Reason } from '../../../src/questions/answer-parts.ts'
import type { ChangeAnswer } from '../../../src/questions/drift/answer.ts'
import { driftAnswer } from '../../../src/questions/drift/question.ts'
import {
  describeChange,
  describeDrift,
  driftActions,
  groupChanges,
} from '../../../src/questions/drift/report.ts'
import { type FleetView, viewOf } from '../../../src/questions/input/fleet/view.ts'
import { describeObstacles } from '../../../src/questions/migrate/describe.ts'
import type { DeltaAnswer } from '../../../src/questions/what-if/answer.ts'
import { deltaAnswer } from '../../../src/questions/what-if/compute.ts'
import { describeDelta, fateOf } from '../../../src/questions/what-if/report.ts'
import type { ClassedFeature, DeltaDisplay, DriftDisplay, RemedyRow } from '../../shared/displays.ts'
import type { Analysis } from '../analysis.ts'
import { capitalize } from './words.ts'

/** How one recording of the fleet differs from an earlier one, as `drift` answers. */
export function displayDrift(before: Analysis, after: Analysis): DriftDisplay {
  const answer = driftAnswer(...paired(before.view, after.view))
  const { gone, added } = answer
  return {
    ...displayDelta(after, answer, describeDrift(answer)),
    actions: driftActions(answer).map(action => ({ ...action, on: '' })),
    hosts: { before: before.view.fleet.hosts.length, after: after.view.fleet.hosts.length },
    gone,
    added,
    changed: groupChanges(answer).map(({ hosts, changes }) => ({ hosts, ...changesOf(after, changes) })),
  }
}

function changesOf(
  after: Analysis,
  changes: readonly ChangeAnswer[],
): Omit<DriftDisplay['changed'][number], 'hosts'> {
  const features = changes.find(({ field }) => field === 'features')
  const { lost, gained } = features?.field === 'features' ? features : { lost: [], gained: [] }
  return {
    facts: changes.filter(({ field }) => field !== 'features').map(describeChange),
    lost: [...groupBy(lost, ({ cause, remedy }) => `${cause} ${remedy}`).values()].map(
      (some): RemedyRow => ({
        cause: some[0]?.cause ?? '',
        remedy: some[0]?.remedy ?? '',
        features: classed(after, some),
      }),
    ),
    gained: classed(after, gained),
  }
}

/** What the last step did to pools and guests, where it moved hosts between pools; null: it did something else. */
export function displayChange(before: Analysis, after: Analysis): DeltaDisplay | null {
  const [old, now] = [before.view.fleet.hosts, after.view.fleet.hosts]
  const isSame = old.length > 0 && old.length === now.length && before.sharesFiles(after)
  if (!isSame || areAlike(old, now)) return null
  const delta = deltaAnswer(before.view, after.view)
  return displayDelta(after, delta, describeDelta(delta))
}

/** Whether the same hosts share pools, whatever these are called. */
function areAlike(old: readonly FleetHost[], now: readonly FleetHost[]): boolean {
  const pairs = new Set(old.map(({ pool }, i) => JSON.stringify([pool, now[i]?.pool])))
  const countOf = (hosts: readonly FleetHost[]) => new Set(hosts.map(({ pool }) => pool)).size
  return pairs.size === countOf(old) && pairs.size === countOf(now)
}

/** What a change does to pools and guests, in the words of `drift` and `what-if`. */
function displayDelta(analysis: Analysis, { pools, guests }: DeltaAnswer, title: string): DeltaDisplay {
  return {
    title: capitalize('', title),
    pools: pools.map(pool => ({
      ...pool,
      gained: classed(analysis, pool.gained),
      lost: classed(analysis, pool.lost),
      unknown: classed(analysis, pool.unknown),
    })),
    guests: guests.map(one => ({
      guest: one.guest,
      host: one.host,
      what: fateOf(one),
      why: one.obstacles.length > 0 ? describeObstacles(one.obstacles) : '',
      isGood: one.freed,
    })),
  }
}

const classed = ({ view: { db }, feature }: Analysis, reasons: readonly Reason[]): ClassedFeature[] =>
  reasons.flatMap(reason => {
    const found = db.features.get(reason.feature)
    return found ? feature(found) : []
  })

/**
 * The recordings with paths by which `drift` can pair their hosts: folders that all hosts of one have in common are
 * left out, as many as make most paths equal. What was dropped as `march/prod` is paired with what was dropped as `prod`.
 */
function paired(before: FleetView, after: FleetView): [before: FleetView, after: FleetView] {
  const [olds, news] = [shortened(before.fleet.hosts), shortened(after.fleet.hosts)]
  let best: { readonly equal: number; readonly old: string[]; readonly now: string[] } | undefined
  for (const old of olds) {
    const known = new Set(old)
    for (const now of news) {
      const equal = now.filter(path => known.has(path)).length
      if (!best || equal > best.equal) best = { equal, old, now }
    }
  }
  const withPaths = ({ context, fleet }: FleetView, paths: readonly string[] = []) =>
    viewOf(context, { ...fleet, hosts: fleet.hosts.map((host, i) => ({ ...host, path: paths[i] })) })
  return [withPaths(before, best?.old), withPaths(after, best?.now)]
}

/** The hosts' paths without none, one, … of the folders that all have in common. */
function shortened(hosts: readonly FleetHost[]): string[][] {
  const paths = hosts.map(({ path, name }) => (path ?? name).split('/'))
  const [first = []] = paths
  let common = 0
  while (
    common < first.length - 1 &&
    paths.every(path => path[common] === first[common] && path.length > common + 1)
  )
    common++
  return Array.from({ length: common + 1 }, (_, cut) => paths.map(path => path.slice(cut).join('/')))
}
