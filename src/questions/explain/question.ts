import * as v from 'valibot'
import type { WriteOptions } from '../../formats/write.ts'
import { formatInputs, writtenFor } from '../answer-parts.ts'
import { BadRequest, type Context } from '../context.ts'
import { guestsAlone } from '../hosts/guests.ts'
import { featureNamed } from '../input/fleet/named.ts'
import { fleetInput, openFleetOfAny, viewsOf } from '../input/fleet/open-fleet.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { writePoolDefinition } from '../pools/choice.ts'
import { question } from '../question.ts'
import { flag, text } from '../schema.ts'
import { answerEach, reportSections, withSections } from '../sections.ts'
import { CostAnswer, ExplainAnswer, FeatureAnswer, type PoolExplanation } from './answer.ts'
import { answerExplain, explainFeature } from './compute.ts'
import { cost } from './cost-report.ts'

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
  answer: withSections(v.union([ExplainAnswer, FeatureAnswer, CostAnswer])),
  report: async () => reportSections((await import('./report.ts')).reportExplanation),
  run(context, { pool, feature, cost: withCost, format, qemu, ...fleet }) {
    const opened = openFleetOfAny(context, fleet)
    const write = { format, qemu }
    const ask = (view: FleetView) => {
      const alone = guestsAlone(view)
      return alone.guestsAlone
        ? { pools: [], ...alone }
        : explainView(view, labelsOf(view, pool), { feature, withCost, write })
    }
    const written = feature === undefined && !withCost ? writtenFor(write) : []
    return { answer: answerEach(viewsOf(opened), ask), notes: [...opened.notes, ...written] }
  },
})

interface Wanted {
  readonly feature?: string | undefined
  readonly withCost?: boolean | undefined
  /** How the definitions of pools are written. */
  readonly write: WriteOptions
}

function explainView(
  view: FleetView,
  labels: readonly string[] | undefined,
  { feature, withCost, write }: Wanted,
): ExplainAnswer | FeatureAnswer | CostAnswer {
  if (feature !== undefined) {
    const found = featureNamed(view.context, feature, what => new BadRequest(what))
    return explainFeature(view, found, labels)
  }
  if (withCost) return cost(view, labels)
  const pools = answerExplain(view, labels)
  return { pools: write.format === undefined ? pools : pools.map(one => writePool(view.context, one, write)) }
}

/** The pool with its guests' CPU in a format. */
const writePool = (context: Context, pool: PoolExplanation, options: WriteOptions): PoolExplanation => ({
  ...pool,
  expression:
    pool.expression &&
    writePoolDefinition(context, pool.expression, { ...options, name: pool.pool || undefined }),
})

/** The pool that was asked for; undefined: all. @throws BadRequest where no pool has that label */
function labelsOf({ pools }: FleetView, wanted: string | undefined): readonly string[] | undefined {
  if (wanted === undefined) return undefined
  if (pools.some(({ label }) => label === wanted)) return [wanted]
  const known = pools.map(({ label }) => label || '(none)').join(', ')
  throw new BadRequest(`no pool is called ${wanted}; there are ${known}`)
}
