import { SCHEMA_VERSION } from '../../questions/document.ts'
import { name } from '../../questions/name/compute.ts'
import { printName } from '../../questions/name/report.ts'
import { terminalWidth } from '../output.ts'
import { ARCH, requestedModels } from '../own-models.ts'
import type { Command } from '../run.ts'

export const command: Command = {
  spec: {
    name: 'name',
    description:
      "Tell what a feature is: its place and meaning, every tool's name for it, and the models that have it. " +
      "Takes libvirt's name, any tool's, or a place such as CPUID.07H.0:EBX[5].",
    options: [
      {
        name: 'name',
        value: 'string',
        positional: 'many',
        required: true,
        help: "a feature's name or place",
      },
      ARCH,
      { name: 'json', help: 'the same as JSON' },
    ],
    example: 'virt-cpu name avx512_vnni',
    style: 'own',
  },

  async run(args, session) {
    const { context, own } = await requestedModels(session, args.get('arch'))
    const answers = args.all('name').map(text => name(context, text, own))
    if (args.has('json')) session.out(`${JSON.stringify({ schema: SCHEMA_VERSION, answers }, null, 2)}\n`)
    else session.out(`${answers.map(answer => printName(answer, terminalWidth())).join('\n\n')}\n`)
    return answers.every(({ features }) => features.length > 0) ? 0 : 1
  },
}
