import type { FleetCpus, Fold, IdRegisters } from '../../arch/driver.ts'
import { requireDecoder, requireDriver } from '../../arch/registry.ts'
import { addIfMissing, type CpuFeature, type GuestCpu } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { oncePer } from '../../core/memo.ts'
import type { Model, Vendor } from '../../core/model.ts'
import { findModelRefusal, type HypervisorModels, type ModelRefusal } from '../../fleet/asked-model.ts'
import { detailsIn, withoutVoid } from '../../fleet/causes/finding.ts'
import type { Fleet, KeptCpu } from '../../fleet/fleet.ts'
import { baselineOf, type Group } from '../../fleet/groups.ts'
import type { FleetHost } from '../../fleet/host.ts'
import {
  basesMissingFrom,
  type CommonOffer,
  findCommonOffer,
  findOnRequest,
  halvesWithout,
  withoutHalves,
} from '../../fleet/offered.ts'
import { familyOf as familyOfName } from '../../formats/express.ts'
import { parseCpu } from '../../formats/libvirt/parse-cpu.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { printQemuCpu } from '../../formats/qemu/cpu-argument.ts'
import type { WriteOptions } from '../../formats/write.ts'
import type { Database } from '../../map/database.ts'
import { listBeyond, SPARED } from '../../map/qemu-models.ts'

import type { Releases, ReleaseTable } from '../../map/releases.ts'
import { parseXml } from '../../xml/reader.ts'
import { writtenOrWhy } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { PoolDefinition } from './answer.ts'

/** A hypervisor's word against a model, and a host that it is on. */
interface HostRefusal extends ModelRefusal {
  readonly host: string
}

/** What a pool's hypervisors have against a model. */
interface Verdict {
  /** Of the first that cannot give it, whatever a definition turns off; absent: there is none. */
  readonly refusal?: HostRefusal
  /** What some hypervisor lacks of its own model of that name and libvirt's does not have: to be turned off by name. */
  readonly withheld: readonly Feature[]
}

const NOTHING: Verdict = { withheld: [] }

/** What the recorded hypervisors of a pool's hosts say of models. */
export class Refusals {
  readonly #features: FeatureTable
  /** Each list once, with the first of its hosts. */
  readonly #hosts = new Map<HypervisorModels, string>()
  readonly #names = new Map<readonly string[], string>()

