import type { Cpu, CpuFeature, CpuOf, GuestCpu, HostCpu } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import { type Model, matches } from '../../core/model.ts'
import type { Database } from '../../map/database.ts'
import type { CpuBits, DecoderOptions } from '../driver.ts'
import { tablesOf } from './tables.ts'

/** A model put against the data, as far as choosing needs it. */
interface Candidate {
  readonly model: Model
  readonly score: Score
  readonly matches: boolean
  readonly preferred: boolean
}

/**
 * The named CPU closest to the data, with the features that make up the difference. Walks all models from
 * last to first; the latest in map order wins a tie, and a model whose signature matches beats any that
 * does not.
 * @throws LibvirtError `Cannot find suitable CPU model for given data`
 */
export function findClosestCpu<As extends Cpu['type']>(
  db: Database,
  data: CpuBits,
  options: DecoderOptions & { readonly as: As },
): CpuOf<As>
export function findClosestCpu(db: Database, data: CpuBits, options: DecoderOptions): Cpu {
  const filtered = withoutBrokenTsx(db, data)
  const best = walk(db, filtered, options)
  if (!best) throw internalError('Cannot find suitable CPU model for given data')
  return options.as === 'host'
    ? makeHost(db, filtered, best.model, options)
    : makeGuest(db, filtered, best.model, options)
}

/** The data on one given guest model, whatever its decode flags, vendor and signature say. */
export function decodeOn(
  db: Database,
  data: CpuBits,
  model: Model,
  options: Pick<DecoderOptions, 'migratable'>,
): GuestCpu {
  return makeGuest(db, data, model, { as: 'guest', fallback: 'forbid', ...options })
}

/** The data on one given host model; undefined where it is known to lack some of it. */
export const describeHostOn = (db: Database, data: CpuBits, model: Model): HostCpu | undefined =>
  canHave(data, model) ? makeHost(db, data, model, { as: 'host', fallback: 'forbid' }) : undefined

/** Whether the data has all of the model, or may have it. */
const canHave = ({ features, unknown }: CpuBits, model: Model): boolean =>
  model.features.leq(unknown ? features.join(unknown) : features)

/** Haswells whose TSX was withdrawn by microcode still report it. */
function withoutBrokenTsx(db: Database, data: CpuBits): CpuBits {
  const { vendor, signature } = data
  if (vendor?.name !== 'Intel' || signature?.family !== 6) return data
  const { model, stepping } = signature
  const broken = model === 60 || model === 69 || model === 70 || (model === 63 && stepping < 4)
  if (!broken) return data
  return { ...data, features: data.features.minus(db.features.setOfNames(['hle', 'rtm'])) }
}

/**
 * The best candidate of all models. Where the data has a signature and nothing is preferred, models that
 * match it are looked at first: any of them beats all others, so mostly a handful is enough.
 */
function walk(db: Database, data: CpuBits, options: DecoderOptions): Candidate | undefined {
  const { signature } = data
  if (!signature || options.preferred) return bestOf(db, data, options, db.models)
  const tables = tablesOf(db)
  const all = tables.decodable(options.as)
  const kin = options.best ? tables.kin(signature) : NO_KIN
  const matching = all.matching(signature)
  const first =
    kin.size > 0 ? db.models.filter(model => kin.has(model) || matching.includes(model)) : matching
  return bestOf(db, data, options, first, kin) ?? bestOf(db, data, options, all.of(data.vendor))
}

const NO_KIN: ReadonlySet<Model> = new Set()

function bestOf(
  db: Database,
  data: CpuBits,
  options: DecoderOptions,
  models: readonly Model[],
  kin = NO_KIN,
): Candidate | undefined {
  const single = options.preferred?.length === 1
  let best: Candidate | undefined
  for (let i = models.length - 1; i >= 0; i--) {
    const model = models[i]
    if (!model || !isAllowed(model, options)) continue
    if (data.vendor && model.vendor && data.vendor.name !== model.vendor.name) continue
    if (!model.decode[options.as]) continue
    const matching =
      kin.has(model) || (data.signature !== undefined && matches(model.signatures, data.signature))
    const preferred = options.preferred?.includes(model.name) ?? false
    const enough = best && !preferred && best.matches === matching ? best.score.total : Infinity
    const score =
      options.as === 'host' && !options.best
        ? scoreAsHost(db, data, options, model)
        : scoreAsGuest(db, data, options, model, enough)
    if (!score) continue
    const candidate = { model, score, matches: matching, preferred }
    if (single && preferred) return candidate
    if (!best || replaces(candidate, best)) best = candidate
  }
  return best
}

/** @throws LibvirtError where the model is the only one preferred, not allowed, and nothing may stand in for it */
function isAllowed({ name }: Model, { models, preferred, fallback }: DecoderOptions): boolean {
  if (!models || models.has(name)) return true
  if (preferred?.length === 1 && preferred[0] === name && fallback !== 'allow') {
    throw new LibvirtError('unsupported', `CPU model ${name} is not supported by hypervisor`)
  }
  return false
}

/** Answers undefined where the host lacks some of the model: a host model must be wholly there. */
function scoreAsHost(db: Database, data: CpuBits, options: DecoderOptions, model: Model): Score | undefined {
  if (!canHave(data, model)) return undefined
  if (hasBlockers(options, model) && !difference(db, data, options, model).missing.isEmpty) return undefined
  return hostScore(db.features.count(data.features, model.features) + countUnknown(db, data, model))
}

