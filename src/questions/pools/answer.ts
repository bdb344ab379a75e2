import * as v from 'valibot'
import {
  CauseAnswer,
  FeatureInGroups,
  GroupPlaces,
  groupsPart,
  Reason,
  WrittenParts,
} from '../answer-parts.ts'
import { type AnswerOf, described } from '../schema.ts'

/** The least versions that know a model. */
export const Needs = v.strictObject({
  qemu: described(
    v.string(),
    '`8.2`; `6.2 or older`; `newer than 10.0`; `6.2 or older, before 7.1`; `none`.',
  ),
  libvirt: v.string(),
})

/** The CPU for the guests of a pool, written down. */
export const PoolDefinition = v.strictObject({
  model: v.string(),
  pinned: described(v.string(), 'The name that means the same on every machine type.'),
  added: described(v.array(v.string()), 'What has to be said beyond the model, in map order.'),
  disabled: v.array(v.string()),
  assumed: described(
    v.array(v.string()),
    'Features of the model that may be missing on some host. The output of `virsh domcapabilities` there settles it.',
  ),
  xml: described(v.string(), "For a domain's definition."),
  qemu: described(v.string(), "QEMU's `-cpu`."),
  leastVersions: described(Needs, 'The least versions that know all of it, as far as they were looked at.'),
  ...WrittenParts.entries,
})
export type PoolDefinition = AnswerOf<typeof PoolDefinition>

/** The definition of a pool's guests by its place: pools of an answer may share one. */
export const DefinitionPlace = described(
  v.nullable(v.number()),
  'The shortest definition of what its guests may be given, or the kept CPU, by its place in `definitions`, from 0; null: no named model fits.',
)

/** The definitions of an answer's pools, each once. */
export const definitionsPart = {
  definitions: described(
    v.array(PoolDefinition),
    'The definitions of the pools, each once: `definition` is a place in this list.',
  ),
}

/** How many features a pool's guests have: the same for every question about the pool. */
export const FeatureCount = described(
  v.number(),
  "How many features the pool's guests have that every host is known, or assumed, to give.",
)

/** A feature by whose order hosts are not safe for guests that move between them. */
export const UnsafeFeature = v.strictObject({
  ...Reason.entries,
  why: described(
    v.picklist(['hazard', 'disagree']),
    '`hazard`: guests must see it where some host has it, and do not; `disagree`: all hosts must be alike in it.',
  ),
  presentInGroups: GroupPlaces,
  missingInGroups: GroupPlaces,
})
export type UnsafeFeature = AnswerOf<typeof UnsafeFeature>

/** How a pool stands to the CPU that its guests keep. */
export const KeptCpuAnswer = v.strictObject({
  lost: described(
    v.array(
      v.strictObject({
        ...FeatureInGroups.entries,
        ...v.pick(CauseAnswer, ['cause', 'confidence', 'remedy']).entries,
      }),
    ),
    'What it has and these hosts no longer give, with the cause on the first of them.',
  ),
  unknown: described(v.array(FeatureInGroups), 'What it has and nothing is known of on these hosts.'),
  gains: described(v.array(Reason), 'What the hosts could give beyond it today.'),
  today: described(v.nullable(PoolDefinition), 'What guests would be given today, were no CPU kept.'),
  guestsToRestart: described(v.array(v.string()), 'The guests to power off and start anew for `gains`.'),
})
export type KeptCpuAnswer = AnswerOf<typeof KeptCpuAnswer>

/** Of a pool: its kept CPU, which its definition then is. */
export const KeptCpuPart = v.exactOptional(
  described(
    KeptCpuAnswer,
    'How the hosts stand to the kept CPU, which the definition is; absent: none is kept.',
  ),
)

/** A pool whose CPU is kept. */
const KeptPoolAnswer = v.strictObject({ pool: v.string(), ...groupsPart, keptCpu: KeptCpuAnswer })
export type KeptPoolAnswer = AnswerOf<typeof KeptPoolAnswer>

