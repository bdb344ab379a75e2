import type { U32 } from '../core/bits.ts'
import type { CpuidRegisters, CpuidRow } from '../core/cpuid.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import { once, oncePer } from '../core/memo.ts'
import type { Model, Signature } from '../core/model.ts'
import { namesOf } from '../core/text.ts'
import { dataFile } from './data.ts'
import type { Database } from './database.ts'
import { compareVersions } from './kvm-rules.ts'
import { type DataFile, type DataStatement, faultIn, statementsOf, tokensOf } from './text/data-file.ts'

/** What guests of one of QEMU's x86 models see besides features. */
export interface QemuModelFacts {
  /** `Haswell-v4` */
  readonly name: string
  /** The 12 characters of leaf 0, where libvirt's model is of no vendor. */
  readonly vendorId?: string | undefined
  readonly signature: Signature
  /** What leaves 80000002H to 80000004H spell; may be empty. */
  readonly brand: string
  /** The highest leaves that it has whatever its features are. */
  readonly leaves: { readonly basic: U32; readonly extended: U32 }
}

/** Where QEMU's model is not libvirt's of the same name. */
export interface ModelCorrections {
  /** Features that QEMU's has and libvirt's has not. */
  readonly has: readonly string[]
  readonly lacks: readonly string[]
  /** Absent: the model's own. */
  readonly signature?: Signature | undefined
}

/** Words of a model's caches. */
interface CacheRow {
  readonly models: readonly string[]
  readonly row: CpuidRow
}

/** Features that QEMU takes out of guests without another. */
interface DependentRow {
  readonly without: string
  readonly features: readonly string[]
  /** Of QEMU; absent: any version. */
  readonly until?: string | undefined
  readonly since?: string | undefined
}

interface CorrectionRow {
  readonly sign: keyof ModelCorrections
  /** Empty where it is of the signature. */
  readonly features: readonly string[]
  readonly signature?: Signature | undefined
  /** Names and patterns. */
  readonly models: readonly string[]
  /** The newest machine types that it is of; absent: of all. */
  readonly until: string | undefined
}

/** QEMU's x86 models, as far as they are more than the features of libvirt's. */
export class QemuModelTable {
  readonly #facts: ReadonlyMap<string, QemuModelFacts>
  readonly #caches: readonly CacheRow[]
  readonly #dependents: readonly DependentRow[]

  constructor(
    facts: readonly QemuModelFacts[],
    caches: readonly CacheRow[],
    dependents: readonly DependentRow[],
  ) {
    this.#facts = new Map(facts.map(one => [one.name, one]))
    this.#caches = caches
    this.#dependents = dependents
  }

  /** The features that a QEMU takes out of a guest, by the one that the guest has not; absent: the newest QEMU. */
  dependents(qemu = '99.0'): readonly DependentRow[] {
    return this.#dependents.filter(
      ({ until = qemu, since = qemu }) =>
        compareVersions(qemu, until) <= 0 && compareVersions(qemu, since) >= 0,
    )
  }

  /** @param name a family's version, `Skylake-Server-v5`; where nothing new is known of it, it is as the one before */
  of(name: string): QemuModelFacts | undefined {
    const [, family = '', version] = /^(.+)-v(\d+)$/.exec(name) ?? []
    for (let number = Number(version); number > 0; number--) {
      const facts = this.#facts.get(`${family}-v${number}`)
      if (facts) return { ...facts, name }
    }
    return undefined
  }

  /** What a guest of the version with one CPU sees of its caches; undefined for a leaf that is about something else. */
  cache(name: string, leaf: U32, subleaf: U32): CpuidRegisters | undefined {
    const found = this.#caches.findLast(
      ({ models, row }) => row[0] === leaf && row[1] === subleaf && isAnyOf(models, [name]),
    )
    if (!found) return undefined
    const [, , eax, ebx, ecx, edx] = found.row
    return { eax, ebx, ecx, edx }
  }
}

/**
 * Where QEMU's model is not libvirt's.
 * @param names what the model is called: the name that a guest was given, and that of its version
 * @param machine the version of the guest's machine type; absent: a new one
 */
export function correctionsOf(names: readonly string[], machine?: string): ModelCorrections {
  const rows = builtinGaps().filter(
    ({ models, until }) =>
      isAnyOf(models, names) &&
      (until === undefined || (machine !== undefined && compareVersions(machine, until) <= 0)),
  )
  const named = (sign: CorrectionRow['sign']) =>
    rows.filter(row => row.sign === sign).flatMap(({ features }) => features)
  return {
    has: named('has'),
    lacks: named('lacks'),
    signature: rows.findLast(({ sign }) => sign === 'signature')?.signature,
  }
}

/** By model, what QEMU's has beyond the map's: what must be said to be off where a host does not give it. */
export const listBeyond = oncePer(
  ({ models, features: table }: Database): ReadonlyMap<Model, FeatureSet> =>
    new Map(
      models.flatMap(model => {
        const { has } = correctionsOf([model.name, model.canonical ?? model.name])
        const beyond = table.setOfNames(has).minus(model.features)
        return beyond.isEmpty ? [] : [[model, beyond]]
      }),
    ),
)

/** What KVM gives every model that has it, and what QEMU leaves out under KVM by itself. */
export const SPARED: readonly string[] = ['topoext', 'monitor']

const isAnyOf = (patterns: readonly string[], names: readonly string[]): boolean =>
  patterns.some(pattern => namesOf(pattern, names).length > 0)

