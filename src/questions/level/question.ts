import * as v from 'valibot'
import { allOf, type Verdict } from '../../core/evidence.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { Model } from '../../core/model.ts'
import { fewNames } from '../../core/text.ts'
import type { Group } from '../../fleet/groups.ts'
import type { FleetGuest } from '../../fleet/guest.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { builtinQemuModels } from '../../map/qemu-models.ts'
import {
  builtinSystems,
  type NeededFeatures,
  neededOn,
  type SystemNeeds,
  systemNeeding,
} from '../../map/system-needs.ts'
import { BadRequest } from '../context.ts'
import { fleetInput, openFleet, viewsOf } from '../input/fleet/open-fleet.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { modelVerdicts } from '../models/verdicts.ts'
import { question } from '../question.ts'
import { names } from '../schema.ts'
import { reasonOf } from '../words/note.ts'
import { type FitLine, FitsAnswer, LevelAnswer, type SystemFit } from './answer.ts'
import { hasCpu, reachedLines } from './reached.ts'

/** The systems of these names; of none, all that are known. @throws BadRequest for a name that none has */
export const systemsOf = (names: readonly string[] = [], key = 'os'): readonly SystemNeeds[] =>
  names.length === 0
    ? builtinSystems()
    : names.map(name => systemNeeding(name, what => new BadRequest(`${key} ${what}`)))

/** Whether a system runs on every host, in every guest and everywhere in every pool. */
function systemFit(views: readonly FleetView[], system: SystemNeeds): SystemFit {
  const parts = views.map(view => ({ view, need: needOf(view, system) }))
  return {
    system: system.names[0],
    title: system.title,
    needs: parts.map(({ view, need }) => `${view.context.arch}: ${need ? sayNeed(view, need) : 'not known'}`),
    lines: parts.flatMap(({ view, need }) => linesOf(view, system, need ?? NEEDS_UNKNOWN)),
    sources: [...new Set([...system.sources, ...system.needs.flatMap(({ sources }) => sources)])],
  }
}

/** Of an architecture on which no source tells what a system needs. */
const NEEDS_UNKNOWN: NeededFeatures = {
  set: FeatureSet.empty,
  level: undefined,
  unknown: ['its needs'],
  isUnverified: false,
}

const needOf = (view: FleetView, system: SystemNeeds): NeededFeatures | undefined =>
  neededOn(system, view.context.arch === 'i686' ? 'x86_64' : view.context.arch, view.db.features, view.levels)

function sayNeed({ db, levels }: FleetView, { level, set, unknown, isUnverified }: NeededFeatures): string {
  const own = levels.find(({ name }) => name === level)?.needs
  const more = db.features.in(own ? set.minus(own) : set).map(({ name }) => name)
  const words = [...(level === undefined ? [] : [level]), ...more, ...unknown.filter(one => one !== level)]
  return `${words.join(' ') || 'nothing of which we know'}${isUnverified ? ' (unverified)' : ''}`
}

function linesOf(view: FleetView, system: SystemNeeds, need: NeededFeatures): FitLine[] {
  const hosts = view.fleet.hosts.map(host => lineOfHost(view, host, need))
  const guests = view.fleet.guests.map(guest => lineOfGuest(view, system, guest, need))
  const pools = view.pools.map(({ label, groups }) => lineOfPool(view, label, groups, hosts, need))
  return [...hosts, ...guests, ...pools]
}

/** What is known keeps its verdict, but `yes` of what is known in part is `unknown`. */
const verdictOf = (verdict: Verdict, { unknown }: NeededFeatures): Verdict =>
  verdict !== 'no' && unknown.length > 0 ? 'unknown' : verdict

function lineOfHost(view: FleetView, host: FleetHost, need: NeededFeatures): FitLine {
  const { evidence, features, name } = host
  const missing = evidence ? evidence.missing(need.set) : need.set.minus(features)
  const unknown = evidence ? view.db.features.in(evidence.unknown(need.set)) : []
  const verdict = evidence ? evidence.gives(need.set) : missing.isEmpty ? 'yes' : 'no'
  const group = view.groupOf.get(name)
  return {
    ...subjectOf(view, 'host', name),
    verdict: verdictOf(verdict, need),
    missing: view.db.features.in(missing).map(reasonOf),
    notKnown: [...unknown.map(feature => feature.name), ...need.unknown],
    fix: missing.isEmpty || !group ? '' : hostFix(view, group, missing),
    harms: [],
  }
}

const subjectOf = (view: FleetView, kind: FitLine['kind'], name: string) => ({
  kind,
  name,
  arch: view.context.arch,
})

/** What remedies that a host lacks features, each remedy once; nothing makes it a CPU of another vendor. */
function hostFix({ db, finder }: FleetView, group: Group, missing: FeatureSet): string {
  const found = db.features.in(missing).map(feature => finder.forGroup(group)(feature))
  const remedies = found.some(({ cause }) => cause === 'vendor') ? [] : found.map(({ remedy }) => remedy)
  return fewNames([...new Set(remedies)].filter(Boolean), 2)
}

function lineOfGuest(view: FleetView, system: SystemNeeds, guest: FleetGuest, need: NeededFeatures): FitLine {
  const { db } = view
  const missing = hasCpu(guest) ? need.set.minus(guest.features) : need.set.minus(need.set)
  const verdict = !hasCpu(guest) ? 'unknown' : missing.isEmpty ? 'yes' : 'no'
  const has = (name: string) => {
    const feature = db.features.get(name)
    return feature !== undefined && !feature.bits.isEmpty && feature.bits.leq(guest.features)
  }
  const harms = harmsOf(view, system, { ...guest, has }).map(({ feature, text }) => ({ feature, text }))
  return {
    ...subjectOf(view, 'guest', guest.name),
    verdict: verdictOf(verdict, need),
    missing: db.features.in(missing).map(reasonOf),
    notKnown: need.unknown,
    fix: missing.isEmpty ? '' : guestFix(view, guest, need.set, missing),
    harms,
  }
}

