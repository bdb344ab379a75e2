import { realpathSync } from 'node:fs'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { ParseError } from '../core/parse-error.ts'
import { FileError, fileError } from '../host/files/file-error.ts'
import { readWholeText } from '../host/files/files.ts'
import { filesOfFleet, fleetFileOf, readFleet } from '../host/files/fleet.ts'
import { type Resolve, resolveParts } from '../http/inventory-fleet.ts'
import { BadRequest, type Context } from '../questions/context.ts'
import { readRules } from '../questions/input/fleet/read-rules.ts'
import type { AnyQuestion } from '../questions/question.ts'
import { linesOf } from './command.ts'
import { openRead } from './own.ts'
import { CommandError } from './spec.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * Reads the files that requests name, in these folders alone: `paths` in place of a fleet's documents, and `{"file": path}`
 * in place of a text. Paths are relative to the folder that the process is in, and read as those of a command.
 * @param folders none: no file may be read
 */
export const filesIn = (folders: readonly string[]): Resolve => {
  const places = new ReadablePlaces(folders)
  return async (context, question, request) => {
    try {
      const texts = withTexts(request, path => readWholeText(places.check(path))) as Json
      return await resolveParts(question, texts, part => openPart({ context, question, places }, part))
    } catch (error) {
      const isOfFiles = [FileError, CommandError, AggregateError].some(kind => error instanceof kind)
      throw isOfFiles ? new ParseError(linesOf(error).join('\n'), '', 0, 0, '', { cause: error }) : error
    }
  }
}

interface Opening {
  readonly context: Context
  readonly question: AnyQuestion
  readonly places: ReadablePlaces
}

/** The fleet of a request, or of `before` and `after` of drift, where paths stand for its documents. */
async function openPart({ context, question: { name }, places }: Opening, part: Json) {
  const { paths, ...rest } = part
  if (paths === undefined) return { part }
  if (!isPaths(paths)) throw new BadRequest(`${name}: paths must be a list of paths`)
  if (rest.documents !== undefined) throw new BadRequest(`${name}: give documents or paths, not both`)
  const whole = [...paths, ...paths.flatMap(path => fleetFileOf(places.check(path)) ?? [])]
  for (const file of await filesOfFleet(whole)) places.check(file)
  const rules =
    rest.fleet === undefined
      ? undefined
      : readRules(rest.fleet, (path, what) => new ParseError(`${['fleet', ...path].join('.')}: ${what}`))
  const read = await readFleet(context, paths, { noSkip: rest.noSkip === true, rules })
  const opened = openRead(context, read, paths, true)
  const isOfTwo = name === 'drift' && paths.length === 1
  const strip = isOfTwo ? (await import('./commands/check.ts')).stripArgument : undefined
  return { part: { ...rest, documents: [] }, fleet: strip?.(opened, paths[0] ?? '') ?? opened }
}

const isPaths = (paths: unknown): paths is readonly string[] =>
  Array.isArray(paths) && paths.length > 0 && paths.every(path => typeof path === 'string' && path !== '')

/** A request with the texts of the files that it names. What a fleet file says has keys of its own. */
function withTexts(value: unknown, read: (path: string) => string): unknown {
  if (Array.isArray(value)) return value.map(one => withTexts(one, read))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [[key, path] = []] = entries
  if (entries.length === 1 && key === 'file' && typeof path === 'string') return read(path)
  return Object.fromEntries(
    entries.map(([name, one]) => [name, name === 'fleet' ? one : withTexts(one, read)]),
  )
}

/** The folders whose files may be read. */
class ReadablePlaces {
  readonly #folders: readonly string[]
  readonly #known: readonly string[]

  constructor(folders: readonly string[]) {
    this.#folders = folders
    this.#known = [...folders, ...folders.map(folder => realpathSync(folder))]
  }

  /**
   * The path, where it leads into one of the folders, whatever links are on the way, and to nothing that is hidden there.
   * @throws FileError
   */
  check(path: string): string {
    // What there is elsewhere is nobody's business.
    if (!this.#has(resolve(path)) || !this.#has(realOf(path))) throw new FileError(path, this.#refusal(path))
    return path
  }

  #has(place: string): boolean {
    return this.#known.some(folder => {
      const below = relative(folder, place)
      return !isAbsolute(below) && !below.split(sep).some(part => part.startsWith('.'))
    })
  }

  #refusal(path: string): string {
    if (this.#folders.length === 0)
      return `'${path}' may not be read: start the server with a folder, \`virt-cpu mcp DIR\`, and name files below it`
    return `'${path}' may not be read: it is hidden, or not below ${this.#folders.join(' or ')}, the folders that the server was started with`
  }
}

/** Where a path leads. @throws FileError */
function realOf(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw fileError('open', path, error)
  }
}
