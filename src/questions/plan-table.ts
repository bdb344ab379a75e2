import type { InferOutput } from 'valibot'
import { ParseError } from '../core/parse-error.ts'
import { advise } from './advise/compute.ts'
import { BadRequest } from './bad-request.ts'
import type { Context } from './context.ts'
import { explain } from './explain/compute.ts'
import { cost } from './explain/cost.ts'
import { explainFeature } from './explain/one-feature.ts'
import * as inputs from './input/fleet/inputs.ts'
import { featureNamed } from './input/fleet/named.ts'
import { type FleetInput, fleetOfInput } from './input/fleet/read-fleet.ts'
import { type FleetView, viewOf } from './input/fleet/view.ts'
import { pools } from './pools/compute.ts'
import { planOptions } from './pools/plan-options.ts'
import { type Outcome, type Verb, verb } from './question.ts'

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
