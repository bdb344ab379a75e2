import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileError } from '../host/files/file-error.ts'
import { readWholeText } from '../host/files/read-found.ts'

/** The page as the build made it, beside the command. @throws FileError */
export function readPage(): string {
  const path = join(__dirname, 'page.html')
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw fileError('open', path, error)
  }
}

const SLOT = '<script type="application/json" id="data">null</script>'

/** The page with these files in it, each text once. @throws FileError, ParseError */
export function bake(page: string, paths: readonly string[]): string {
  const texts = new Map<string, number>()
  const files = paths.map(path => {
    const text = readWholeText(path)
    const at = texts.get(text) ?? texts.size
    texts.set(text, at)
    return [path, at] as const
  })
  // What an HTML parser could take for the end of the element.
  const data = JSON.stringify({ texts: [...texts.keys()], files }).replaceAll('<', '\\u003c')
  return page.replace(SLOT, () => SLOT.replace('null', () => data))
}
