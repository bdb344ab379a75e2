import { namesOf } from '../core/text.ts'
import { type DataFile, type DataStatement, faultIn, statementsOf, tokensOf } from './text/data-file.ts'

/** What one tool calls a feature. */
export interface ToolName {
  readonly tool: string
  /** The first is the one to print; all are read. Empty: the tool has no name for it. */
  readonly names: readonly string[]
  /** The tool knows the name but never shows it. */
  readonly hidden: boolean
  /** The vendors of whose CPUs it means this: of others it means something else. Absent: of all. */
  readonly vendors?: readonly string[]
}

/** What other tools call our features. A feature that is not listed has our name in the tools that know it. */
export class ToolNames {
  readonly #byFeature = new Map<string, readonly ToolName[]>()
  readonly #byName = new Map<string, string[]>()

  /**
   * @param known every feature's name; rows of others are an error
   * @throws ParseError
   */
  constructor(file: DataFile, known: readonly string[]) {
    for (const at of statementsOf(file)) {
      const [pattern = '', ...tokens] = tokensOf(at.text)
      const features = namesOf(pattern, known)
      if (features.length === 0) throw faultIn(at, `no feature is called \`${pattern}\``, pattern)
      const names = tokens.map(token => parseToolName(token, at))
      for (const feature of features) this.#add(feature, names)
    }
  }

  /** By tool, in the order of the file. */
  of(feature: string): readonly ToolName[] {
    return this.#byFeature.get(feature) ?? []
  }

  /** The features that some tool calls `name`, whatever its case; several where tools disagree. */
  features(name: string): readonly string[] {
    return this.#byName.get(name.toLowerCase()) ?? []
  }

  /** A feature's own line and a pattern's add up. */
  #add(feature: string, names: readonly ToolName[]): void {
    this.#byFeature.set(feature, [...this.of(feature), ...names])
    for (const spelling of names.flatMap(name => name.names)) this.#index(spelling, feature)
  }

  #index(name: string, feature: string): void {
    const key = name.toLowerCase()
    const features = this.#byName.get(key)
    if (!features) this.#byName.set(key, [feature])
    else if (!features.includes(feature)) features.push(feature)
  }
}

function parseToolName(token: string, at: DataStatement): ToolName {
  const colon = token.indexOf(':')
  const given = token.slice(colon + 1)
  if (colon < 1 || given === '') throw faultIn(at, 'expected `tool:NAME`', token)
  const hidden = given.startsWith('(') && given.endsWith(')')
  const names = hidden ? given.slice(1, -1) : given
  const [tool = '', of] = token.slice(0, colon).split('/')
  const vendors = of === undefined ? {} : { vendors: of.split('+') }
  return { tool, names: names === '-' ? [] : names.split(','), hidden, ...vendors }
}
