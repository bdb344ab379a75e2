import { documentOf } from '../../questions/document.ts'
import { tree } from '../../questions/tree/compute.ts'
import { printTree } from '../../questions/tree/report.ts'
import { terminalWidth } from '../output.ts'
import { ARCH, requestedModels } from '../own-models.ts'
import type { Command } from '../run.ts'

export const command: Command = {
  spec: {
    name: 'tree',
    description:
      'Show how the CPU models descend from each other; with a model or family, its history: ' +
      'what each version adds and removes, when and why.',
    options: [
      { name: 'model', value: 'string', positional: 'one', help: 'a model or family' },
      ARCH,
      { name: 'json', help: 'the same as JSON' },
    ],
    example: 'virt-cpu tree EPYC',
    style: 'own',
  },

  async run(args, session) {
    const { context } = await requestedModels(session, args.get('arch'))
    const answer = tree(context, args.get('model'))
    if (args.has('json')) session.out(`${JSON.stringify(documentOf({ answer }), null, 2)}\n`)
    else session.out(`${printTree(answer, terminalWidth())}\n`)
    return answer.kind === 'unknown' ? 1 : 0
  },
}
