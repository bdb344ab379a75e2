import { once } from '../core/memo.ts'
import { dataFile } from './data.ts'
import { type DataFile, type DataStatement, faultIn, statementsOf, tokensOf } from './text/data-file.ts'

/** The least versions that a CPU's definition needs, as far as they are known. */
export interface Releases {
  /** `8.2`; `6.2 or older`; `newer than 11.1`; `6.2 or older, before 7.1`; `none`. */
  readonly qemu: string
  readonly libvirt: string
}

type Tool = keyof Releases

/** When names came, and went, by the versions of one tool that were looked at or that others date. */
interface History {
  /** Ascending, those that others date among them. */
  readonly versions: readonly string[]
  readonly lookedAt: readonly string[]
  /** How new: 0 for the oldest version, which knows what does not stand here. */
  readonly ages: ReadonlyMap<string, number>
  /** The first version without it. */
  readonly gone: ReadonlyMap<string, string>
  /** The first version that marks the machine type as deprecated. */
  readonly deprecated: ReadonlyMap<string, string>
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
    const { versions, gone } = this.#of(tool)
    const since = sayAge(versions, Math.max(0, ...names.map(name => this.age(tool, name))))
    const ends = names.flatMap(name => gone.get(name) ?? [])
    const end = versions.find(version => ends.includes(version))
    return end === undefined ? since : `${since}, before ${end}`
  }

  /** How new a word is, by the known versions of the tool (`qemu-s390x`): 0 for the oldest. */
  age(tool: string, name: string): number {
    return this.#of(tool).ages.get(name) ?? 0
  }

  /**
   * Whether a version of the tool, which need not stand in the table, knows the word as far as that is known: a word
   * whose version is not dated counts as unknown to all versions before the first that was looked at and has it.
   */
  knows(tool: string, version: string, name: string): boolean {
    const { versions, ages, gone } = this.#of(tool)
    const age = ages.get(name) ?? 0
    const [since, end] = [versions[age], gone.get(name)]
    const isThere = age === 0 || (since !== undefined && compareVersions(since, version) <= 0)
    return isThere && (end === undefined || compareVersions(version, end) < 0)
  }

  /** The newest version in the table that is no newer than `version`; the oldest where all are. */
  latest(tool: string, version: string): string {
    const { versions } = this.#of(tool)
    return versions.findLast(known => compareVersions(known, version) <= 0) ?? versions[0] ?? version
  }

  /** The first version of the tool known to mark a machine type as deprecated; undefined: none is known. */
  deprecatedIn(tool: string, name: string): string | undefined {
    return this.#of(tool).deprecated.get(name)
  }

  /** The first version of the tool that no longer knows the word; undefined: none is known. */
  goneIn(tool: string, name: string): string | undefined {
    return this.#of(tool).gone.get(name)
  }

  /** The versions of the tool that ages count, ascending: those looked at and those that others date. */
  versions(tool: string): readonly string[] {
    return this.#of(tool).versions
  }

  /** The versions of the tool that were looked at, ascending. */
  lookedAt(tool: string): readonly string[] {
    return this.#of(tool).lookedAt
  }

  #of(tool: string): History {
    return this.#histories.get(tool) ?? historyOf([])
  }
}

const historyOf = (lookedAt: readonly string[]): Draft => ({
  versions: lookedAt,
  lookedAt,
  ages: new Map(),
  gone: new Map(),
  deprecated: new Map(),
})

/** Beyond the versions come `later`, then `none`. */
function sayAge(versions: readonly string[], age: number): string {
  if (age === 0) return `${versions[0]} or older`
  return versions[age] ?? (age === versions.length ? `newer than ${versions.at(-1)}` : 'none')
}

/** `9.2` is less than `10.0`. */
function compareVersions(a: string, b: string): number {
  const [of, to] = [a.split('.'), b.split('.')]
  const at = of.findIndex((part, i) => part !== to[i])
  return at < 0 ? 0 : Number(of[at] ?? 0) - Number(to[at] ?? 0)
}

/** The versions that come with this package. */
export const builtinReleases = once((): ReleaseTable => parseReleases(dataFile('releases.txt')))

interface Draft extends History {
  versions: readonly string[]
  readonly ages: Map<string, number>
  readonly gone: Map<string, string>
  readonly deprecated: Map<string, string>
}

/** Reads `releases.txt`, whose head says its grammar. @throws ParseError */
export function parseReleases(file: DataFile): ReleaseTable {
  const histories = new Map<string, Draft>()
  for (const at of statementsOf(file)) {
    const { tool, version, kind, names } = parseRow(at)
    const history = histories.get(tool)
    if (version === 'looked-at') histories.set(tool, historyOf(names))
    else if (!history) throw faultIn(at, `\`${tool} looked-at : VERSION …\` comes first`, tool)
    else if (version === 'dated') history.versions = [...history.lookedAt, ...names].sort(compareVersions)
    else addRow(at, history, version, kind, names)
  }
  return new ReleaseTable(histories)
}

function addRow(
  at: DataStatement,
  { versions, ages, gone, deprecated }: Draft,
  version: string,
  kind: string,
  names: readonly string[],
): void {
  const age = [...versions, 'later', 'none'].indexOf(version)
  if (age < 1) throw faultIn(at, `no version after ${versions[0]} that was looked at or dated`, version)
  for (const name of names) {
    if (kind === 'gone') gone.set(name, version)
    else if (kind === 'deprecated') deprecated.set(name, version)
    else ages.set(name, age)
  }
}

const TOOL = /^(?:qemu(?:-[a-z0-9_]+)?|libvirt)$/

function parseRow(at: DataStatement) {
  const [head = '', rest] = at.text.split(' : ')
  const [tool = '', version = '', kind = '', ...more] = tokensOf(head)
  if (!TOOL.test(tool)) throw faultIn(at, 'a tool is qemu, qemu-ARCH or libvirt', tool)
  const isKind = ['', 'machines', 'deprecated', 'gone'].includes(kind)
  if (rest === undefined || version === '' || !isKind || more.length > 0) {
    throw faultIn(at, 'expected `TOOL VERSION : NAME …`, or `TOOL VERSION machines|deprecated|gone : NAME …`')
  }
  return { tool, version, kind, names: tokensOf(rest) }
}
