import { dirname, relative, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ParseError } from '../core/parse-error.ts'
import { count } from '../core/text.ts'
import { writeWhole } from '../host/files/file-error.ts'
import { isDirectory, isFile, readWholeText } from '../host/files/files.ts'
import { fleetFileOf } from '../host/files/fleet.ts'
import { viewsOf } from '../questions/input/fleet/open-fleet.ts'
import { poolCpuOf } from '../questions/pools/choice.ts'
import { poolName } from '../questions/words/cells.ts'
import type { Arguments } from './arguments.ts'
import { hostFiles, hostsOf } from './commands/check.ts'
import type { Session } from './globals.ts'
import type { GivenFleet } from './own.ts'
import { CommandError, type OptionSpec } from './spec.ts'

export const WRITE_FLEET: OptionSpec = {
  name: 'write',
  value: 'file',
  help: 'write the pools there as a fleet file: their hosts, and the CPU that each keeps',
}

export const SAVE_CPU: OptionSpec = {
  name: 'save-cpu',
  value: 'pool',
  repeats: true,
  help: 'keep what guests of that pool can be given today, in the fleet file (docs/fleet-file.md)',
}

/** A pool to write. */
export interface WrittenPool {
  /** What it is called; empty: nothing says. */
  readonly name: string
  readonly hosts: readonly string[]
  /** The CPU of its guests as XML; absent: none is kept. */
  readonly cpu?: string | undefined
}

/** What the pool without a label is called here. */
const UNLABELLED = 'fleet'

/** What of a fleet file is rewritten; the rest stays as it is. */
interface FleetContent {
  hosts?: unknown[]
  guests?: unknown[]
  pools?: unknown
  'kept-cpus'?: Record<string, string>
}

const HEAD = '# Written by virt-cpu; docs/fleet-file.md says what can be added\n'

/**
 * Writes the pools as a fleet file, with what the fleet's own file says beside them.
 * @throws FileError; CommandError where one file holds hosts of two pools
 */
export async function writeFleet(
  args: Arguments,
  pools: readonly WrittenPool[],
  given: GivenFleet,
): Promise<void> {
  const file = args.get('write')
  if (file === undefined) return
  const paths = args.all('fleet')
  const content = await contentOf(file, paths)
  const files = hostFiles(hostsOf(given), paths)
  const named = pools.map((pool, i) => ({ ...pool, label: labelOf(pool, pools, i) }))
  const owner = new Map<string, string>()
  const entries = named.map(({ label, hosts }) => {
    const own = [...new Set(hosts.flatMap(host => files.get(host) ?? []))]
    for (const one of own) {
      const other = owner.get(one)
      if (other !== undefined)
        throw new CommandError([`${one} holds hosts of two pools, ${other} and ${label}: split the file`])
      owner.set(one, label)
    }
    return { files: own.map(one => rebased(file, one)), pool: label }
  })
  const kept = named.flatMap(({ label, cpu }) => (cpu === undefined ? [] : [[label, cpu] as const]))
  const { pools: _, ...rest } = content
  const all = {
    ...rest,
    hosts: [...(content.hosts ?? []), ...entries],
    'kept-cpus': Object.fromEntries(kept),
  }
  writeWhole(file, HEAD + (await dumped(all)))
}

