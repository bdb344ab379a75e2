import type { AllowedModels, CpuBits } from '../arch/driver.ts'
import { type Signature, signatureWord } from '../core/model.ts'
import { toLibvirtName } from '../formats/qemu/names.ts'
import type { Database } from '../map/database.ts'
import type { AcceleratorCapabilities, HostExpansion, QemuModel, QemuProperty } from './capabilities.ts'

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

/**
 * The host CPU as QEMU sees it: every property that is true and names a feature, the vendor, and the
 * signature. Names that the database does not know are passed over, as libvirt passes them over.
 */
export function decodeProperties(db: Database, properties: ReadonlyMap<string, QemuProperty>): CpuBits {
  const features = [...properties].flatMap(([name, value]) =>
    value === true ? (db.features.get(toLibvirtName(name)) ?? []) : [],
  )
  const vendor = properties.get('vendor')
  return {
    features: db.features.setOf(features),
    vendor: db.vendors.find(({ id }) => id === vendor),
    signature: readSignature(properties),
  }
}

/** Absent when the properties do not tell: all three zero is no signature. */
function readSignature(properties: ReadonlyMap<string, QemuProperty>): Signature | undefined {
  const number = (name: string) => {
    const value = properties.get(name)
    return typeof value === 'number' ? value : 0
  }
  const signature = { family: number('family'), model: number('model'), stepping: number('stepping') }
  return signatureWord(signature) === 0 ? undefined : signature
}

/** QEMU's models with what it cannot give each, in libvirt's spelling. */
export const listAllowedModels = (models: readonly QemuModel[]): AllowedModels =>
  new Map(models.map(({ name, unavailable = [] }) => [name, unavailable.map(toLibvirtName)]))

/**
 * The host as it is: what QEMU would give without regard to migration counts too.
 * @see libvirt's host-model as domain capabilities report it
 */
export const mergeReportedProperties = ({
  properties,
  unmigratable,
}: HostExpansion): Map<string, QemuProperty> =>
  new Map(
    [...properties].map(([name, value]) => [
      name,
      value === false && unmigratable?.get(name) === true ? true : value,
    ]),
  )

/** Names of properties that the host has and a guest that is to migrate cannot; undefined where QEMU does not tell. */
export const findUnmigratable = ({ properties, unmigratable }: HostExpansion): Set<string> | undefined =>
  unmigratable &&
  new Set(
    [...unmigratable].flatMap(([name, value]) =>
      value === true && properties.get(name) === false ? [name] : [],
    ),
  )
