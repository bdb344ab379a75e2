import * as v from 'valibot'
import { GroupPlaces, groupsPart, Reason, SignatureAnswer } from '../answer-parts.ts'
import { ObstacleAnswer } from '../migrate/answer.ts'
import { FeatureCount, keptCpusPart } from '../pools/answer.ts'
import { type AnswerOf, described } from '../schema.ts'

/** A pool at one time. */
export const PoolSummary = v.strictObject({
  hostCount: v.number(),
  weight: v.number(),
  featureCount: FeatureCount,
  level: described(v.nullable(v.string()), 'The x86-64 level that its guests reach; null: none.'),
  model: described(
    v.nullable(v.string()),
    'The model of the shortest definition for its guests, as `explain` has it; null: none fits.',
  ),
  value: v.number(),
})
export type PoolSummary = AnswerOf<typeof PoolSummary>

/** What becomes of a pool: null where it is not there. */
export const PoolDeltaAnswer = v.strictObject({
  pool: v.string(),
  before: v.nullable(PoolSummary),
  after: v.nullable(PoolSummary),
  gained: described(v.array(Reason), 'What its guests get now and did not get before.'),
  lost: described(v.array(Reason), 'What its guests no longer get: a host is known not to give it.'),
  unknown: described(
    v.array(Reason),
    'What its guests got, and of which it is not known whether every host gives it now; no host is known not to.',
  ),
})
export type PoolDeltaAnswer = AnswerOf<typeof PoolDeltaAnswer>

/** What becomes of a guest. */
export const GuestDeltaAnswer = v.strictObject({
  guest: v.string(),
  host: described(v.nullable(v.string()), 'The host it runs on; null: it is off, or that is not known.'),
  own: v.picklist(['stays', 'gone', 'closed']),
  othersBefore: described(v.number(), 'How many other hosts of its pool take it, before and after.'),
  othersAfter: v.number(),
  stuck: v.boolean(),
  freed: v.boolean(),
  obstacles: v.array(ObstacleAnswer),
})
export type GuestDeltaAnswer = AnswerOf<typeof GuestDeltaAnswer>

export const DeltaAnswer = v.strictObject({
  pools: described(v.array(PoolDeltaAnswer), 'The pools that are not as they were; bytewise.'),
  guests: described(v.array(GuestDeltaAnswer), 'The guests to which it means something; bytewise.'),
})
export type DeltaAnswer = AnswerOf<typeof DeltaAnswer>

/** What was done to which hosts. */
export const ChangeDone = v.strictObject({
  kind: v.picklist(['add', 'replace', 'remove', 'move', 'apply', 'drop', 'upgrade', 'machine']),
  effect: v.exactOptional(described(v.string(), "The effect's name; absent for a host that comes or goes.")),
  title: v.exactOptional(
    described(
      v.string(),
      'What the effect is; the pool of a move; the versions of an upgrade; the machine type.',
    ),
  ),
  inGroups: described(
    GroupPlaces,
    'The hosts that are not as they were; empty: it changed nothing, or guests alone.',
  ),
})
export type ChangeDone = AnswerOf<typeof ChangeDone>

const TOOLS = ['qemu', 'libvirt', 'kernel'] as const

const Versions = v.strictObject({
  qemu: described(v.nullable(v.string()), 'Null: not known.'),
  libvirt: v.nullable(v.string()),
  kernel: v.nullable(v.string()),
})

const Fact = v.strictObject({
  tool: v.picklist(['qemu', 'libvirt']),
  version: described(v.string(), 'The first version that it is true of.'),
  title: v.string(),
  remedy: described(v.string(), 'Empty: it stands in no way.'),
})

const JudgementAnswer = v.strictObject({
  verdict: described(
    v.picklist(['yes', 'assumed', 'unknown', 'no']),
    '`assumed`: yes, by what releases are known to give; `unknown`: `settle` names what to run.',
  ),
  host: described(v.nullable(v.string()), 'The host that is best for it; null: there is none.'),
  reasons: described(v.array(v.number()), 'Places in `obstacles` of what is in the way, from 0.'),
  facts: described(v.array(Fact), 'What versions change by themselves that is in the way, or may be.'),
  settle: described(
    v.array(v.string()),
    'The commands that show what is not known; empty: nothing is open but its reasons.',
  ),
})
export type JudgementAnswer = AnswerOf<typeof JudgementAnswer>

