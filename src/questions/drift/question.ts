import * as v from 'valibot'
import { hex } from '../../core/bits.ts'
import { printSignature } from '../../core/model.ts'
import {
  type Change,
  type ChangedHost,
  compareFleets,
  hasDrifted,
  hasLost,
} from '../../fleet/change/drift.ts'
import type { Group } from '../../fleet/groups.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { BadRequest, type Context } from '../context.ts'
import { fleetInput, openFleet, viewsOf } from '../input/fleet/open-fleet.ts'
import { type FleetView, viewOf } from '../input/fleet/view.ts'
import { emulatorNotes } from '../migrate/compute.ts'
import { question } from '../question.ts'
import { described, word } from '../schema.ts'
import { answerEach, reportSections, withSections } from '../sections.ts'
import { deltaAnswer } from '../what-if/compute.ts'
import { reasonOf } from '../words/note.ts'
import { type ChangeAnswer, type ChangedHostAnswer, DriftAnswer } from './answer.ts'

/**
 * How a fleet differs from what it was, and what that does to pools and guests.
 * @param by what pairs hosts
 * @throws BadRequest for a host without the UUID that should pair it
 */
export function driftAnswer(before: FleetView, after: FleetView, by: 'path' | 'uuid' = 'path'): DriftAnswer {
  const key = KEYS[by]
  const drift = compareFleets(before.fleet.hosts, after.fleet.hosts, key)
  const { gone, added, changed, same } = drift
  return {
    drifted: hasDrifted(drift),
    hasLost: hasLost(drift),
    gone: gone.map(({ name }) => name),
    added: added.map(({ name }) => name),
    changed: changed.map(host => changedAnswer(after, host)),
    same,
    ...deltaAnswer(before, renamed(before, after, key)),
  }
}

type Key = (host: FleetHost) => string

const KEYS: Readonly<Record<'path' | 'uuid', Key>> = {
  path: ({ path, name }) => path ?? name,
  uuid: ({ uuid, name }) => {
    if (uuid) return uuid.toLowerCase()
    throw new BadRequest(`${name} has no UUID: pair hosts by path, or record capabilities, which have one`)
  },
}

/** The new fleet with its hosts called as they were: guests name their hosts by old names. */
function renamed({ fleet: { hosts } }: FleetView, after: FleetView, key: Key): FleetView {
  const names = new Map(hosts.map(host => [key(host), host.name]))
  const now = after.fleet.hosts.map(host => ({ ...host, name: names.get(key(host)) ?? host.name }))
  return viewOf(after.context, { ...after.fleet, hosts: now })
}

function changedAnswer(view: FleetView, { before, after, changes }: ChangedHost): ChangedHostAnswer {
  const was = before.path === after.path || before.name === after.name ? {} : { was: before.name }
  const group = view.groupOf.get(after.name)
  return { host: after.name, ...was, changes: changes.map(change => changeAnswer(view, group, change)) }
}

/** @param group of the host as it is now */
function changeAnswer({ db, finder }: FleetView, group: Group | undefined, change: Change): ChangeAnswer {
  switch (change.field) {
    case 'features': {
      const { gained, lost } = change
      const find = group && finder.forGroup(group)
      const lostAnswers = db.features.in(lost).flatMap(feature => {
        const found = find?.(feature)
        if (!found) return []
        const { cause, confidence, remedy } = found
        return { ...reasonOf(feature), cause, confidence, remedy }
      })
      return { field: 'features', gained: db.features.in(gained).map(reasonOf), lost: lostAnswers }
    }
    case 'signature': {
      const text = (of: typeof change.from) => (of ? printSignature(of) : null)
      return { field: 'signature', from: text(change.from), to: text(change.to) }
    }
    case 'tscHz':
      return { field: 'tscHz', from: String(change.from), to: String(change.to) }
    case 'vulnerability':
      return { ...change, from: change.from ?? null, to: change.to ?? null }
    case 'microcode': {
      const text = (of: typeof change.from) => (of === undefined ? null : `0x${hex(of, 1)}`)
      return { field: 'microcode', from: text(change.from), to: text(change.to) }
    }
    default:
      return { field: change.field, from: textOf(change.from), to: textOf(change.to) }
  }
}

const textOf = (value: string | number | undefined): string | null =>
  value === undefined ? null : String(value)

/** The fleet of an architecture of which there is no host. */
const emptyView = (context: Context, arch: string): FleetView =>
  viewOf(context, { arch, hosts: [], guests: [], pools: [], constraints: {}, requirements: [] })

const fleet = (description: string) =>
  described(v.strictObject(fleetInput, 'must be a fleet: {documents, fleet}'), description)

const input = v.strictObject({
  before: fleet('The fleet as it was.'),
  after: fleet('The fleet as it is.'),
  by: v.optional(
    word(['path', 'uuid'], 'What pairs hosts: path (default), or the uuid of their capabilities.'),
  ),
})

export const driftQuestion = question({
  name: 'drift',
  summary: 'Compare a fleet with what it was, and compute what the difference does',
  input,
  answer: withSections(DriftAnswer),
  report: async () => reportSections((await import('./report.ts')).reportDrift),
  run(context, { before, after, by }) {
    const [old, now] = [openFleet(context, before), openFleet(context, after)]
    const olds = viewsOf(old)
    const news = viewsOf(now).filter(
      ({ fleet }) => fleet.hosts.length > 0 || fleet.arch === olds[0]?.fleet.arch,
    )
    const arches = [...new Set([...olds, ...news].map(({ fleet }) => fleet.arch))]
    const find = (views: readonly FleetView[], arch: string) =>
      views.find(({ fleet }) => fleet.arch === arch) ?? emptyView(context, arch)
    const answer = answerEach(
      arches.map(arch => find(olds, arch)),
      view => driftAnswer(view, find(news, view.fleet.arch), by),
    )
    const hosts = [
      ...olds.flatMap(view => view.fleet.hosts.map(host => ({ ...host, name: `${host.name} before` }))),
      ...news.flatMap(view => view.fleet.hosts),
    ]
    return { answer, notes: [...now.notes, ...emulatorNotes(hosts)] }
  },
})
