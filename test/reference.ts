import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Facts to test against, which are no part of the project; undefined where they are absent. */
const root = process.env.VIRT_CPU_REFERENCE ?? join(import.meta.dirname, '..', '..', 'shared', 'reference')

/** The path of a folder or file of the reference data; undefined where it is absent. */
export function reference(...path: string[]): string | undefined {
  const full = join(root, ...path)
  return existsSync(full) ? full : undefined
}

/** Why tests that need it are skipped. */
export const NO_REFERENCE = 'no reference data: set VIRT_CPU_REFERENCE to its folder'
