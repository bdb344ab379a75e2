import type { FleetView } from '../input/fleet/view.ts'
import type { PoolsOptions } from './compute.ts'

/** Pools that are planned where nothing is said. */
export const DEFAULT_MOST = 8

/** As many pools as were asked for, but no more than there are hosts; constraints as the fleet file has them. */
export const planOptions = ({ fleet }: FleetView, most = fleet.mostPools ?? DEFAULT_MOST): PoolsOptions => ({
  most: Math.min(most, fleet.hosts.length),
  constraints: fleet.constraints,
})
