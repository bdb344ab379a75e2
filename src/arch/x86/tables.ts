import type { U32 } from '../../core/bits.ts'
import type { Cpu } from '../../core/cpu.ts'
import { REGISTERS } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { oncePer } from '../../core/memo.ts'
import { type Model, matches, type Signature, type Vendor } from '../../core/model.ts'
import type { Database } from '../../map/database.ts'

/** Word numbers of a leaf's registers in the feature table; -1: the register carries no feature. */
interface LeafTargets {
  readonly leaf: U32
  readonly subleaf: U32
  readonly words: readonly [eax: number, ebx: number, ecx: number, edx: number]
}

interface MsrTargets {
  readonly low: number
  readonly high: number
}

/** A vendor as CPUID leaf 0 spells it. */
export interface VendorWord {
  readonly vendor: Vendor
  readonly ebx: U32
  readonly ecx: U32
  readonly edx: U32
}

/** What the x86 questions need of a database, each worked out once, when it is first asked for. */
class Tables {
  /** What hosts have that were compared with. */
  readonly hosts = new WeakMap<Cpu, FeatureSet>()
  readonly #db: Database
  #leaves: LeafIndex | undefined
  #msrs: ReadonlyMap<U32, MsrTargets> | undefined
  #vendors: readonly VendorWord[] | undefined
  #host: Decodable | undefined
  #guest: Decodable | undefined

  constructor(db: Database) {
    this.#db = db
  }

  /** The words of the feature table that each CPUID leaf fills. */
  get leaves(): LeafIndex {
    this.#leaves ??= new LeafIndex(leafTargets(this.#db))
    return this.#leaves
  }

  /** The same of MSRs. */
  get msrs(): ReadonlyMap<U32, MsrTargets> {
    this.#msrs ??= msrTargets(this.#db)
    return this.#msrs
  }

  get vendors(): readonly VendorWord[] {
    this.#vendors ??= this.#db.vendors.map(vendorWord)
    return this.#vendors
  }

  /** The models that a signature stands for though libvirt does not say so; `--best` takes them too. */
  kin(signature: Signature): ReadonlySet<Model> {
    const families = this.#db.families.filter(({ row }) => matches(row.also, signature))
    const versions = families.flatMap(family => family.versions)
    const names = versions.flatMap(({ plain, versioned }) =>
      [plain?.name ?? [], versioned?.name ?? []].flat(),
    )
    return new Set(names.flatMap(name => this.#db.model(name) ?? []))
  }

  /** The models that may be chosen for a host, or a guest. */
  decodable(as: 'host' | 'guest'): Decodable {
    if (as === 'host') {
      this.#host ??= new Decodable(this.#db, as)
      return this.#host
    }
    this.#guest ??= new Decodable(this.#db, as)
    return this.#guest
  }
}

export const tablesOf = oncePer((db: Database) => new Tables(db))

/** The models that may be chosen for a host or a guest, in map order: by vendor, and by signature. */
class Decodable {
  readonly models: readonly Model[]
  readonly #byVendor = new Map<Vendor, Model[]>()
  readonly #byModel = new Map<number, Model[]>()

  constructor(db: Database, as: 'host' | 'guest') {
    this.models = db.models.filter(model => model.decode[as])
    for (const model of this.models) {
      for (const key of new Set(model.signatures.map(modelKey))) {
        this.#byModel.set(key, [...(this.#byModel.get(key) ?? []), model])
      }
    }
  }

  /** Those of the vendor and of none; all where the vendor is unknown. */
  of(vendor: Vendor | undefined): readonly Model[] {
    if (!vendor) return this.models
    let models = this.#byVendor.get(vendor)
    if (!models) {
      models = this.models.filter(model => !model.vendor || model.vendor.name === vendor.name)
      this.#byVendor.set(vendor, models)
    }
    return models
  }

  /** Those that match the signature. */
  matching(signature: Signature): Model[] {
    const candidates = this.#byModel.get(modelKey(signature)) ?? []
    return candidates.filter(model => matches(model.signatures, signature))
  }
}

const modelKey = ({ family, model }: { readonly family: number; readonly model: number }): number =>
  (family << 8) | model

function leafTargets(db: Database): LeafTargets[] {
  const byLeaf = new Map<string, { leaf: U32; subleaf: U32; words: [number, number, number, number] }>()
  db.features.words.forEach((place, word) => {
    if (place.kind !== 'cpuid') return
    const key = `${place.leaf}.${place.subleaf}`
    const targets = byLeaf.get(key) ?? { leaf: place.leaf, subleaf: place.subleaf, words: [-1, -1, -1, -1] }
    targets.words[REGISTERS.indexOf(place.register)] = word
    byLeaf.set(key, targets)
  })
  return [...byLeaf.values()]
}

function msrTargets(db: Database): Map<U32, MsrTargets> {
  const targets = new Map<U32, MsrTargets>()
  db.features.words.forEach((place, word) => {
    if (place.kind !== 'msr') return
    const old = targets.get(place.index) ?? { low: -1, high: -1 }
    targets.set(place.index, { ...old, [place.half]: word })
  })
  return targets
}

function vendorWord(vendor: Vendor): VendorWord {
  const bytes = new TextEncoder().encode(vendor.id)
  const word = (from: number): U32 =>
    ((byte(from + 3) << 24) | (byte(from + 2) << 16) | (byte(from + 1) << 8) | byte(from)) >>> 0
  const byte = (at: number) => bytes[at] ?? 0
  return { vendor, ebx: word(0), edx: word(4), ecx: word(8) }
}

/** Finds a leaf's targets with small-integer keys only: a dump has some eighty rows, most without features. */
class LeafIndex {
  readonly #slots = new Map<number, LeafTargets[]>()

  constructor(targets: readonly LeafTargets[]) {
    for (const target of targets) {
      const slot = slotOf(target.leaf, target.subleaf)
      this.#slots.set(slot, [...(this.#slots.get(slot) ?? []), target])
    }
  }

  get(leaf: U32, subleaf: U32): LeafTargets | undefined {
    const slot = this.#slots.get(slotOf(leaf, subleaf))
    return slot?.find(target => target.leaf === leaf && target.subleaf === subleaf)
  }
}

/** Low byte and top nibble of the leaf, low byte of the subleaf: distinct for every leaf that carries features. */
const slotOf = (leaf: U32, subleaf: U32): number =>
  (leaf & 0xff) | ((leaf >>> 28) << 8) | ((subleaf & 0xff) << 12)
