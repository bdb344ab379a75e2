import type { Mode } from '../core/cpu.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import type { CpuFacts } from './obstacles.ts'

/** A guest, with the CPU that it was started with: it keeps that until it is powered off. */
export interface FleetGuest extends CpuFacts {
  readonly name: string
  readonly uuid?: string | undefined
  /** The name of the host it runs on; absent: it is off, or that is not known. */
  readonly host?: string | undefined
  /** Label of the pool it belongs to; absent: its host's. */
  readonly pool?: string | undefined
  /** What it cannot be started without, where that is less than what it has: some it takes only if its host has it. */
  readonly required?: FeatureSet | undefined
  /** How its definition says what CPU it has; absent: `custom`, by model and features. */
  readonly mode?: Mode | undefined
  /** The model its definition names. */
  readonly model?: string | undefined
  /** How many virtual CPUs it has. */
  readonly vcpus?: number | undefined
}
