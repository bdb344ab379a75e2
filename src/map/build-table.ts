import type { Place } from '../core/feature.ts'
import { BuiltInFeature, FeatureTable } from '../core/feature-table.ts'
import { type DataFile, faultAt } from './text/data-file.ts'
import type { FeatureRow, WordPlace, WordRow } from './text/parse-features.ts'

/** libvirt's features and, in a table of their own, those it does not know. */
export interface FeatureTables {
  readonly features: FeatureTable
  readonly beyond: FeatureTable
  /** Of both. */
  readonly byName: ReadonlyMap<string, BuiltInFeature>
}

/**
 * Lays the rows of `features.txt` out: a 32-bit word for every register or half of an MSR that has a feature.
 * @throws ParseError for a name that is there twice, and for bits that do not ascend within their word
 */
export function buildTables(words: readonly WordRow[], file: DataFile): FeatureTables {
  const features = new Layout()
  const beyond = new Layout()
  const byName = new Map<string, BuiltInFeature>()
  for (const word of words) {
    const parts = partsOf(word.at)
    const highest = parts.length * 32 - 1
    let last = -1
    for (const row of word.features) {
      if (row.bit > highest) throw faultAt(file, row.offset, `this word has bits 0 to ${highest}`)
      if (row.bit <= last)
        throw faultAt(file, row.offset, `bits ascend, each once; bit ${last} is above this line`)
      if (byName.has(row.name)) throw faultAt(file, row.offset, `\`${row.name}\` is above already`)
      const layout = row.flags.beyond ? beyond : features
      byName.set(row.name, layout.add(row, parts[row.bit >>> 5]))
      last = row.bit
    }
  }
  return { features: features.table(), beyond: beyond.table(), byName }
}

/** The 32-bit places of a word. */
function partsOf(at: WordPlace): readonly Place[] {
  if ('leaf' in at) return [{ kind: 'cpuid', ...at }]
  if ('msr' in at) {
    return [
      { kind: 'msr', index: at.msr, half: 'low' },
      { kind: 'msr', index: at.msr, half: 'high' },
    ]
  }
  return LONGEST.map(offset => ({ kind: 'named', name: at.name, offset }))
}

/** The longest register that has a name has 256 bits. */
const LONGEST = [0, 32, 64, 96, 128, 160, 192, 224]

/** A feature table in the making. Rows come by word and ascending bit. */
class Layout {
  readonly #list: BuiltInFeature[] = []
  readonly #words: Place[] = []

  add(row: FeatureRow, place: Place | undefined): BuiltInFeature {
    if (!place) throw new RangeError(`${row.name} is in no word`)
    if (this.#words[this.#words.length - 1] !== place) this.#words.push(place)
    const at = (this.#words.length - 1) * 32 + (row.bit & 31)
    const { name, title, flags } = row
    const { order, class: of, migratable, unoffered } = flags
    const facts = { name, order, class: of, migratable, unoffered }
    const feature = new BuiltInFeature(facts, this.#list.length, place, at, title)
    this.#list.push(feature)
    return feature
  }

  table(): FeatureTable {
    return new FeatureTable(this.#list, this.#words)
  }
}
