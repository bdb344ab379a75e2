import { toLibvirtName } from '../formats/qemu/names.ts'
import type { AcceleratorCapabilities } from './capabilities.ts'
import { findUnmigratable } from './expansion.ts'

/**
 * What keeps a model from being used on a host, in libvirt's spelling; empty: nothing. `unknown`: nobody says whether
 * anything does. `unexplained`: something does, and nobody says what.
 */
export type Blockers = readonly string[] | 'unknown' | 'unexplained'

/** What hypervisors allow guests. */
export interface HypervisorSupport {
  readonly models: ReadonlyMap<string, Blockers>
  /** Every feature that the hypervisor has a name for, whether or not this host has it; absent: it does not tell. */
  readonly features?: ReadonlySet<string> | undefined
  /** Features that the host has and a guest that is to migrate cannot; absent: it does not tell. */
  readonly unmigratable?: ReadonlySet<string> | undefined
}

/** What one QEMU allows; undefined where it tells of no model. */
export function readHypervisorSupport({
  models,
  host,
}: AcceleratorCapabilities): HypervisorSupport | undefined {
  if (!models || models.length === 0) return undefined
  const unmigratable = host && findUnmigratable(host)
  return {
    models: new Map(
      models.map(({ name, unavailable }) => [name, unavailable?.map(toLibvirtName) ?? 'unknown']),
    ),
    features: host && toLibvirtNames(host.properties.keys()),
    unmigratable: unmigratable && toLibvirtNames(unmigratable),
  }
}

const toLibvirtNames = (properties: Iterable<string>): Set<string> =>
  new Set(Array.from(properties, toLibvirtName))

/**
 * What all of them allow: the models that each has, blocked by whatever blocks them anywhere, and the features that
 * each knows. A hypervisor that does not tell of features rules none out.
 */
export const meetHypervisorSupport = (
  one: HypervisorSupport,
  other: HypervisorSupport,
): HypervisorSupport => ({
  models: new Map(
    [...one.models].flatMap(([name, blockers]) => {
      const theirs = other.models.get(name)
      return theirs === undefined ? [] : [[name, meetBlockers(blockers, theirs)] as const]
    }),
  ),
  features: meetNames(one.features, other.features),
  unmigratable: joinNames(one.unmigratable, other.unmigratable),
})

/** The worse of two: what is usable on both hosts must be on each. */
function meetBlockers(one: Blockers, other: Blockers): Blockers {
  if (one === 'unexplained' || other === 'unexplained') return 'unexplained'
  if (one === 'unknown') return other.length === 0 ? 'unknown' : other
  if (other === 'unknown') return one.length === 0 ? 'unknown' : one
  return [...new Set([...one, ...other])]
}

type OptionalNames = ReadonlySet<string> | undefined

const meetNames = (one: OptionalNames, other: OptionalNames): OptionalNames =>
  one && other ? new Set([...one].filter(name => other.has(name))) : (one ?? other)

const joinNames = (one: OptionalNames, other: OptionalNames): OptionalNames =>
  one && other ? new Set([...one, ...other]) : (one ?? other)