  constructor(features: FeatureTable, groups: readonly Group[]) {
    this.#features = features
    for (const { hosts } of groups) {
      for (const { models, emulatorModels, name } of hosts) {
        if (models && !this.#hosts.has(models)) this.#hosts.set(models, name)
        if (emulatorModels && !this.#names.has(emulatorModels)) this.#names.set(emulatorModels, name)
      }
    }
  }

  of(model: Model): Verdict {
    const withheld = new Set<Feature>()
    for (const [names, host] of this.#names) {
      if (names.includes(model.name)) continue
      return {
        refusal: { kind: 'model', model: model.name, because: 'unknown', blockers: [], host },
        withheld: [],
      }
    }
    for (const [models, host] of this.#hosts) {
      const refusal = findModelRefusal(
        { name: model.name, disabled: new Set<string>(), comparedByBits: model.compat, replaceable: false },
        models,
      )
      if (!refusal) continue
      const known = refusal.blockers.map(name => this.#features.get(name))
      if (refusal.because !== 'blocked' || known.includes(undefined))
        return { refusal: { ...refusal, host }, withheld: [] }
      for (const feature of known) if (feature && !feature.bits.leq(model.features)) withheld.add(feature)
    }
    return withheld.size > 0 ? { withheld: [...withheld] } : NOTHING
  }
}

/** A named model for a pool's guests, and what their definition then has to say. */
export interface Candidate {
  readonly model: Model
  /** What the pool has beyond the model, in map order; details of nesting go by the model. */
  readonly added: readonly Feature[]
  /** What the model has and the pool has not, in map order, with what was once in it and what a host lacks of QEMU's model of that name. */
  readonly disabled: readonly Feature[]
  /** What the model has and some host is not known to give, in map order: it is assumed there. */
  readonly assumed: readonly Feature[]
  /** How long its definition is as far as that chooses: words to disable count twice, details of vmx and svm not. */
  readonly cost: number
  readonly needs: Releases
  /** A host whose hypervisor cannot give the model, whatever is turned off; absent: none is known to. */
  readonly refusal?: HostRefusal
}

/** The model whose definition is shortest, and the next ones, each of another family. */
interface Choice {
  readonly chosen: Candidate
  readonly runnersUp: readonly Candidate[]
}

/** Runners-up that are shown. */
const MOST = 3

/**
 * The named models for what a pool's guests may be given, the one with the shortest and most stable definition
 * first: one that every hypervisor can give and no later QEMU has dropped, whose words to disable count twice, a name that only newer versions
 * know as further words, and what is not known of some host a little; of equals the one with fewer to disable, then the older, then the later in
 * map order. Undefined: no model fits the vendor. A host of unknown vendor is taken to be of the others'; if all are, any vendor's model will do.
 */
export function choose(
  { db, cpus }: Context,
  releases: ReleaseTable,
  groups: readonly Group[],
  asked?: FeatureSet,
): Choice | undefined {
  const fits = vendorsThatFit(groups)
  const refusals = new Refusals(db.features, groups)
  const weighty = db.features.setOf(db.features.list.filter(isWeighty))
  const offer = findCommonOffer(cpus, groups, asked)
  const { given, able, open } = offer
  const isForeign = foreignTo(db, groups)
  const [wanted, age] = [given.meet(weighty), ageOf(releases)]
  const ranked = db.models
    .filter(model => suits(model, fits))
    .map((model): Ranked => {
      const { refusal, withheld } = refusals.of(model)
      const own = model.features
      const gone = goneFrom(model, withheld, open)
      const disabled = offOf(cpus, model, offer).size + gone.length
      const unsure = own.meet(open).sizeWithout(able)
      const cost = wanted.sizeWithout(own) + 2 * disabled + unsure / UNSURE_A_WORD
      const all = given.sizeWithout(own) + own.sizeWithout(able)
      const isOver = releases.goneIn('qemu', model.name) !== undefined
      return {
        model,
        refusal,
        gone,
        cost,
        disabled,
        all,
        age: age(model),
        isOver,
        isForeign: isForeign(model),
      }
    })
    .sort(byRank)
  const candidate = ({ model, refusal, gone, cost }: Ranked): Candidate => {
    const own = model.features
    const added = db.features.in(given.minus(own)).filter(({ class: of }) => of !== 'nested')
    const off = offOf(cpus, model, offer).join(lackingBeyond(cpus, model, offer, groups))
    const disabled = [...new Set([...db.features.in(off), ...gone])]
    const assumed = db.features.in(own.meet(open).minus(able).minus(off))
    const needs = releases.needed([model.name, ...[...added, ...disabled].map(({ name }) => name)])
    return { model, added, disabled, assumed, cost, needs, ...(refusal && { refusal }) }
  }
  const [first] = ranked
  return first && { chosen: candidate(first), runnersUp: othersOf(first, ranked).map(candidate) }
}

/**
 * What of a model some host is known not to give, and what cannot be used without that, or without what the model itself
 * does not have: libvirt's Icelake-Client has VBMI and no AVX-512. Where libvirt compares its bits, as it does too where a
 * definition turns some off, details of what is not there count.
 */
function offOf(cpus: FleetCpus, model: Model, offer: CommonOffer): FeatureSet {
  const { features: own, compat } = model
  const lacking = own.minus(offer.open)
  const missing = lacking.join(basesOf(cpus)(model).minus(own).minus(offer.given))
  const off = lacking.join(halvesWithout(cpus, missing, own))
  return off.isEmpty && !compat ? off : off.join(own.meet(offer.idle))
}

/** What a model's features and QEMU's cannot be used without, and it does not have: of most models nothing. */
const basesOf = oncePer((cpus: FleetCpus) =>
  oncePer((model: Model) => {
    const beyond = listBeyond(cpus.db).get(model) ?? FeatureSet.empty
    return basesMissingFrom(cpus, model.features.join(beyond)).join(basesMissingFrom(cpus, model.features))
  }),
)

/** So many features that are not known of some host count as one word. */
const UNSURE_A_WORD = 16

/** The vendors whose models, besides those of none, may be chosen; undefined: any. */
function vendorsThatFit(groups: readonly Group[]): ReadonlySet<string> | undefined {
  const vendors = new Set(groups.flatMap(({ vendor }) => vendor ?? []))
  if (vendors.size === 0) return undefined
  return vendors.size === 1 ? vendors : new Set()
}

interface Ranked {
  readonly model: Model
  readonly refusal: HostRefusal | undefined
  /** What is to be disabled though the model does not have it. */
  readonly gone: readonly Feature[]
  readonly cost: number
  readonly disabled: number
  /** How many words its definition has. */
  readonly all: number
  readonly age: number
  /** Whether newer versions of QEMU no longer know it. */
  readonly isOver: boolean
  /** Whether it is of none of the families that the hosts themselves are said to be of. */
  readonly isForeign: boolean
}

/** The best of other families. */
function othersOf(first: Ranked, ranked: readonly Ranked[]): Ranked[] {
  const families = new Set([familyOf(first.model)])
  const others: Ranked[] = []
  for (const one of ranked) {
    if (others.length === MOST) break
    if (!families.has(familyOf(one.model))) others.push(one)
    families.add(familyOf(one.model))
  }
  return others
}

/**
 * What QEMU's model of that name has beyond libvirt's, and some host is known to lack: `enforce` would refuse it. So
 * with what cannot be used without what is not there: QEMU's n270 has LAHF in 64-bit mode, and no such mode. QEMU leaves out by itself what
 * means nothing without what is turned off.
 */
function lackingBeyond(
  cpus: FleetCpus,
  model: Model,
  offer: CommonOffer,
  groups: readonly Group[],
): FeatureSet {
  const beyond = listBeyond(cpus.db).get(model) ?? FeatureSet.empty
  const { open } = offer
  const bases = basesOf(cpus)(model).minus(beyond).minus(offer.given)
  const missing = model.features.join(beyond).minus(open).join(bases)
  const lacking = beyond.minus(open).join(halvesWithout(cpus, missing, beyond))
  if (!lacking || lacking.isEmpty) return FeatureSet.empty
  const { features: table } = cpus.db
  const spared = findOnRequest(table, groups).meet(table.setOfNames(SPARED))
  const details = lacking.meet(detailsIn(cpus))
  const meaningful = withoutVoid(cpus, model.features.meet(open).join(details)).meet(details)
  return lacking.minus(details).minus(spared).join(meaningful)
}

/** What was once in the model, and what a hypervisor lacks of its own model of that name. */
const goneFrom = (model: Model, withheld: readonly Feature[], open: FeatureSet): Feature[] => [
  ...new Set([...model.removed.filter(({ bits }) => !bits.leq(open)), ...withheld]),
]

/** Guests may be given it by name, and it is of a vendor that fits, or of none. */
const suits = ({ decode, name, vendor }: Model, fits: ReadonlySet<string> | undefined): boolean =>
  (decode.guest || /-v\d+$/.test(name)) && (vendor === undefined || !fits || fits.has(vendor.name))

/**
 * Whether a feature weighs in a choice. Details of vmx and svm come with any model of the generation, or with none,
 * by how its definition was written; they and what the OS owns do not choose.
 */
const isWeighty = ({ class: of }: Feature): boolean => of !== 'nested' && of !== 'volatile'

const ageOf =
  (releases: ReleaseTable) =>
  ({ name }: Model): number =>
    releases.age('qemu', name) + releases.age('libvirt', name)

const isVersion = ({ name }: Model): number => Number(/-v\d+$/.test(name))

/** How many versions newer a model must be to count as much as a word more. */
const VERSIONS_A_WORD = 3

/** As much as a word to disable: guests of servers are better off on the oldest server's model than on a client's. */
const FOREIGN_WORDS = 2

const lengthOf = ({ cost, age, isForeign }: Ranked): number =>
  cost + Math.ceil(age / VERSIONS_A_WORD) + (isForeign ? FOREIGN_WORDS : 0)

const byRank = (a: Ranked, b: Ranked): number =>
  Number(a.refusal !== undefined) - Number(b.refusal !== undefined) ||
  Number(a.isOver) - Number(b.isOver) ||
  lengthOf(a) - lengthOf(b) ||
  a.disabled - b.disabled ||
  a.all - b.all ||
  a.age - b.age ||
  isVersion(a.model) - isVersion(b.model) ||
  b.model.index - a.model.index

/** Whether a model is of no family of those that documents call the hosts. Where they name none, no model is. */
function foreignTo(db: Database, groups: readonly Group[]): (model: Model) => boolean {
  const names = new Set(groups.flatMap(({ hosts }) => hosts.flatMap(({ model }) => model ?? [])))
  const families = new Set([...names].flatMap(name => familyOf(db.model(name) ?? { name })))
  return model => families.size > 0 && !families.has(familyOf(model))
}

/** `EPYC-Rome` of `EPYC-Rome-v2`, `Haswell` of `Haswell-noTSX-IBRS`. */
const familyOf = ({ name, canonical = name }: Pick<Model, 'name' | 'canonical'>): string =>
  familyOfName(canonical)

/** The CPU for the guests of a pool. */
export interface PoolCpu {
  /** What it has that every host is known, or assumed, to give. */
  readonly features: FeatureSet
  /** Features that are missing on no host as far as is known, but not known of every host: guests are not given them. */
  readonly unknown: FeatureSet
  /** Undefined: no model fits. */
  readonly definition?: PoolDefinition
  readonly chosen?: Candidate
  readonly runnersUp: readonly Candidate[]
  /** Of a pool that has a kept CPU, which it then is. */
  readonly kept?: KeptState
}

/** What a pool's guests have none of as far as is known and that no host is known to lack: left out, or assumed. */
export const notLost = (
  db: Database,
  groups: readonly Group[],
  { unknown, definition }: PoolCpu,
): FeatureSet => {
  const common = baselineOf(groups)
  const halves = common.minus(withoutHalves(db, common))
  return unknown.join(db.features.setOfNames(definition?.assumed ?? [])).join(halves)
}

interface PooledView extends Pick<FleetView, 'context' | 'releases'> {
  readonly fleet: Pick<Fleet, 'constraints'> & Partial<Pick<Fleet, 'hosts' | 'kept'>>
}

/** How a pool stands to its kept CPU. */
interface KeptState {
  /** What it has and some host is known not to give any more. */
  readonly lost: FeatureSet
  /** What it has and nothing is known of on some host. */
  readonly unknown: FeatureSet
  /** What the hosts could give beyond it today. */
  readonly gains: FeatureSet
  /** The CPU that the guests would be given today, were none kept. */
  readonly today: PoolCpu
}

/**
 * The one answer to what the guests of these hosts should be given: every question about a pool gives it. A pool's kept CPU
 * is the answer, whatever its hosts could give.
 * @param asked what the pool must have, and guests so ask for; absent: as the fleet file says
 * @param label of which pool the hosts are; absent: of the one that has exactly them, if there is one
 */
export function poolCpuOf(
  view: PooledView,
  groups: readonly Group[],
  asked = view.fleet.constraints.mustHave,
  label = view.fleet.kept && labelOf(view.fleet, groups),
): PoolCpu {
  const today = computePoolCpu(view, groups, asked)
  const kept = label === undefined ? undefined : view.fleet.kept?.get(label)
  return kept ? keepCpu(view, groups, kept, today) : today
}

/** The label of the pool that has exactly these hosts; undefined: none has. */
function labelOf({ hosts: all = [] }: PooledView['fleet'], groups: readonly Group[]): string | undefined {
  const hosts = groups.flatMap(group => group.hosts)
  const [label = '', ...more] = new Set(hosts.map(({ pool = '' }) => pool))
  const size = all.filter(({ pool = '' }) => pool === label).length
  return more.length === 0 && size === hosts.length ? label : undefined
}

/** The kept CPU as the answer, and how the pool stands to it. */
function keepCpu(view: PooledView, groups: readonly Group[], kept: KeptCpu, today: PoolCpu): PoolCpu {
  const { features } = kept
  const { able, open } = findCommonOffer(view.context.cpus, groups, features)
  const unknown = features.meet(open).minus(able)
  return {
    features: features.meet(able),
    unknown: today.unknown,
    definition: { ...wordsOfKept(view, kept), assumed: namesOf(view.context.db.features.in(unknown)) },
    runnersUp: [],
    kept: { lost: features.minus(open), unknown, gains: today.features.minus(features), today },
  }
}

function wordsOfKept({ context, releases }: PooledView, { cpu }: KeptCpu): Omit<PoolDefinition, 'assumed'> {
  const { model = '' } = cpu
  const pinned = context.db.model(model)?.canonical ?? model
  const { features: table } = context.db
  const all = table.in(table.setOfNames(cpu.features.map(({ name }) => name)))
  const isOff = ({ name }: Feature) =>
    cpu.features.some(one => one.name === name && (one.policy === 'disable' || one.policy === 'forbid'))
  const [added, off] = [all.filter(one => !isOff(one)), all.filter(isOff)].map(namesOf) as [
    string[],
    string[],
  ]
  const words = { pinned, added, disabled: off, xml: printCpu(cpu) }
  return {
    model,
    ...words,
    qemu: printQemuCpu(guestOfQemu(context, words)),
    leastVersions: releases?.needed([model, ...namesOf(all)]) ?? { qemu: 'not known', libvirt: 'not known' },
  }
}

function computePoolCpu(
  { context, releases }: PooledView,
  groups: readonly Group[],
  asked: FeatureSet | undefined,
): PoolCpu {
  const { db } = context
  const { given, able, open } = findCommonOffer(context.cpus, groups, asked)
  const unknown = unionOfPossible(groups).meet(open).minus(able)
  // Where models are no choice, the architecture's own baseline is the answer.
  if (!releases) {
    const definition = expressByDefinitions(context, groups)
    return { features: given, unknown, ...(definition && { definition }), runnersUp: [] }
  }
  const choice = choose(context, releases, groups, asked)
  if (!choice) return { features: given, unknown, runnersUp: [] }
  const { chosen, runnersUp } = choice
  const kept = chosen.model.features.minus(db.features.setOf(chosen.disabled))
  const own = kept.meet(able).join(db.features.setOf(chosen.added))
  const assumed = db.features.setOf(chosen.assumed)
  const definition = definitionOf(context, own.join(assumed), vendorOf(context, groups), chosen)
  // Details of what the definition turns off mean nothing.
  const live = withoutVoid(context.cpus, own.join(assumed))
  const named = assumed.meet(live)
  return {
    features: own.meet(live),
    unknown: unknown.minus(named),
    definition: { ...definition, assumed: namesOf(db.features.in(named)) },
    chosen,
    runnersUp,
  }
}

const unionOfPossible = (groups: readonly Group[]): FeatureSet =>
  groups.reduce(
    (all, { evidence, features, withheld }) => all.join((evidence?.possible ?? features).minus(withheld)),
    FeatureSet.empty,
  )

function vendorOf({ db }: Context, groups: readonly Group[]): Vendor | undefined {
  const vendors = new Set(groups.map(({ vendor }) => vendor))
  const [name] = vendors.size === 1 ? vendors : []
  return name === undefined ? undefined : db.vendor(name)
}

/** The candidate written down for guests that have all of `given`. */
function definitionOf(
  context: Context,
  given: FeatureSet,
  vendor: Vendor | undefined,
  { model, added, disabled, assumed, needs }: Candidate,
): PoolDefinition {
  const { db, decodeOn } = requireDecoder(context.map)
  const off = disabled.map(({ name }): CpuFeature => ({ name, policy: 'disable' }))
  // What is turned off is said after it.
  const kept = model.features.minus(db.features.setOf(disabled))
  const cpu = decodeOn({ features: given.join(kept), vendor }, model, {})
  const features = off.reduce(addIfMissing, cpu.features)
  const words = {
    pinned: model.canonical ?? model.name,
    added: namesOf(added),
    disabled: namesOf(disabled),
    xml: printCpu({ ...cpu, features }),
  }
  return {
    model: model.name,
    ...words,
    assumed: namesOf(assumed),
    qemu: printQemuCpu(guestOfQemu(context, words)),
    leastVersions: needs,
  }
}

/** The guest's CPU that a pool's definition is. */
export const guestOfExpression = ({ xml }: Pick<PoolDefinition, 'xml'>): GuestCpu => {
  const cpu = parseCpu(parseXml(xml, ''), 'guest')
  return cpu.type === 'guest' ? cpu : { ...cpu, type: 'guest' }
}

/** The same for QEMU itself, where a model's name has to mean the same on every machine type. */
const guestOfQemu = (
  { arch }: Context,
  definition: Pick<PoolDefinition, 'pinned' | 'added' | 'disabled' | 'xml'>,
): GuestCpu => ({
  ...guestOfExpression(definition),
  arch,
  model: definition.pinned,
  features: [
    ...definition.added.map((name): CpuFeature => ({ name, policy: 'require' })),
    ...definition.disabled.map((name): CpuFeature => ({ name, policy: 'disable' })),
  ],
})

/** A pool's definition with the text of the format that the options name. */
export const writePoolDefinition = (
  context: Context,
  definition: PoolDefinition,
  options: WriteOptions,
): PoolDefinition => ({
  ...definition,
  ...writtenOrWhy(options, () =>
    options.format === 'qemu'
      ? guestOfQemu(context, definition)
      : { ...guestOfExpression(definition), arch: context.arch },
  ),
})

/** The baseline of the groups' hosts by their definitions; undefined: the architecture has none, or one is not known. */
function foldDefinitions({ map, arch }: Context, groups: readonly Group[]): Fold | undefined {
  const fold = requireDriver(map, arch).bestFold?.()
  for (const { hosts } of groups) {
    for (const definition of new Map(hosts.map(host => [keyOf(host), host.definition])).values()) {
      if (!definition) return undefined
      fold?.add(definition)
    }
  }
  return fold
}

/** Equal for hosts whose definitions make the same of a baseline. */
const keyOf = ({ definition }: FleetHost): string =>
  `${definition?.model} ${[...(definition?.registers ?? [])].join(' ')}`

/** What the ID registers of the groups' hosts come to, as part of an answer; nothing where they are not known. */
export function idRegistersPart(
  context: Context,
  groups: readonly Group[],
): { readonly idRegisters?: IdRegisters } {
  if (groups.every(({ hosts }) => hosts.every(({ definition }) => !definition?.registers))) return {}
  const found = foldDefinitions(context, groups)?.obstacles?.idRegisters
  return found ? { idRegisters: found } : {}
}

/**
 * The CPU for guests of all the groups as their architecture's own baseline has it, where models are not chosen by the
 * length of their definitions. Undefined: it has no named models for guests, a host's definition is not known, or the
 * hosts have nothing in common.
 */
function expressByDefinitions(context: Context, groups: readonly Group[]): PoolDefinition | undefined {
  const { cpus } = context
  if (cpus.db.models.length === 0) return undefined
  try {
    const cpu = foldDefinitions(context, groups)?.result()
    const words = cpu && wordsOf(cpu)
    return words && { ...words, qemu: printQemuCpu(guestOfQemu(context, words)) }
  } catch (error) {
    if (error instanceof LibvirtError) return undefined
    throw error
  }
}

function wordsOf(cpu: GuestCpu): Omit<PoolDefinition, 'qemu'> {
  const { model = '', features } = cpu
  const named = (off: boolean) =>
    features.flatMap(({ name, policy }) => ((policy === 'disable') === off ? name : []))
  const needs = { qemu: 'not known', libvirt: 'not known' }
  return {
    model,
    pinned: model,
    added: named(false),
    disabled: named(true),
    assumed: [],
    xml: printCpu(cpu),
    leastVersions: needs,
  }
}

const namesOf = (features: readonly Feature[]): string[] => features.map(({ name }) => name)
