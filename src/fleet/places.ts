import { Evidence } from '../core/evidence.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { oncePer } from '../core/memo.ts'
import { bytewise } from '../core/text.ts'
import type { Database } from '../map/database.ts'
import { type ComparedBy, comparedBy } from '../qemu/hypervisor-cpu.ts'
import type { AskedCpu, RequestedModel } from './asked-model.ts'
import { countHosts, type Group } from './groups.ts'
import type { FleetGuest } from './guest.ts'
import { type GuestTerms, needsNoKvm, termsOfStart, tryStart } from './guest-terms.ts'
import type { FleetHost, StartTrial } from './host.ts'
import { type CpuFacts, CpuKeys, canMove, findObstacles, type Obstacle } from './obstacles.ts'

/** Where a guest may be. */
export interface PossiblePlaces {
  readonly guest: FleetGuest
  /** The groups on whose hosts it runs safely, in the order given. */
  readonly groups: readonly Group[]
  /** How many hosts they have, its own left out. */
  readonly others: number
}

/** A guest that no other host takes: if its host dies or is drained, it must be powered off. */
export interface StuckGuest {
  readonly guest: FleetGuest
  /** For each group of other hosts, what keeps the guest out, the fewest obstacles first. */
  readonly why: readonly { readonly group: Group; readonly obstacles: readonly Obstacle[] }[]
}

/** Where each guest may be, in the order of their names. Guests with equal CPUs are looked at once. */
export function findPlaces(guests: readonly FleetGuest[], groups: readonly Group[]): PossiblePlaces[] {
  const keys = new CpuKeys()
  const known = new Map<string, readonly Group[]>()
  const names = new Map(
    groups.map(group => [
      group,
      new Set(group.hosts.flatMap(({ name, isHypothetical }) => (isHypothetical ? [] : name))),
    ]),
  )
  return [...guests]
    .sort((a, b) => bytewise(a.name, b.name))
    .map(guest => {
      const key = keys.keyOf(guest)
      const open = known.get(key) ?? groups.filter(group => canMove(guest, group))
      known.set(key, open)
      // Where it runs it can run, whatever documents say of that host; of others like it that proves nothing.
      const home = groups.find(group => guest.host !== undefined && names.get(group)?.has(guest.host))
      const isOpen = home !== undefined && open.includes(home)
      const isAlone = home?.hosts.length === 1 && !isOpen
      const possible = isAlone ? groups.filter(one => one === home || open.includes(one)) : open
      const hosts = countHosts(open)
      return { guest, groups: possible, others: isOpen ? hosts - 1 : hosts }
    })
}

/** The guests that have nowhere to go, in the order of their names, with what would have to change. */
export function findStuckGuests(
  table: FeatureTable,
  guests: readonly FleetGuest[],
  groups: readonly Group[],
): StuckGuest[] {
  return findPlaces(guests, groups)
    .filter(({ others }) => others === 0)
    .map(({ guest }) => ({ guest, why: explainStuck(table, guest, groups) }))
}

function explainStuck(table: FeatureTable, guest: FleetGuest, groups: readonly Group[]): StuckGuest['why'] {
  const elsewhere = groups.filter(({ hosts }) => hosts.some((host: FleetHost) => host.name !== guest.host))
  return elsewhere
    .map(group => ({ group, obstacles: findObstacles(table, guest, group) }))
    .filter(({ obstacles }) => obstacles.length > 0)
    .sort((a, b) => a.obstacles.length - b.obstacles.length)
}

/** What becomes of a guest that is started. What keeps it from that is looked for when it is first asked for. */
export class StartFinding {
  /** Whether it starts. */
  readonly starts: boolean
  /** What it asks for and is known to start without, as what the host lacks. */
  readonly lost: readonly Obstacle[]
  readonly #mayBeOwn: boolean
  readonly #find: () => readonly Obstacle[]
  #obstacles: readonly Obstacle[] | undefined

  /** @param mayBeOwn false where nothing of what `find` returns can be of starts alone */
  constructor(
    starts: boolean,
    mayBeOwn: boolean,
    find: () => readonly Obstacle[],
    lost: readonly Obstacle[] = [],
  ) {
    this.starts = starts
    this.lost = lost
    this.#mayBeOwn = mayBeOwn
    this.#find = find
  }

  /** What keeps it from being started; empty: it starts. */
  get obstacles(): readonly Obstacle[] {
    this.#obstacles ??= this.#find()
    return this.#obstacles
  }

  /** Whether it is kept from being started by what keeps no guest from moving. */
  get isOwn(): boolean {
    return this.#mayBeOwn && this.obstacles.some(({ kind }) => OF_STARTS.includes(kind))
  }
}

/** What of a start's obstacles is none of a move. */
const OF_STARTS: readonly Obstacle['kind'][] = ['model', 'unlisted', 'refused']

/**
 * What becomes of a guest, by its facts of a start, on such a host, powered off before: as `guest check` judges it where
 * the host's hypervisor was recorded, and elsewhere by what it is known, or assumed, to give.
 */
