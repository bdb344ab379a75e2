import { type Feature, placeOf } from '../../core/feature.ts'
import { nearest } from '../../core/text.ts'
import { builtinCpuidFields, type CpuidField, findFieldsAt, printFieldPlace } from '../../map/cpuid-fields.ts'
import type { Database } from '../../map/database.ts'
import type { ModelFamily, Version } from '../../map/text/family.ts'
import type { ToolName } from '../../map/tool-names.ts'
import type { Context } from '../context.ts'
import { describeQemuOnly, isQemuOnlyName } from '../words/qemu-only.ts'
import type { FamilyHas, FeatureFacts, NameAnswer, VendorHas } from './answer.ts'

/**
 * What feature a word means: our name of it, any tool's spelling, or its place, `CPUID.07H.0:ECX[11]`.
 * @param own whether the database is of our own and no map of libvirt's: then nothing is said of names elsewhere
 */
export function answerName({ db }: Context, text: string, own = false): NameAnswer {
  const all = [...db.features.list, ...db.beyond]
  const called = db.called(text)
  const found = called.length > 0 ? called : all.filter(feature => placeOf(feature) === text.toUpperCase())
  const features = found.map(feature => ({
    ...factsOf(db, feature),
    ...(own && { libvirt: false, names: [] }),
  }))
  const fields = found.length > 0 || own ? [] : fieldsCalled(text).map(factsOfField)
  if (fields.length > 0) return { text, features: fields, nearest: [] }
  return {
    text,
    features,
    ...(found.length === 0 && noteOn(db, text)),
    nearest: found.length > 0 ? [] : nearest(spellings(db, all), text),
  }
}

/** Fields of CPUID that are no feature, by name or place. */
function fieldsCalled(text: string): CpuidField[] {
  const wanted = text.toLowerCase().replaceAll('_', '-')
  const called = builtinCpuidFields().filter(({ name: of }) => of === wanted)
  return called.length > 0 ? called : findFieldsAt(text)
}

const factsOfField = (field: CpuidField): FeatureFacts => ({
  name: field.name,
  place: printFieldPlace(field),
  title: field.title,
  order: field.order,
  ...(field.class && { class: field.class }),
  migratable: true,
  libvirt: false,
  ...(field.unoffered && { unoffered: true }),
  names: [],
  needs: [],
  neededBy: [],
  models: [],
})

/** What is known of a name that is a model's. */
function noteOn(db: Database, text: string): { note?: string } {
  if (isQemuOnlyName(text)) return { note: `a CPU model: ${describeQemuOnly([text])}` }
  return db.model(text) ? { note: 'a CPU model' } : {}
}

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
    libvirt,
    ...(feature.unoffered && { unoffered: true }),
    names: libvirt ? namesOf(db, name) : db.names(feature),
    needs: db.dependencies.needs(name),
    neededBy: db.dependencies.neededBy(name),
    models: libvirt ? modelsWith(db, feature) : [],
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
  return { family: name, versions: own.map(shortName), all, ...(qemuOnly.length > 0 && { qemuOnly }) }
}

const isOwn = ({ qemuOnly }: Version): boolean => !qemuOnly

const shortName = ({ row }: Version): string => row.version ?? row.plain ?? ''
