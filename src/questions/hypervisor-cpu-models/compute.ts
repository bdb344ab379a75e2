import type { Blockers, HypervisorSupport } from '../../qemu/allowance.ts'
import { makeModelFinder } from '../../qemu/domain-capabilities/cpu-modes.ts'
import type { Context } from '../context.ts'
import type { HypervisorModel } from './answer.ts'

/**
 * The models of a hypervisor that libvirt knows, by name. `host` is a mode and no model.
 * @param arch of the guests
 */
export function hypervisorModels(
  { map }: Context,
  { models }: HypervisorSupport,
  arch: string,
): HypervisorModel[] {
  const find = makeModelFinder(map, arch)
  return [...models]
    .flatMap(([name, blockers]) => {
      const known = name === 'host' ? undefined : find(name)
      return known ? [modelOf(known.name, blockers)] : []
    })
    .sort(byName)
}

function modelOf(name: string, given: Blockers): HypervisorModel {
  if (given === 'unknown') return { name, usable: 'unknown', blockers: [] }
  if (given === 'unexplained') return { name, usable: 'no', blockers: [] }
  const blockers = [...new Set(given)].sort()
  return { name, usable: blockers.length === 0 ? 'yes' : 'no', blockers }
}

const byName = (a: HypervisorModel, b: HypervisorModel): number => (a.name < b.name ? -1 : 1)
