import { ParseError } from '../../core/parse-error.ts'
import { readText } from '../../formats/dialects.ts'
import { cpusOf } from '../../formats/libvirt/find-cpus.ts'
import type { Context } from '../context.ts'
import { dataOf, machineOf } from '../input/definition-of.ts'
import { answer, type DecodedCpu, type DecodeOptions, decodeBits, definitionAnswer } from './compute.ts'

/**
 * The named CPU of a text in any dialect. Of logical CPUs that differ, what they have in common counts; of several
 * machines in one text the first is taken.
 * @throws ParseError where no CPU is found; LibvirtError where no model fits
 */
export function decodeText(context: Context, text: string, options: DecodeOptions = {}): DecodedCpu {
  const [first] = readText(text, options.source).flatMap(cpusOf)
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
  return answer(decodeBits(context, value, options), value, notes)
}
