import * as v from 'valibot'
import { Cpuid } from '../../core/cpuid.ts'
import { ParseError } from '../../core/parse-error.ts'
import { describeWithoutCpu, readText } from '../../formats/dialects.ts'
import { joinCpus } from '../../formats/libvirt/find-cpus.ts'
import { DecodeAnswer } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import { dataOf, definitionAsItStands, machineOf } from '../input/definition-of.ts'
import { leaves, msrs } from '../input/schemas.ts'
import { cpuOfGuest, cpuOfStatements } from '../input/stated.ts'
import { question } from '../question.ts'
import { described, flag, names, text, word } from '../schema.ts'
import {
  answer,
  answerDecode,
  type DecodedCpu,
  type DecodeOptions,
  decodeBits,
  definitionAnswer,
} from './compute.ts'

const input = v.pipe(
  v.strictObject({
    cpuid: v.optional(described(leaves, 'Rows of [leaf, subleaf, eax, ebx, ecx, edx].')),
    msr: v.optional(described(msrs, 'Rows of [index, low, high].')),
    text: v.optional(text('A dump or a definition in any input format.')),
    as: v.optional(word(['host', 'guest'], 'Whose definition to return; host if absent.')),
    best: flag("Let a host's model lack features, and choose it by its signature first. Not as libvirt."),
    models: v.optional(names('The only models that may be chosen; absent: all.')),
    blockers: v.optional(
      described(
        v.record(
          v.string(),
          v.array(v.string('must be a name'), 'must be a list of names'),
          'must be lists of features by model',
        ),
        'For each model, the features that the hypervisor cannot give it.',
      ),
    ),
  }),
  v.check(({ cpuid, text }) => (cpuid === undefined) !== (text === undefined), 'give either cpuid or text'),
  v.check(({ msr, text }) => msr === undefined || text === undefined, 'give msr with cpuid, not with text'),
)

export const decodeQuestion = question({
  name: 'decode',
  summary: 'Name the CPU of a dump: CPUID and MSR words, or text',
  input,
  answer: DecodeAnswer,
  run(context, { cpuid, msr, text, ...options }) {
    const data = Cpuid.of(cpuid ?? [], msr)
    const { notes, ...answer } =
      text === undefined ? answerDecode(context, data, options) : decodeText(context, text, options)
    return { answer, notes }
  },
})

/**
 * The named CPU of a text in any dialect. Of logical CPUs that differ, what they have in common counts; of several
 * machines in one text the first is taken.
 * @throws ParseError where no CPU is found; LibvirtError where no model fits
 */
export function decodeText(context: Context, text: string, options: DecodeOptions = {}): DecodedCpu {
  const found = readText(text, options.source)
  const [first] = joinCpus(found)
  if (!first) {
    const other =
      describeWithoutCpu(found) ?? 'this is neither libvirt XML nor a dump in a format that is known'
    throw new ParseError(`no CPU found: ${other}`, options.source)
  }
  if (first.kind === 'registers') {
    const host = machineOf(context, first.dumps, options.best ?? false, options.source)
    return definitionAnswer(host.value, host.notes)
  }
  if (first.kind === 'guest' && options.as !== 'host') {
    const { value, notes } = cpuOfGuest(context, first, options.source)
    return definitionAnswer(value.cpu, notes)
  }
  if (first.kind === 'stated') {
    const { value, notes } = cpuOfStatements(context, first.statements, options)
    return definitionAnswer(value.cpu, notes, value.data?.signature)
  }
  const own = definitionAsItStands(context, first)
  if (own) return definitionAnswer(own, [])
  const { value, notes } = dataOf(context, first, options.source)
  return answer(decodeBits(context, value, options), value, notes)
}
