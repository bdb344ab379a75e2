import * as v from 'valibot'

import { type AnswerOf, described } from '../schema.ts'

/** Which versions of a family have a feature. */
export const FamilyHas = v.strictObject({
  name: v.string(),
  versions: described(
    v.array(v.string()),
    '`v3`, `v4`, or the plain name where it has no version; empty: no version.',
  ),
  all: described(v.boolean(), 'Whether all of them do.'),
  qemuOnly: v.exactOptional(
    described(v.array(v.string()), "Versions that have it and that only QEMU has: no models of libvirt's."),
  ),
})
export type FamilyHas = AnswerOf<typeof FamilyHas>

/** The families of a vendor, in the order of their history. */
export const VendorHas = v.strictObject({
  vendor: v.exactOptional(described(v.string(), 'Absent: models that CPUs of every vendor may be given.')),
  families: v.array(FamilyHas),
})
export type VendorHas = AnswerOf<typeof VendorHas>

/** Everything that is known of a feature. */
export const FeatureFacts = v.strictObject({
  name: v.string(),
  place: described(
    v.string(),
    '`CPUID.07H.0:ECX[11]`; of a field of several bits `CPUID.04H.0-31:EAX[7:5]`.',
  ),
  title: v.string(),
  order: v.picklist(['&', '|', '<', '>', '=', '~', '.']),
  class: v.exactOptional(
    v.picklist(['security', 'performance', 'virtualization', 'nested', 'platform', 'volatile']),
  ),
  migratable: v.boolean(),
  knownToLibvirt: described(v.boolean(), 'Whether libvirt knows it.'),
  unoffered: v.exactOptional(described(v.boolean(), 'Whether no hypervisor is known to give it to guests.')),
  spellings: described(
    v.array(
      v.strictObject({
        tool: v.string(),
        names: described(
          v.array(v.string()),
          'The first is the one to print; all are read. Empty: the tool has no name for it.',
        ),
        hidden: described(v.boolean(), 'The tool knows the name but never shows it.'),
        vendors: v.exactOptional(
          described(v.array(v.string()), 'The vendors of whose CPUs it means this; absent: of all.'),
        ),
      }),
    ),
    'What tools call it; of tools that are not here nothing is known.',
  ),
  needs: v.array(v.string()),
  neededBy: v.array(v.string()),
  byVendor: described(v.array(VendorHas), 'Empty where the map does not say how its models descend.'),
})
export type FeatureFacts = AnswerOf<typeof FeatureFacts>

export const NameAnswer = v.strictObject({
  text: v.string(),
  meanings: described(
    v.array(FeatureFacts),
    'Several where tools use the same word for different bits; empty: no tool has a feature of this name.',
  ),
  register: v.exactOptional(
    described(v.literal(true), 'The text is a whole register: the features are those in it.'),
  ),
  note: v.exactOptional(
    described(
      v.string(),
      'What the text is where it is no feature: a CPU model of some tool, or why it has no bit.',
    ),
  ),
  nearest: described(
    v.array(v.string()),
    'Names that are spelled much like it; only where there are no features.',
  ),
})
export type NameAnswer = AnswerOf<typeof NameAnswer>
