import { ParseError } from '../../core/parse-error.ts'
import { inputsOfText } from '../../formats/input-text.ts'
import type { Context } from '../context.ts'
import { dataOf, machineOf } from '../input/definition-of.ts'
import { answer, type DecodedCpu, type DecodeOptions, decodeX86, definitionAnswer } from './compute.ts'

/**
 * The named CPU of a text in any format that can be told. Logical CPUs that differ count as what they have in
 * common; of several machines in one text the first is taken.
 * @throws ParseError where no CPU is found; LibvirtError where no model fits
 */
export function decodeText(context: Context, text: string, options: DecodeOptions = {}): DecodedCpu {
  const [first] = inputsOfText(text, options.source)
  if (!first)
    throw new ParseError(
      'no CPU found: neither libvirt XML nor a dump in a format that is known',
      options.source,
    )
  if (first.kind === 'registers') {
    const host = machineOf(context, first.dumps, options.best ?? false, options.source)
    return definitionAnswer(host.value, host.notes)
  }
  const { value, notes } = dataOf(context, first, options.source)
  return answer(decodeX86(context, value, options), value, notes)
}
