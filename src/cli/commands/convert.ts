import { DIALECTS } from '../../formats/dialects.ts'
import { readWholeText } from '../../host/files/files.ts'
import { convertQuestion } from '../../questions/convert/question.ts'
import { notExpressedLines } from '../../questions/words/describe.ts'
import { ownCommand } from '../own.ts'
import { WRITE_FIELDS } from '../question-options.ts'

export const command = ownCommand({
  question: convertQuestion,
  description:
    "Convert a guest's CPU from any format that is read to one that is written: a VM's definition, or what guests can be " +
    'given on a host. What the format has no word for is listed on stderr.',
  example: 'virt-cpu convert examples/guests/web.xml --format qemu',
  inputs: {
    placeholders: { text: '' },
    arguments: [
      {
        name: 'file',
        value: 'string',
        positional: 'one',
        required: true,
        help: 'guests or hosts, or - for standard input',
      },
    ],
    open: async args => ({ input: { text: readWholeText(args.get('file') ?? '') }, notes: [] }),
  },
  fields: {
    from: { value: 'format', words: DIALECTS.map(({ name }) => name) },
    ...WRITE_FIELDS,
  },
  written: ({ definitions }) => ({
    text: definitions
      .map(({ name, written }) => (definitions.length > 1 ? `# ${name ?? ''}\n${written}` : written))
      .join('\n'),
    lines: definitions.flatMap(notExpressedLines),
  }),
})
