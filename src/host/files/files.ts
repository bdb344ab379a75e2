import { readdirSync, type Stats, statSync } from 'node:fs'
import { fileError } from './file-error.ts'
import { STDIN } from './read-file.ts'

/** A file to read. One that was met in a directory need not hold a CPU. */
export interface InputFile {
  readonly path: string
  readonly named: boolean
}

/**
 * The files that command line arguments stand for: a directory stands for its regular files, recursively, in
 * bytewise order of their paths; dot-files and symbolic links to directories are passed over.
 * @throws FileError for a directory that cannot be read; a missing file is found when it is opened
 */
export function* filesOf(paths: readonly string[]): Generator<InputFile> {
  for (const path of paths) {
    if (path === STDIN || !isDirectory(path)) yield { path, named: true }
    else for (const found of sorted(below(path))) yield { path: found, named: false }
  }
}

function* below(directory: string): Generator<string> {
  for (const entry of list(directory)) {
    if (entry.name.startsWith('.')) continue
    const path = directory.endsWith('/') ? directory + entry.name : `${directory}/${entry.name}`
    if (entry.isDirectory()) yield* below(path)
    else if (entry.isFile() || (entry.isSymbolicLink() && isFile(path))) yield path
  }
}

function list(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    throw fileError('open', directory, error)
  }
}

function sorted(paths: Iterable<string>): string[] {
  const keyed = Array.from(paths, path => ({ path, key: Buffer.from(path) }))
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ path }) => path)
}

/** Whether it is a directory, or a link to one. */
export const isDirectory = (path: string): boolean => stat(path)?.isDirectory() ?? false

/** Whether it is a file that can be read a second time. */
export const isFile = (path: string): boolean => stat(path)?.isFile() ?? false

/** Undefined where there is nothing, or where it cannot be seen. */
function stat(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}
