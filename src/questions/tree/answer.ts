import * as v from 'valibot'

import { type AnswerOf, described } from '../schema.ts'

/** A family and what descends from it. */
export interface TreeNode {
  readonly name: string
  readonly vendor?: string
  readonly note: string
  readonly parent?: string
  readonly versions: readonly string[]
  readonly children: readonly TreeNode[]
}

/** The schema of a `TreeNode`, which contains itself: its type must be written out. */
export const TreeNode: v.GenericSchema<TreeNode> = v.strictObject({
  name: v.string(),
  vendor: v.exactOptional(v.string()),
  note: described(v.string(), 'Microarchitecture, product, year; may be empty.'),
  parent: v.exactOptional(described(v.string(), 'The model it is a delta on; absent at the root.')),
  versions: described(
    v.array(v.string()),
    'The names of its versions that libvirt has, or the plain name where it has none: `v1`, `v2`.',
  ),
  children: v.array(v.lazy(() => TreeNode)),
})

/** One step in a family's history. */
export const Step = v.strictObject({
  names: described(v.array(v.string()), '`EPYC-IBPB`, `EPYC-v2`: the plain name first.'),
  base: v.exactOptional(described(v.string(), 'The model it is a delta on.')),
  note: described(v.string(), 'When and why; may be empty.'),
  removes: v.array(v.string()),
  adds: v.array(v.string()),
  onlyIn: v.exactOptional(
    described(v.string(), "Whose it is where it is no model of libvirt's: `QEMU 11.1's; libvirt 12.8 …`."),
  ),
  size: described(v.number(), 'How many features the model has.'),
})
export type Step = AnswerOf<typeof Step>

export const TreeAnswer = v.union([
  v.strictObject({ kind: v.literal('forest'), roots: v.array(TreeNode) }),
  v.strictObject({
    kind: v.literal('family'),
    name: v.string(),
    vendor: v.exactOptional(v.string()),
    vendorId: v.exactOptional(described(v.string(), 'What leaf 0 of CPUID spells.')),
    note: v.string(),
    parent: v.exactOptional(v.string()),
    childFamilies: described(v.array(v.string()), 'Families that descend from this one.'),
    steps: v.array(Step),
  }),
  v.strictObject({ kind: v.literal('unknown'), name: v.string(), nearest: v.array(v.string()) }),
])
export type TreeAnswer = AnswerOf<typeof TreeAnswer>
