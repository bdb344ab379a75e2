import type { Feature } from '../core/feature.ts'
import { FeatureTable } from '../core/feature-table.ts'
import type { Model, Vendor } from '../core/model.ts'
import { namesOf } from '../core/text.ts'
import { expandFamilies } from './expand.ts'
import type { MapFiles } from './libvirt/walk.ts'
import { type DataFile, type DataStatement, faultIn, statementsOf, tokensOf } from './text/data-file.ts'
import { inWalkOrder, type ModelFamily, parseWalk } from './text/family.ts'
import { buildTables, parseFeatureRows } from './text/parse-features.ts'
import { parseModels } from './text/parse-models.ts'
import { type ToolName, ToolNames } from './tool-names.ts'

/** Which feature needs which, by name; direct needs only, in the order of the rules. */
export class Dependencies {
  /** Every rule, with its wildcards resolved. */
  readonly rules: readonly DepsRow[]
  readonly #needs = new Map<string, string[]>()
  readonly #neededBy = new Map<string, string[]>()
  /** Of the needs, those without which the feature cannot be used. */
  readonly #stands = new Map<string, string[]>()

  /**
   * @param known every feature's name; rules of others are an error
   * @throws ParseError
   */
  constructor(file: DataFile, known: readonly string[]) {
    this.rules = parseDeps(file).map(row => ({
      ...row,
      features: row.features.flatMap(name => resolve(name, row, known)),
    }))
    for (const { at, features, needs, worksAlone } of this.rules) {
      for (const need of needs) {
        if (!known.includes(need)) throw faultIn(at, `no feature is called \`${need}\``, need)
        for (const feature of features) {
          push(this.#needs, feature, need)
          push(this.#neededBy, need, feature)
          if (!worksAlone) push(this.#stands, feature, need)
        }
      }
    }
  }

  /** What a CPU that has the feature has too. */
  needs(feature: string): readonly string[] {
    return this.#needs.get(feature) ?? []
  }

  /** What no CPU has without the feature. */
  neededBy(feature: string): readonly string[] {
    return this.#neededBy.get(feature) ?? []
  }

  /** The features and all that need any of them, directly or not. */
  withDependents(features: Iterable<string>): Set<string> {
    const all = new Set(features)
    for (const name of all) for (const other of this.neededBy(name)) all.add(other)
    return all
  }

  /** All that cannot be used without the feature, directly or not. */
  standingOn(feature: string): Set<string> {
    const all = new Set([feature])
    for (const name of all)
      for (const other of this.neededBy(name)) if (this.#stands.get(other)?.includes(name)) all.add(other)
    all.delete(feature)
    return all
  }

  /** Of these features, those that are of no use because the CPU has not what they need, by what is missing. */
  unmet(has: ReadonlySet<string>): Map<string, string[]> {
    const unmet = new Map<string, string[]>()
    const lacks = (name: string, seen = new Set<string>()): readonly string[] =>
      (this.#stands.get(name) ?? []).flatMap(need => {
        if (seen.has(need)) return []
        seen.add(need)
        return has.has(need) ? lacks(need, seen) : [need]
      })
    for (const name of has) for (const need of new Set(lacks(name))) push(unmet, need, name)
    return unmet
  }
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key)
  if (!list) map.set(key, [value])
  else if (!list.includes(value)) list.push(value)
}

/** What a pattern stands for, but for what the rule itself needs: `vmx-ept-*` never needs itself. */
function resolve(pattern: string, { at, needs }: DepsRow, known: readonly string[]): string[] {
  const found = namesOf(pattern, known)
  if (found.length === 0) throw faultIn(at, `no feature is called \`${pattern}\``, pattern)
  return found.filter(name => name === pattern || !needs.includes(name))
}

/** `A B : C D`: a CPU that has A or B has C and D. `A ~ C`: so have all CPUs, and A works without C. */
interface DepsRow {
  readonly at: DataStatement
  /** Names; `vmx-*` stands for every feature that begins so. */
  readonly features: readonly string[]
  readonly needs: readonly string[]
  readonly worksAlone: boolean
  /** How many of libvirt's models break the rule where the model that they are made of does not: known, and exact. */
  readonly broken: number
}

/** Reads `deps.txt`. Names are not looked up. @throws ParseError */
function parseDeps(file: DataFile): DepsRow[] {
  return statementsOf(file).map(at => {
    const tokens = tokensOf(at.text)
    const colon = tokens.findIndex(token => /^[:~]$/.test(token))
    const marked = tokens.indexOf('libvirt-breaks')
    const end = marked < 0 ? tokens.length : marked
    const broken = marked < 0 ? 0 : Number(tokens[marked + 1])
    if (colon < 1 || colon + 1 >= end) throw faultIn(at, 'expected `FEATURE … : FEATURE …`', tokens[colon])
    if (marked >= 0 && (!(broken > 0) || marked + 2 < tokens.length)) {
      throw faultIn(at, 'expected the number of models after `libvirt-breaks`', 'libvirt-breaks')
    }
    const [features, needs] = [tokens.slice(0, colon), tokens.slice(colon + 1, end)]
    return { at, features, needs, worksAlone: tokens[colon] === '~', broken }
  })
}

/** The data files of one architecture, as text. */
export interface DatabaseTexts {
  readonly features: string
  /** By file name. */
  readonly models: Readonly<Record<string, string>>
  readonly walk: string
  /** What other tools call our features. */
  readonly names?: string | undefined
  /** Which feature needs which. */
  readonly deps?: string | undefined
}

/** What is known of one architecture's CPUs. Immutable. */
interface DatabaseParts {
  readonly features: FeatureTable
  readonly beyond?: FeatureTable
  readonly vendors: readonly Vendor[]
  readonly models: readonly Model[]
  readonly families?: readonly ModelFamily[]
  readonly names?: DataFile
  readonly deps?: DataFile
  /** Instead of these last four: where to get them when they are first asked for. */
  readonly rest?: () => Database
  /** What this is a part of: names and needs are its, and so are features beyond libvirt's. */
  readonly whole?: { readonly db: Database; readonly families: () => readonly ModelFamily[] }
  readonly files?: MapFiles
}

/** Everything known of one architecture's CPUs: features, vendors, models and where they come from. */
export class Database {
  /** libvirt's features, in map order. */
  readonly features: FeatureTable
  /** In detection order. */
  readonly vendors: readonly Vendor[]
  /** In map order. */
  readonly models: readonly Model[]
  readonly #models = new Map<string, Model>()
  readonly #parts: DatabaseParts
  #names: ToolNames | undefined
  #dependencies: Dependencies | undefined

  constructor(parts: DatabaseParts) {
    this.#parts = parts
    this.features = parts.features
    this.vendors = parts.vendors
    this.models = parts.models
    parts.models.forEach(model => {
      this.#models.set(model.name, model)
    })
  }

  /** The files of the map that this was read from, other architectures' among them; absent: our own data. */
  get files(): MapFiles | undefined {
    return this.#parts.files
  }

  /** How the models descend; empty for an installed map, which does not say. */
  get families(): readonly ModelFamily[] {
    const { whole } = this.#parts
    return whole ? whole.families() : (this.#rest.families ?? [])
  }

  /** The layout of `beyond`. */
  get beyondTable(): FeatureTable {
    return this.#rest.beyond ?? EMPTY
  }

  /**
   * Features that libvirt does not know: they serve notes, and are in no model and no answer of libvirt's.
   * Their bits are laid out by `beyondTable`, not by `features`.
   */
  get beyond(): readonly Feature[] {
    return this.beyondTable.list
  }

  get #rest(): DatabaseParts {
    const { rest, whole } = this.#parts
    if (whole) return whole.db.#rest
    return rest ? rest().#parts : this.#parts
  }

  model(name: string): Model | undefined {
    return this.#models.get(name)
  }

  vendor(name: string): Vendor | undefined {
    return this.vendors.find(vendor => vendor.name === name)
  }

  /** What other tools call a feature; none where they call it as we do. @throws ParseError on first use */
  names(feature: Pick<Feature, 'name'>): readonly ToolName[] {
    return this.#toolNames().of(feature.name)
  }

  /** The features of our own name or some tool's name `text`, whatever its case. @throws ParseError on first use */
  called(text: string): Feature[] {
    const all = [...this.features.list, ...this.beyond]
    const names = this.#toolNames().features(text)
    return all.filter(({ name }) => name.toLowerCase() === text.toLowerCase() || names.includes(name))
  }

  /** Which feature needs which; read on first use. @throws ParseError */
  get dependencies(): Dependencies {
    this.#dependencies ??=
      this.#parts.whole?.db.dependencies ?? new Dependencies(this.#rest.deps ?? NONE, this.#known())
    return this.#dependencies
  }

  #toolNames(): ToolNames {
    const { whole } = this.#parts
    this.#names ??= whole ? whole.db.#toolNames() : new ToolNames(this.#rest.names ?? NONE, this.#known())
    return this.#names
  }

  #known(): string[] {
    return [...this.features.list, ...this.beyond].map(feature => feature.name)
  }
}

const EMPTY = new FeatureTable([], [])
const NONE: DataFile = { name: '', text: '' }

/**
 * Reads our own data. Pure: where the texts come from is the caller's business.
 * @throws ParseError with file, line and column
 */
export function loadDatabase(texts: DatabaseTexts): Database {
  const file = { name: 'features.txt', text: texts.features }
  const tables = buildTables(parseFeatureRows(file), file)
  const files = Object.entries(texts.models).map(([name, text]) => parseModels(text, name))
  const walk = parseWalk(texts.walk, 'walk.txt')
  const expansion = expandFamilies(inWalkOrder(files, walk), walk, tables)
  const names = { name: 'names.txt', text: texts.names ?? '' }
  const deps = { name: 'deps.txt', text: texts.deps ?? '' }
  return new Database({ ...tables, ...expansion, names, deps })
}
