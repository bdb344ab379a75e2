import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileError } from '../../host/files/file-error.ts'
import { readWholeText } from '../../host/files/files.ts'
import type { Command } from '../command.ts'

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