export function judgeStart(db: Database, guest: CpuFacts, host: CpuFacts): StartFinding {
  const trial = tryStart(guest.terms, host)
  return trial ? ofTrial(db, guest, host, trial) : judgeByCpu(db, guest, host)
}

/** What a guest that asks for more than a CPU under KVM comes to by its trial; its CPU's obstacles, where those are why. */
function ofTrial(db: Database, guest: CpuFacts, host: CpuFacts, { refused, lost }: StartTrial): StartFinding {
  const { features } = db
  const missing = () => findObstacles(features, { features: lost }, without(targetsIn(db)(host).byQemu, lost))
  const others = { ...guest.terms, request: undefined, machine: undefined, excluded: undefined }
  if (refused === undefined && canMove({ features: FeatureSet.empty, terms: others }, host))
    return new StartFinding(true, false, () => [], lost.isEmpty ? [] : missing())
  return new StartFinding(false, true, () => {
    const found = judgeByCpu(db, guest, host).obstacles
    return found.length > 0 ? found : [{ kind: 'refused', message: refused }]
  })
}

function judgeByCpu(db: Database, guest: CpuFacts, host: CpuFacts): StartFinding {
  const { asked, requestedModel: model } = guest
  if (!asked || needsNoKvm(guest.terms)) return judgeFacts(db, withoutAsking(db, guest, host), host)
  const compared = findCompared(asked, guest, host)
  const { byCpu, byQemu } = targetsIn(db)(host)
  const names = blockersOf(model, host)
  const blocked = names.length > 0 ? db.features.setOfNames(names) : FeatureSet.empty
  const own = compared === 'bits' ? byCpu : byQemu
  const target = blocked.isEmpty || compared !== 'all' ? own : without(own, blocked)
  const isOther = model !== undefined && !asked.takes && isForeign(model, host)
  const facts: CpuFacts = {
    ...guest,
    features: findNeeded(db, asked, { compared, blocked, isOther }, target.evidence),
    vendor: compared === 'bits' ? guest.vendor : undefined,
    terms: withExcluded(guest.terms, findExcluded(db, asked, compared)),
    requestedModel: compared === 'model' || (isOther && !model.replaceable) ? model : undefined,
  }
  const unlisted = compared === 'all' ? findUnlisted(asked, byQemu.evidence) : FeatureSet.empty
  if (!unlisted.isEmpty)
    return new StartFinding(false, true, () => [
      ...findObstacles(db.features, facts, target),
      { kind: 'unlisted', features: db.features.in(unlisted).map(({ name }) => name) },
    ])
  return judgeFacts(db, facts, target, () => {
    const lost = asked.wanted.minus(asked.idle).meet(byQemu.evidence.absent.join(blocked))
    return lost.isEmpty ? [] : findObstacles(db.features, { features: lost }, without(byQemu, lost))
  })
}

/** Whether what is left to compare keeps it from being started. @param findLost of one that starts; absent: it lacks nothing then */
const judgeFacts = (
  db: Database,
  guest: CpuFacts,
  host: CpuFacts,
  findLost: () => readonly Obstacle[] = () => [],
): StartFinding =>
  canMove(guest, host)
    ? new StartFinding(true, false, () => [], findLost())
    : new StartFinding(false, guest.requestedModel !== undefined, () =>
        findObstacles(db.features, guest, host),
      )

/** Whether the hypervisor has models, and not this one. */
const isForeign = ({ name }: RequestedModel, { models }: CpuFacts): boolean =>
  models !== undefined && models.size > 0 && !models.has(name)

/** The host without features that it is known not to give. */
const without = (target: Target, features: FeatureSet): Target => ({
  ...target,
  evidence: target.evidence.changed(FeatureSet.empty, features),
})

const withExcluded = (terms: GuestTerms | undefined, excluded: FeatureSet): GuestTerms | undefined =>
  excluded.isEmpty ? terms && { ...terms, excluded: undefined } : { ...terms, excluded }

/**
 * What is compared at a start: as `comparedBy` has it before QEMU starts, `all` once it has started. Where nobody asked the
 * hypervisor, features stand for what it would say of a model: `prediction`.
 */
type Compared = ComparedBy | 'prediction' | 'all'

function findCompared(asked: AskedCpu, { requestedModel: model }: CpuFacts, { models }: CpuFacts): Compared {
  const { check, takes, turnsOff } = asked
  if (check === 'full') return 'all'
  if (check === 'none' || takes === 'whole') return 'nothing'
  const byBits = model?.comparedByBits ?? true
  if (!models || models.size === 0) return byBits ? 'bits' : 'prediction'
  const known = model && models.get(model.name)
  return comparedBy(known === 'unknown' ? {} : known && { unavailable: known }, turnsOff, () => byBits)
}

/** What the hypervisor names that it cannot give the model. */
function blockersOf(model: RequestedModel | undefined, { models }: CpuFacts): readonly string[] {
  const known = model && models?.get(model.name)
  return known === undefined || known === 'unknown' ? [] : known
}

