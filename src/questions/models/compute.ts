import type { Driver } from '../../arch/driver.ts'
import { DEFAULT_ARCH, driverOf } from '../../arch/registry.ts'
import { allOf, Evidence, VERDICTS, type Verdict } from '../../core/evidence.ts'
import { FeatureSet, Interner } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { oncePer } from '../../core/memo.ts'
import type { Model } from '../../core/model.ts'
import { groupBy } from '../../core/text.ts'
import { withoutVoid } from '../../fleet/causes/finding.ts'
import { isGain } from '../../fleet/change/drain.ts'
import type { FleetGuest } from '../../fleet/guest.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { Valuation } from '../../fleet/value.ts'
import { evcModes, hasModes, namedByEvc } from '../../formats/named-levels.ts'
import type { Database } from '../../map/database.ts'
import { levelOf } from '../../map/levels.ts'
import { builtinWeights } from '../../map/weights.ts'
import type { Blockers } from '../../qemu/allowance.ts'
import type { FeatureInGroups } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { HypervisorHost } from '../input/hypervisor.ts'
import { keptCpusOf } from '../pools/compute.ts'
import { isQemuOnlyName } from '../words/cells.ts'
import { reasonOf } from '../words/note.ts'
import type {
  BlockedModel,
  LevelVerdict,
  ModelOnHosts,
  ModelVerdict,
  ModelVerdicts,
  UsableModels,
} from './answer.ts'

/**
 * The models that some host's hypervisor has, by whether every one of the hosts can give them.
 * @param hosts of one architecture
 */
export function usableModels(context: Context, hosts: readonly HypervisorHost[]): UsableModels {
  const arch = hosts[0]?.arch ?? DEFAULT_ARCH
  const driver = driverOf(context.map, arch)
  const db = driver?.db ?? context.db
  const groups = [...groupBy(hosts, ({ allowance }) => JSON.stringify([...allowance.models])).values()]
  const answers = rankedModels(driver, db, hosts).map(
    (model): BlockedModel => ({ ...model, ...obstacles(db, model.name, groups) }),
  )
  const isUsable = (model: BlockedModel) => isUnopposed(model) && model.unknownInGroups.length === 0
  return {
    groups: groups.map(all => ({ hosts: all.map(({ source }) => source) })),
    usableModels: answers.filter(isUsable).map(({ name, vendor, worth }) => ({ name, vendor, worth })),
    blockedModels: answers.filter(answer => !isUsable(answer)),
    ...qemuOnlyOf(db, hosts),
  }
}

/** Whether nothing is known to speak against the model. */
export const isUnopposed = ({ missing, absentInGroups, unexplainedInGroups }: BlockedModel): boolean =>
  missing.length + absentInGroups.length + unexplainedInGroups.length === 0

/** The names that hosts list and libvirt does not have, though QEMU's versions are known. */
function qemuOnlyOf(db: Database, hosts: readonly HypervisorHost[]): { qemuOnly?: string[] } {
  const listed = new Set(hosts.flatMap(({ allowance }) => [...allowance.models.keys()]))
  const unnamed = [...listed].filter(name => !db.model(name) && isQemuOnlyName(name))
  return unnamed.length > 0 ? { qemuOnly: unnamed.sort() } : {}
}

/** Best first; where nothing is known of an architecture's models, as the hypervisors list them. */
function rankedModels(
  driver: Driver | undefined,
  db: Database,
  hosts: readonly HypervisorHost[],
): ModelOnHosts[] {
  const listed = new Set(hosts.flatMap(({ allowance }) => [...allowance.models.keys()]))
  if (driver && !driver.db) {
    const ranked = [...listed].map(name => ({ name, vendor: driver.vendorOfModel?.(name) ?? '' }))
    return ranked.map(one => ({ ...one, worth: worthOf(driver, one.name) })).sort((a, b) => b.worth - a.worth)
  }
  const valuation = new Valuation(db.features, builtinWeights())
  const worth = (model: Model) => valuation.worth(model.features)
  return db.models
    .filter(({ name }) => listed.has(name))
    .sort((a, b) => worth(b) - worth(a) || b.index - a.index)
    .map(model => ({ name: model.name, vendor: model.vendor?.name ?? '', worth: worth(model) }))
}

/** What a model is worth by what a definition of it says; 0: that is not known. */
function worthOf({ fleet }: Driver, model: string): number {
  try {
    const { features } = fleet.read({ type: 'guest', model, features: [] })
    return new Valuation(fleet.db.features, builtinWeights()).worth(features)
  } catch (error) {
    if (error instanceof LibvirtError) return 0
    throw error
  }
}

