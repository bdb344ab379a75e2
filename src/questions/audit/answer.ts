import * as v from 'valibot'
import { SignatureAnswer } from '../answer-parts.ts'
import { type AnswerOf, described } from '../schema.ts'

export const SEVERITIES = ['danger', 'warning', 'note'] as const

/** Something that is wrong, or costs, with what to do. */
export const AuditFinding = v.strictObject({
  id: described(v.string(), 'Stable: `KIND:WHAT`, such as `believes-safe:mds`.'),
  severity: v.picklist(SEVERITIES),
  inLines: described(
    v.array(v.number()),
    'The guests, models, pools or hosts that it is about, by their places in `lines`, from 0; empty: the fleet file.',
  ),
  kind: v.picklist(['host', 'pool', 'guest', 'model', 'fleet']),
  text: described(v.string(), 'What is so, without the subjects.'),
  reason: described(v.string(), 'Why; empty: the text says it.'),
  ofLines: described(
    v.array(v.number()),
    'Of a finding that is about no host, the hosts because of which it is one, by their places in `lines`.',
  ),
  remedy: described(v.string(), 'Empty: none is known.'),
  change: described(v.string(), "What changes in the guest's `<cpu>`, as XML; empty: nothing there."),
  sources: described(v.array(v.string()), 'Keys of docs/sources.md.'),
})
export type AuditFinding = AnswerOf<typeof AuditFinding>

/** A finding by the names of what it is about, and of the hosts because of which it is one. */
export interface NamedFinding extends Omit<AuditFinding, 'inLines' | 'ofLines'> {
  readonly subjects: readonly string[]
  readonly hosts: readonly string[]
}

const THREE = ['yes', 'no', 'unknown'] as const

/** What hosts are vulnerable to, or a guest believes to be; of a pool a guest with the CPU that is printed for it. */
export const AuditLine = v.strictObject({
  kind: v.picklist(['host', 'pool', 'guest', 'model']),
  name: described(v.string(), 'Of the pool without a label empty.'),
  pool: described(v.string(), 'Of the pool without a label, and where none is known, empty.'),
  signature: described(SignatureAnswer, 'Of a guest what it sees; null: not known.'),
  shares: v.exactOptional(
    described(
      v.array(v.string()),
      'Models of the same vendor and signature: their guests share a launch measurement of SEV-SNP; of TDX no source tells.',
    ),
  ),
  vulnerabilities: v.array(
    v.strictObject({
      name: described(v.string(), 'As in `bugs` of /proc/cpuinfo.'),
      affected: described(v.picklist(THREE), 'Of a host what is; of a guest what its Linux believes.'),
      by: described(v.picklist(['kernel', 'silicon', 'guest']), 'Who says so.'),
      says: described(v.nullable(v.string()), 'What Linux says there; null: not known, or it has no file.'),
    }),
  ),
})
export type AuditLine = AnswerOf<typeof AuditLine>

export const AuditAnswer = v.strictObject({
  findings: described(v.array(AuditFinding), 'The worst first.'),
  ignored: v.array(v.strictObject({ id: v.string(), reason: v.string(), until: v.string() })),
  lines: v.array(AuditLine),
})
export type AuditAnswer = AnswerOf<typeof AuditAnswer>
