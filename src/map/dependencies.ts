import { type DataFile, faultIn } from './text/data-file.ts'
import { type DepsRow, parseDeps } from './text/parse-deps.ts'
import { namesOf } from './text/wildcard.ts'

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
