import type { Command } from '../command.ts'
import { bake, readPage } from '../page.ts'

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
        help: 'files and directories to put into the page; - is standard input',
      },
    ],
    example: 'virt-cpu page --data examples/fleet > "$(mktemp)"',
    style: 'own',
  },

  async run(args, session) {
    const page = readPage()
    const data = args.all('data')
    session.out(data.length === 0 ? page : bake(page, data))
    return 0
  },
}
