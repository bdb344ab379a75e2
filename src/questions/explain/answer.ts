import * as v from 'valibot'
import {
  CauseAnswer,
  FeatureInGroups,
  GroupPlaces,
  groupsPart,
  Reason,
  SignatureAnswer,
} from '../answer-parts.ts'
import { aloneParts } from '../hosts/answer.ts'
import {
  FeatureCount,
  IdRegistersPart,
  KeptCpuPart,
  Needs,
  PoolDefinition,
  UnsafeFeature,
} from '../pools/answer.ts'
import { type AnswerOf, described } from '../schema.ts'

/** A feature with its class. */
const FeatureOfClass = v.strictObject({
  ...Reason.entries,
  class: v.picklist([
    'security',
    'performance',
    'virtualization',
    'nested',
    'platform',
    'volatile',
    'unknown',
  ]),
})
export type FeatureOfClass = AnswerOf<typeof FeatureOfClass>

/** A model that would do too, and what speaks against it. */
export const RunnerUp = v.strictObject({
  model: v.string(),
  addedCount: v.number(),
  disabled: v.array(v.string()),
  leastVersions: Needs,
  why: described(v.string(), 'In words.'),
})
export type RunnerUp = AnswerOf<typeof RunnerUp>

/** Hosts of one CPU. */
export const GroupSummary = v.strictObject({
  hosts: v.array(v.string()),
  vendor: v.nullable(v.string()),
  signature: SignatureAnswer,
  microarchitecture: described(
    v.nullable(v.string()),
    'The microarchitecture, as the database has it: `Cascade Lake, 2019`; null: not known.',
  ),
  model: described(
    v.nullable(v.string()),
    'The model that their definitions name; null where they name several or none.',
  ),
  level: described(v.nullable(v.string()), 'Null: below the lowest.'),
  featureCount: described(v.number(), 'How many features its guests can have.'),
  physBits: v.nullable(v.number()),
  microcodes: described(v.array(v.number()), 'The revisions that its hosts tell, each once.'),
})
export type GroupSummary = AnswerOf<typeof GroupSummary>

/** Groups by their places in `groups`. */
const inGroups = { inGroups: GroupPlaces }

/** Why some of a pool's hosts lack a feature, and which. */
export const SharedCause = v.strictObject({
  ...CauseAnswer.entries,
  inGroups: described(GroupPlaces, "Empty: every host has it, and the guest's CPU lacks it."),
})
export type SharedCause = AnswerOf<typeof SharedCause>

/** What becomes of one feature in one pool. */
export const FeatureInPool = v.strictObject({
  pool: v.string(),
  status: described(
    v.picklist(['lost', 'kept', 'unknown', 'absent']),
    '`kept`: guests may be given it; `lost`: some host has it and guests do not get it; `unknown`: it is lost or kept by what hosts do that nothing is known of; `absent`: no host has it.',
  ),
  ...groupsPart,
  presentInGroups: GroupPlaces,
  missingInGroups: GroupPlaces,
  unknownInGroups: GroupPlaces,
  causes: described(v.array(SharedCause), 'Why it is lost; empty where it is not.'),
})
export type FeatureInPool = AnswerOf<typeof FeatureInPool>

export const FeatureAnswer = v.strictObject({ ...Reason.entries, pools: v.array(FeatureInPool) })
export type FeatureAnswer = AnswerOf<typeof FeatureAnswer>

/** Where the hosts of a pool stand on one axis. */
export const Axis = v.strictObject({
  axis: v.picklist(['physical address bits', 'TSC rate', 'XSAVE size', 'cache line']),
  values: described(
    v.array(
      v.strictObject({
        text: v.string(),
        inGroups: described(GroupPlaces, 'The groups all of whose hosts have it.'),
        onHosts: v.exactOptional(
          described(
            v.array(v.number()),
            'Hosts of other groups that have it, by their places among all hosts of `groups`, counted through from 0; absent: there are none.',
          ),
        ),
      }),
    ),
    'Each value with the hosts that have it, the least first.',
  ),
  unknownCount: described(v.number(), 'How many hosts do not tell.'),
  warning: v.exactOptional(
    described(v.string(), 'What differing values mean for guests; absent: they do not differ.'),
  ),
})
export type Axis = AnswerOf<typeof Axis>

/** A feature that some hosts of a pool have and its guests do not get. */
export const LossAnswer = v.strictObject({
  ...Reason.entries,
  class: v.exactOptional(
    v.picklist(['security', 'performance', 'virtualization', 'nested', 'platform', 'volatile']),
  ),
  hazard: v.exactOptional(
    described(
      v.literal(true),
      'Guests need to see it if any of their hosts does; without it they are unprotected there.',
    ),
  ),
  promise: v.exactOptional(
    described(
      v.literal(true),
      'Guests that do not see it keep a mitigation on that these hosts do not need.',
    ),
  ),
  causes: v.array(SharedCause),
})
export type LossAnswer = AnswerOf<typeof LossAnswer>

/** A feature of which hosts of one silicon differ. */
export const Oddity = v.strictObject({ ...Reason.entries, ...CauseAnswer.entries })
export type Oddity = AnswerOf<typeof Oddity>

/** Hosts that differ from others of the same silicon. */
export const OddHost = v.strictObject({
  ...inGroups,
  likeGroup: described(v.number(), 'The group of the most hosts of that silicon, by its place in `groups`.'),
  lacks: described(v.array(Oddity), 'What these hosts lack.'),
  has: described(v.array(Oddity), 'What these have beyond that group.'),
})
export type OddHost = AnswerOf<typeof OddHost>

