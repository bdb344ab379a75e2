import type { AllowedModels, CpuBits, Decoder } from '../../arch/driver.ts'
import { DEFAULT_ARCH, driverOf, requireDecoder } from '../../arch/registry.ts'
import type { Cpu, CpuFeature, GuestCpu, HostCpu } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { oncePer } from '../../core/memo.ts'
import { type Model, printSignature, type Signature, type Vendor } from '../../core/model.ts'
import { ParseError } from '../../core/parse-error.ts'
import type { FoundGuest, Statement } from '../../formats/found.ts'
import type { Database } from '../../map/database.ts'
import { builtinLevels, type Level } from '../../map/levels.ts'
import { coverageOf, resolveWords } from '../../map/vocabulary.ts'
import type { Context } from '../context.ts'
import { lacks } from '../decode/compute.ts'
import { type Note, type Noted, reasonOf } from '../words/note.ts'

/** What a statement says of features: those that are there, and those of which it tells at all. */
export interface StatedFeatures {
  readonly features: FeatureSet
  readonly known: FeatureSet
  readonly notes: readonly Note[]
}

/** The features of a statement, with all that follows from them. */
export function featuresOfStatement(context: Context, statement: Statement): StatedFeatures {
  const { db } = context
  const { vocabulary, complete, notes = [] } = statement
  const present = resolveWords(db, vocabulary, statement.present)
  const absent = resolveWords(db, vocabulary, statement.absent ?? [])
  const absentBits = db.features.setOf(absent.features)
  const listed = db.features.setOf(present.features)
  const features = listed.join(withNeeds(db, listed.join(impliedBy(context, statement))).minus(absentBits))
  const covered = complete ? coverageOf(db, vocabulary).join(features) : features
  const unread = [...new Set([...present.unknown, ...absent.unknown])]
  return {
    features,
    known: covered.join(absentBits.minus(features)),
    notes: [
      ...notes.map(saidNote),
      ...(unread.length > 0 ? [{ kind: 'words-unknown', words: unread, vocabulary } as const] : []),
    ],
  }
}

/**
 * What a platform says without listing it: every x86_64 CPU has the lowest level, one that is called by a model has that
 * model's features, and a model that is usable there is given with all of its own.
 */
function impliedBy({ db, cpus, arch }: Context, { model, models, layer, vocabulary }: Statement): FeatureSet {
  // QEMU's models of some names are not libvirt's.
  const listed = vocabulary === 'qemu' ? [] : [...(models ?? [])]
  const usable = listed.flatMap(([name, blockers]) => (blockers?.length ? [] : name))
  const named = layer === 'offered' && vocabulary !== 'qemu' ? usable : [...usable, model ?? '']
  const levels = arch === DEFAULT_ARCH ? cpus.levels : []
  const all = named.flatMap(name => db.model(name)?.features ?? [])
  return all.reduce((set, features) => set.join(features), lowestOf(levels))
}

/** What every CPU of the architecture has. */
const lowestOf = ([lowest]: readonly Level[]): FeatureSet => lowest?.needs ?? FeatureSet.empty

/** What a guest is known to have of whose CPU only features are listed. */
export const withImplied = (
  { db, cpus: { levels } }: Pick<Context, 'db' | 'cpus'>,
  listed: FeatureSet,
): FeatureSet => withNeeds(db, listed.join(lowestOf(levels)))

/** The features with all that they need: a CPU with AVX has SSE4.2, whether a list says so or not. */
function withNeeds(db: Database, features: FeatureSet): FeatureSet {
  const names = new Set(db.features.in(features).map(({ name }) => name))
  for (const name of names) for (const needed of db.dependencies.needs(name)) names.add(needed)
  return db.features.setOfNames(names)
}

/** What a guest's definition gives it and it cannot use, but for nesting, of which models are full. */
export function notesOnNeeds({ db }: Context, features: FeatureSet): Note[] {
  const has = new Set(
    db.features.in(features).flatMap(({ name, class: of }) => (of === 'nested' ? [] : name)),
  )
  const unmet = new Map<string, string[]>()
  for (const [needed, names] of db.dependencies.unmet(has))
    unmet.set(names.join(), [...(unmet.get(names.join()) ?? []), needed])
  return [...unmet].map(([names, needed]) => ({ kind: 'needs-missing', features: names.split(','), needed }))
}

/** Of what stands on XSAVE no CPU has a part alone. */
const onXsave = oncePer(
  ({ features, dependencies }: Database): FeatureSet =>
    features.setOfNames(dependencies.withDependents(['xsave'])),
)

/** A CPU as a machine's own words tell it; what they can tell of, absent: of all. */
interface ToldCpu {
  readonly features: FeatureSet
  readonly known?: FeatureSet | undefined
  readonly vendor?: string | undefined
  readonly signature?: Signature | undefined
  readonly brand?: string | undefined
}

