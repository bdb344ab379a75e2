import * as v from 'valibot'
import { BaselineAnswer, BaselineReasons, formatInputs, writtenFor, writtenIn } from '../answer-parts.ts'
import { readAnyCpu } from '../input/read.ts'
import { question } from '../question.ts'
import { described, flag, text } from '../schema.ts'
import { baselineAnswer, Pool } from './pool.ts'

const input = v.strictObject({
  cpus: described(
    v.array(v.string('must be the text of a CPU'), 'must be a list of texts'),
    'The CPUs of the hosts, each a text in any input format: a <cpu> element, a dump.',
  ),
  expand: flag("List the features of the CPU's model too."),
  migratable: flag('Leave out features that block migration.'),
  onModel: v.optional(text('Put the result on this model instead of choosing one.')),
  lenient: flag('Leave out unknown names, and report them, instead of failing.'),
  best: flag('Return a CPU for hosts of several vendors too. Not as libvirt.'),
  ...formatInputs,
  raw: flag("Compute as libvirt's unit tests do: x86_64 whatever the first CPU says, every feature kept."),
})

export const baselineQuestion = question({
  name: 'baseline',
  summary: 'Compute the baseline CPU of a set of hosts',
  input,
  answer: BaselineAnswer,
  reasons: BaselineReasons,
  run(context, { cpus, raw, lenient, best, format, qemu, ...options }, { explain }) {
    const pool = new Pool(context.map, { libvirt: context.libvirt, explain: true, raw, lenient, best })
    const notes = cpus.flatMap((text, i) => {
      const read = readAnyCpu(context, text, 'host', `cpus[${i}]`)
      pool.add(read.value, `cpus[${i}]`)
      return read.notes
    })
    const cpu = pool.result(options)
    const written = writtenIn({ format, qemu }, plain => pool.result({ ...options, ...plain }))
    return {
      answer: baselineAnswer(pool, cpu, written),
      notes: [...notes, ...pool.notes(options), ...writtenFor({ format, qemu })],
      explain: explain ? pool.reasons(cpu, options) : undefined,
    }
  },
})
