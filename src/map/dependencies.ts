import { namesOf } from '../core/glob.ts'
import { type DataFile, type DataStatement, faultIn, statementsOf, tokensOf } from './text/data-file.ts'

/** Which feature needs which, by name; direct needs only, in the order of the rules. */
export class Dependencies {
  /** Every rule, with its wildcards resolved. */
  readonly rules: readonly DepsRow[]
  readonly #needs = new Map<string, string[]>()
  readonly #neededBy = new Map<string, string[]>()

  /**
   * @param known every feature's name; rules of others are an error
   * @throws ParseError
   */
  constructor(file: DataFile, known: readonly string[]) {
    this.rules = parseDeps(file).map(row => ({
      ...row,
      features: row.features.flatMap(name => resolve(name, row, known)),
    }))
    for (const { at, features, needs } of this.rules) {
      for (const need of needs) {
        if (!known.includes(need)) throw faultIn(at, `no feature is called \`${need}\``, need)
        for (const feature of features) this.#add(feature, need)
      }
    }
  }

  /** What a CPU that has the feature must have too. */
  needs(feature: string): readonly string[] {
    return this.#needs.get(feature) ?? []
  }

  /** What no CPU has without the feature. */
  neededBy(feature: string): readonly string[] {
    return this.#neededBy.get(feature) ?? []
  }

  /** Of these features, those that are of no use because the CPU has not what they need, by what is missing. */
  unmet(has: ReadonlySet<string>): Map<string, string[]> {
    const unmet = new Map<string, string[]>()
    const lacks = (name: string, seen = new Set<string>()): readonly string[] =>
      this.needs(name).flatMap(need => {
        if (seen.has(need)) return []
        seen.add(need)
        return has.has(need) ? lacks(need, seen) : [need]
      })
    for (const name of has) for (const need of new Set(lacks(name))) push(unmet, need, name)
    return unmet
  }

  #add(feature: string, need: string): void {
    push(this.#needs, feature, need)
    push(this.#neededBy, need, feature)
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

/** `A B : C D`: a CPU that has A or B has C and D. */
interface DepsRow {
  readonly at: DataStatement
  /** Names; `vmx-*` stands for every feature that begins so. */
  readonly features: readonly string[]
  readonly needs: readonly string[]
  /** How many of libvirt's models break the rule where the model that they are made of does not: known, and exact. */
  readonly broken: number
}

/** Reads `deps.txt`. Names are not looked up. @throws ParseError */
function parseDeps(file: DataFile): DepsRow[] {
  return statementsOf(file).map(at => {
    const tokens = tokensOf(at.text)
    const colon = tokens.indexOf(':')
    const marked = tokens.indexOf('libvirt-breaks')
    const end = marked < 0 ? tokens.length : marked
    const broken = marked < 0 ? 0 : Number(tokens[marked + 1])
    if (colon < 1 || colon + 1 >= end) throw faultIn(at, 'expected `FEATURE … : FEATURE …`', tokens[colon])
    if (marked >= 0 && (!(broken > 0) || marked + 2 < tokens.length)) {
      throw faultIn(at, 'expected the number of models after `libvirt-breaks`', 'libvirt-breaks')
    }
    return { at, features: tokens.slice(0, colon), needs: tokens.slice(colon + 1, end), broken }
  })
}