/** Hosts that come from the same versions to the same, and what changes for guests on them. */
const UpgradeStep = v.strictObject({
  inGroups: GroupPlaces,
  versionsBefore: Versions,
  versionsAfter: Versions,
  gained: described(v.array(Reason), 'What guests are given there unasked, and were not; in map order.'),
  lost: v.array(Reason),
  unsure: described(v.array(Reason), 'What may no longer be given unasked, or only to guests that ask.'),
  addedModels: described(v.array(v.string()), 'Models that these versions know, and those before did not.'),
  removedModels: v.array(v.string()),
  facts: described(v.array(Fact), 'What else these versions change by themselves.'),
  unknownVersions: described(
    v.array(v.strictObject({ tool: v.picklist(TOOLS), command: v.string() })),
    'The versions that are not known, each with the command that shows it.',
  ),
})
export type UpgradeStep = AnswerOf<typeof UpgradeStep>

const GuestPreflight = v.strictObject({
  guest: v.string(),
  host: described(v.nullable(v.string()), 'The host it runs on; null: it is off, or that is not known.'),
  machine: described(v.nullable(v.string()), 'The machine type that it names; null: none.'),
  deprecated: described(v.boolean(), 'Whether a QEMU there marks the machine type as deprecated.'),
  move: described(JudgementAnswer, 'Its move, as it runs, to an upgraded host: it keeps its CPU.'),
  return: described(JudgementAnswer, 'From there back to its host as it was.'),
  atStart: described(
    v.strictObject({
      start: JudgementAnswer,
      return: described(JudgementAnswer, 'Started there, to its host as it was.'),
      gained: described(v.array(Reason), 'What its CPU has then, and has not now; in map order.'),
      lost: v.array(Reason),
    }),
    'What changes only once it is powered off and started on an upgraded host.',
  ),
})
export type GuestPreflight = AnswerOf<typeof GuestPreflight>

export const PreflightAnswer = v.strictObject({
  steps: described(v.array(UpgradeStep), 'What is upgraded; empty: nothing but machine types.'),
  obstacles: described(v.array(ObstacleAnswer), 'What stands in the way of guests, each once.'),
  guests: described(v.array(GuestPreflight), 'The guests of the pools with such a host, and those named.'),
})
export type PreflightAnswer = AnswerOf<typeof PreflightAnswer>

export const WhatIfAnswer = v.strictObject({
  ...groupsPart,
  ...DeltaAnswer.entries,
  ...keptCpusPart,
  changes: v.array(ChangeDone),
  preflight: v.exactOptional(
    described(
      PreflightAnswer,
      'What upgrades and machine types mean to running guests; absent: none was asked.',
    ),
  ),
})
export type WhatIfAnswer = AnswerOf<typeof WhatIfAnswer>

/** An effect, as it is listed. */
export const EffectAnswer = v.strictObject({
  effect: v.string(),
  kind: v.picklist(['microcode', 'firmware', 'kernel', 'given']),
  title: v.string(),
  gives: described(v.array(v.string()), 'Names in map order.'),
  takes: v.array(v.string()),
})
export type EffectAnswer = AnswerOf<typeof EffectAnswer>

/** The effects that there are. */
export const EffectsAnswer = v.strictObject({ effects: v.array(EffectAnswer) })
export type EffectsAnswer = AnswerOf<typeof EffectsAnswer>

/** A product of the catalogue, as it is listed. */
export const ProductAnswer = v.strictObject({
  product: v.string(),
  brand: described(v.string(), 'What it calls itself.'),
  vendor: v.string(),
  signature: SignatureAnswer,
  generation: described(v.nullable(v.string()), 'What people call its silicon; null: not known.'),
  since: described(
    v.nullable(v.number()),
    'The year in which the first products of this silicon came; null: not known.',
  ),
  level: described(v.nullable(v.string()), 'The x86-64 level that it reaches.'),
  sources: described(v.array(v.string()), 'Where its dump is from: keys of docs/sources.md.'),
})
export type ProductAnswer = AnswerOf<typeof ProductAnswer>

/** The products that there are. */
export const ProductsAnswer = v.strictObject({ products: v.array(ProductAnswer) })
export type ProductsAnswer = AnswerOf<typeof ProductsAnswer>