/** Of every other answer about pools: how they stand to their kept CPUs. */
export const keptCpusPart = {
  keptCpus: v.exactOptional(
    described(
      v.array(KeptPoolAnswer),
      'The pools whose CPU is kept; their places are of the `groups` beside them, the hosts that do not give all of it. Absent: none is kept.',
    ),
  ),
}

/** What the ID registers of a pool's hosts come to. */
export const IdRegistersPart = {
  idRegisters: v.exactOptional(
    described(
      v.strictObject({
        sysregs: described(v.array(v.string()), '`SYSREG_ID_AA64ISAR0_EL1_DP=0x0`, of a proposal for QEMU.'),
        feats: described(v.array(v.string()), '`feat_DotProd=off`, of another.'),
        midrs: described(v.array(v.string()), 'The cores whose errata a guest must know.'),
      }),
      'What the ID registers of all hosts come to, each field by its own order; absent: they are not known.',
    ),
  ),
}

/** A pool as it is proposed, or as it is. */
export const PoolAnswer = v.strictObject({
  name: described(
    v.string(),
    "Where the hosts are pinned, the label of the pin; else the first host's name.",
  ),
  site: v.exactOptional(described(v.string(), 'Where it is, as the fleet file says.')),
  inGroups: GroupPlaces,
  hostCount: v.number(),
  cpus: described(v.number(), 'How many different CPUs.'),
  weight: v.number(),
  value: v.number(),
  level: v.nullable(v.string()),
  featureCount: FeatureCount,
  unknownCount: described(
    v.number(),
    'How many more some host gives and none is known to lack, of which it is not known whether all give them.',
  ),
  vendors: described(v.array(v.string()), 'More than one: not safe, and only where it was asked for.'),
  unsafeFeatures: described(
    v.array(UnsafeFeature),
    "What is not safe by the features' orders; in map order.",
  ),
  model: described(v.nullable(v.string()), 'The model of its definition; null: none fits.'),
  definition: DefinitionPlace,
  keptCpu: KeptCpuPart,
  ...IdRegistersPart,
})
export type PoolAnswer = AnswerOf<typeof PoolAnswer>

/** A point of the trade curve: the best partition into at most `count` pools. */
export const CurvePoint = v.strictObject({
  count: v.number(),
  poolCount: described(v.number(), 'How many pools that are; 0: impossible.'),
  value: v.number(),
  gain: described(
    v.nullable(v.number()),
    "What the next smaller count's value grows by, as a share of it; null: there is none to compare with.",
  ),
  bound: described(v.number(), 'No partition into so many pools has more value.'),
  gap: v.number(),
  exact: v.boolean(),
  smallest: described(v.number(), 'Hosts of the smallest pool.'),
  levels: described(
    v.record(v.string(), v.number()),
    'The lowest level of a pool, and how many hosts are in pools of each level.',
  ),
  impossible: v.exactOptional(described(v.string(), 'Why none is possible.')),
})
export type CurvePoint = AnswerOf<typeof CurvePoint>

export const PoolsAnswer = v.strictObject({
  ...groupsPart,
  ...definitionsPart,
  curve: v.array(CurvePoint),
  enough: described(
    v.nullable(v.number()),
    'The count after which a further pool gains less than 5 %; null: none is possible.',
  ),
  count: described(
    v.nullable(v.number()),
    'The count that `pools` are for: what was asked for; where nothing was, `enough`. Null: that is impossible.',
  ),
  pools: described(v.array(PoolAnswer), 'The best for `count`; empty: impossible.'),
  leftOut: described(
    v.array(v.strictObject({ inGroups: GroupPlaces, lacks: v.array(Reason), unknown: v.array(Reason) })),
    'Hosts that lack what every pool must have, or of which it is not known.',
  ),
  now: described(
    v.nullable(v.strictObject({ value: v.number(), pools: v.array(PoolAnswer) })),
    "As the hosts' labels have them, where any has one.",
  ),
})
export type PoolsAnswer = AnswerOf<typeof PoolsAnswer>
