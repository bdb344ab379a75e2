import * as v from 'valibot'
import { GroupPlaces, groupsPart, Reason } from '../answer-parts.ts'
import { DefinitionPlace, definitionsPart, FeatureCount, keptCpusPart } from '../pools/answer.ts'
import { type AnswerOf, described } from '../schema.ts'

/** A policy of the field for choosing guests' CPUs. */
const StrategyName = v.picklist(['passthrough', 'generic', 'groups', 'common'])

/** What a strategy gives and loses on this fleet. */
export const Strategy = v.strictObject({
  strategy: StrategyName,
  poolCount: described(v.number(), 'Sets of hosts between which guests can move.'),
  value: described(
    v.number(),
    "In the measure of `docs/fleet-theory.md`: hosts' weights times the worth of what their guests get.",
  ),
  share: described(v.number(), "Its share of what the fleet's hosts have."),
  benefit: v.string(),
  drawback: v.string(),
  pools: described(
    v.array(
      v.strictObject({
        name: described(v.string(), "The first host's name."),
        inGroups: GroupPlaces,
        hostCount: v.number(),
        featureCount: FeatureCount,
        model: v.nullable(v.string()),
        definition: DefinitionPlace,
      }),
    ),
    'The pools, each with the CPU of its guests; empty where each guest gets the CPU of its host, or a generic one.',
  ),
})
export type Strategy = AnswerOf<typeof Strategy>

/** Some hosts about which something is to be done before guests are given CPUs. */
const FirstStep = v.strictObject({
  do: described(
    v.picklist(['record', 'fix', 'part']),
    '`record`: nothing is known of these features there; `fix`: what `remedy` says brings them; `part`: they are to leave, or to be a pool of their own.',
  ),
  inGroups: GroupPlaces,
  gains: described(v.array(Reason), 'What the others gain by it, or may gain; in map order.'),
  remedy: v.nullable(v.string()),
})
export type FirstStep = AnswerOf<typeof FirstStep>

export const Advice = v.strictObject({
  ...groupsPart,
  ...definitionsPart,
  take: StrategyName,
  why: v.string(),
  first: described(v.array(FirstStep), 'What to do about the few that keep something from all.'),
  strategies: v.array(Strategy),
  ...keptCpusPart,
})
export type Advice = AnswerOf<typeof Advice>
