import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The page as the build made it, beside the command; undefined where it made none. */
export function readPage(): string | undefined {
  const path = join(__dirname, 'page.html')
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
