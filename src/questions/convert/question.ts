import * as v from 'valibot'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { listFormats, type WriteOptions } from '../../formats/write.ts'
import { NotExpressedAnswer, qemuInput, type WrittenParts, writtenFor, writtenIn } from '../answer-parts.ts'
import { question } from '../question.ts'
import { described, text, word } from '../schema.ts'
import type { Note } from '../words/note.ts'
import { definitionsIn, type NamedDefinition } from './compute.ts'

const answer = v.strictObject({
  format: v.string(),
  definitions: described(
    v.array(
      v.strictObject({
        name: described(v.nullable(v.string()), 'What the text calls it; null: it has no name.'),
        written: described(v.string(), 'The definition in the format.'),
        notExpressed: described(
          v.array(NotExpressedAnswer),
          'What the format has no word for; empty: it says all.',
        ),
      }),
    ),
    'Of each guest in the text; where there is none, of what guests of each host can be given.',
  ),
})

/** @throws LibvirtError, which says what the reader had to say of the definition */
function write({ name, cpu, notes = [] }: NamedDefinition, options: WriteOptions): WrittenParts {
  try {
    return writtenIn({ ...options, name }, () => cpu)
  } catch (error) {
    if (!(error instanceof LibvirtError) || notes.length === 0) throw error
    throw new LibvirtError(error.kind, [error.detail, ...notes].join('; '), { cause: error })
  }
}

/** Each definition; of several, one that the format cannot say at all is noted. @throws LibvirtError where it says none */
function writeAll(all: readonly NamedDefinition[], options: WriteOptions) {
  const notes: Note[] = []
  const refused: LibvirtError[] = []
  const definitions = all.flatMap(definition => {
    const name = definition.name ?? null
    try {
      const { written = '', notExpressed = [] } = write(definition, options)
      return [{ name, written, notExpressed }]
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error
      refused.push(error)
      const source = definition.name === undefined ? {} : { source: definition.name }
      notes.push({ kind: 'dump', text: `not written: ${error.message}`, ...source })
      return []
    }
  })
  if (refused[0] && definitions.length === 0) throw refused[0]
  return { definitions, notes }
}

export const convertQuestion = question({
  name: 'convert',
  summary: "Convert a guest's CPU from any format to another",
  input: v.pipe(
    v.strictObject({
      text: v.optional(text('Guests or hosts in any input format.')),
      documents: described(
        v.optional(v.array(v.strictObject({ path: v.string(), text: v.string() }))),
        'Several texts, each with what to call what has no name in it.',
      ),
      from: v.optional(text('The input format, by its name; found out if absent.')),
      format: word(listFormats(), 'The format to write.'),
      qemu: qemuInput,
    }),
    v.check(
      ({ text, documents }) => (text === undefined) !== (documents === undefined),
      'give either text or documents',
    ),
  ),
  answer,
  run(context, { text: alone = '', documents, from, format, qemu }) {
    const given = documents ?? [{ path: 'text', text: alone }]
    const isOne = given.length === 1
    const read = given.map(({ path, text }) => ({ path, ...definitionsIn(context, text, from, path) }))
    const named = read.flatMap(({ path, definitions }) =>
      definitions.map(one => ({ ...one, name: one.name ?? (isOne ? undefined : path) })),
    )
    const { definitions, notes } = writeAll(named, { format, qemu })
    return {
      answer: { format, definitions },
      notes: [
        ...read.flatMap(({ path, notes: said }) =>
          isOne ? said : said.map(note => ({ source: path, ...note })),
        ),
        ...notes,
        ...writtenFor({ format, qemu }),
      ],
    }
  },
})
