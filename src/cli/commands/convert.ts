import { decodeBytes, unpacked } from '../../formats/decode-bytes.ts'
import { DIALECTS, loadYamlFor } from '../../formats/dialects.ts'
import { LARGEST_TEXT, refuseLongText } from '../../formats/read-chunks.ts'
import { FileError, isBadFile } from '../../host/files/file-error.ts'
import { filesOf, noteOfFile, readWhole, STDIN } from '../../host/files/files.ts'
import type { Context } from '../../questions/context.ts'
import { convertQuestion, definitionsIn } from '../../questions/convert/question.ts'
import { notExpressedLines } from '../../questions/words/describe.ts'
import type { Note } from '../../questions/words/note.ts'
import type { Arguments } from '../arguments.ts'
import { ownCommand } from '../own.ts'
import { WRITE_FIELDS } from '../question-options.ts'

export const command = ownCommand({
  question: convertQuestion,
  description:
    "Convert guests' CPUs from any format that is read to one that is written: a VM's definition, or what guests can be " +
    'given on a host. Of several each is written. What the format has no word for is listed on stderr.',
  example: 'virt-cpu convert examples/guests/web.xml --format qemu',
  fleets: {},
  inputs: {
    placeholders: { documents: [] },
    arguments: [
      {
        name: 'file',
        value: 'string',
        positional: 'many',
        required: true,
        help: 'guests or hosts, directories of them, or - for standard input',
      },
    ],
    async open(args, context) {
      const { documents, notes } = await readDocuments(args, context)
      return { input: { documents }, notes }
    },
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

interface GivenDocument {
  readonly path: string
  readonly text: string
}

/** Texts to convert; of a directory those that hold a guest or a host. @throws FileError, ParseError */
async function readDocuments(args: Arguments, context: Context) {
  const documents: GivenDocument[] = []
  const notes: Note[] = []
  for (const { path, named } of filesOf(args.all('file'))) {
    try {
      const document = await readDocument(path)
      if (!named) definitionsIn(context, document.text, args.get('from'), path)
      documents.push(document)
    } catch (error) {
      if (named || !isBadFile(error)) throw error
      notes.push(await noteOfFile(path, error))
    }
  }
  const [first] = args.all('file')
  if (documents.length === 0) throw new FileError(first ?? '', `no guest and no host in ${first}`)
  return { documents, notes }
}

async function readDocument(path: string): Promise<GivenDocument> {
  const bytes = readWhole(path, LARGEST_TEXT)
  if (!bytes) throw refuseLongText(path)
  const text = decodeBytes(await unpacked(bytes, LARGEST_TEXT, path))
  await loadYamlFor(text)
  return { path: path === STDIN ? '<stdin>' : path, text }
}
