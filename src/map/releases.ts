import { dataFile } from './data.ts'
import { type DataFile, faultIn, type Statement, statementsOf, tokensOf } from './text/data-file.ts'

/** The least versions that a CPU's definition needs, as far as they were looked at. */
export interface Releases {
  /** `8.2`; `6.2 or older`; `newer than 10.0`; `6.2 or older, before 7.1`; `none`. */
  readonly qemu: string
  readonly libvirt: string
}

type Tool = keyof Releases

/** When names came, and went, by the versions of one tool that were looked at. */
interface History {
  /** Ascending. */
  readonly lookedAt: readonly string[]
  /** How new: 0 for the oldest version, which knows what does not stand here. */
  readonly ages: ReadonlyMap<string, number>
  /** The first version without it. */
  readonly gone: ReadonlyMap<string, string>
}

/** From which version on each tool knows a model, feature or machine type. */
export class ReleaseTable {
  readonly #histories: ReadonlyMap<string, History>

  constructor(histories: ReadonlyMap<string, History>) {
    this.#histories = histories
  }

  /** What a definition of these models and features needs. */
  needed(names: Iterable<string>): Releases {
    const list = [...names]
    return { qemu: this.#span('qemu', list), libvirt: this.#span('libvirt', list) }
  }

  /** The versions of a tool that know all of the names. */
  #span(tool: Tool, names: readonly string[]): string {
    const { lookedAt, gone } = this.#of(tool)
    const since = sayAge(lookedAt, Math.max(0, ...names.map(name => this.age(tool, name))))
    const ends = names.flatMap(name => gone.get(name) ?? [])
    const end = lookedAt.find(version => ends.includes(version))
    return end === undefined ? since : `${since}, before ${end}`
  }

  /** How new a word is, by the versions of the tool (`qemu-s390x`) that were looked at: 0 for the oldest. */
  age(tool: string, name: string): number {
    return this.#of(tool).ages.get(name) ?? 0
  }

  /** The first version of the tool that no longer knows the word; undefined: none is known. */
  goneIn(tool: string, name: string): string | undefined {
    return this.#of(tool).gone.get(name)
  }

  /** The versions of the tool that were looked at, ascending. */
  lookedAt(tool: string): readonly string[] {
    return this.#of(tool).lookedAt
  }

  #of(tool: string): History {
    return this.#histories.get(tool) ?? NOBODY
  }
}

const NOBODY: History = { lookedAt: [], ages: new Map(), gone: new Map() }

/** Beyond the versions come `later`, then `none`. */
function sayAge(lookedAt: readonly string[], age: number): string {
  if (age === 0) return `${lookedAt[0]} or older`
  return lookedAt[age] ?? (age === lookedAt.length ? `newer than ${lookedAt.at(-1)}` : 'none')
}

/** The versions that come with this package. */
export const builtinReleases = (): ReleaseTable => parseReleases(dataFile('releases.txt'))

interface Draft extends History {
  readonly ages: Map<string, number>
  readonly gone: Map<string, string>
}

/** Reads `releases.txt`, whose head says its grammar. @throws ParseError */
export function parseReleases(file: DataFile): ReleaseTable {
  const histories = new Map<string, Draft>()
  for (const at of statementsOf(file)) {
    const { tool, version, kind, names } = parseRow(at)
    const history = histories.get(tool)
    if (version === 'looked-at') histories.set(tool, { lookedAt: names, ages: new Map(), gone: new Map() })
    else if (!history) throw faultIn(at, `\`${tool} looked-at : VERSION …\` comes first`, tool)
    else addRow(at, history, version, kind, names)
  }
  return new ReleaseTable(histories)
}

function addRow(
  at: Statement,
  { lookedAt, ages, gone }: Draft,
  version: string,
  kind: string,
  names: readonly string[],
): void {
  const age = [...lookedAt, 'later', 'none'].indexOf(version)
  if (age < 1) throw faultIn(at, `no version after ${lookedAt[0]} that was looked at`, version)
  for (const name of names) {
    if (kind === 'gone') gone.set(name, version)
    else ages.set(name, age)
  }
}

const TOOL = /^(?:qemu(?:-[a-z0-9_]+)?|libvirt)$/

function parseRow(at: Statement) {
  const [head = '', rest] = at.text.split(' : ')
  const [tool = '', version = '', kind = '', ...more] = tokensOf(head)
  if (!TOOL.test(tool)) throw faultIn(at, 'a tool is qemu, qemu-ARCH or libvirt', tool)
  const isKind = ['', 'machines', 'gone'].includes(kind)
  if (rest === undefined || version === '' || !isKind || more.length > 0) {
    throw faultIn(at, 'expected `TOOL VERSION : NAME …`, or `TOOL VERSION machines|gone : NAME …`')
  }
  return { tool, version, kind, names: tokensOf(rest) }
}
