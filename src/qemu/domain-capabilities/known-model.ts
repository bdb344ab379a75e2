import { driverOf } from '../../arch/registry.ts'
import type { CpuMap } from '../../map/cpu-map.ts'

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
export function makeModelFinder(map: CpuMap, arch: string): (theirs: string) => KnownModel | undefined {
  const driver = driverOf(map, arch)
  if (!driver) return () => undefined
  const fold = (name: string): string => (driver.architecture.ignoresCase ? name.toLowerCase() : name)
  const names = driver.models && new Map(driver.models().map(name => [fold(name), name]))
  return theirs => {
    const name = names ? names.get(fold(theirs)) : theirs
    if (name === undefined) return undefined
    const vendor = driver.vendorOfModel?.(name)
    const canonical = driver.models && driver.db?.model(name)?.canonical
    return { name, ...(vendor !== undefined && { vendor }), ...(canonical !== undefined && { canonical }) }
  }
}
