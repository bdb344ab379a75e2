import { requireDecoder } from '../../arch/registry.ts'
import { addIfMissing, type CpuFeature } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import type { Model, Vendor } from '../../core/model.ts'
import { findModelRefusal, type HypervisorModels, type ModelRefusal } from '../../fleet/asked-model.ts'
import type { Group } from '../../fleet/groups.ts'
import { findAllowedInGuest } from '../../fleet/offered.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { printQemuCpu } from '../../formats/qemu/cpu-argument.ts'
import type { Releases, ReleaseTable } from '../../map/releases.ts'
import type { Context } from '../context.ts'

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

  constructor(features: FeatureTable, groups: readonly Group[]) {
    this.#features = features
    for (const { hosts } of groups) {
      for (const { models, name } of hosts) {
        if (models && !this.#hosts.has(models)) this.#hosts.set(models, name)
      }
    }
  }

  of(model: Model): Verdict {
    const withheld = new Set<Feature>()
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
  /** What the pool has beyond the model, in map order. */
  readonly added: readonly Feature[]
  /** What the model has and the pool has not, in map order, with what was once in it and what a hypervisor lacks of its own model of that name. */
  readonly disabled: readonly Feature[]
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
 * first: one that every hypervisor can give and no later QEMU has dropped, whose words to disable count twice, and a name that only newer versions
 * know as further words; of equals the one with fewer to disable, then the older, then the later in map order. Undefined: no model fits the vendor.
 */
export function choose(
  { db }: Context,
  releases: ReleaseTable,
  given: FeatureSet,
  groups: readonly Group[],
): Choice | undefined {
  const vendors = new Set(groups.map(({ vendor }) => vendor))
  const [vendor] = vendors.size === 1 ? vendors : [undefined]
  const refusals = new Refusals(db.features, groups)
  const weighty = db.features.setOf(db.features.list.filter(isWeighty))
  const [wanted, age] = [given.meet(weighty), ageOf(releases)]
  const allowed = given.join(findAllowedInGuest(db, groups))
  const ranked = db.models
    .filter(model => suits(model, vendor))
    .map((model): Ranked => {
      const { refusal, withheld } = refusals.of(model)
      const own = model.features.meet(weighty)
      const gone = goneFrom(model, withheld, allowed)
      const disabled = own.sizeWithout(allowed) + gone.length
      const cost = wanted.sizeWithout(model.features) + 2 * disabled
      const all = given.sizeWithout(model.features) + model.features.sizeWithout(allowed)
      const isOver = releases.goneIn('qemu', model.name) !== undefined
      return { model, refusal, gone, cost, disabled, all, age: age(model), isOver }
    })
    .sort(byRank)
  const candidate = ({ model, refusal, gone, cost }: Ranked): Candidate => {
    const added = db.features.in(given.minus(model.features))
    const disabled = [...db.features.in(model.features.minus(allowed)), ...gone]
    const needs = releases.needed([model.name, ...[...added, ...disabled].map(({ name }) => name)])
    return { model, added, disabled, cost, needs, ...(refusal && { refusal }) }
  }
  const [first] = ranked
  return first && { chosen: candidate(first), runnersUp: othersOf(first, ranked).map(candidate) }
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

/** What was once in the model, and what a hypervisor lacks of its own model of that name. */
const goneFrom = (model: Model, withheld: readonly Feature[], allowed: FeatureSet): Feature[] => [
  ...new Set([...model.removed.filter(({ bits }) => !bits.leq(allowed)), ...withheld]),
]

/** Guests may be given it by name, and it is of the vendor, or of none where there are several. */
const suits = ({ decode, name, vendor }: Model, wanted: string | undefined): boolean =>
  (decode.guest || /-v\d+$/.test(name)) && (vendor === undefined || vendor.name === wanted)

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

const lengthOf = ({ cost, age }: Ranked): number => cost + Math.ceil(age / VERSIONS_A_WORD)

const byRank = (a: Ranked, b: Ranked): number =>
  Number(a.refusal !== undefined) - Number(b.refusal !== undefined) ||
  Number(a.isOver) - Number(b.isOver) ||
  lengthOf(a) - lengthOf(b) ||
  a.disabled - b.disabled ||
  a.all - b.all ||
  a.age - b.age ||
  isVersion(a.model) - isVersion(b.model) ||
  b.model.index - a.model.index

/** `EPYC-Rome` of `EPYC-Rome-v2`, `Haswell` of `Haswell-noTSX-IBRS`. */
const familyOf = ({ name, canonical = name }: Model): string =>
  canonical.replace(/-v\d+$/, '').replace(/(?:-noTSX|-IBRS|-IBPB)+$/, '')

/** The smallest way to write a CPU down. */
export interface Expression {
  readonly model: string
  /** The name that means the same on every machine type. */
  readonly pinned: string
  /** What has to be said beyond the model, in map order. */
  readonly added: readonly string[]
  readonly disabled: readonly string[]
  /** For a domain's definition. */
  readonly xml: string
  /** QEMU's `-cpu`. */
  readonly qemu: string
  /** The least versions that know all of it, as far as they were looked at. */
  readonly needs: Releases
}

/** The candidate written down for guests that have all of `given`. */
export function expressionOf(
  { map }: Context,
  given: FeatureSet,
  vendor: Vendor | undefined,
  { model, added, disabled, needs }: Candidate,
): Expression {
  const cpu = requireDecoder(map).decodeOn({ features: given, vendor }, model, { migratable: true })
  const off = disabled.map(({ name }): CpuFeature => ({ name, policy: 'disable' }))
  const features = off.reduce(addIfMissing, cpu.features)
  const pinned = model.canonical ?? model.name
  return {
    model: model.name,
    pinned,
    added: namesOf(added),
    disabled: namesOf(disabled),
    xml: printCpu({ ...cpu, features }),
    qemu: printQemuCpu({ type: 'guest', model: pinned, features: [...added.map(requireFeature), ...off] }),
    needs,
  }
}

const requireFeature = ({ name }: Feature): CpuFeature => ({ name, policy: 'require' })

const namesOf = (features: readonly Feature[]): string[] => features.map(({ name }) => name)
