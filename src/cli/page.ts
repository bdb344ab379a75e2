import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeBytes } from '../formats/decode-bytes.ts'
import { fileError } from '../host/files/file-error.ts'
import { readWhole } from '../host/files/read-bytes.ts'

/** The page as the build made it, beside the command. @throws FileError */
export function readPage(): string {
  const path = join(__dirname, 'page.html')
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw fileError('open', path, error)
  }
}

/** As large as a file may be that goes into the page. */
const LIMIT = 64 * 2 ** 20

const SLOT = '<script type="application/json" id="data">null</script>'

/** The page with these files in it, each text once. @throws FileError */
export function bake(page: string, paths: readonly string[]): string {
  const texts = new Map<string, number>()
  const files = paths.map(path => {
    const bytes = readWhole(path, LIMIT)
    if (!bytes) throw fileError('read', path, new Error(`more than ${LIMIT} bytes`))
    const text = decodeBytes(bytes)
    const at = texts.get(text) ?? texts.size
    texts.set(text, at)
    return [path, at] as const
  })
  // What an HTML parser could take for the end of the element.
  const data = JSON.stringify({ texts: [...texts.keys()], files }).replaceAll('<', '\\u003c')
  return page.replace(SLOT, () => SLOT.replace('null', () => data))
}