/** What of a CPU does not fit together, as where a hypervisor hides a part of it. */
export function notesOnMisfits(context: Context, cpu: ToldCpu): Note[] {
  const { features, known, vendor, signature, brand } = cpu
  const { db, cpus } = context
  const whole = onXsave(db).meet(known ?? db.features.all)
  const halves = notesOnNeeds(context, features).flatMap((note): Note[] => {
    if (note.kind !== 'needs-missing') return []
    const needed = note.needed.filter(name => db.features.get(name)?.bits.leq(whole))
    return needed.length > 0 ? [{ kind: 'half-hidden', features: note.features, needed }] : []
  })
  if (vendor === undefined || !signature?.family || brand === undefined) return halves
  const called = cpus.facts?.().generations.called(vendor, brand) ?? []
  const own = cpus.facts?.().generations.find(vendor, signature)
  const [first] = called
  if (!first || called.some(({ title }) => title === own?.title)) return halves
  const { title } = first
  return [...halves, { kind: 'called-otherwise', brand, title, signature: printSignature(signature) }]
}

/** What a document says of itself. */
export const saidNote = (text: string): Note => ({ kind: 'dump', text })

/** What statements about one host say of its CPU together, and the model that they name. */
interface StatedBits extends CpuBits {
  readonly unknown: FeatureSet
  /** Absent: they name none that is known. */
  readonly model?: Model | undefined
}

/** @throws ParseError where they say nothing of a CPU */
function bitsOf(context: Context, statements: readonly Statement[], source = ''): Noted<StatedBits> {
  const { db } = context
  if (!statements.some(tellsOfCpu)) {
    const isList = statements.some(({ emulatorModels, models }) => emulatorModels || models?.size)
    throw new ParseError(isList ? LIST_OF_MODELS : 'it says nothing of the features of its CPU', source)
  }
  const read = statements.map(statement => featuresOfStatement(context, statement))
  const features = read.reduce((all, one) => all.join(one.features), FeatureSet.empty)
  const known = read.reduce((all, one) => all.join(one.known), features)
  const first = <T>(get: (statement: Statement) => T | undefined): T | undefined =>
    statements.map(get).find(value => value !== undefined)
  const model = first(({ model: name }) => (name === undefined ? undefined : db.model(name)))
  const vendor = first(({ vendor: name }) => vendorOf(db, name))
  const signature = first(statement => statement.signature)
  const notes = read.flatMap(one => one.notes)
  const unnamed = first(({ model: name }) => (name !== undefined && !db.model(name) ? name : undefined))
  return {
    value: {
      features,
      vendor: vendor ?? model?.vendor,
      signature,
      unknown: db.features.all.minus(known),
      model,
    },
    notes: model || unnamed === undefined ? notes : [...notes, { kind: 'model-unknown', model: unnamed }],
  }
}

/** `-cpu help` and its like say nothing of the host; what QEMU calls by a model's name may be another CPU. */
const tellsOfCpu = ({ present, model, signature, models, vocabulary }: Statement): boolean =>
  present.length > 0 ||
  model !== undefined ||
  signature !== undefined ||
  (vocabulary !== 'qemu' && [...(models?.values() ?? [])].some(blockers => !blockers?.length))

const LIST_OF_MODELS =
  'a list of the models of an emulator, which describes no CPU: `virt-cpu models` says which of them can run'

/** How a definition is to be made of what a platform says. */
interface StatedOptions {
  readonly as?: 'host' | 'guest' | undefined
  readonly source?: string | undefined
}

/** A definition, and the bits that it was made of. */
interface StatedCpu<C extends Cpu = Cpu> {
  readonly cpu: C
  /** Absent: it is as it was stated, no model was looked for. */
  readonly data?: CpuBits | undefined
}

/**
 * The definition of the CPU that statements about one host describe: on the model that they name, else on the one that
 * is closest to what is known. What nothing is known of is neither listed nor disabled; that is noted.
 * @throws ParseError where they say nothing of a CPU; LibvirtError where no model fits, and for an architecture whose
 *   CPUs are not looked at as bits, of which no model is named
 */
export function cpuOfStatements(
  context: Context,
  statements: readonly Statement[],
  { as = 'host', source }: StatedOptions = {},
): Noted<StatedCpu> {
  const { arch = 'x86_64', model: name, vendor, present = [], vocabulary } = statements[0] ?? {}
  if (name !== undefined && !driverOf(context.map, arch)?.decoder) {
    const features = vocabulary === 'linux' ? present.map(flag => ({ name: flag })) : []
    const told = statements.flatMap(({ notes = [] }) => notes)
    const notes = [...told, ...(vocabulary === 'linux' ? [ONLY_LISTED] : [])].map(saidNote)
    const cpu: HostCpu = { type: 'host', detected: true, arch, model: name, vendor, features }
    return { value: { cpu }, notes: withSource(notes, source) }
  }
  const decoder = requireDecoder(context.map, arch)
  const { value: data, notes } = bitsOf(context, statements, source)
  const named = data.model && definitionOn(decoder, data, data.model, as)
  const cpu = named ?? closest(decoder, data, as)
  const unknownNote = noteUnknown(decoder.db, data, cpu, named !== undefined)
  const lacking = lacks(context, data, cpu, { as, best: true })
  return {
    value: { cpu: cpu.type === 'host' ? { ...cpu, arch } : cpu, data },
    notes: withSource([...notes, ...unknownNote, ...lacking], source),
  }
}

