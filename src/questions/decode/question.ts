import * as v from 'valibot'
import { Cpuid } from '../../core/cpuid.ts'
import { leaves, msrs } from '../input/cpu-schemas.ts'
import { question } from '../question.ts'
import { described, flag, names, text, word } from '../schema.ts'
import { DecodeAnswer } from './answer.ts'
import { decode } from './compute.ts'
import { decodeText } from './decode-text.ts'

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
      text === undefined ? decode(context, data, options) : decodeText(context, text, options)
    return { answer, notes }
  },
})
