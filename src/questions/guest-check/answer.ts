import * as v from 'valibot'
import { Reason, WrittenParts } from '../answer-parts.ts'
import { type AnswerOf, described } from '../schema.ts'

const VERDICTS = ['starts', 'reduced', 'unknown', 'refused'] as const

/** What libvirt would do with a guest. */
export const GuestAnswer = v.strictObject({
  verdict: described(
    v.picklist(VERDICTS),
    '`reduced`: it starts, without features that its definition has; `unknown`: only a start would tell.',
  ),
  message: v.exactOptional(described(v.string(), "libvirt's text, where it refuses.")),
  remarks: described(
    v.array(v.string()),
    'What else there is to know: of a refusal, of arguments of its own.',
  ),
  notLookedAt: described(
    v.array(v.string()),
    'What the definition has, may keep the guest from starting, and was not looked at; of one refused empty.',
  ),
  apart: v.exactOptional(
    described(
      v.strictObject({
        machine: v.string(),
        verdict: v.picklist(VERDICTS),
        message: v.exactOptional(v.string()),
        argument: v.exactOptional(v.string()),
      }),
      'Where the QEMU has no such machine type: what would become of the guest with this one.',
    ),
  ),
  lost: described(v.array(Reason), 'Features of the definition that the running guest lacks.'),
  gained: described(v.array(Reason), 'What the running guest has and the definition does not name.'),
  argument: v.exactOptional(described(v.string(), "QEMU's `-cpu`; absent where QEMU is not started.")),
  live: v.exactOptional(described(v.string(), 'The CPU of the running guest, as `virsh dumpxml` has it.')),
  ...WrittenParts.entries,
  basis: described(
    v.picklist(['started', 'expected']),
    'Whether a QEMU was started to see, or its answers are taken from what is known of it.',
  ),
})
export type GuestAnswer = AnswerOf<typeof GuestAnswer>