const ONLY_LISTED = 'of features that it does not list nothing is known'

/** Of a host that is known to lack some of every model, the one of which it lacks least. @throws LibvirtError */
function closest({ db, decode }: Decoder, data: CpuBits, as: 'host' | 'guest'): Cpu {
  const options = { as, fallback: 'forbid', models: modelsFor(db, data) } as const
  try {
    return decode(data, options)
  } catch (error) {
    if (as === 'guest' || !(error instanceof LibvirtError)) throw error
    return decode(data, { ...options, best: true })
  }
}

const definitionOn = (decoder: Decoder, data: CpuBits, model: Model, as: 'host' | 'guest') =>
  as === 'host' ? decoder.describeHostOn(data, model) : decoder.decodeOn(data, model, {})

/** Of a CPU whose vendor is unknown, a vendor's model would say more than is known; of one of 64 bits, one of 32 less. */
function modelsFor(db: Database, { vendor, features }: CpuBits): AllowedModels {
  const wide = db.features.get('lm')?.bits.meet(features) ?? FeatureSet.empty
  const fitting = db.models.filter(one => (vendor || !one.vendor) && wide.leq(one.features))
  return new Map(fitting.map(({ name }) => [name, []]))
}

/** What of its model the CPU is said to have by the model's name alone. */
function noteUnknown(
  db: Database,
  { unknown }: StatedBits,
  { model: name = '' }: Cpu,
  named: boolean,
): Note[] {
  const own = db.model(name)?.features.meet(unknown) ?? FeatureSet.empty
  const features = db.features.in(own).filter(({ class: of }) => of !== 'nested')
  return features.length > 0
    ? [{ kind: 'known-in-part', model: name, isNamed: named, features: features.map(reasonOf) }]
    : []
}

/**
 * A guest's CPU as its platform defines it; of one that lists features alone, the closest model. A feature that is
 * unknown is left out and noted.
 * @throws LibvirtError where no model fits
 */
export function cpuOfGuest(context: Context, guest: FoundGuest, source?: string): Noted<StatedCpu<GuestCpu>> {
  const { decoder } = driverOf(context.map, guest.cpu.arch ?? 'x86_64') ?? {}
  const isKnown = (name: string) => !decoder || decoder.db.features.get(name) !== undefined
  const features = guest.cpu.features.filter(({ name }) => isKnown(name))
  const unknown = guest.cpu.features.filter(({ name }) => !isKnown(name))
  const { arch: _, ...stated } = { ...guest.cpu, features }
  const notes = [
    ...(guest.notes ?? []).map(saidNote),
    ...unknown.map(({ name }): Note => ({ kind: 'feature-skipped', feature: name })),
  ]
  const isNamed = stated.model !== undefined || (stated.mode !== undefined && stated.mode !== 'custom')
  if (isNamed || !decoder) {
    const isKnown = decoder && stated.model !== undefined && decoder.db.model(stated.model)
    const needs = isKnown ? notesOnNeeds(context, decoder.featuresOf(stated)) : []
    return { value: { cpu: stated }, notes: withSource([...notes, ...needs], source) }
  }
  const data = bitsOfGuest(decoder.db, stated)
  const cpu = decoder.decode(data, { as: 'guest', fallback: 'forbid', models: modelsFor(decoder.db, data) })
  const all = [...notes, ...noteUnknown(decoder.db, data, cpu, false)]
  return { value: { cpu, data }, notes: withSource(all, source) }
}

/** What a guest of which only features are listed has: nothing is known of those that are not. */
function bitsOfGuest(db: Database, { features, vendor }: GuestCpu): StatedBits {
  const isOff = ({ policy }: CpuFeature) => policy === 'disable' || policy === 'forbid'
  const setOf = (list: readonly CpuFeature[]) => db.features.setOfNames(list.map(({ name }) => name))
  const off = setOf(features.filter(isOff))
  const listed = setOf(features.filter(feature => !isOff(feature)))
  const has = withNeeds(db, listed.join(lowestOf(builtinLevels(db.features)))).minus(off)
  return { features: has, vendor: vendorOf(db, vendor), unknown: db.features.all.minus(has).minus(off) }
}

/** libvirt's vendor of that name, or of the twelve letters of CPUID. */
const vendorOf = (db: Database, name: string | undefined): Vendor | undefined =>
  name === undefined ? undefined : db.vendors.find(one => one.name === name || one.id === name)

/** libvirt's name of the vendor that a statement names, or whose model the host is called by; undefined: not known. */
export const vendorOfStatement = ({ db }: Context, { vendor, model = '' }: Statement): string | undefined =>
  vendorOf(db, vendor)?.name ?? vendor ?? db.model(model)?.vendor?.name

const withSource = (notes: readonly Note[], source: string | undefined): readonly Note[] =>
  source ? notes.map(note => ({ ...note, source })) : notes
