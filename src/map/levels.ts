import type { Feature } from '../core/feature.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { oncePer } from '../core/memo.ts'
import { dataFile } from './data.ts'
import { type DataFile, type DataStatement, faultIn, statementsOf, tokensOf } from './text/data-file.ts'

/** An x86-64 microarchitecture level: what a program built for it may use without asking. */
export interface Level {
  /** `x86-64-v3` */
  readonly name: string
  /** Everything it needs, what the levels below it need included. */
  readonly needs: FeatureSet
  /** Features that the database does not know (an old installed map): the level cannot be reached. */
  readonly unknown: readonly string[]
}

/**
 * Reads `levels.txt`: `LEVEL : LEVEL BELOW + FEATURE …`, lowest first, each on one before it; `-` is below
 * the lowest. @throws ParseError
 */
export function parseLevels(file: DataFile, table: FeatureTable): Level[] {
  const levels: Level[] = []
  for (const at of statementsOf(file)) levels.push(parseLevel(at, levels, table))
  return levels
}

/** The levels that come with this package, lowest first; read once for a table. */
export const builtinLevels: (table: FeatureTable) => readonly Level[] = oncePer(table =>
  parseLevels(dataFile('levels.txt'), table),
)

/** The highest level whose features are all there; undefined: not even the lowest. */
export const levelOf = (levels: readonly Level[], features: FeatureSet): Level | undefined =>
  levels.findLast(level => reaches(level, features))

/**
 * What `features` lacks to the level above the one it reaches; where all of that is unknown, to the highest that it may
 * reach. Undefined: it reaches the highest.
 */
export function nextLevel(
  table: FeatureTable,
  levels: readonly Level[],
  features: FeatureSet,
  unknown = FeatureSet.empty,
): { readonly level: Level; readonly missing: readonly Feature[] } | undefined {
  const upTo = (all: FeatureSet) => levels.findLastIndex(level => reaches(level, all))
  const level = levels[Math.max(upTo(features) + 1, upTo(features.join(unknown)))]
  return level && { level, missing: table.in(level.needs.minus(features)) }
}

const reaches = ({ needs, unknown }: Level, features: FeatureSet): boolean =>
  unknown.length === 0 && needs.leq(features)

function parseLevel(at: DataStatement, levels: readonly Level[], table: FeatureTable): Level {
  const [name = '', colon, base = '', plus, ...names] = tokensOf(at.text)
  if (colon !== ':' || plus !== '+' || names.length === 0) {
    throw faultIn(at, 'expected `LEVEL : LEVEL BELOW + FEATURE …`')
  }
  const below = levels.find(level => level.name === base)
  if (!below && (base !== '-' || levels.length > 0))
    throw faultIn(at, 'expected a level of a line above', base)
  const known = names.flatMap(feature => table.get(feature) ?? [])
  const unknown = names.filter(feature => !table.get(feature))
  return {
    name,
    needs: (below?.needs ?? FeatureSet.empty).join(table.setOf(known)),
    unknown: [...(below?.unknown ?? []), ...unknown],
  }
}
