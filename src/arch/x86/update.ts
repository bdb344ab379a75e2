import type { Cpu, CpuFeature } from '../../core/cpu.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../database/database.ts'
import { featuresOf } from './definition.ts'
import { mentionRemoved, updateAll } from './expand.ts'

/**
 * What becomes of a model's removed features that the guest does not mention: disabled at a fresh start,
 * required when a guest that ran before they were removed is restored or migrated.
 */
export type RemovedPolicy = 'require' | 'disable'

/**
 * The guest CPU made definite on a host: optional features become required or disabled; `host-model` and
 * `minimum` take over the host's model and features; passthrough modes stay as they are.
 * @throws LibvirtError for unknown names, for a host definition given as guest, and for a missing host
 */
export function update(
  db: Database,
  guest: Cpu,
  host: Cpu | undefined,
  removed: RemovedPolicy = 'disable',
): Cpu {
  if (guest.type === 'host') throw internalError('Unexpected enum value -1 for virCPUMode')
  if (guest.mode === 'host-passthrough' || guest.mode === 'maximum') return guest
  const made = isRelative(guest) ? resolve(db, guest, host) : guest
  return mentionRemoved(db, made, removed)
}

/** Whether the guest CPU means something else on another host. */
export const isRelative = (guest: Cpu): boolean =>
  guest.mode === 'host-model' ||
  (guest.mode === 'custom' &&
    (guest.match === 'minimum' || guest.features.some(feature => feature.policy === 'optional')))

function resolve(db: Database, guest: Cpu, host: Cpu | undefined): Cpu {
  if (!host) throw new LibvirtError('unsupported', 'unknown host CPU model')
  const has = featuresOf(db, host)
  const features = guest.features.map((listed): CpuFeature => {
    if (listed.policy !== 'optional') return listed
    const feature = db.features.get(listed.name)
    if (!feature) throw internalError(`unknown CPU feature ${listed.name}`)
    return { name: listed.name, policy: feature.bits.leq(has) ? 'require' : 'disable' }
  })
  if (guest.mode === 'custom' && guest.match !== 'minimum') return { ...guest, features }
  return {
    ...guest,
    mode: 'custom',
    match: 'exact',
    model: host.model,
    vendor: guest.mode === 'host-model' ? host.vendor : guest.vendor,
    features: updateAll(host.features.map(withPolicy), features),
  }
}

const withPolicy = (feature: CpuFeature): CpuFeature =>
  feature.policy ? feature : { name: feature.name, policy: 'require' }
