import type { Cpu } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { once, oncePer } from '../../core/memo.ts'
import { builtinCauses } from '../../map/cause-table.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import type { Database } from '../../map/database.ts'
import { builtinEffects } from '../../map/effects.ts'
import { builtinGenerations } from '../../map/generations.ts'
import { builtinKvmRules } from '../../map/kvm-rules.ts'
import { builtinLevels } from '../../map/levels.ts'
import { builtinReleases } from '../../map/releases.ts'
import type { Architecture, CpuReading, Driver, FleetCpus } from '../driver.ts'
import { BaselineFold } from './baseline.ts'
import { compareByFeatures, definitionHasFeature, listUnasked, validateFeatures } from './compare.ts'
import { encodeDefinition, findCoverage, hardwareAxesOf, readCpuid } from './cpuid.ts'
import { decodeOn, describeHostOn, findClosestCpu } from './decode.ts'
import { featuresOf } from './definition.ts'
import { predictByKvmRules } from './offered.ts'
import {
  correctByCpuid,
  correctByFeatures,
  dropBlockers,
  moveToAllowedModel,
  spellOutModel,
  updateGuest,
} from './update.ts'

export const x86: Architecture = {
  name: 'x86',
  arches: ['i686', 'x86_64'],
  data: { folder: 'x86' },
  settings: ['cache', 'maxphysaddr', 'migratable'],
  hostModelOfHost: true,
  create: x86Driver,
}

function x86Driver(map: CpuMap): Driver {
  const db = map.of('x86')
  const fleet = once(() => fleetCpusOfX86(db))
  return {
    architecture: x86,
    db,
    view: { table: db.features, of: cpu => featuresOf(db, cpu) },
    decoder: {
      db,
      featuresOf: cpu => featuresOf(db, cpu),
      read: data => readCpuid(db, data),
      coverage: data => findCoverage(db, data),
      sizesOf: hardwareAxesOf,
      decode: (bits, options) => findClosestCpu(db, bits, options),
      decodeOn: (bits, model, options) => decodeOn(db, bits, model, options),
      describeHostOn: (bits, model) => describeHostOn(db, bits, model),
    },
    get fleet() {
      return fleet()
    },
    compare: (host, cpu) => compareByFeatures(db, host, cpu),
    update: (guest, host, removed) => updateGuest(db, guest, host, removed),
    fold: () => new BaselineFold(db),
    bestFold: () => new BaselineFold(db, true),
    updateLive: (cpu, enabled, disabled) => correctByCpuid(db, cpu, enabled, disabled),
    correctLive: (cpu, enabled, disabled) => correctByFeatures(db, cpu, enabled, disabled),
    translate: (cpu, models) => moveToAllowedModel(db, cpu, models),
    expand: cpu => spellOutModel(db, cpu),
    listUnasked: host => listUnasked(db, host),
    migratable: cpu => dropBlockers(db, cpu),
    encode: cpu => encodeDefinition(db, cpu),
    validate: cpu => validateFeatures(db, cpu),
    hasFeature: (cpu, name) => definitionHasFeature(db, cpu, name),
    models: () => db.models.map(model => model.name),
    checksFeatures: ({ model }) => model === undefined || (db.model(model)?.compat ?? true),
    vendorOfModel: model => db.model(model)?.vendor?.name,
  }
}

/** How fleets look at x86. */
const fleetCpusOfX86 = (db: Database): FleetCpus => ({
  db,
  get levels() {
    return builtinLevels(db.features)
  },
  causes: once(builtinCauses),
  releases: once(builtinReleases),
  // What QEMU gives a guest whose definition has no `<cpu>`: libvirt writes it into the definition of a running one.
  defaultModel: 'qemu64',
  // Source: QEMU's documentation, x86 CPU property `phys-bits`.
  defaultPhysBits: 40,
  mixed:
    'guests that move between vendors are on their own: timers, errata and what they decided at boot stay as they ' +
    'were; give each vendor a pool of its own',
  read: cpu => readDefinition(db, cpu),
  prerequisiteOf: feature => prerequisiteOf(db.features, feature),
  describes: (features, feature) => describesMsr(db.features, features, feature),
  facts: once(() => ({
    generations: builtinGenerations(db),
    effects: builtinEffects(db),
    kvm: builtinKvmRules(),
  })),
  predictOffered: (hardware, vendor, versions) => predictByKvmRules(db, hardware, vendor, versions),
})

/** Features that the database does not know are left out: a newer libvirt described the CPU. */
function readDefinition(db: Database, cpu: Cpu): CpuReading {
  const unknown = cpu.features.flatMap(({ name }) => (db.features.get(name) ? [] : name))
  const features = cpu.features.filter(({ name }) => unknown.length === 0 || db.features.get(name))
  const has = featuresOf(db, unknown.length === 0 ? cpu : { ...cpu, features })
  return { features: has, known: findCoverage(db).minus(findUnread(db, has)), unknown }
}

/** What stands in MSRs that the CPU has, and of which it was described without a single bit: they were not read. */
function findUnread({ features }: Database, has: FeatureSet): FeatureSet {
  return gatesOf(features).reduce(
    (all, { gate, behind }) => (gate.meets(has) && !behind.meets(has) ? all.join(behind) : all),
    FeatureSet.empty,
  )
}

/** The features that say that an MSR is there, each with what stands behind it. */
const gatesOf = oncePer((features: FeatureTable) =>
  [...PREREQUISITES.values()].map(name => ({
    gate: features.setOfNames([name]),
    behind: features.setOf(
      features.list.filter(({ place }) => place.kind === 'msr' && prerequisiteOfMsr(place.index) === name),
    ),
  })),
)

/** The features that say that an MSR is there; the others, 480H and up, come with `vmx`. */
const PREREQUISITES: ReadonlyMap<number, string> = new Map([
  [0xcf, 'core-capability'],
  [0x10a, 'arch-capabilities'],
])

/** The name of the feature that says that an MSR is there. */
const prerequisiteOfMsr = (index: number): string => PREREQUISITES.get(index) ?? 'vmx'

/** `vmx` of `vmx-ept`. */
function prerequisiteOf(table: FeatureTable, { place, name }: Feature): Feature | undefined {
  if (place.kind === 'msr') return table.get(prerequisiteOfMsr(place.index))
  const isNested = place.kind === 'cpuid' && place.leaf === 0x8000_000a && name !== 'svm'
  return isNested ? table.get('svm') : undefined
}

/** Whether a description with these features contains anything from the MSRs of one. */
function describesMsr(table: FeatureTable, features: FeatureSet, { place }: Feature): boolean {
  if (place.kind !== 'msr') return true
  const gate = prerequisiteOfMsr(place.index)
  return table
    .in(features)
    .some(other => other.place.kind === 'msr' && prerequisiteOfMsr(other.place.index) === gate)
}