interface StartRoad {
  readonly compared: Compared
  /** What the hypervisor says that it cannot give the model. */
  readonly blocked: FeatureSet
  /** Whether the guest is given another model than its own, which the hypervisor does not have. */
  readonly isOther: boolean
}

/**
 * What the host must give, or libvirt refuses: of details that mean nothing only what it is known to lack; and whatever is
 * compared `invtsc`, for which libvirt looks in the running guest where it is listed, as all is of another model.
 */
function findNeeded(
  { features }: Database,
  asked: AskedCpu,
  { compared, blocked, isOther }: StartRoad,
  { absent }: Evidence,
): FeatureSet {
  const { required, wanted, idle } = asked
  if (compared === 'model')
    return blocked.isEmpty ? required : required.join(wanted.meet(blocked).meet(absent))
  const invtsc = features.get('invtsc')?.bits
  const insisted = invtsc?.meets(isOther ? wanted : required) ? invtsc : FeatureSet.empty
  if (compared === 'nothing') return insisted
  const all = compared === 'all' ? wanted : asked.compared
  return (idle.isEmpty ? all : all.minus(idle.minus(absent))).join(insisted)
}

function findExcluded({ features }: Database, asked: AskedCpu, compared: Compared): FeatureSet {
  const { check, forbidden, strict } = asked
  if (check === 'none') return FeatureSet.empty
  return strict && (compared === 'bits' || compared === 'prediction')
    ? features.all.minus(strict).join(forbidden)
    : forbidden
}

/** What QEMU gives and a definition that is checked in full does not list. */
function findUnlisted({ takes, unasked, wanted }: AskedCpu, { possible }: Evidence): FeatureSet {
  if (takes === 'whole') return FeatureSet.empty
  return unasked.minus(takes ? wanted.join(possible) : wanted)
}

type Target = CpuFacts & { readonly evidence: Evidence }

/**
 * A host by what its hypervisor gives, and by what its CPU has besides; what definitions may rule out is both. libvirt looks
 * for that by name in its host's definition, where what its model has is not listed, but all that is reported is.
 */
const targetsIn = oncePer((db: Database) =>
  oncePer((host: CpuFacts): { readonly byQemu: Target; readonly byCpu: Target } => {
    const own = host.hardwareFeatures ?? host.features
    const evidence = host.evidence ?? Evidence.recorded(host.features, db.features.all)
    const { model } = host.hosts?.[0] ?? (host as FleetHost)
    const isRecorded = host.hardwareFeatures !== undefined
    const unlisted = (isRecorded && model !== undefined && db.model(model)?.features) || FeatureSet.empty
    const withListed = (listed: FeatureSet) => ({ ...host, hardwareFeatures: listed.join(evidence.present) })
    return {
      byQemu: { ...withListed(own.minus(unlisted)), evidence },
      byCpu: { ...withListed(own), evidence: evidence.refinedBy(Evidence.recorded(own, own)) },
    }
  }),
)

/** Of a guest whose definition is not looked at so: the hypervisor's word on its model counts, else what it has. */
function withoutAsking(db: Database, guest: CpuFacts, host: CpuFacts): CpuFacts {
  const { requestedModel } = guest
  const blockers = requestedModel && host.models?.get(requestedModel.name)
  if (requestedModel && !blockers && (!host.models || requestedModel.replaceable))
    return { ...guest, requestedModel: undefined }
  const model = requestedModel && blockers?.length === 0 && db.model(requestedModel.name)
  return model ? { ...guest, features: guest.features.minus(model.features) } : guest
}

/** What the guest relies on when it is started, by its definition: what it got where it runs does not count. */
export function factsOfStart(running: FleetGuest): CpuFacts {
  const guest = asDefined(running)
  const asked = guest.host === undefined ? guest.asked : withGiven(guest.asked)
  return followsHost(guest)
    ? { features: FeatureSet.empty, terms: guest.terms, asked }
    : { ...guest, features: guest.required ?? guest.features, asked }
}

/** Of a guest that runs: what every guest is given keeps it from nowhere, so its document was cut where it is not there. */
const withGiven = (asked: AskedCpu | undefined): AskedCpu | undefined =>
  asked?.check === 'full' ? { ...asked, unasked: FeatureSet.empty, key: `${asked.key}, running` } : asked

/** The guest as its definition asks for it, without what it got where it runs. */
const asDefined = ({ vendor, physBits, unasked = [], terms, ...guest }: FleetGuest): FleetGuest => ({
  ...guest,
  vendor: unasked.includes('vendor') ? undefined : vendor,
  physBits: unasked.includes('physBits') ? undefined : physBits,
  terms: terms && termsOfStart(terms),
})

/** Whether the guest has whatever CPU its host has. */
const followsHost = ({ mode, model }: FleetGuest): boolean =>
  mode !== undefined && mode !== 'custom' && model === undefined
