import releasesText from '../../data/releases.txt'
import { type DataFile, faultIn, type Statement, statementsOf, tokensOf } from '../database/data-file.ts'

/** The least versions that a CPU's definition needs, as far as they were looked at. */
export interface Releases {
  /** `8.2`; `6.2 or older`; `newer than 10.0`. */
  readonly qemu: string
  readonly libvirt: string
}

type Tool = keyof Releases

/** The oldest and the newest version that was looked at. */
const LOOKED_AT: Readonly<Record<Tool, { readonly oldest: string; readonly newest: string }>> = {
  qemu: { oldest: '6.2', newest: '10.0' },
  libvirt: { oldest: '11.3', newest: '12.8' },
}

/** From which version on each tool knows a model or feature. */
export class ReleaseTable {
  /** By tool, how new each word is: 0 for the oldest version. */
  readonly #ages: Readonly<Record<Tool, ReadonlyMap<string, number>>>
  readonly #versions: Readonly<Record<Tool, readonly string[]>>

  constructor(rows: readonly ReleaseRow[]) {
    const of = (tool: Tool) => rows.filter(row => row.tool === tool)
    const ages = (tool: Tool) =>
      new Map(of(tool).flatMap(({ names }, i) => names.map(name => [name, i + 1] as const)))
    const versions = (tool: Tool) => [
      `${LOOKED_AT[tool].oldest} or older`,
      ...of(tool).map(({ version }) =>
        version === 'later' ? `newer than ${LOOKED_AT[tool].newest}` : version,
      ),
    ]
    this.#ages = { qemu: ages('qemu'), libvirt: ages('libvirt') }
    this.#versions = { qemu: versions('qemu'), libvirt: versions('libvirt') }
  }

  /** What a definition of these models and features needs. */
  needed(names: Iterable<string>): Releases {
    const list = [...names]
    const newest = (tool: Tool) =>
      this.#versions[tool][Math.max(0, ...list.map(name => this.age(tool, name)))] ?? ''
    return { qemu: newest('qemu'), libvirt: newest('libvirt') }
  }

  /** How new a word is, by the versions that were looked at: 0 for the oldest. */
  age(tool: Tool, name: string): number {
    return this.#ages[tool].get(name) ?? 0
  }
}

interface ReleaseRow {
  readonly tool: Tool
  readonly version: string
  readonly names: readonly string[]
}

/** Reads `releases.txt`: `TOOL VERSION : NAME …`, ascending by tool. @throws ParseError */
export const parseReleases = (file: DataFile): ReleaseTable =>
  new ReleaseTable(statementsOf(file).map(parseRow))

/** The versions that come with this package. */
export const builtinReleases = (): ReleaseTable => parseReleases({ name: 'releases.txt', text: releasesText })

function parseRow(at: Statement): ReleaseRow {
  const [tool = '', version = '', colon, ...names] = tokensOf(at.text)
  if (tool !== 'qemu' && tool !== 'libvirt') throw faultIn(at, 'a tool is qemu or libvirt', tool)
  if (colon !== ':' || names.length === 0) throw faultIn(at, 'expected `TOOL VERSION : NAME …`')
  return { tool, version, names }
}
