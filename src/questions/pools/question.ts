import * as v from 'valibot'
import { globs } from '../../core/text.ts'
import { formatInputs, writtenFor } from '../answer-parts.ts'
import { BadRequest } from '../context.ts'
import { featuresNamed, levelNamed } from '../input/fleet/named.ts'
import { fleetInput, openFleetWithHosts, viewsOf } from '../input/fleet/open-fleet.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { question } from '../question.ts'
import { described, names, text, whole, word } from '../schema.ts'
import { answerEach, reportSections, withSections } from '../sections.ts'
import { PoolsAnswer } from './answer.ts'
import { answerPools, type PoolsOptions } from './compute.ts'

/** A fleet, and what pools that are planned must keep to; each wins over the fleet file's constraint of that name. */
export const planInput = v.strictObject({
  ...fleetInput,
  k: v.optional(whole('The most pools; absent: as the fleet file says, else 8.', 1, 1000)),
  level: v.optional(text('The x86-64 level that every pool reaches: x86-64-v3, or v3.')),
  mustHave: v.optional(names('The features that every pool has.')),
  smallest: v.optional(whole('The fewest hosts of a pool: N+1.', 1, 1000)),
  vendors: v.optional(
    word(['separate', 'together'], 'Whether hosts of several vendors may share a pool; separate if absent.'),
  ),
  pin: v.optional(
    described(
      v.record(v.string(), v.array(v.string('must be a host')), 'must be lists of hosts by label'),
      'Hosts that share a pool, by a label; * stands for any characters.',
    ),
  ),
})
type PlanInput = v.InferOutput<typeof planInput>

/** How many pools are planned where neither the request nor the fleet file says. */
const DEFAULT_MOST = 8

type PlanConstraints = Omit<PlanInput, 'documents' | 'fleet'>

/**
 * What a plan must keep to: what the request says, else the fleet file; and no more pools than there are hosts.
 * @throws BadRequest for an unknown level, feature or host
 */
export function planOptions(view: FleetView, wanted: PlanConstraints = {}): PoolsOptions {
  const { context, fleet } = view
  const { constraints, hosts } = fleet
  const refuse = (what: string) => new BadRequest(what)
  const level = wanted.level === undefined ? undefined : levelNamed(context, wanted.level, refuse).needs
  const features = wanted.mustHave && featuresNamed(context, wanted.mustHave, refuse)
  const most = wanted.k ?? fleet.mostPools ?? DEFAULT_MOST
  return {
    most: Math.min(most, Math.max(1, hosts.length)),
    isAsked: (wanted.k ?? fleet.mostPools) !== undefined,
    constraints: {
      mustHave: level && features ? level.join(features) : (level ?? features ?? constraints.mustHave),
      vendors: wanted.vendors ?? constraints.vendors,
      smallest: wanted.smallest ?? constraints.smallest,
      pins: pinsOf(view, wanted.pin) ?? constraints.pins,
    },
  }
}

/** The label of each pinned host. @throws BadRequest for a pattern that fits no host */
function pinsOf({ fleet }: FleetView, pin: PlanInput['pin']): ReadonlyMap<string, string> | undefined {
  if (pin === undefined) return undefined
  const pins = new Map<string, string>()
  for (const [label, patterns] of Object.entries(pin)) {
    for (const pattern of patterns) {
      const found = fleet.hosts.filter(({ name }) => globs(pattern, name))
      if (found.length === 0) throw new BadRequest(`no host is called ${pattern}`)
      for (const { name } of found) pins.set(name, label)
    }
  }
  return pins
}

export const poolsQuestion = question({
  name: 'pools',
  summary: 'Find the best pools for a fleet',
  input: v.strictObject({ ...planInput.entries, ...formatInputs }),
  answer: withSections(PoolsAnswer),
  report: async () => reportSections((await import('./report.ts')).addPools),
  run(context, { documents, fleet, noSkip, format, qemu, ...constraints }) {
    const opened = openFleetWithHosts(context, { documents, fleet, noSkip })
    const write = { format, qemu }
    const ask = (view: FleetView) => answerPools(view, planOptions(view, constraints), write)
    return { answer: answerEach(viewsOf(opened), ask), notes: [...opened.notes, ...writtenFor(write)] }
  },
})
