import * as v from 'valibot'
import { type Feature, placeOf } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { nearest } from '../../core/text.ts'
import { evcModes, marchTable } from '../../formats/named-levels.ts'
import { cpuOfClusterType } from '../../formats/platforms/ovirt-types.ts'
import {
  builtinCpuidFields,
  type CpuidField,
  findFieldsAt,
  isAt,
  printFieldPlace,
} from '../../map/cpuid-fields.ts'
import type { Database } from '../../map/database.ts'
import { builtinLevels } from '../../map/levels.ts'
import type { ModelFamily, Version } from '../../map/text/family.ts'
import type { ToolName } from '../../map/tool-names.ts'
import {
  aliasesOf,
  featuresAt,
  featuresSpelled,
  type PlaceSpelled,
  parsePlaceSpelled,
  stripPrefix,
} from '../../map/vocabulary.ts'
import { type Context, requireModels } from '../context.ts'
import { question } from '../question.ts'
import { text } from '../schema.ts'
import { describeQemuOnly, isQemuOnlyName } from '../words/cells.ts'
import { type FamilyHas, type FeatureFacts, NameAnswer, type VendorHas } from './answer.ts'

export const nameQuestion = question({
  name: 'name',
  summary: "Describe a feature: place, meaning, every tool's name, models that have it",
  input: v.strictObject({
    name: text(
      "A feature or CPU model in any tool's spelling, a place such as CPUID.07H.0:EBX[5], or a register.",
    ),
    arch: v.optional(text('Whose features; x86 if absent.')),
  }),
  answer: NameAnswer,
  report: async () => (await import('./report.ts')).reportName,
  run(context, { name: wanted, arch }) {
    const { context: of, own } = requireModels(context, arch)
    return { answer: answerName(of, wanted, own) }
  },
})

/**
 * What a word means: a feature by our name or any tool's, with the prefix that the tool writes; a place, or all of a
 * register; a CPU model of any tool.
 * @param own whether the database is of our own and no map of libvirt's: then nothing is said of names elsewhere
 */
export function answerName({ db }: Context, text: string, own = false): NameAnswer {
  const place = parsePlaceSpelled(text)
  const found = place ? featuresAt(db, place) : featuresSpelled(db, text)
  const features = found.map(feature => ({
    ...factsOf(db, feature),
    ...(own && { knownToLibvirt: false, spellings: [] }),
  }))
  const more = own || found.length > 0 ? NOTHING : otherwise(db, text)
  if (features.length + more.features.length > 0) {
    const isRegister = place !== undefined && place.bit === undefined
    return {
      text,
      meanings: [...features, ...more.features],
      ...(isRegister && { register: true as const }),
      nearest: [],
    }
  }
  const note = more.note ?? noteOn(db, text)
  const names = () => [
    ...spellings(db, [...db.features.list, ...db.beyond]),
    ...db.models.map(model => model.name),
  ]
  return {
    text,
    meanings: features,
    ...(note !== undefined && { note }),
    nearest: note === undefined ? nearest(names(), text) : [],
  }
}

interface Meaning {
  readonly features: readonly FeatureFacts[]
  readonly note?: string | undefined
}

const NOTHING: Meaning = { features: [] }

/** What a word means that is no feature's name: a field, or what a platform calls something else. */
function otherwise(db: Database, text: string): Meaning {
  const fields = fieldsCalled(text)
  if (fields.length > 0) return { features: fields.map(factsOfField) }
  const aliases = aliasesOf(text)
  const features = aliases.flatMap(({ names }) =>
    names.flatMap(known => {
      const feature = [...db.features.list, ...db.beyond].find(one => one.name === known)
      return feature ? [factsOf(db, feature)] : fieldsCalled(known).map(factsOfField)
    }),
  )
  const [why] = aliases.flatMap(alias =>
    alias.why === undefined ? [] : `${alias.tool}: no bit of x86: ${alias.why}`,
  )
  return { features, note: why }
}

/** Fields of CPUID that are no feature, by name or place. */
function fieldsCalled(text: string): CpuidField[] {
  const { word } = stripPrefix(text)
  const wanted = word.toLowerCase().replaceAll('_', '-')
  const called = builtinCpuidFields().filter(({ name: of }) => of === wanted)
  if (called.length > 0) return called
  const place = parsePlaceSpelled(text)
  return place && 'leaf' in place
    ? builtinCpuidFields().filter(field => isFieldAt(field, place))
    : findFieldsAt(text)
}

const isFieldAt = (
  field: CpuidField,
  { leaf, subleaf = 0, register, bit }: Extract<PlaceSpelled, { readonly leaf: number }>,
): boolean =>
  isAt(field, { leaf, subleaf, register }) &&
  (bit === undefined || (field.lsb <= bit && bit < field.lsb + field.length))

