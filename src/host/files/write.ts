import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { pid } from 'node:process'
import { codeOf, fileError } from './file-error.ts'

/**
 * Writes a file as a whole or not at all: another takes its place when it is complete. What is no plain file, such as
 * `/dev/stdout`, is written to and stays. @throws FileError
 */
export function writeWhole(path: string, text: string): void {
  const draft = `${path}.${pid}.tmp`
  try {
    const there = lstatSync(path, { throwIfNoEntry: false })
    if (there && !there.isFile()) {
      writeFileSync(path, text)
      return
    }
    writeFileSync(draft, text)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw fileError('write', path, error)
  }
}

/**
 * Makes a folder and those above it that are missing. Node 20's own way, `recursive`, never ends where the kernel says that
 * there is no place for a folder, as in `/proc`.
 * @throws what Node throws where the folder cannot be made, or is a file
 */
export function makeFolder(folder: string, mode?: number): void {
  const above = dirname(folder)
  if (!existsSync(above)) makeFolder(above, mode)
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !statSync(folder).isDirectory()) throw error
  }
}
