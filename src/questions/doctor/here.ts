import { count, fewNames } from '../../core/text.ts'
import { levelOf, nextLevel } from '../../map/levels.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { migrateAnswer } from '../migrate/compute.ts'
import { describeObstacles, takeAt } from '../migrate/describe.ts'
import { modelVerdicts } from '../models/compute.ts'
import { byGroups, hostsAt } from '../words/cells.ts'

/** Names in full in one line. */
const MOST = 8

/** What the hosts that were given say of models, and which models all of them can give; nothing without hosts. */
export function sayModels(view: FleetView, names: readonly string[]): string[] {
  const { hosts } = view.fleet
  if (hosts.length === 0) return []
  const { models, groups } = modelVerdicts(view)
  const asked = models.filter(({ name }) => names.some(one => one.toLowerCase() === name.toLowerCase()))
  const lines = asked.map(({ name, verdict, missing, unknown, absentInGroups }) => {
    const lacks = byGroups(groups, missing).map(
      ({ features, hosts: on }) =>
        `${fewNames(on)}: lacks ${fewNames(
          features.map(f => f.feature),
          MOST,
        )}`,
    )
    const absentOn = hostsAt(groups, absentInGroups)
    const absent = absentOn.length > 0 ? [`${fewNames(absentOn)}: the hypervisor has no such model`] : []
    const open =
      verdict === 'unknown'
        ? [
            `not known: ${fewNames(
              unknown.map(f => f.feature),
              MOST,
            )}`,
          ]
        : []
    const why = [...lacks, ...absent, ...open].join('; ')
    return `${name} ${VERDICTS[verdict]}${why ? `: ${why}` : ''}`
  })
  const best = models
    .filter(({ verdict }) => verdict === 'yes' || verdict === 'assumed')
    .map(({ name }) => name)
  const all = hosts.length === 1 ? hosts[0]?.name : `all ${hosts.length} hosts`
  return [...lines, ...(best.length > 0 ? [`${all} can give, best first: ${fewNames(best, MOST)}`] : [])]
}

const VERDICTS = {
  yes: 'runs on every host',
  assumed: 'should run on every host, as far as is known',
  unknown: 'may run: something is not known',
  no: 'does not run everywhere',
} as const

/** Which level the guests and hosts that were given reach. */
export function sayLevels(view: FleetView, wanted: string | undefined): string[] {
  const { fleet, levels, db } = view
  const asked = levels.find(({ name }) => name === wanted?.toLowerCase().replaceAll('_', '-'))
  const reached = (features: (typeof fleet.hosts)[number]['features']) =>
    levelOf(levels, features)?.name ?? 'no level of x86-64'
  const guests = fleet.guests
    .filter(({ features }) => !features.isEmpty)
    .map(({ name, model, features }) => {
      const needs = (asked ?? nextLevel(db.features, levels, features)?.level)?.needs
      const missing = needs ? db.features.in(needs.minus(features)).map(feature => feature.name) : []
      const lacks = missing.length > 0 ? `, lacks ${fewNames(missing, MOST)}` : ''
      return `the guest ${name}${model ? ` (${model})` : ''} reaches ${reached(features)}${lacks}`
    })
  const byLevel = new Map<string, string[]>()
  for (const { name, features } of fleet.hosts)
    byLevel.set(reached(features), [...(byLevel.get(reached(features)) ?? []), name])
  const hosts = [...byLevel].map(
    ([level, names]) => `guests of ${fewNames(names)} can have ${level} (host-model or host-passthrough)`,
  )
  return [...guests.slice(0, MOST), ...hosts, ...leastModels(view, asked?.name)]
}

/** The models of least worth that reach the level on every host. */
function leastModels(view: FleetView, level: string | undefined): string[] {
  if (level === undefined || view.fleet.hosts.length === 0) return []
  const { models } = modelVerdicts(view)
  const names = models
    .filter(
      ({ verdict, level: of }) => (verdict === 'yes' || verdict === 'assumed') && of !== null && of >= level,
    )
    .map(({ name }) => name)
  return names.length > 0
    ? [`models of that level that every host can give, best first: ${fewNames(names, MOST)}`]
    : [`no named model of that level is known to run on every host`]
}

/** Where the guests that were given can start and move. */
export function sayGuests(view: FleetView): string[] {
  if (view.fleet.guests.length === 0 || view.fleet.hosts.length === 0) return []
  const { guests, groups, obstacles } = migrateAnswer(view, true)
  const called = (places: readonly number[]) => places.map(place => groups[place]?.hosts[0] ?? '')
  const lines = guests
    .slice(0, MOST)
    .map(({ guest, startsInGroups: starts, refused, movesToGroups: moves, closed: why }) => {
      const closed = [...refused, ...why].flatMap(({ inGroups, reasons }) =>
        inGroups.map(place => ({ place, reasons })),
      )
      const shut = closed.filter(({ place }, i) => i < refused.length || !starts.includes(place))
      const known = new Map(shut.map(one => [one.place, one]))
      const not = [...known.values()].map(
        ({ place, reasons }) =>
          `not on ${called([place])[0]}: ${describeObstacles(takeAt(obstacles, reasons), MOST)}`,
      )
      const where =
        starts.length > 0 ? `starts on ${fewNames(called(starts))}` : 'starts on none of the hosts'
      const moving = moves.length > 0 ? `, moves to ${fewNames(called(moves))}` : ''
      return `the guest ${guest} ${where}${moving}${not.length > 0 ? `; ${not.join('; ')}` : ''}`
    })
  return guests.length > MOST ? [...lines, `and ${count(guests.length - MOST, 'more guest')}`] : lines
}
