import * as v from 'valibot'
import { allOf, type Verdict } from '../../core/evidence.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { oncePer } from '../../core/memo.ts'
import type { Model } from '../../core/model.ts'
import { bytewise, fewNames, groupBy } from '../../core/text.ts'
import type { Group } from '../../fleet/groups.ts'
import type { FleetGuest } from '../../fleet/guest.ts'
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
import { modelVerdicts } from '../models/compute.ts'
import { question } from '../question.ts'
import { names } from '../schema.ts'
import { isRemedy } from '../words/cells.ts'
import { reasonOf } from '../words/note.ts'
import { type FitLine, type FitMember, FitsAnswer, LevelAnswer, type SystemFit } from './answer.ts'
import { hasCpu, reachedLines } from './reached.ts'

/** The systems of these names; of none, all that are known. @throws BadRequest for a name that none has */
export const systemsOf = (names: readonly string[] = [], key = 'os'): readonly SystemNeeds[] =>
  names.length === 0
    ? builtinSystems()
    : names.map(name => systemNeeding(name, what => new BadRequest(`${key} ${what}`)))

/** A fleet of one architecture, with its hosts, guests and pools among the members of the answer. */
interface Part {
  readonly view: FleetView
  readonly members: readonly FitMember[]
  /** The place of the first of them. */
  readonly start: number
}

function partsOf(views: readonly FleetView[]): Part[] {
  let start = 0
  return views.map(view => {
    const { context, fleet, pools } = view
    const named = (kind: FitMember['kind'], all: readonly string[]) =>
      all.map((name): FitMember => ({ kind, name, arch: context.arch }))
    const members = [
      ...named(
        'host',
        fleet.hosts.map(({ name }) => name),
      ),
      ...named(
        'guest',
        fleet.guests.map(({ name }) => name),
      ),
      ...named(
        'pool',
        pools.map(({ label }) => label),
      ),
    ]
    const part = { view, members, start }
    start += members.length
    return part
  })
}

