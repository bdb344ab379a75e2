import { globs } from '../../core/glob.ts'
import { BadRequest } from '../bad-request.ts'
import { featuresNamed, levelNamed } from '../input/fleet/named.ts'
import type { FleetView } from '../input/fleet/view.ts'
import type { PoolsOptions } from './compute.ts'
import type { PlanInput } from './plan-schema.ts'

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
