import type { CpuFacts } from './obstacles.ts'

/** A guest, with the CPU that it was started with: it keeps that until it is powered off. */
export interface FleetGuest extends CpuFacts {
  readonly name: string
  /** The name of the host it runs on; absent: it is off. */
  readonly host?: string | undefined
}
