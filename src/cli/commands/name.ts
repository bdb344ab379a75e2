import type { Command } from '../command.ts'
export const command: Command = {
  spec: { name: 'name', description: 'TODO', options: [], example: '', style: 'own' },
  run: () => {
    throw new RangeError('not yet')
  },
}