function obstacles(db: Database, name: string, groups: readonly (readonly HypervisorHost[])[]) {
  const given = groups.map(([first]) => first?.allowance.models.get(name))
  const where = (wanted: (blockers: Blockers | undefined) => boolean) =>
    given.flatMap((blockers, i) => (wanted(blockers) ? i : []))
  const lacking = new Map<string, number[]>()
  given.forEach((blockers, i) => {
    if (typeof blockers !== 'object') return
    for (const feature of new Set(blockers)) lacking.set(feature, [...(lacking.get(feature) ?? []), i])
  })
  const missing = [...lacking].map(([feature, inGroups]): FeatureInGroups => {
    const known = db.features.get(feature)
    return { ...(known ? reasonOf(known) : { feature, place: '', title: '' }), inGroups }
  })
  return {
    missing,
    absentInGroups: where(blockers => blockers === undefined),
    unexplainedInGroups: where(blockers => blockers === 'unexplained'),
    unknownInGroups: where(blockers => blockers === 'unknown'),
  }
}

/** Hosts of which documents say the same. */
interface Kind {
  readonly first: FleetHost
  readonly hosts: string[]
}

/** What hosts of a kind say of a model. */
interface OnKind {
  readonly verdict: Verdict
  readonly missing: FeatureSet
  readonly unknown: FeatureSet
  readonly refusal?: 'absent' | 'unexplained'
}

/** Every model of the fleet's architecture, by whether all hosts of a fleet can give it. */
export function modelVerdicts(view: FleetView): ModelVerdicts {
  const kinds = kindsOf(view.fleet.hosts)
  const guests = guestsByCpu(view.fleet.guests, kinds)
  const models = view.db.models.map(model => ({ model, answer: verdictOn(view, model, kinds, guests) }))
  models.sort(
    (a, b) =>
      VERDICTS.indexOf(a.answer.verdict) - VERDICTS.indexOf(b.answer.verdict) ||
      b.answer.worth - a.answer.worth ||
      b.model.index - a.model.index,
  )
  return {
    groups: kinds.map(({ first, hosts }) => ({ hosts, vendor: first.vendor ?? null })),
    guestGroups: guests.map(({ names }) => names),
    models: models.map(({ answer }) => answer),
    ...levelVerdicts(view, kinds, guests),
    ...keptCpusOf(view),
  }
}

/** Guests of one CPU that run on hosts of one kind. */
interface GuestKind {
  readonly names: readonly string[]
  readonly features: FeatureSet
  /** The place of their hosts' kind. */
  readonly on: number
}

function guestsByCpu(guests: readonly FleetGuest[], kinds: readonly Kind[]): GuestKind[] {
  const places = new Map(kinds.flatMap(({ hosts }, i) => hosts.map(host => [host, i] as const)))
  const sets = new Interner()
  const found = new Map<string, { names: string[]; features: FeatureSet; on: number }>()
  for (const { name, host = '', features } of guests) {
    const on = places.get(host)
    if (on === undefined) continue
    const key = `${on} ${sets.intern(features).key}`
    const alike = found.get(key) ?? { names: [], features, on }
    alike.names.push(name)
    found.set(key, alike)
  }
  return [...found.values()]
}

function kindsOf(hosts: readonly FleetHost[]): Kind[] {
  const kinds: Kind[] = []
  for (const host of hosts) {
    const { evidence, models, emulatorModels, features } = host
    const kind = kinds.find(
      ({ first }) =>
        first.evidence === evidence &&
        first.models === models &&
        first.emulatorModels === emulatorModels &&
        first.features === features,
    )
    if (kind) kind.hosts.push(host.name)
    else kinds.push({ first: host, hosts: [host.name] })
  }
  return kinds
}

function verdictOn(
  view: FleetView,
  model: Model,
  kinds: readonly Kind[],
  guests: readonly GuestKind[],
): ModelVerdict {
  const on = kinds.map(kind => onKind(view, model, kind))
  const refused = (why: OnKind['refusal']) => on.flatMap(({ refusal }, i) => (refusal === why ? i : []))
  const level = levelOf(view.levels, model.features)
  const gains = gainsOf(view.db)
  // Guests of hosts that fall out are in no pool with it.
  const places = (isMeant: (features: FeatureSet) => boolean) =>
    guests.flatMap((one, i) =>
      on[one.on]?.verdict !== 'no' && isOfVendor(model, kinds[one.on]) && isMeant(one.features) ? i : [],
    )
  return {
    name: model.name,
    vendor: model.vendor?.name ?? '',
    worth: view.valuation.worth(model.features),
    level: level?.name ?? null,
    ...view.needed([model.name]),
    verdict: allOf(on.map(({ verdict }) => verdict)),
    missing: lostOf(view, on, ({ missing }) => missing),
    unknown: lostOf(view, on, ({ unknown }) => unknown),
    absentInGroups: refused('absent'),
    unexplainedInGroups: refused('unexplained'),
    restartsInGuestGroups: places(features => !features.meet(gains).leq(model.features)),
    raisesInGuestGroups: places(features => !model.features.meet(gains).leq(features)),
  }
}

/** What guests rely on having. */
const gainsOf = oncePer(({ features }: FleetView['db']) => features.setOf(features.list.filter(isGain)))

const isOfVendor = ({ vendor }: Model, kind: Kind | undefined): boolean =>
  vendor === undefined || kind?.first.vendor === undefined || kind.first.vendor === vendor.name

