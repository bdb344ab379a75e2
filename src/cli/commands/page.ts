import type { Command } from '../command.ts'
import { openContext } from '../database.ts'
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
      session.out(bake(page, await filesOfFleet(await openContext(session), data)))
    }
    return 0
  },
}
