import * as v from 'valibot'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { FORMATS, type WriteOptions } from '../../formats/write.ts'
import { NotExpressedAnswer, qemuInput, type WrittenParts, writtenFor, writtenIn } from '../answer-parts.ts'
import { question } from '../question.ts'
import { described, text, word } from '../schema.ts'
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

export const convertQuestion = question({
  name: 'convert',
  summary: "Convert a guest's CPU from any format to another",
  input: v.strictObject({
    text: text('Guests or hosts in any input format.'),
    from: v.optional(text('The input format, by its name; found out if absent.')),
    format: word(FORMATS, 'The format to write.'),
    qemu: qemuInput,
  }),
  answer,
  run(context, { text: given, from, format, qemu }) {
    const { definitions, notes } = definitionsIn(context, given, from)
    return {
      answer: {
        format,
        definitions: definitions.map(definition => {
          const { written = '', notExpressed = [] } = write(definition, { format, qemu })
          return { name: definition.name ?? null, written, notExpressed }
        }),
      },
      notes: [...notes, ...writtenFor({ format, qemu })],
    }
  },
})
