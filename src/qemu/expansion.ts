import type { AllowedModels, CpuBits } from '../arch/driver.ts'
import { type Signature, signatureWord } from '../core/model.ts'
import { toLibvirtName } from '../formats/qemu/names.ts'
import type { Database } from '../map/database.ts'
import type { HostExpansion, QemuModel, QemuProperty } from './capabilities.ts'

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
