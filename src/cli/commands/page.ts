import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileError } from '../../host/files/file-error.ts'
import { readWholeText } from '../../host/files/files.ts'
import type { Command } from '../command.ts'

/** The page as the build made it, beside the command, or what a server with an inventory adds. @throws FileError */
export function readPage(name: 'page' | 'inventory' = 'page'): string {
  const path = join(__dirname, `${name}.html`)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw fileError('open', path, error)
  }
}

/**
 * The page of a server that has an inventory: what asks for its hosts is added, and the page's policy lets that run, and
 * ask this server alone.
 * @param added a style and a script
 */
export function pageWithInventory(page: string, added: string): string {
  const hashOf = (name: string): string => {
    const [, text = ''] = new RegExp(`<${name}[^>]*>(.*?)</${name}>`, 's').exec(added) ?? []
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  }
  return page
    .replace(/ script-src /, allowed => `${allowed}${hashOf('script')} `)
    .replace(/ style-src-elem /, allowed => `${allowed}${hashOf('style')} `)
    .replace(/; worker-src /, next => `; connect-src 'self'${next}`)
    .replace('<script type="text/plain"', next => `${added}${next}`)
}

const SLOT = '<script type="application/json" id="data">null</script>'

/** The page with these files in it, each text once. @throws FileError, ParseError */
export function embed(page: string, paths: readonly string[]): string {
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

export const command: Command = {
  spec: {
    name: 'page',
    description:
      'Print the page: one HTML file that shows a fleet and computes in the browser. It works from a disk, asks no ' +
      'network, and with --data holds the fleet itself, so that an answer can be mailed.',
    options: [
      {
        name: 'data',
        value: 'file',
        positional: 'many',
        help: 'files, directories and fleet files (*.yaml) to put into the page; - is standard input',
      },
    ],
    example: 'virt-cpu page --data examples/forty > "$(mktemp)"',
    style: 'own',
  },

  async run(args, session) {
    const page = readPage()
    const data = args.all('data')
    if (data.length === 0) session.out(page)
    else {
      const { filesOfFleet } = await import('../../host/files/fleet.ts')
      session.out(embed(page, await filesOfFleet(data)))
    }
    return 0
  },
}
