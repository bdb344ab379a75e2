import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** This program runs in the root of the project. */
export const root = process.cwd()

/** Files below folders of the project, by path. */
export const filesIn = (folders: readonly string[], wanted: RegExp): string[] =>
  folders.flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && wanted.test(entry.name))
      .map(entry => join(entry.parentPath, entry.name))
      .sort(),
  )

/** Our own samples of every dialect. */
export const corpus = (): readonly { readonly path: string; readonly bytes: Buffer }[] =>
  filesIn(
    ['dumps', 'machine', 'machines', 'platforms', 'xml']
      .map(name => `test/corpus/${name}`)
      .concat('examples'),
    /^(?!README)/,
  )
    .filter(path => !path.endsWith('.ndjson'))
    .map(path => ({ path, bytes: readFileSync(path) }))
