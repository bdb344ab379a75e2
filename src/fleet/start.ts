import type { FleetGuest } from './guest.ts'
import { type CpuFacts, mayMove } from './obstacles.ts'

/**
 * Whether the guest can be started on such a host, powered off before. One that takes its host's CPU
 * (host-passthrough, maximum, host-model) starts anywhere, as another CPU: it is bound to what it got only while
 * it runs.
 */
export const mayStart = (guest: FleetGuest, host: CpuFacts): boolean =>
  followsHost(guest) || mayMove({ ...guest, features: guest.required ?? guest.features }, host)

/** Whether the guest has whatever CPU its host has. */
export const followsHost = ({ mode, model }: FleetGuest): boolean =>
  mode !== undefined && mode !== 'custom' && model === undefined
