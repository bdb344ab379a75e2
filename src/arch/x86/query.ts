import type { Cpu } from '../../core/cpu.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import { readCpuid } from './cpuid.ts'
import { featuresOf } from './definition.ts'
import { hasParavirt, isParavirt } from './paravirt.ts'

/** Whether the CPU has the feature. @throws LibvirtError `unknown CPU feature` */
export function hasFeature(db: Database, cpu: Cpu, name: string): boolean {
  return bitsHaveFeature(db, featuresOf(db, cpu), name)
}

/** Whether a definition's bits have the feature; paravirtual ones they never have. @throws LibvirtError `unknown CPU feature` */
export function bitsHaveFeature(db: Database, bits: FeatureSet, name: string): boolean {
  return has(
    db,
    name,
    () => bits,
    () => false,
  )
}

/** Whether the data has the feature, paravirtual ones included. @throws LibvirtError `unknown CPU feature` */
export function dataHasFeature(db: Database, data: Cpuid, name: string): boolean {
  return has(
    db,
    name,
    () => readCpuid(db, data).features,
    () => hasParavirt(data, name),
  )
}

function has(db: Database, name: string, features: () => FeatureSet, paravirt: () => boolean): boolean {
  const feature = db.features.get(name)
  if (feature) return feature.bits.leq(features())
  if (isParavirt(name)) return paravirt()
  throw internalError(`unknown CPU feature ${name}`)
}

/** @throws LibvirtError for the first listed feature that the database does not know */
export function validateFeatures(db: Database, cpu: Cpu): void {
  const unknown = cpu.features.find(({ name }) => !db.features.get(name))
  if (unknown) throw new LibvirtError('unsupported', `unknown CPU feature: ${unknown.name}`)
}

/**
 * Refuses a guest that forbids a feature which the host lists. The host's list counts, not its bits.
 * @throws LibvirtError `Host CPU provides forbidden feature`
 */
export function checkForbidden(guest: Cpu, host: Cpu): void {
  for (const { name, policy } of guest.features) {
    if (policy !== 'forbid') continue
    const listed = host.features.find(feature => feature.name === name)
    if (listed && listed.policy !== 'disable') {
      throw new LibvirtError('cpu-incompatible', `Host CPU provides forbidden feature '${name}'`)
    }
  }
}
