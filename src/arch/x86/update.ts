import { type Cpu, type CpuFeature, isRelative, required } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { RemovedPolicy } from '../driver.ts'
import { featuresOf } from './definition.ts'
import { mentionRemoved, updateAll } from './expand.ts'
import { bitsHaveFeature } from './query.ts'

/**
 * The guest CPU made definite on a host: optional features become required or disabled; `host-model` and
 * `minimum` take over the host's model and features.
 * @throws LibvirtError for unknown names and for a missing host
 */
export function update(
  db: Database,
  guest: Cpu,
  host: Cpu | undefined,
  removed: RemovedPolicy = 'disable',
): Cpu {
  const made = isRelative(guest) ? resolve(db, guest, host) : guest
  return mentionRemoved(db, made, removed)
}

function resolve(db: Database, guest: Cpu, host: Cpu | undefined): Cpu {
  if (!host) throw new LibvirtError('unsupported', 'unknown host CPU model')
  const has = featuresOf(db, host)
  const features = guest.features.map((listed): CpuFeature => {
    if (listed.policy !== 'optional') return listed
    return { name: listed.name, policy: bitsHaveFeature(db, has, listed.name) ? 'require' : 'disable' }
  })
  if (guest.mode === 'custom' && guest.match !== 'minimum') return { ...guest, features }
  return {
    ...guest,
    mode: 'custom',
    match: 'exact',
    model: host.model,
    vendor: guest.mode === 'host-model' ? host.vendor : guest.vendor,
    features: updateAll(host.features.map(required), features),
  }
}
