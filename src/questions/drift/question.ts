import * as v from 'valibot'
import type { Context } from '../context.ts'
import { fleetInput, openFleet, viewsOf } from '../input/fleet/open-fleet.ts'
import { type FleetView, viewOf } from '../input/fleet/view.ts'
import { emulatorNotes } from '../migrate/compute.ts'
import { question } from '../question.ts'
import { described, word } from '../schema.ts'
import { answerEach, reportSections, withSections } from '../sections.ts'
import { DriftAnswer } from './answer.ts'
import { driftAnswer } from './compute.ts'

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
