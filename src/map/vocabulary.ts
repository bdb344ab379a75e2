import type { Feature } from '../core/feature.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import { oncePer } from '../core/memo.ts'
import type { Database } from './database.ts'

/**
 * Whose names a list of features uses: libvirt's, or those of a tool of names.txt (`qemu` also reads `cpu-feature-…`
 * spellings with dashes for underscores).
 */
export type Vocabulary =
  | 'libvirt'
  | 'qemu'
  | 'linux'
  | 'xen'
  | 'openstack'
  | 'vmware'
  | 'klauspost'
  | 'xl'
  | 'gcc'

/** The tools that use our name for a feature of which names.txt says nothing. */
const USES_OUR_NAMES: ReadonlySet<Vocabulary> = new Set(['libvirt', 'qemu', 'linux', 'xen', 'vmware', 'gcc'])

/** What words mean: the features that they name, and the words that name none. */
export interface ResolvedWords {
  readonly features: readonly Feature[]
  readonly unknown: readonly string[]
}

/** The features that each word names; case counts for no vocabulary. */
export function resolveWords(db: Database, vocabulary: Vocabulary, words: Iterable<string>): ResolvedWords {
  const index = indexOf(db, vocabulary)
  const features: Feature[] = []
  const unknown: string[] = []
  for (const word of words) {
    const found = index.get(word.toLowerCase())
    if (found) features.push(...found)
    else unknown.push(word)
  }
  return { features, unknown }
}

/** Every feature that the vocabulary has a word for and shows: what a complete list in it can tell of. */
export const coverageOf = (db: Database, vocabulary: Vocabulary): FeatureSet =>
  db.features.setOf(db.features.list.filter(feature => namesIn(db, vocabulary, feature).shown.length > 0))

const indexesOf = oncePer((_: Database) => new Map<Vocabulary, ReadonlyMap<string, readonly Feature[]>>())

function indexOf(db: Database, vocabulary: Vocabulary): ReadonlyMap<string, readonly Feature[]> {
  const indexes = indexesOf(db)
  const known = indexes.get(vocabulary)
  if (known) return known
  const index = new Map<string, Feature[]>()
  for (const feature of db.features.list) {
    for (const name of namesIn(db, vocabulary, feature).all) {
      const key = name.toLowerCase()
      index.set(key, [...(index.get(key) ?? []), feature])
    }
  }
  indexes.set(vocabulary, index)
  return index
}

/** A feature's names in a vocabulary, and those of them that the tool shows. */
function namesIn(db: Database, vocabulary: Vocabulary, feature: Feature) {
  const own = USES_OUR_NAMES.has(vocabulary) ? [feature.name] : []
  if (vocabulary === 'libvirt') return { all: own, shown: own }
  const listed = db.names(feature).filter(({ tool }) => tool === vocabulary)
  if (listed.length === 0) return { all: own, shown: own }
  const all = listed.flatMap(({ names }) => names)
  return { all, shown: listed.flatMap(({ names, hidden }) => (hidden ? [] : names)) }
}
