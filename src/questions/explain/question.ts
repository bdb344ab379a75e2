import * as v from 'valibot'
import type { WriteOptions } from '../../formats/write.ts'
import { formatInputs, writtenFor } from '../answer-parts.ts'
import { BadRequest } from '../context.ts'
import { featureNamed } from '../input/fleet/named.ts'
import { fleetInput, openFleetWithHosts } from '../input/fleet/open-fleet.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { writePoolDefinition } from '../pools/choice.ts'
import { question } from '../question.ts'
import { flag, text } from '../schema.ts'
import { CostAnswer, ExplainAnswer, FeatureAnswer, type PoolExplanation } from './answer.ts'
import { answerExplain, explainFeature } from './compute.ts'
import { cost } from './cost.ts'

const input = v.pipe(
  v.strictObject({
    ...fleetInput,
    cost: flag('Return what each host, and each set of equal hosts, costs its pool.'),
    feature: v.optional(text("One feature alone, by any tool's name.")),
    pool: v.optional(text('Only the pool of that label.')),
    ...formatInputs,
  }),
  v.check(({ feature, cost }) => feature === undefined || !cost, 'give either feature or cost'),
)

export const explainQuestion = question({
  name: 'explain',
  summary: 'Explain what the guests of pools get, and why',
  input,
  answer: v.union([ExplainAnswer, FeatureAnswer, CostAnswer]),
  report: async () => (await import('./report.ts')).reportExplanation,
  run(context, { pool, feature, cost: withCost, format, qemu, ...fleet }) {
    const { view, notes } = openFleetWithHosts(context, fleet)
    const answer = explainView(view, labelsOf(view, pool), feature, withCost)
    if (format === undefined || !('pools' in answer) || feature !== undefined || withCost)
      return { answer, notes }
    const pools = answer.pools.map(one => ('expression' in one ? writePool(one, { format, qemu }) : one))
    return { answer: { pools } as ExplainAnswer, notes: [...notes, ...writtenFor({ format, qemu })] }
  },
})

function explainView(
  view: FleetView,
  labels: readonly string[] | undefined,
  feature: string | undefined,
  withCost: boolean | undefined,
): ExplainAnswer | FeatureAnswer | CostAnswer {
  if (feature !== undefined) {
    const found = featureNamed(view.context, feature, what => new BadRequest(what))
    return explainFeature(view, found, labels)
  }
  return withCost ? cost(view, labels) : { pools: answerExplain(view, labels) }
}

/** The pool with its guests' CPU in a format. */
const writePool = (pool: PoolExplanation, options: WriteOptions): PoolExplanation => ({
  ...pool,
  expression:
    pool.expression && writePoolDefinition(pool.expression, { ...options, name: pool.pool || undefined }),
})

/** The pool that was asked for; undefined: all. @throws BadRequest where no pool has that label */
function labelsOf({ pools }: FleetView, wanted: string | undefined): readonly string[] | undefined {
  if (wanted === undefined) return undefined
  if (pools.some(({ label }) => label === wanted)) return [wanted]
  const known = pools.map(({ label }) => label || '(none)').join(', ')
  throw new BadRequest(`no pool is called ${wanted}; there are ${known}`)
}
