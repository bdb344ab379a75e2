import { driverOf } from '../../arch/registry.ts'
import type { Blockers, HypervisorSupport } from '../../qemu/allowance.ts'
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
  const known = driverOf(map, arch)?.models?.()
  return [...models]
    .flatMap(([name, blockers]) => {
      const ours = known ? spelt(name, known) : name
      return ours === undefined || name === 'host' ? [] : [modelOf(ours, blockers)]
    })
    .sort(byName)
}

/** QEMU writes `power9` where libvirt has `POWER9`. */
const spelt = (name: string, known: readonly string[]): string | undefined =>
  known.find(ours => ours === name || (/^power/.test(name) && ours === name.toUpperCase()))

function modelOf(name: string, given: Blockers): HypervisorModel {
  if (given === 'unknown') return { name, usable: 'unknown', blockers: [] }
  if (given === 'unexplained') return { name, usable: 'no', blockers: [] }
  const blockers = [...new Set(given)].sort()
  return { name, usable: blockers.length === 0 ? 'yes' : 'no', blockers }
}

const byName = (a: HypervisorModel, b: HypervisorModel): number => (a.name < b.name ? -1 : 1)
