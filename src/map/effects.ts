import type { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { oncePer } from '../core/memo.ts'
import { matches, type Signature, type SignatureMatch } from '../core/model.ts'
import { namesOf } from '../core/text.ts'
import { CpuMap } from './cpu-map.ts'
import { dataFile } from './data.ts'
import type { Database } from './database.ts'
import { builtinGenerations, type SignatureRange } from './generations.ts'
import {
  type DataFile,
  type DataStatement,
  faultIn,
  readCited,
  statementsOf,
  tokensOf,
} from './text/data-file.ts'
import { readSignatures } from './text/parse-models.ts'

/** Where an effect comes from; `given`: its user spelt it out. */
type EffectKind = 'microcode' | 'firmware' | 'kernel' | 'given'

/** What an update, an option or a switch does to the CPUs that hosts offer. */
export interface Effect {
  /** `tsx-off`; of a given one, as it was spelt. */
  readonly name: string
  readonly kind: EffectKind
  /** What it is, in a line, and whether that is unverified; empty for a given one. */
  readonly title: string
  /** What brings back what its absence, or it, takes away; empty: nothing is known to, or its source was not checked. */
  readonly remedy: string
  /** Of the kernel's: whether programs that execute CPUID see it. */
  readonly changesCpuid: boolean
  /** Keys of `docs/sources.md`; empty for a given one. */
  readonly sources: readonly string[]
  /** The CPUs it concerns; empty: all. */
  readonly on: readonly Concerned[]
  readonly gives: FeatureSet
  /** With all that needs it. */
  readonly takes: FeatureSet
}

/** CPUs of one vendor. */
interface Concerned {
  readonly vendor: string
  /** Empty: all of the vendor's. */
  readonly signatures: readonly SignatureMatch[]
}

/** Whether the effect can happen on such a CPU. Where its signature is not known, its vendor decides. */
export const isAffected = (
  { on }: Effect,
  { vendor, signature }: { readonly vendor?: string | undefined; readonly signature?: Signature | undefined },
): boolean =>
  on.length === 0 ||
  on.some(
    ({ vendor: of, signatures }) =>
      of === vendor &&
      (signatures.length === 0 || !signature || signature.family === 0 || matches(signatures, signature)),
  )

/** The effects that come with this package, in the order of `effects.txt`. */
export const builtinEffects: (db: Database) => readonly Effect[] = oncePer((db: Database) =>
  parseEffects(dataFile('effects.txt'), db),
)

/**
 * Reads `effects.txt`. Features that libvirt does not know (or the installed map) are left out.
 * @throws ParseError
 */
export function parseEffects(file: DataFile, db: Database): Effect[] {
  const effects: Effect[] = []
  for (const at of statementsOf(file)) {
    if (at.indent > 0) {
      const last = effects.pop()
      if (!last) throw faultIn(at, 'this stands under its effect, and no effect is above')
      effects.push(extended(last, at, db))
      continue
    }
    const effect = headOf(at, db.features)
    if (effects.some(({ name }) => name === effect.name)) {
      throw faultIn(at, `\`${effect.name}\` is above already`, effect.name)
    }
    effects.push(effect)
  }
  return effects
}

function headOf(at: DataStatement, table: FeatureTable): Effect {
  const [, name, kind, rest = ''] = /^effect (\S+) (\S+) : (.+)$/.exec(at.text) ?? []
  const cited = readCited(rest)
  const known = (['microcode', 'firmware', 'kernel'] as const).find(one => one === kind)
  if (!name || !known || !cited)
    throw faultIn(at, 'expected `effect NAME microcode|firmware|kernel : what it is [SOURCE …]`')
  const none = table.setOf([])
  return {
    name,
    kind: known,
    title: cited.text,
    remedy: known === 'microcode' && cited.isVerified ? updateTo(cited.text) : '',
    changesCpuid: false,
    sources: cited.sources,
    on: [],
    gives: none,
    takes: none,
  }
}

/** What brings what microcode gives, whose title is `DATE: what`. */
function updateTo(title: string): string {
  const [, date, what] = /^(\d{4}-\d\d): (.+)$/.exec(title) ?? []
  return date ? `update microcode to ${date} or later: ${what}` : ''
}

function extended(effect: Effect, at: DataStatement, db: Database): Effect {
  const [word, ...names] = tokensOf(at.text)
  if (word === 'cpuid') return { ...effect, changesCpuid: true }
  if (names.length === 0) throw faultIn(at, `\`${word}\` of what?`)
  switch (word) {
    case 'on':
      return { ...effect, on: [...effect.on, ...concerned(names, at, db)] }
    case 'remedy':
      return { ...effect, remedy: names.join(' ') }
    case 'gives':
      return { ...effect, gives: effect.gives.join(setOf(db, names)) }
    case 'takes':
      return { ...effect, takes: effect.takes.join(withDependents(db, setOf(db, names))) }
    default:
      throw faultIn(at, 'expected `on`, `gives`, `takes`, `cpuid` or `remedy`', word)
  }
}

function concerned([first = '', ...more]: readonly string[], at: DataStatement, db: Database): Concerned[] {
  const generations = builtinGenerations(db)
  if (!generations.get(first)) return [{ vendor: first, signatures: readSignatures(more, at) }]
  return [first, ...more].map(name => {
    const generation = generations.get(name)
    if (!generation) throw faultIn(at, `no generation is called ${name}`, name)
    return { vendor: generation.vendor, signatures: generation.signatures.flatMap(matchesOf) }
  })
}

function matchesOf({
  family,
  models: [from, to],
  steppings: [first, last],
}: SignatureRange): SignatureMatch[] {
  const steppings = (2 << last) - (1 << first)
  return Array.from({ length: to - from + 1 }, (_, i) => ({ family, model: from + i, steppings }))
}

function setOf(db: Database, names: readonly string[]): FeatureSet {
  const known = db.features.list.map(({ name }) => name)
  const meant = names.flatMap(name => namesOf(name, known))
  return db.features.setOfNames(meant)
}

/**
 * The features with everything that needs any of them, directly or not: what goes when they go. An installed map
 * does not say what needs what: the built-in data does.
 */
export function withDependents(db: Database, features: FeatureSet): FeatureSet {
  const { dependencies } = db.dependencies.rules.length > 0 ? db : CpuMap.builtIn().of('x86')
  const names = db.features.in(features).map(({ name }) => name)
  return db.features.setOfNames(dependencies.withDependents(names))
}
