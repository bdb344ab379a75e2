import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { once } from '../core/memo.ts'
import { didYouMean } from '../core/text.ts'
import { dataFile } from './data.ts'
import type { Level } from './levels.ts'
import {
  type DataFile,
  type DataStatement,
  faultIn,
  readCited,
  statementsOf,
  tokensOf,
} from './text/data-file.ts'

/** What an operating system or a program needs on an architecture. */
interface ArchNeed {
  readonly arch: string
  /** A level, profile, generation or version; absent: none. */
  readonly level?: string
  /** Features besides, by libvirt's names. */
  readonly features: readonly string[]
  /** Keys of `docs/sources.md`. */
  readonly sources: readonly string[]
  readonly isUnverified: boolean
}

/** Features that a system must not have, and what happens otherwise. */
interface Avoided {
  /** Names, or `leaf>1e`: leaves of CPUID above that. */
  readonly features: readonly string[]
  /** Whose guests alone; absent: all. */
  readonly vendor?: string
  readonly text: string
  /** It is slower with them, and nothing worse. */
  readonly isCost: boolean
  readonly sources: readonly string[]
}

/** An operating system or a program, with what it needs of a guest's CPU. */
export interface SystemNeeds {
  /** The first is the one to print. */
  readonly names: readonly [string, ...string[]]
  readonly title: string
  readonly sources: readonly string[]
  readonly needs: readonly ArchNeed[]
  readonly avoid: readonly Avoided[]
}

/** What is known of systems, in the order of the file. @throws ParseError on first use */
export const builtinSystems = once((): readonly SystemNeeds[] => parseSystems(dataFile('needs.txt')))

/** The system of a name, whatever its case; undefined: none is called so. */
const systemNamed = (systems: readonly SystemNeeds[], name: string): SystemNeeds | undefined =>
  systems.find(({ names }) => names.includes(name.toLowerCase()))

/** The system of a name. @throws what `fault` makes for one that is not known */
export function systemNeeding(name: string, fault: (what: string) => Error): SystemNeeds {
  const systems = builtinSystems()
  const found = systemNamed(systems, name)
  if (found) return found
  const all = systems.flatMap(system => system.names)
  throw fault(
    `must be a system that is known, not '${name}'${didYouMean(all, name)}; known: ${systems.map(system => system.names[0]).join(', ')}`,
  )
}

/** What a system needs, in features of one architecture. */
export interface NeededFeatures {
  readonly set: FeatureSet
  readonly level: string | undefined
  /** The level and features that are not known there: whether a CPU has them is not either. */
  readonly unknown: readonly string[]
  readonly isUnverified: boolean
}

/** Everything that a system needs on an architecture; undefined: nothing is known of it there. */
export function neededOn(
  { needs }: SystemNeeds,
  arch: string,
  table: FeatureTable,
  levels: readonly Level[],
): NeededFeatures | undefined {
  const need = needs.find(one => one.arch === arch)
  if (!need) return undefined
  const level = levels.find(({ name }) => name === need.level)
  const known = need.features.flatMap(name => table.get(name) ?? [])
  const unknown = need.features.filter(name => !table.get(name))
  return {
    set: table.setOf(known).join(level?.needs ?? FeatureSet.empty),
    level: need.level,
    unknown: need.level === undefined || level ? unknown : [need.level, ...unknown],
    isUnverified: need.isUnverified,
  }
}

/** Reads `needs.txt`, whose head says its grammar. @throws ParseError */
export function parseSystems(file: DataFile): SystemNeeds[] {
  const systems: (SystemNeeds & { readonly needs: ArchNeed[]; readonly avoid: Avoided[] })[] = []
  for (const at of statementsOf(file)) {
    const [, word = '', rest = ''] = /^(\S+) (.+)$/.exec(at.text) ?? []
    const last = systems.at(-1)
    if (word === 'system') systems.push({ ...parseSystem(at, rest), needs: [], avoid: [] })
    else if (word === 'needs' && last) last.needs.push(parseNeed(at, rest))
    else if ((word === 'avoid' || word === 'costs') && last)
      last.avoid.push(parseAvoided(at, rest, word === 'costs'))
    else throw faultIn(at, 'expected `system`, `needs`, `avoid` or `costs`', word)
  }
  return systems
}

function parseSystem(at: DataStatement, rest: string): Pick<SystemNeeds, 'names' | 'title' | 'sources'> {
  const [, words = '', said = ''] = /^(.+?) : (.+)$/.exec(rest) ?? []
  const [name, ...more] = tokensOf(words)
  const cited = readCited(said)
  if (name === undefined || !cited) throw faultIn(at, 'expected `system NAME … : title [SOURCE; …]`')
  return { names: [name, ...more], title: cited.text, sources: cited.sources }
}

function parseNeed(at: DataStatement, rest: string): ArchNeed {
  const cited = readCited(rest)
  const [arch, level, plus, ...features] = tokensOf(cited?.text.replace(/ \(unverified\)$/, '') ?? '')
  if (!cited || arch === undefined || level === undefined || (plus !== undefined && plus !== '+'))
    throw faultIn(at, 'expected `needs ARCH LEVEL [+ FEATURE …] [SOURCE; …]`')
  const { sources } = cited
  return {
    arch,
    ...(level === '-' ? {} : { level }),
    features,
    sources,
    isUnverified: cited.text.endsWith('(unverified)'),
  }
}

function parseAvoided(at: DataStatement, rest: string, isCost: boolean): Avoided {
  const [, words = '', said = ''] = /^(.+?) : (.+)$/.exec(rest) ?? []
  const cited = readCited(said)
  if (words === '' || !cited)
    throw faultIn(at, 'expected `avoid FEATURE … [on VENDOR] : what happens [SOURCE; …]`')
  const [names = '', vendor] = words.split(' on ')
  const features = tokensOf(names)
  return { features, ...(vendor ? { vendor } : {}), text: cited.text, isCost, sources: cited.sources }
}
