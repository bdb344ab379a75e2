import type { Command } from '../command.ts'
import { completionScript, type Shell } from '../completion.ts'
import { UsageError } from '../spec.ts'

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish']

export const command: Command = {
  spec: {
    name: 'completion',
    description: 'Print a script that lets a shell complete commands and options.',
    options: [
      {
        name: 'shell',
        value: 'string',
        positional: 'one',
        required: true,
        words: SHELLS,
        help: 'bash, zsh or fish',
      },
    ],
    example: 'source <(virt-cpu completion bash)',
    style: 'own',
  },

  async run(args, session, all) {
    const shell = SHELLS.find(known => known === args.get('shell'))
    if (!shell) throw new UsageError(`no completion for '${args.get('shell')}': take ${SHELLS.join(', ')}`)
    const commands = await Promise.all(
      Object.values(all).map(async ({ summary, load }) => ({ spec: (await load()).command.spec, summary })),
    )
    session.out(completionScript(shell, commands))
    return 0
  },
}
