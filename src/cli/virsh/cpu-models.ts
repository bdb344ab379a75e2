import { listModelNames } from '../../arch/operations.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import type { Command } from '../command.ts'
import { openContext } from '../globals.ts'
import { CommandError } from '../spec.ts'

export const command: Command = {
  spec: {
    name: 'cpu-models',
    summary: 'CPU models',
    description: 'Get the CPU models for an arch.',
    options: [
      {
        name: 'arch',
        value: 'string',
        positional: 'one',
        required: true,
        help: 'architecture',
        words: ['x86_64', 'i686', 'ppc64', 'ppc64le', 'aarch64', 'armv7l', 's390x', 'riscv64', 'loongarch64'],
      },
      { name: 'json', ours: true, help: 'the names as JSON; null where every name is accepted' },
    ],
    example: 'virt-cpu cpu-models x86_64',
    style: 'virsh',
  },

  async run(args, session) {
    const arch = args.get('arch') ?? ''
    try {
      const models = listModelNames((await openContext(session)).map, arch)
      if (args.has('json'))
        session.out(`${JSON.stringify({ schema: SCHEMA_VERSION, arch, models: models ?? null }, null, 2)}\n`)
      else if (models) session.out(models.map(name => `${name}\n`).join(''))
      else if (!session.quiet) session.out('all CPU models are accepted\n')
      return 0
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error
      throw new CommandError(['failed to get CPU model names', error.message], { cause: error })
    }
  },
}
