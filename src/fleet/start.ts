import type { Database } from '../map/database.ts'
import type { FleetGuest } from './guest.ts'
import { type CpuFacts, type Obstacle, obstaclesOf } from './obstacles.ts'

/**
 * What keeps a guest from being started on such a host, powered off before; empty: it starts. One that takes its
 * host's CPU (host-passthrough, maximum, host-model) starts anywhere, as another CPU: it is bound to what it got
 * only while it runs. Where the host's hypervisor was recorded, its word on a named model counts, as it does for
 * libvirt: of a model that it can give as it is, bits are not compared.
 */
export function startObstacles(db: Database, guest: FleetGuest, host: CpuFacts): Obstacle[] {
  if (followsHost(guest)) return []
  const needed = guest.required ?? guest.features
  const { asked } = guest
  const blockers = asked && host.models?.get(asked.name)
  if (asked && !blockers && (!host.models || asked.replaceable)) {
    return obstaclesOf(db.features, { ...guest, asked: undefined, features: needed }, host)
  }
  const model = asked && blockers?.length === 0 && db.model(asked.name)
  const features = model ? needed.minus(model.features) : needed
  return obstaclesOf(db.features, { ...guest, features }, host)
}

/** Whether the guest has whatever CPU its host has. */
export const followsHost = ({ mode, model }: FleetGuest): boolean =>
  mode !== undefined && mode !== 'custom' && model === undefined