/** Something that can be done about what some hosts of a pool lack. */
export const Fix = v.strictObject({
  ...v.pick(CauseAnswer, ['cause', 'confidence', 'remedy']).entries,
  ...inGroups,
  gains: described(
    v.array(Reason),
    'What guests of all hosts of the pool gain: nothing else keeps it from them.',
  ),
  gain: described(v.number(), "The value of that: the pool's weight times its worth."),
})
export type Fix = AnswerOf<typeof Fix>

/** What a pool would gain without some hosts that have the same features. */
export const HostCost = v.strictObject({
  inGroups: described(GroupPlaces, 'All hosts with these features: one of several costs nothing alone.'),
  gains: v.array(FeatureOfClass),
  worth: described(v.number(), 'The worth of those features.'),
  gain: described(v.number(), 'The value that the others gain: their weight times `worth`.'),
  step: v.exactOptional(
    described(
      v.strictObject({ from: v.nullable(v.string()), to: v.nullable(v.string()) }),
      'The levels with and without them, where these differ; null: below the lowest.',
    ),
  ),
})
export type HostCost = AnswerOf<typeof HostCost>

/** A step of what has to go or be fixed together. */
const CostStep = v.strictObject({
  inGroups: described(GroupPlaces, 'What goes in this step, after what went before.'),
  gains: described(v.array(Reason), 'What the others gain by this step and all before it.'),
  gain: described(v.number(), 'The value of that.'),
  level: described(v.nullable(v.string()), 'The level that the others reach then.'),
})

/** Hosts of which something is not known that others of their pool give. */
const Unrecorded = v.strictObject({
  ...inGroups,
  unknown: described(v.array(Reason), 'What is worth anything of it; in map order.'),
  remedy: v.string(),
})

export const PoolCosts = v.strictObject({
  pool: v.string(),
  hostCount: v.number(),
  ...groupsPart,
  level: v.nullable(v.string()),
  costs: described(v.array(HostCost), 'The most expensive first. Hosts that cost nothing come last.'),
  unrecorded: described(
    v.nullable(Unrecorded),
    'Hosts that may lack what others give: nothing is known of it there, and it counts as no cost; null: there are none.',
  ),
  fixes: described(v.array(Fix), 'What can be done where the hosts are, what gains most first.'),
  together: described(
    v.array(CostStep),
    'What has to go or be fixed together: each step all hosts that lack something, what gains most for a host first, until half of them would be gone.',
  ),
})
export type PoolCosts = AnswerOf<typeof PoolCosts>

export const CostAnswer = v.strictObject({
  mostExpensive: described(
    v.nullable(
      v.strictObject({ ...v.omit(HostCost, ['inGroups']).entries, host: v.string(), pool: v.string() }),
    ),
    'The single host that costs its pool most; null: none costs anything by itself.',
  ),
  pools: v.array(PoolCosts),
})
export type CostAnswer = AnswerOf<typeof CostAnswer>

export const PoolExplanation = v.strictObject({
  pool: described(v.string(), 'Empty: the pool without a label.'),
  hostCount: v.number(),
  weight: v.number(),
  value: v.number(),
  vendors: described(
    v.array(v.string()),
    'The cores where guests see them. More than one: guests cannot move between them, and what they could be given is of none.',
  ),
  ...IdRegistersPart,
  mixed: v.exactOptional(described(v.string(), 'What that means, where there are several.')),
  groups: described(
    v.array(GroupSummary),
    'Each host once: `inGroups` and the like are places in this list, from 0.',
  ),
  level: v.nullable(v.string()),
  next: described(
    v.nullable(
      v.strictObject({
        level: v.string(),
        missing: v.array(
          v.strictObject({
            ...Reason.entries,
            inGroups: described(GroupPlaces, 'The groups that are known to lack it.'),
            unknownInGroups: described(GroupPlaces, 'The groups of which nothing is known about it.'),
          }),
        ),
      }),
    ),
    'What the next level lacks; null: the highest is reached.',
  ),
  featureCount: FeatureCount,
  expression: described(v.nullable(PoolDefinition), 'Null where no model fits.'),
  runnersUp: v.array(RunnerUp),
  kept: described(v.array(FeatureOfClass), 'What guests may be given, by class.'),
  onRequest: described(
    v.array(Reason),
    'What every host can give guests that ask for it, as vmx for guests that run guests; not counted as lost.',
  ),
  lost: v.array(LossAnswer),
  fixes: described(
    v.array(Fix),
    'What can be done where the hosts are about what is lost, what gains most first.',
  ),
  unknown: described(
    v.array(FeatureInGroups),
    'What some hosts give, none is known to lack, and guests are not given, as it is not known of these hosts.',
  ),
  keptCpu: KeptCpuPart,
  axes: v.array(Axis),
  unsafeFeatures: described(
    v.array(UnsafeFeature),
    "What is not safe by the features' orders; in map order.",
  ),
  outliers: v.array(OddHost),
  withoutHypervisor: described(
    v.number(),
    'Hosts whose hypervisor was not recorded: what it withholds of their CPU is not known.',
  ),
})
export type PoolExplanation = AnswerOf<typeof PoolExplanation>

/** What the guests of each pool get, and why. */
export const ExplainAnswer = v.strictObject({ pools: v.array(PoolExplanation), ...aloneParts })
export type ExplainAnswer = AnswerOf<typeof ExplainAnswer>
