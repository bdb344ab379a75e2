import * as v from 'valibot'
import { BaselineReasons } from '../answer-parts.ts'
import { readCpu } from '../input/read.ts'
import { question } from '../question.ts'
import { described, flag, text } from '../schema.ts'
import { BaselineAnswer } from './answer.ts'
import { baselineAnswer, Pool } from './pool.ts'

const input = v.strictObject({
  cpus: described(
    v.array(v.string('must be the text of a CPU'), 'must be a list of texts'),
    'The <cpu> elements of the hosts.',
  ),
  expand: flag("List the features of the CPU's model too."),
  migratable: flag('Leave out features that block migration.'),
  onModel: v.optional(text('Put the result on this model instead of choosing one.')),
  lenient: flag('Leave out unknown names, and report them, instead of failing.'),
  best: flag('Return a CPU for hosts of several vendors too. Not as libvirt.'),
  raw: flag("Compute as libvirt's unit tests do: x86_64 whatever the first CPU says, every feature kept."),
})

export const baselineQuestion = question({
  name: 'baseline',
  summary: 'Compute the baseline CPU of a set of hosts',
  input,
  answer: BaselineAnswer,
  reasons: BaselineReasons,
  run(context, { cpus, raw, lenient, best, ...options }, { explain }) {
    const pool = new Pool(context.map, { explain: true, raw, lenient, best })
    for (const [i, xml] of cpus.entries()) pool.add(readCpu(xml, 'host', `cpus[${i}]`), `cpus[${i}]`)
    const cpu = pool.result(options)
    return {
      answer: baselineAnswer(pool, cpu),
      notes: pool.notes(options),
      explain: explain ? pool.reasons(cpu, options) : undefined,
    }
  },
})