/** How much of the model the data tells nothing of; details of vmx and svm come with it, and do not choose. */
function countUnknown(db: Database, { unknown, features }: CpuBits, model: Model): number {
  if (!unknown) return 0
  const notKnown = db.features.in(model.features.meet(unknown).minus(features))
  return notKnown.reduce((n, { class: of }) => (of === 'nested' ? n : n + 1), 0)
}

/**
 * Only counts, so that nothing is made for the many models that are not chosen.
 * @param enough where what is extra alone comes to more, the model is not chosen: undefined
 */
function scoreAsGuest(
  db: Database,
  data: CpuBits,
  options: DecoderOptions,
  model: Model,
  enough: number,
): Score | undefined {
  if (hasBlockers(options, model) || data.unknown) {
    const { extra, missing, removed } = difference(db, data, options, model)
    const unknownCount = countUnknown(db, data, model)
    return guestScore(db.features.count(extra) + unknownCount, db.features.count(missing) + removed.length)
  }
  const [has, wants] = [data.features, model.features]
  const extra = db.features.count(has, wants)
  if (extra > enough) return undefined
  const listed = ({ bits }: Feature) => isBetween(bits, has, wants) || isBetween(bits, wants, has)
  const removed = model.removed.reduce((n, feature) => (listed(feature) ? n : n + 1), 0)
  return guestScore(extra, db.features.count(wants, has) + removed)
}

/** In `a.minus(b)`. */
const isBetween = (bits: FeatureSet, a: FeatureSet, b: FeatureSet): boolean => bits.leq(a) && !bits.meets(b)

const hasBlockers = ({ models }: DecoderOptions, { name }: Model): boolean =>
  (models?.get(name)?.length ?? 0) > 0

function replaces(candidate: Candidate, best: Candidate): boolean {
  if (candidate.matches !== best.matches) return candidate.matches
  return (
    isBetter(candidate.score, best.score) ||
    (candidate.preferred && candidate.score.disabled < best.score.disabled)
  )
}

/** What the data has beyond the model, what of the model is missing, and removed features in neither. */
interface Difference {
  readonly extra: FeatureSet
  readonly missing: FeatureSet
  readonly removed: readonly Feature[]
}

function difference(db: Database, data: CpuBits, options: DecoderOptions, model: Model): Difference {
  const extra = data.features.minus(model.features)
  // A blocker is disabled even where the CPU has it, unless it is among the extra features.
  const blockers = db.features.named(options.models?.get(model.name) ?? [])
  const unusable = blockers.filter(({ bits }) => !bits.leq(extra))
  const told = data.unknown ? data.features.join(data.unknown) : data.features
  const missing = model.features.minus(told).join(db.features.setOf(unusable))
  const isTold = ({ bits }: Feature) => !data.unknown?.meets(bits)
  const removed = model.removed.filter(
    feature => isTold(feature) && !feature.bits.leq(extra) && !feature.bits.leq(missing),
  )
  return { extra, missing, removed }
}

const makeHost = (db: Database, data: CpuBits, model: Model, options: DecoderOptions): HostCpu => ({
  type: 'host',
  detected: true,
  arch: 'x86_64',
  model: model.name,
  vendor: data.vendor?.name,
  signature: data.signature,
  features: featureList(db, difference(db, data, options, model), options),
})

const makeGuest = (db: Database, data: CpuBits, model: Model, options: DecoderOptions): GuestCpu => ({
  type: 'guest',
  mode: 'custom',
  match: 'exact',
  model: model.name,
  vendor: data.vendor?.name,
  fallback: options.fallback,
  features: featureList(db, difference(db, data, options, model), options),
})

/** Required features, then disabled ones, then removed ones: each in map order, the last in file order. */
function featureList(db: Database, found: Difference, { as, migratable }: DecoderOptions): CpuFeature[] {
  const keep = (features: readonly Feature[]) =>
    migratable ? features.filter(feature => feature.migratable) : features
  const extra = keep(db.features.in(found.extra))
  if (as === 'host') return extra.map(({ name }) => ({ name }))
  const disabled = keep([...db.features.in(found.missing), ...found.removed])
  return [
    ...extra.map(({ name }) => ({ name, policy: 'require' as const })),
    ...disabled.map(({ name }) => ({ name, policy: 'disable' as const })),
  ]
}

/**
 * How well a candidate model describes a CPU: how long its feature list is. Lower is better; of equal
 * totals the lower `disabled` is.
 */
interface Score {
  readonly total: number
  readonly disabled: number
}

/** A host's candidate disables nothing: only what it lists counts. */
export const hostScore = (required: number): Score => ({ total: required, disabled: 0 })

/**
 * A guest's candidate pays for what it disables: 2, 3, 4, … for each that is seen. libvirt's count of the
 * list stops one entry earlier for every disabled one found, so only half of them, rounded up, are seen as
 * such; the others count 1. Counting them all would give other models (an Opteron 2350 is one).
 */
export function guestScore(required: number, disabled: number): Score {
  const seen = Math.ceil(disabled / 2)
  const penalty = (seen * (seen + 3)) / 2
  return { total: required + disabled - seen + penalty, disabled: penalty }
}

export const isBetter = (a: Score, b: Score): boolean =>
  a.total < b.total || (a.total === b.total && a.disabled < b.disabled)