const factsOfField = (field: CpuidField): FeatureFacts => ({
  name: field.name,
  place: printFieldPlace(field),
  title: field.title,
  order: field.order,
  ...(field.class && { class: field.class }),
  migratable: true,
  knownToLibvirt: false,
  ...(field.unoffered && { unoffered: true }),
  spellings: [],
  needs: [],
  neededBy: [],
  byVendor: [],
})

/** What is known of a name that is a model's, in whatever tool. */
export function noteOn(db: Database, text: string): string | undefined {
  const word = text
    .trim()
    .replace(/^(?:cpu-model(?:-migration)?|host-model-cpu)\.node\.kubevirt\.io\/|^model_|=true$/g, '')
  if (isQemuOnlyName(word)) return `a CPU model: ${describeQemuOnly([word])}`
  if (db.model(word)) return 'a CPU model'
  const model = db.models.find(({ name: of }) => of.toLowerCase() === word.toLowerCase())
  if (model) return `a CPU model, but for its case: ${model.name}`
  const cluster = cpuOfClusterType(word)
  if (cluster !== undefined) return `a cluster type of oVirt, whose guests get -cpu ${cluster}`
  if (evcModes().some(({ key }) => key === word.toLowerCase())) return 'an EVC mode of vSphere'
  if (/^(?:C3|T2|T2S|T2CL|T2A|V1N1)$/.test(word)) return 'a static CPU template of Firecracker'
  if (/^custom-[\w-]+$/.test(word)) return 'a model that cpu-models.conf of a Proxmox cluster defines'
  const level = builtinLevels(db.features).find(({ name: of }) => of === word)
  if (level) return `a level of x86-64: ${namesOfSet(db, level.needs)}`
  const march = word.replace(/^-march=/, '')
  const target = marchTable().targets.get(march)
  return target && `what GCC and clang call a CPU with -march=${march}: ${[...target].join(' ')}`
}

const namesOfSet = (db: Database, set: FeatureSet): string =>
  db.features
    .in(set)
    .map(({ name: of }) => of)
    .join(' ')

/** Every name that anybody has for a feature. */
const spellings = (db: Database, all: readonly Feature[]): string[] => [
  ...new Set(all.flatMap(feature => [feature.name, ...db.names(feature).flatMap(({ names }) => names)])),
]

function factsOf(db: Database, feature: Feature): FeatureFacts {
  const { name, title, order, migratable } = feature
  const libvirt = db.features.get(name) === feature
  return {
    name,
    place: placeOf(feature),
    title,
    order,
    ...(feature.class && { class: feature.class }),
    migratable,
    knownToLibvirt: libvirt,
    ...(feature.unoffered && { unoffered: true }),
    spellings: libvirt ? namesOf(db, name) : db.names(feature),
    needs: db.dependencies.needs(name),
    neededBy: db.dependencies.neededBy(name),
    byVendor: libvirt ? modelsWith(db, feature) : [],
  }
}

/** libvirt's name first. QEMU's features and libvirt's are the same list, so one that is not listed is QEMU's too. */
function namesOf(db: Database, name: string): ToolName[] {
  const listed = db.names({ name })
  const own = (tool: string): ToolName => ({ tool, names: [name], hidden: false })
  return [own('libvirt'), ...(listed.some(({ tool }) => tool === 'qemu') ? [] : [own('qemu')]), ...listed]
}

function modelsWith(db: Database, feature: Feature): VendorHas[] {
  const vendors = [undefined, ...db.vendors]
  return vendors.flatMap(vendor => {
    const families = db.families
      .filter(family => family.vendor?.name === vendor?.name)
      .map(family => familyHas(family, feature))
    return families.some(({ versions, qemuOnly }) => versions.length > 0 || qemuOnly)
      ? [{ ...(vendor && { vendor: vendor.name }), families }]
      : []
  })
}

function familyHas({ name, versions }: ModelFamily, feature: Feature): FamilyHas {
  const having = versions.filter(({ model }) => feature.bits.leq(model.features))
  const [own, foreign] = [having.filter(isOwn), having.filter(version => !isOwn(version))]
  const all = own.length === versions.filter(isOwn).length
  const qemuOnly = all ? [] : foreign.map(shortName)
  return { name: name, versions: own.map(shortName), all, ...(qemuOnly.length > 0 && { qemuOnly }) }
}

const isOwn = ({ qemuOnly }: Version): boolean => !qemuOnly

const shortName = ({ row }: Version): string => row.version ?? row.plain ?? ''
