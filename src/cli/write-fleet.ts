import { dirname, relative, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ParseError } from '../core/parse-error.ts'
import { count } from '../core/text.ts'
import { isDirectory, isFile, readWholeText } from '../host/files/files.ts'
import { fleetFileOf } from '../host/files/fleet.ts'
import { writeWhole } from '../host/files/write.ts'
import type { FleetFileContent, WrittenPool } from '../questions/input/fleet/fleet-yaml.ts'
import { viewsOf } from '../questions/input/fleet/open-fleet.ts'
import { UNLABELLED } from '../questions/input/fleet/rules.ts'
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
  const { printFleetFile } = await import('../questions/input/fleet/fleet-yaml.ts')
  try {
    writeWhole(
      file,
      printFleetFile(content, pools, host => rebasedFile(file, files.get(host))),
    )
  } catch (error) {
    throw error instanceof RangeError ? new CommandError([error.message]) : error
  }
}

const rebasedFile = (file: string, path: string | undefined) => path && rebased(file, path)

/** What the new file begins with: the fleet's own file, or the files and folders that were given. */
async function contentOf(file: string, paths: readonly string[]): Promise<FleetFileContent> {
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

async function readContent(file: string): Promise<FleetFileContent> {
  const { readYaml } = await import('../questions/input/fleet/fleet-yaml.ts')
  return (readYaml(readWholeText(file), file).content ?? {}) as FleetFileContent
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
  const { printYaml } = await import('../questions/input/fleet/fleet-yaml.ts')
  const block = printYaml({ 'kept-cpus': { ...content['kept-cpus'], ...kept } })
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
