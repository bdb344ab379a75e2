import { decode } from '../../arch/x86/decode.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { Group } from '../groups.ts'
import { baselineOf } from '../pools.ts'

/**
 * The named model of a pool's guests, chosen as `cpu-baseline` chooses it; of hosts of several vendors one of no
 * vendor. Undefined: no model fits what the hosts have in common.
 */
export function guestModelOf(db: Database, groups: readonly Group[]): string | undefined {
  const vendors = new Set(groups.map(({ vendor }) => vendor))
  const [name] = vendors
  const vendor = vendors.size === 1 && name !== undefined ? db.vendor(name) : undefined
  const ofNone = db.models.filter(model => !model.vendor).map(model => [model.name, []] as const)
  const preferred = [...new Set(groups.flatMap(({ hosts }) => hosts.flatMap(({ model }) => model ?? [])))]
  const options = vendors.size > 1 ? { models: new Map(ofNone) } : {}
  try {
    const data = { features: baselineOf(groups), vendor }
    return decode(db, data, { as: 'guest', fallback: 'allow', preferred, ...options }).model
  } catch (error) {
    if (error instanceof LibvirtError) return undefined
    throw error
  }
}