/** What a guest's CPU has that a system must not have, and what happens; `leaf>1e`: leaves of CPUID above that. */
export const harmsOf = (
  { db }: FleetView,
  { avoid }: SystemNeeds,
  cpu: {
    readonly vendor?: string | undefined
    readonly model?: string | undefined
    readonly has: (feature: string) => boolean
  },
): { feature: string; text: string; isCost: boolean; sources: readonly string[] }[] =>
  avoid
    .filter(
      ({ vendor }) =>
        vendor === undefined || vendor === (cpu.vendor ?? db.model(cpu.model ?? '')?.vendor?.name),
    )
    .flatMap(({ features, text, isCost, sources }) =>
      features
        .filter(name => {
          const least = /^leaf>([0-9a-f]+)$/.exec(name)?.[1]
          if (least === undefined) return cpu.has(name)
          const facts = builtinQemuModels().of(db.model(cpu.model ?? '')?.canonical ?? cpu.model ?? '')
          return facts !== undefined && facts.leaves.basic > Number.parseInt(least, 16)
        })
        .map(feature => ({ feature, text, isCost, sources })),
    )

/** The fewest changes to a guest's definition: some features by name, or the model that is nearest to what it has. */
function guestFix(view: FleetView, guest: FleetGuest, needed: FeatureSet, missing: FeatureSet): string {
  const { db, fleet } = view
  const hosts = fleet.hosts.filter(({ pool = '' }) => guest.pool === undefined || pool === guest.pool)
  const able = (set: FeatureSet) =>
    hosts.every(
      ({ evidence, features }) => !(evidence ? evidence.missing(set) : set.minus(features)).meets(set),
    )
  if (hosts.length > 0 && !able(needed)) return 'its hosts cannot give it: see there'
  const names = db.features.in(missing).map(({ name }) => name)
  const model = nearestModel(view, guest, needed)
  const options = [
    ...(names.length <= FEW ? [`turn on ${names.join(', ')}`] : []),
    ...(model ? [`give it the model ${model.name}`] : []),
    ...(names.length > FEW && !model ? [`turn on ${fewNames(names, 8)}`] : []),
    'host-model where its hosts reach that',
  ]
  return `power it off, and ${options.join(', or ')}`
}

/** So many features are added rather than the model changed. */
const FEW = 4

/** Of the models that have all that is needed and that every host can give, the one that differs least from the guest's CPU. */
function nearestModel(view: FleetView, guest: FleetGuest, needed: FeatureSet): Model | undefined {
  const { db, fleet } = view
  const usable = new Set(
    fleet.hosts.length === 0
      ? db.models.map(({ name }) => name)
      : modelVerdicts(view).models.flatMap(({ name, verdict }) =>
          verdict === 'yes' || verdict === 'assumed' ? name : [],
        ),
  )
  const fitting = db.models.filter(
    ({ name, features, vendor, decode }) =>
      decode.guest &&
      usable.has(name) &&
      needed.leq(features) &&
      (fleet.hosts.length > 0 || !vendor || !guest.vendor || vendor.name === guest.vendor),
  )
  const differs = ({ features }: Model) =>
    features.minus(guest.features).size + guest.features.minus(features).size
  return fitting.sort((a, b) => differs(a) - differs(b))[0]
}

function lineOfPool(
  view: FleetView,
  label: string,
  groups: readonly Group[],
  lines: readonly FitLine[],
  need: NeededFeatures,
): FitLine {
  const names = new Set(groups.flatMap(({ hosts }) => hosts.map(({ name }) => name)))
  const own = lines.filter(({ name }) => names.has(name))
  const lacking = own.filter(({ verdict }) => verdict === 'no')
  const missing = view.db.features.setOfNames(
    lacking.flatMap(line => line.missing.map(({ feature }) => feature)),
  )
  const some = lacking.map(({ name }) => name)
  const fix =
    lacking.length === 0
      ? ''
      : lacking.length < own.length
        ? `leave out ${fewNames(some)}: the other ${own.length - lacking.length} can all run it`
        : (lacking[0]?.fix ?? '')
  return {
    ...subjectOf(view, 'pool', label),
    verdict: verdictOf(allOf(own.map(({ verdict }) => verdict)), need),
    missing: view.db.features.in(missing).map(reasonOf),
    notKnown: [...new Set(own.flatMap(({ notKnown: unknown }) => unknown))],
    fix,
    harms: [],
  }
}

export const levelQuestion = question({
  name: 'level',
  summary: 'Say which level, profile or generation, and which -march, hosts, guests and pools reach',
  input: v.strictObject(fleetInput),
  answer: LevelAnswer,
  report: async () => (await import('./report.ts')).reportLevels,
  run(context, input) {
    const opened = openFleet(context, input)
    return { answer: { lines: viewsOf(opened).flatMap(reachedLines) }, notes: opened.notes }
  },
})

export const fitsQuestion = question({
  name: 'fits',
  summary:
    'Find which guests, hosts and pools cannot run an operating system or a program, and the cheapest fix',
  input: v.strictObject({
    ...fleetInput,
    os: v.optional(
      names('The systems or programs, such as rhel10 or windows11; absent: all that are known.'),
    ),
  }),
  answer: FitsAnswer,
  report: async () => (await import('./report.ts')).reportFits,
  run(context, { os, ...fleet }) {
    const systems = systemsOf(os)
    const opened = openFleet(context, fleet)
    const views = viewsOf(opened)
    return { answer: { systems: systems.map(system => systemFit(views, system)) }, notes: opened.notes }
  },
})