/** The hypervisor's own word, where it was recorded; else what is known of the model's features. */
function onKind({ db, cpus, context }: FleetView, model: Model, { first }: Kind): OnKind {
  const nothing = { missing: FeatureSet.empty, unknown: FeatureSet.empty }
  const { models, emulatorModels } = cpus.modelsAreModes ? {} : first
  const blockers = models?.get(model.name)
  if (blockers?.length === 0) return { ...nothing, verdict: 'yes' }
  if (blockers && blockers !== 'unknown') {
    const missing = db.features.setOfNames(blockers)
    return { ...nothing, verdict: 'no', missing, ...(missing.isEmpty ? { refusal: 'unexplained' } : {}) }
  }
  const isNamed = emulatorModels?.includes(model.name) ?? true
  if (!isNamed || (!blockers && listsAllModels({ ...first, models })))
    return { ...nothing, verdict: 'no', refusal: 'absent' }
  return onEvidence(db, withoutVoid(cpus, model.features).minus(findAsked(context)), first)
}

function onEvidence(db: Database, needed: FeatureSet, host: FleetHost): OnKind {
  const evidence = host.evidence ?? Evidence.recorded(host.features, db.features.all)
  return {
    verdict: evidence.gives(needed),
    missing: evidence.missing(needed),
    unknown: evidence.unknown(needed),
  }
}

/** Levels of x86-64 and modes of EVC put to the same hosts and guests; nothing where the features are not x86's own. */
function levelVerdicts(
  view: FleetView,
  kinds: readonly Kind[],
  guests: readonly GuestKind[],
): Pick<ModelVerdicts, 'rungs'> {
  if (!hasModes(view.db, view.context.libvirt)) return {}
  const vendors = new Set(kinds.map(({ first }) => first.vendor))
  return {
    rungs: [
      ...view.levels.map(({ name, needs }) => ({
        kind: 'level' as const,
        name,
        vendor: '',
        features: needs,
      })),
      ...evcModes().flatMap(({ key, vendor, features }) =>
        vendors.has(vendor) ? { kind: 'evc' as const, name: key, vendor, features } : [],
      ),
    ].map(rung => levelVerdict(view, rung, kinds, guests)),
  }
}

type NamedLevel = Pick<LevelVerdict, 'kind' | 'name' | 'vendor'> & { readonly features: FeatureSet }

function levelVerdict(
  view: FleetView,
  { kind, name, vendor, features }: NamedLevel,
  kinds: readonly Kind[],
  guests: readonly GuestKind[],
): LevelVerdict {
  const isForeign = ({ first }: Kind) => vendor !== '' && (first.vendor ?? vendor) !== vendor
  const foreign: OnKind = { verdict: 'no', missing: FeatureSet.empty, unknown: FeatureSet.empty }
  const on = kinds.map(one => (isForeign(one) ? foreign : onEvidence(view.db, features, one.first)))
  const gains = gainsOf(view.db)
  // Of what no mode names, a cluster has what all of its hosts have.
  const named = kind === 'evc' ? namedByEvc(vendor).meet(gains) : FeatureSet.empty
  const places = (isMeant: (own: FeatureSet) => boolean) =>
    guests.flatMap((one, i) => (on[one.on]?.verdict !== 'no' && isMeant(one.features) ? i : []))
  return {
    kind,
    name,
    vendor,
    worth: view.valuation.worth(features),
    level: kind === 'level' ? name : null,
    verdict: allOf(on.map(one => one.verdict)),
    missing: lostOf(view, on, ({ missing }) => missing),
    unknown: lostOf(view, on, ({ unknown }) => unknown),
    otherVendorInGroups: kinds.flatMap((one, i) => (isForeign(one) ? i : [])),
    restartsInGuestGroups: places(own => !own.meet(named).leq(features)),
    raisesInGuestGroups: places(own => !features.meet(gains).leq(own)),
  }
}

/** What KVM gives on request only: it leaves that out of a model that has it, as qemu64 has svm. */
const findAsked: (context: Context) => FeatureSet = oncePer(
  ({ db, cpus }) => cpus.predictOffered({ has: db.features.all }).onRequest,
)

const COMPLETE: ReadonlySet<string> = new Set(['domainCapabilities', 'qmp'])

/** Platforms list only some of the models that a hypervisor has. */
const listsAllModels = ({ models, readFrom = [] }: FleetHost): boolean =>
  models !== undefined && models.size > 0 && readFrom.some(({ document }) => COMPLETE.has(document))

function lostOf(
  { db }: FleetView,
  on: readonly OnKind[],
  setOf: (one: OnKind) => FeatureSet,
): FeatureInGroups[] {
  const all = on.reduce((set, one) => set.join(setOf(one)), FeatureSet.empty)
  return db.features.in(all).map(feature => ({
    ...reasonOf(feature),
    inGroups: on.flatMap((one, i) => (feature.bits.leq(setOf(one)) ? i : [])),
  }))
}
