import type { FeatureSet } from '../core/feature-set.ts'
import type { Signature } from '../core/signature.ts'

/** A host as the fleet sees it: facts and where the operator put it. Absent and undefined both mean: not known. */
export interface FleetHost {
  /** What every answer calls it; in a fleet no two hosts share one. */
  readonly name: string
  /** Label of the pool it is in; absent: the pool without a label. */
  readonly pool?: string | undefined
  /** How much it counts, for instance its cores: a whole number from 0; absent: 1. */
  readonly weight?: number | undefined
  /** What it has, laid out by the database's table. Hosts of one document best share one object. */
  readonly features: FeatureSet
  readonly vendor?: string | undefined
  /** The model its definition names. */
  readonly model?: string | undefined
  readonly signature?: Signature | undefined
  readonly microcode?: number | undefined
  /** Width of physical addresses. */
  readonly physBits?: number | undefined
  /** The time stamp counter's rate in Hz. */
  readonly tscHz?: bigint | undefined
  /** Release of the kernel, as `uname -r` tells it. */
  readonly kernel?: string | undefined
  /** Name and version of the hypervisor, in any words: compared for equality alone. */
  readonly hypervisor?: string | undefined
  /** Status by name, as `/sys/devices/system/cpu/vulnerabilities` has it. */
  readonly vulnerabilities?: Readonly<Record<string, string>> | undefined
  /** Hash of the document it was read from: equal hashes are equal CPUs, unlooked-at. */
  readonly documentHash?: string | undefined
}

/** How much a host counts. @throws RangeError unless it is a whole number from 0: sums must be exact */
export function weightOf({ name, weight = 1 }: FleetHost): number {
  if (Number.isSafeInteger(weight) && weight >= 0) return weight
  throw new RangeError(`the weight of ${name} is not a whole number from 0: ${weight}`)
}