/** A name for the pool that no other has: its own, the last word of a path, or `fleet`. */
function labelOf({ name }: WrittenPool, all: readonly WrittenPool[], i: number): string {
  const short = (of: string) =>
    of.slice(of.lastIndexOf('/') + 1).replace(/\.[a-z]+(?:#\d+)?$/, '') || UNLABELLED
  const label = short(name)
  return all.some((one, n) => n !== i && short(one.name) === label) && name !== '' ? name : label
}

/** What the new file begins with: the fleet's own file, or the files and folders that were given. */
async function contentOf(file: string, paths: readonly string[]): Promise<FleetContent> {
  const [own] = paths.flatMap(path => fleetFileOf(path) ?? [])
  const content = own === undefined ? {} : await readContent(own)
  const patterns = (path: string) =>
    isDirectory(path) ? `${rebased(file, path)}/**`.replace(/^\.\//, '') : rebased(file, path)
  const plain = paths.filter(path => fleetFileOf(path) === undefined).map(patterns)
  if (own === undefined) return { hosts: plain }
  const moved = (entries: readonly unknown[]) => entries.map(entry => movedEntry(file, dirname(own), entry))
  return {
    ...content,
    hosts: [...(content.hosts ? moved(content.hosts) : [patterns(dirname(own))]), ...plain],
    ...(content.guests ? { guests: moved(content.guests) } : {}),
  }
}

async function readContent(file: string): Promise<FleetContent> {
  const { readYaml } = await import('../questions/input/fleet/fleet-yaml.ts')
  return (readYaml(readWholeText(file), file).content ?? {}) as FleetContent
}

/** An entry of a fleet file in another folder. */
function movedEntry(file: string, folder: string, entry: unknown): unknown {
  const move = (pattern: string) => rebased(file, resolve(folder, pattern))
  if (typeof entry === 'string') return move(entry)
  const { files, ...rest } = entry as { readonly files: string | readonly string[] }
  return { files: [files].flat().map(move), ...rest }
}

/** The path from the folder of the fleet file. */
const rebased = (file: string, path: string): string => relative(dirname(file), path) || '.'

const dumped = async (content: object): Promise<string> =>
  (await import('js-yaml')).dump(content, { lineWidth: -1 })

/**
 * Keeps what the pools that `--save-cpu` names could be given today, in the fleet's own file; all else in it stays as it is.
 * @throws FileError; CommandError where there is no such pool or file, or no model fits
 */
export async function saveCpus(args: Arguments, given: GivenFleet, session: Session): Promise<void> {
  const wanted = args.all('save-cpu')
  if (wanted.length === 0) return
  const file = keptFileOf(args.all('fleet'))
  const kept = Object.fromEntries(wanted.map(name => todaysCpu(given, name)))
  const old = isFile(file) ? readWholeText(file) : ''
  const content = old === '' ? {} : await readContent(file)
  const block = await dumped({ 'kept-cpus': { ...content['kept-cpus'], ...kept } })
  const text = withBlock(old, block)
  const expected = { ...content, 'kept-cpus': { ...content['kept-cpus'], ...kept } }
  if (!(await says(text, expected)))
    throw new CommandError([
      `${file} is not written as keys and values in lines; add to it:`,
      ...block.split('\n'),
    ])
  writeWhole(file, text)
  session.err(`kept the CPU of ${count(wanted.length, 'pool')} in ${file}\n`)
}

/** Whether the text of a fleet file says this, and so was rewritten as it should be. */
async function says(text: string, expected: object): Promise<boolean> {
  const { readYaml } = await import('../questions/input/fleet/fleet-yaml.ts')
  try {
    return isDeepStrictEqual(readYaml(text, '').content, expected)
  } catch (error) {
    if (error instanceof ParseError) return false
    throw error
  }
}

/** The fleet's own file, or the one that its only directory would have. @throws CommandError */
function keptFileOf(paths: readonly string[]): string {
  const [own] = paths.flatMap(path => fleetFileOf(path) ?? [])
  const [only, ...more] = paths
  if (own !== undefined) return own
  if (only !== undefined && more.length === 0 && isDirectory(only))
    return `${only.replace(/\/$/, '')}/fleet.yaml`
  throw new CommandError(['--save-cpu needs a fleet file: write one with --write'])
}

/** The label of a pool, and what its guests can be given today. @param name `fleet` is the pool without a label */
function todaysCpu(given: GivenFleet, name: string): readonly [label: string, xml: string] {
  const views = viewsOf(given)
  const found = views
    .flatMap(view => view.pools.map(pool => ({ view, pool })))
    .find(({ pool }) => (pool.label || UNLABELLED) === name)
  const known = views.flatMap(view => view.pools.map(pool => pool.label || UNLABELLED))
  if (!found) throw new CommandError([`no pool is called ${name}; there are ${known.join(', ')}`])
  const { view, pool } = found
  const { label } = pool
  const cpu = poolCpuOf(view, pool.groups, undefined, label)
  const { definition } = cpu.kept?.today ?? cpu
  if (!definition)
    throw new CommandError([`no named model fits ${poolName(label)}, so there is no CPU to keep`])
  return [label, definition.xml]
}

/** The text with this block of a key in place of the one that it has, or at its end. */
function withBlock(text: string, block: string): string {
  const lines = text.split('\n')
  const key = block.slice(0, block.indexOf(':') + 1)
  const at = lines.findIndex(line => line.startsWith(key))
  if (at < 0) return text === '' || text.endsWith('\n') ? text + block : `${text}\n${block}`
  let end = lines.findIndex((line, i) => i > at && /^[^\s#]/.test(line))
  if (end < 0) end = lines.length
  // What stands above the next key belongs to it.
  while (end > at + 1 && /^(?:#.*|\s*)$/.test(lines[end - 1] ?? '')) end--
  return [...lines.slice(0, at), ...block.trimEnd().split('\n'), ...lines.slice(end)].join('\n')
}
