import { driverOf } from '../../arch/registry.ts'
import type { Database } from '../../map/database.ts'

/** A model of QEMU's as libvirt knows it. */
export interface KnownModel {
  readonly name: string
  /** Absent: unknown. */
  readonly vendor?: string
  /** The versioned name of the same CPU. */
  readonly canonical?: string
}

/**
 * Finds QEMU's models in libvirt's names; undefined for one that libvirt does not know. Where its driver has no list
 * of models it takes any; without a driver, none. On POWER the two differ in case.
 */
export function modelFinder(db: Database, arch: string): (theirs: string) => KnownModel | undefined {
  const driver = driverOf(arch)
  if (!driver) return () => undefined
  const fold = (name: string): string => (driver.name === 'ppc64' ? name.toLowerCase() : name)
  const names = driver.models && new Map(driver.models(db).map(name => [fold(name), name]))
  return theirs => {
    const name = names ? names.get(fold(theirs)) : theirs
    if (name === undefined) return undefined
    const vendor = driver.vendorOfModel?.(db, name)
    const canonical = driver.name === 'x86' ? db.model(name)?.canonical : undefined
    return { name, ...(vendor !== undefined && { vendor }), ...(canonical !== undefined && { canonical }) }
  }
}
