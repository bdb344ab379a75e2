import * as v from 'valibot'
import { Reason } from '../answer-parts.ts'
import { leaves, msrs } from '../input/schemas.ts'
import { type AnswerOf, described, names, text, word } from '../schema.ts'

const sight = (description: string) =>
  described(
    v.strictObject({
      pass: described(v.number(), 'How often the guest had read all of them before.'),
      cpuid: described(leaves, 'Rows of [leaf, subleaf, eax, ebx, ecx, edx].'),
      msr: described(msrs, 'Rows of [index, low, high].'),
      registers: v.exactOptional(
        described(v.record(v.string(), v.string()), 'Of other architectures: registers by name, in hex.'),
      ),
    }),
    description,
  )

/** What was seen when a guest was started, read and migrated. */
export const Trial = v.strictObject({
  guest: described(v.nullable(v.string()), 'What the guest is called; null: it has no name.'),
  cpu: text('The <cpu> that QEMU was given, without anything that the host decides.'),
  arch: v.exactOptional(text('The architecture; absent: x86_64.')),
  vcpus: v.number(),
  argument: text("QEMU's -cpu."),
  qemu: v.exactOptional(text('The version of QEMU, such as 10.0.2.')),
  toQemu: v.exactOptional(text('The version of the QEMU to which it was migrated; absent: the same.')),
  accelerator: word(['kvm', 'tcg', 'hvf'], 'What ran the guest.'),
  machine: text('The machine type, such as pc-q35-10.0.'),
  from: text('The host where the guest started.'),
  to: text('The host to which it was migrated.'),
  offered: v.exactOptional(names("What the accelerator can give guests, in libvirt's names.")),
  ended: v.exactOptional(text('What QEMU said instead of starting the guest, or of taking it in.')),
  endedAt: v.exactOptional(word(['start', 'target', 'migration'], 'When it said so.')),
  given: v.exactOptional(described(leaves, 'The words of features that QEMU says it gives the guest.')),
  properties: v.exactOptional(
    described(
      v.record(v.string(), v.boolean()),
      'What QEMU says of features of the running CPU, where it is asked.',
    ),
  ),
  before: v.exactOptional(sight('What the guest saw before the migration.')),
  last: v.exactOptional(described(v.number(), 'How often it had read all before it left.')),
  after: v.exactOptional(sight('What it saw on the other side.')),
  milliseconds: described(
    v.record(v.string(), v.number()),
    'How long the parts of the trial took: start, read, migrate, resume, total.',
  ),
})
export type Trial = v.InferOutput<typeof Trial>

const Difference = v.strictObject({
  place: described(v.string(), '`CPUID.07H.0:EBX[5]`, or a register or part of one that holds no features.'),
  name: described(
    v.nullable(v.string()),
    'The feature or field; null: it has no name; `model`: the model that registers name.',
  ),
  expected: described(
    v.string(),
    'The value that was expected, in hex, or a model: predicted, or seen before.',
  ),
  seen: described(v.string(), 'The value that the guest saw, in hex.'),
})

export const GuestProof = v.strictObject({
  guest: v.nullable(v.string()),
  verdict: described(
    v.picklist(['proven', 'refused', 'differs', 'unknown']),
    '`proven`: it starts, sees what was predicted, migrates, and sees the same on the other side; `refused`: QEMU does ' +
      'not start it, or not migrate it; `unknown`: nothing speaks against it, but its model is not known, or not all of ' +
      'it could be read.',
  ),
  arch: text('The architecture, as libvirt spells it.'),
  argument: v.string(),
  accelerator: v.picklist(['kvm', 'tcg', 'hvf']),
  qemu: v.nullable(v.string()),
  toQemu: described(v.nullable(v.string()), 'The version to which it was migrated; null: the same.'),
  machine: v.string(),
  from: v.string(),
  to: v.string(),
  message: v.exactOptional(described(v.string(), "QEMU's words, where it refuses.")),
  refused: described(v.array(Reason), 'The features for which QEMU refuses.'),
  unexpected: described(
    v.array(v.string()),
    'Features that it refuses and that were predicted to be given, or the other way round.',
  ),
  differences: described(v.array(Difference), 'Where the guest saw something else than was predicted.'),
  changes: described(v.array(Difference), 'What changed when the guest was migrated.'),
  goesOn: described(v.boolean(), 'Whether the guest went on counting on the other side.'),
  masksIgnored: described(
    v.boolean(),
    "Whether the guest sees bits that QEMU does not give it: the accelerator shows the host's own words.",
  ),
  wordCount: described(
    v.number(),
    'How many words of 32 bits the guest read; of other architectures than x86: how many registers.',
  ),
  predicted: described(v.number(), 'How many of them were predicted.'),
  exceptions: described(
    v.array(v.strictObject({ name: v.string(), why: v.string() })),
    'The rules by which words were not predicted.',
  ),
  byQemu: names('Features that the guest did not read: QEMU says of its CPU that they are as predicted.'),
  unread: names('Features of the definition that neither the guest nor QEMU reports: they are not proven.'),
  milliseconds: v.record(v.string(), v.number()),
})
export type GuestProof = AnswerOf<typeof GuestProof>

export const VerifyAnswer = v.strictObject({
  verdict: described(
    v.picklist(['proven', 'refused', 'differs', 'unknown']),
    'Of all guests: `differs` before `refused` before `unknown`.',
  ),
  guests: v.array(GuestProof),
})
export type VerifyAnswer = AnswerOf<typeof VerifyAnswer>
