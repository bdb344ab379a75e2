import type { InferOutput } from 'valibot'
import { ParseError } from '../../core/parse-error.ts'
import { BadRequest } from '../bad-request.ts'
import type { Context } from '../context.ts'
import { type Outcome, type Verb, verb } from '../verb.ts'
import { advise } from './advise.ts'
import { cost } from './cost.ts'
import { explain } from './explain.ts'
import * as inputs from './inputs.ts'
import { featureNamed } from './named.ts'
import { explainFeature } from './one-feature.ts'
import { planOptions } from './plan-options.ts'
import { pools } from './pools.ts'
import { type FleetInput, fleetOfInput } from './read-fleet.ts'
import { type FleetView, viewOf } from './view.ts'

/** What a fleet's guests get, what hosts cost, and how to part them. */
export const PLAN_VERBS: Readonly<Record<string, Verb>> = {
  explain: verb({
    doc: 'what the guests of pools get, and why; one feature; or what each host costs',
    input: inputs.explain,
    run: (context, input) => answered(context, input, view => explained(view, input)),
  }),

  pools: verb({
    doc: 'the best partitions of a fleet into pools',
    input: inputs.plan,
    run: (context, { k, ...input }) => answered(context, input, view => pools(view, planOptions(view, k))),
  }),

  advise: verb({
    doc: 'the strategy to take for a fleet, and what each gives and loses',
    input: inputs.plan,
    run: (context, { k, ...input }) => answered(context, input, view => advise(view, planOptions(view, k))),
  }),
}

/** @throws ParseError, LibvirtError for a fleet that cannot be read, or has no host */
function answered(context: Context, input: FleetInput, answer: (view: FleetView) => object): Outcome {
  const { fleet, notes } = fleetOfInput(context, input)
  if (fleet.hosts.length === 0) throw new ParseError('no host in the documents')
  return { answer: { ...answer(viewOf(context, fleet)) }, notes }
}

function explained(
  view: FleetView,
  { pool, feature, cost: asked }: InferOutput<typeof inputs.explain>,
): object {
  const labels = pool === undefined ? undefined : [pool]
  if (pool !== undefined && view.pools.every(({ label }) => label !== pool))
    throw new BadRequest(`explain: no pool is called ${pool}`)
  if (feature !== undefined) {
    const found = featureNamed(view.context, feature, what => new BadRequest(`explain: ${what}`))
    return explainFeature(view, found, labels)
  }
  return asked ? cost(view, labels) : { pools: explain(view, labels) }
}