/** Whether a system runs on every host, in every guest and everywhere in every pool. */
function systemFit(parts: readonly Part[], system: SystemNeeds): SystemFit {
  const needs = parts.map(part => ({ part, need: needOf(part.view, system) }))
  return {
    system: system.names[0],
    title: system.title,
    needs: needs.map(
      ({ part: { view }, need }) => `${view.context.arch}: ${need ? sayNeed(view, need) : 'not known'}`,
    ),
    lines: needs.flatMap(({ part, need }) => linesOf(part, system, need ?? NEEDS_UNKNOWN)),
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

/** What is said, of whoever it is. */
type Said = Omit<FitLine, 'inMembers'>

/** Each line once, with all of a kind of which it is said. */
function linesOf({ view, start }: Part, system: SystemNeeds, need: NeededFeatures): FitLine[] {
  const { hosts, guests } = view.fleet
  const saidOf = oncePer((group: Group) => saidOfGroup(view, group, need))
  const ofGroup = (group: Group) => saidOf(group.partOf ?? group)
  let place = start
  const merge = (all: readonly Said[]): FitLine[] => {
    const placed = all.map(said => ({ said, place: place++ }))
    const alike = groupBy(placed, ({ said }) => keyOf(said).text)
    return [...alike.values()].flatMap(some =>
      some[0] ? [{ inMembers: some.map(one => one.place), ...some[0].said }] : [],
    )
  }
  const { groupOf } = view
  return [
    ...merge(hosts.flatMap(({ name }) => groupOf.get(name) ?? []).map(ofGroup)),
    ...merge(guests.map(guest => saidOfGuest(view, system, guest, need))),
    ...merge(view.pools.map(({ groups }) => saidOfPool(view, groups, ofGroup, need))),
  ]
}

/** Equal for equal lines; what is said of a group's hosts is one object. */
const keyOf = oncePer((said: Said) => ({ text: JSON.stringify(said) }))

/** What is known keeps its verdict, but `yes` of what is known in part is `unknown`. */
const verdictOf = (verdict: Verdict, { unknown }: NeededFeatures): Verdict =>
  verdict !== 'no' && unknown.length > 0 ? 'unknown' : verdict

function saidOfGroup(view: FleetView, group: Group, need: NeededFeatures): Said {
  const { evidence, features } = group
  const missing = evidence ? evidence.missing(need.set) : need.set.minus(features)
  const unknown = evidence ? view.db.features.in(evidence.unknown(need.set)) : []
  const verdict = evidence ? evidence.gives(need.set) : missing.isEmpty ? 'yes' : 'no'
  return {
    verdict: verdictOf(verdict, need),
    missing: view.db.features.in(missing).map(reasonOf),
    notKnown: [...unknown.map(feature => feature.name), ...need.unknown],
    fix: missing.isEmpty ? '' : hostFix(view, group, missing),
    harms: [],
  }
}

/** What remedies that a host lacks features; empty: of one of them nothing does, as where it is another vendor's. */
function hostFix({ db, finder }: FleetView, group: Group, missing: FeatureSet): string {
  const found = db.features.in(missing).map(feature => finder.forGroup(group)(feature))
  const remedies = [...new Set(found.map(({ remedy }) => remedy))]
  const other = remedies.find(remedy => remedy.startsWith('replace the host'))
  if (found.some(({ cause }) => cause === 'vendor')) return ''
  return other ?? (remedies.every(isRemedy) ? fewNames(remedies, 2) : '')
}

function saidOfGuest(view: FleetView, system: SystemNeeds, guest: FleetGuest, need: NeededFeatures): Said {
  const { db } = view
  const missing = hasCpu(guest) ? need.set.minus(guest.features) : need.set.minus(need.set)
  const verdict = !hasCpu(guest) ? 'unknown' : missing.isEmpty ? 'yes' : 'no'
  const has = (name: string) => {
    const feature = db.features.get(name)
    return feature !== undefined && !feature.bits.isEmpty && feature.bits.leq(guest.features)
  }
  const harms = harmsOf(view, system, { ...guest, has }).map(({ feature, text }) => ({ feature, text }))
  return {
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

/** The models that every host can give; of no hosts all. */
const usableOn = oncePer(
  (view: FleetView) =>
    new Set(
      view.fleet.hosts.length === 0
        ? view.db.models.map(({ name }) => name)
        : modelVerdicts(view).models.flatMap(({ name, verdict }) =>
            verdict === 'yes' || verdict === 'assumed' ? name : [],
          ),
    ),
)

/** Of the models that have all that is needed and that every host can give, the one that differs least from the guest's CPU. */
function nearestModel(view: FleetView, guest: FleetGuest, needed: FeatureSet): Model | undefined {
  const { db, fleet } = view
  const usable = usableOn(view)
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

function saidOfPool(
  view: FleetView,
  groups: readonly Group[],
  saidOf: (group: Group) => Said,
  need: NeededFeatures,
): Said {
  const own = groups.map(saidOf)
  const lacking = groups.filter(group => saidOf(group).verdict === 'no')
  const missing = view.db.features.setOfNames(
    lacking.flatMap(group => saidOf(group).missing.map(({ feature }) => feature)),
  )
  const some = lacking.flatMap(({ hosts }) => hosts.map(({ name }) => name)).sort(bytewise)
  const able = groups.reduce((sum, { hosts }) => sum + hosts.length, -some.length)
  const [first] = lacking
  const parted = able > 0 ? `leave out ${fewNames(some)}: the other ${able} can all run it` : undefined
  return {
    verdict: verdictOf(allOf(own.map(({ verdict }) => verdict)), need),
    missing: view.db.features.in(missing).map(reasonOf),
    notKnown: [...new Set(own.flatMap(({ notKnown: unknown }) => unknown))],
    fix: first ? (parted ?? saidOf(first).fix) : '',
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
    const parts = partsOf(viewsOf(opened))
    const members = parts.flatMap(part => part.members)
    const fits = systems.map(system => systemFit(parts, system))
    return { answer: { members, systems: fits }, notes: opened.notes }
  },
})
