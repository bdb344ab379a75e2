import { toLibvirtName } from '../../src/formats/qemu/names.ts'
import type { Database } from '../../src/map/database.ts'
import { parseReleases } from '../../src/map/releases.ts'
import { parseQemuCapabilities } from '../../src/qemu/qmp/read-capabilities.ts'

/** What a version of a tool knows, as far as it was recorded. */
export interface Seen {
  /** Models, features, and vendors by what CPUID spells. */
  readonly words: ReadonlySet<string>
  /** Those whose names have a version. */
  readonly machines: ReadonlySet<string>
  readonly deprecated: ReadonlySet<string>
}

/** What a recorded QEMU knows, whatever the accelerator; features in libvirt's spelling. @throws ParseError */
export function readSeen(
  replies: string,
  source: string,
  arch: string,
): Seen & { readonly models: ReadonlySet<string> } {
  const [models, words, machines, deprecated] = [
    new Set<string>(),
    new Set<string>(),
    new Set<string>(),
    new Set<string>(),
  ]
  const { accelerators } = parseQemuCapabilities(replies, source, arch)
  for (const { models: named = [], machines: all, host } of accelerators.values()) {
    for (const { name } of named) models.add(name)
    for (const machine of all.filter(({ name }) => /\d$/.test(name))) {
      machines.add(machine.name)
      if (machine.deprecated) deprecated.add(machine.name)
    }
    for (const name of [host?.properties, host?.unmigratable].flatMap(of => [...(of?.keys() ?? [])])) {
      words.add(toLibvirtName(name))
    }
  }
  return { models, words: new Set([...models, ...words]), machines, deprecated }
}

/** What libvirt knows by its map. */
export const seenInMap = (map: Database, others: readonly string[] = []): Seen => ({
  words: new Set([...wordsOf(map), ...others]),
  machines: new Set(),
  deprecated: new Set(),
})

const wordsOf = ({ models, features, vendors }: Database): string[] => [
  ...models.map(({ name }) => name),
  ...features.list.map(({ name }) => name),
  ...vendors.map(({ id }) => id),
]

/** A tool and the version that was looked at. */
export interface Looked {
  /** `libvirt`, `qemu`, `qemu-s390x`. */
  readonly tool: string
  readonly version: string
  readonly seen: Seen
  /** Words that were known before this version. */
  readonly before: (word: string) => boolean
  /** The words that count: of others nothing is said. */
  readonly universe: Iterable<string>
}

/**
 * `releases.txt` with a version that was looked at: what it knows and the one before did not, what is gone, and machine
 * types that it marks as deprecated. Unchanged where that version stands there already.
 */
export function proposeReleases(text: string, { tool, version, seen, before, universe }: Looked): string {
  const table = parseReleases({ name: 'releases.txt', text })
  const previous = table.lookedAt(tool).at(-1)
  if (previous === undefined || table.lookedAt(tool).includes(version)) return text
  const told = new Set([...text.matchAll(rowsOf(tool, '', 'gm'))].flatMap(([row]) => row.split(/\s+/)))
  const knew = (word: string) =>
    table.knows(tool, previous, word) && (table.age(tool, word) > 0 || told.has(word) || before(word))
  const words = [...new Set(universe)]
  const machines = new Set([...seen.machines, ...[...told].filter(word => MACHINE.test(word))])
  const knewMachine = (name: string) => table.knows(tool, previous, name) && !isNewer(name, previous)
  const rows: [string, string[]][] = [
    ['', words.filter(word => seen.words.has(word) && !knew(word))],
    [' machines', [...seen.machines].filter(name => !knewMachine(name))],
    [' deprecated', [...seen.deprecated].filter(name => table.deprecatedIn(tool, name) === undefined)],
    [
      ' gone',
      [
        ...words.filter(word => !seen.words.has(word) && knew(word)),
        ...(seen.machines.size > 0
          ? [...machines].filter(name => isOf(name, seen) && !seen.machines.has(name) && knewMachine(name))
          : []),
      ],
    ],
  ]
  const lines = rows.flatMap(([kind, names]) =>
    names.length > 0 ? [wrap(`${tool} ${version}${kind} :`, names)] : [],
  )
  return insertRows(withoutLater(withLooked(text, tool, version), tool, seen.words), tool, lines)
}

const MACHINE = /^[a-z][\w-]*-\d+\.\d+(?:\.\d+)?$/

/** Whether machine types of its kind are the tool's. */
const isOf = (name: string, { machines }: Seen): boolean => {
  const kind = name.replace(/-[\d.]+$/, '')
  return [...machines].some(known => known.replace(/-[\d.]+$/, '') === kind)
}

/** Whether the version in a machine type's name is newer. */
function isNewer(name: string, version: string): boolean {
  const [major = 0, minor = 0] = (/(\d+\.\d+)(?:\.\d+)?$/.exec(name)?.[1] ?? '0.0').split('.').map(Number)
  const [than = 0, andThan = 0] = version.split('.').map(Number)
  return major > than || (major === than && minor > andThan)
}

const byName = (a: string, b: string): number =>
  MACHINE.test(a) && MACHINE.test(b) ? a.localeCompare(b, 'en', { numeric: true }) : a < b ? -1 : 1

/** Lines of at most 100 characters. */
function wrap(head: string, names: readonly string[]): string {
  const lines = [head]
  for (const name of names.toSorted(byName)) {
    const line = `${lines.at(-1)} ${name}`
    if (line.length <= 100) lines[lines.length - 1] = line
    else lines.push(`    ${name}`)
  }
  return lines.join('\n')
}

const rowsOf = (tool: string, what: string, flags = 'm'): RegExp =>
  new RegExp(`^${tool} ${what}[^\\n]*(?:\\n {4,}[^\\n]*)*`, flags)

const withLooked = (text: string, tool: string, version: string): string =>
  text.replace(rowsOf(tool, 'looked-at :'), line => `${line} ${version}`)

/** What is known now is no longer among the words that come later, or that no version has. */
function withoutLater(text: string, tool: string, seen: ReadonlySet<string>): string {
  return ['later', 'none'].reduce(
    (now, kind) =>
      now.replace(rowsOf(tool, `${kind} :`), row => {
        const [, names = ''] = row.split(' : ')
        const left = names.split(/\s+/).filter(name => name !== '' && !seen.has(name))
        return left.length === names.split(/\s+/).filter(Boolean).length
          ? row
          : left.length > 0
            ? wrap(`${tool} ${kind} :`, left)
            : ''
      }),
    text,
  )
}

/** Puts lines behind the tool's others, before what comes later. */
function insertRows(text: string, tool: string, lines: readonly string[]): string {
  if (lines.length === 0) return text
  const rows = [...text.matchAll(rowsOf(tool, '(?!later|none)', 'gm'))]
  const last = rows.at(-1)
  const at = last ? last.index + last[0].length : text.length
  return `${text.slice(0, at)}\n${lines.join('\n')}${text.slice(at)}`
}