/** The models that come with this package. */
export const builtinQemuModels = once(() => parseQemuModels(dataFile('qemu-models.txt')))

const builtinGaps = once(() => parseQemuGaps(dataFile('qemu-gaps.txt')))

/** Reads `qemu-gaps.txt`, whose head says its grammar. Names are not looked up. @throws ParseError */
export const parseQemuGaps = (file: DataFile): CorrectionRow[] => statementsOf(file).map(parseCorrection)

/** Reads `qemu-models.txt`, whose head says its grammar. Names are not looked up. @throws ParseError */
export function parseQemuModels(file: DataFile): QemuModelTable {
  const facts: QemuModelFacts[] = []
  const caches: CacheRow[] = []
  const dependents: DependentRow[] = []
  for (const at of statementsOf(file)) {
    if (at.indent > 0) facts.push(parseVersion(at, facts.at(-1)))
    else if (at.text.startsWith('model ')) facts.push(parseModel(at))
    else if (at.text.startsWith('cache ')) caches.push(parseCache(at))
    else if (at.text.startsWith('without ')) dependents.push(parseDependents(at))
    else throw faultIn(at, 'expected `model …`, `cache …` or `without …`')
  }
  return new QemuModelTable(facts, caches, dependents)
}

const MODEL =
  /^(?:model )?(\S+)(?: vendor (\S{12}))?(?: leaves ([0-9a-f]+) ([0-9a-f]+))?(?: sig (\d+)\.(\d+)\.(\d+))?(?: brand (.+))?$/

interface ModelRow {
  readonly name: string
  readonly vendorId: string | undefined
  readonly leaves: QemuModelFacts['leaves'] | undefined
  readonly signature: Signature | undefined
  readonly brand: string | undefined
}

function parseRow(at: DataStatement): ModelRow {
  const [, name, vendorId, basic, extended, family, model, stepping, brand] = MODEL.exec(at.text) ?? []
  if (name === undefined)
    throw faultIn(at, 'expected `model FAMILY [vendor ID] leaves HEX HEX sig F.M.S brand TEXT`')
  return {
    name,
    vendorId,
    leaves:
      basic && extended
        ? { basic: Number.parseInt(basic, 16), extended: Number.parseInt(extended, 16) }
        : undefined,
    signature:
      family === undefined
        ? undefined
        : { family: Number(family), model: Number(model), stepping: Number(stepping) },
    brand,
  }
}

function parseModel(at: DataStatement): QemuModelFacts {
  const { name, vendorId, leaves, signature, brand = '' } = parseRow(at)
  if (!leaves || !signature) throw faultIn(at, 'the first version has `leaves` and `sig`', name)
  return { name: `${name}-v1`, vendorId, leaves, signature, brand }
}

function parseVersion(at: DataStatement, last: QemuModelFacts | undefined): QemuModelFacts {
  const { name, vendorId, leaves, signature, brand } = parseRow(at)
  if (!last || !/^v\d+$/.test(name)) throw faultIn(at, 'expected `vN …` below a model', name)
  return {
    name: last.name.replace(/v\d+$/, name),
    vendorId: vendorId ?? last.vendorId,
    leaves: leaves ?? last.leaves,
    signature: signature ?? last.signature,
    brand: brand ?? last.brand,
  }
}

function parseCorrection(at: DataStatement): CorrectionRow {
  const [left = '', models = '', condition = ''] = at.text.split(' : ')
  const [sign = '', ...words] = tokensOf(left)
  const until = /^until (\d+\.\d+)$/.exec(condition)?.[1]
  const [, family, model, stepping] = /^sig (\d+)\.(\d+)\.(\d+)$/.exec(left) ?? []
  const isKnown = sign === 'has' || sign === 'lacks' || family !== undefined
  if (!isKnown || words.length === 0 || models === '')
    throw faultIn(at, 'expected `has|lacks|sig WHAT : MODEL … [: until MACHINE]`', sign)
  if (condition !== '' && until === undefined) throw faultIn(at, 'expected `until VERSION`', condition)
  const row = { models: tokensOf(models), until }
  if (sign === 'has' || sign === 'lacks') return { ...row, sign, features: words }
  const signature = { family: Number(family), model: Number(model), stepping: Number(stepping) }
  return { ...row, sign: 'signature', features: [], signature }
}

function parseDependents(at: DataStatement): DependentRow {
  const [, without, features = '', when, version] =
    /^without (\S+) : (\S+(?: \S+)*?)(?: : (until|since) (\d+\.\d+))?$/.exec(at.text) ?? []
  if (without === undefined) throw faultIn(at, 'expected `without FEATURE : FEATURE … [: until|since QEMU]`')
  return { without, features: tokensOf(features), ...(when && { [when]: version }) }
}

function parseCache(at: DataStatement): CacheRow {
  const [models = '', place = ''] = at.text.replace('cache ', '').split(' : ')
  const [, leaf, subleaf, ...words] =
    /^([0-9a-f]+)\.(\d+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)$/.exec(place) ?? []
  const [eax, ebx, ecx, edx] = words.map(word => Number.parseInt(word, 16))
  if (leaf === undefined || eax === undefined || ebx === undefined || ecx === undefined || edx === undefined)
    throw faultIn(at, 'expected `cache MODEL … : LEAF.SUBLEAF EAX EBX ECX EDX`')
  return { models: tokensOf(models), row: [Number.parseInt(leaf, 16), Number(subleaf), eax, ebx, ecx, edx] }
}
