import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { pid } from 'node:process'
import { fileError } from './file-error.ts'

/** Writes a file as a whole or not at all: another takes its place when it is complete. @throws FileError */
export function writeWhole(path: string, text: string): void {
  const draft = `${path}.${pid}.tmp`
  try {
    writeFileSync(draft, text)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw fileError('write', path, error)
  }
}
