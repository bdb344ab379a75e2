import type { Cpu } from '../core/cpu.ts'
import type { Evidence, Layer } from '../core/evidence.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import type { Signature } from '../core/model.ts'
import type { GuestRequest } from '../qemu/guest/parse-request.ts'
import type { HypervisorModels } from './asked-model.ts'

/** A document that tells of a host: what it speaks of, and its XML element or the name of its dialect. */
export interface HostSource {
  readonly layer: Layer
  readonly document: string
}

/** What libvirt and QEMU make of a guest at its start. */
export interface StartTrial {
  /** Absent: it starts. */
  readonly refused?: string | undefined
  /** What its definition has and it starts without. */
  readonly lost: FeatureSet
}

/** A host as the fleet sees it: facts and where the operator put it. Absent and undefined both mean: not known. */
export interface FleetHost {
  /** What every answer calls it; in a fleet no two hosts share one. */
  readonly name: string
  /** Where it was read, below the folder that was given; pairs the hosts of two readings of a fleet. */
  readonly path?: string | undefined
  readonly uuid?: string | undefined
  /** What its document calls it; absent: as `name`, or nothing. */
  readonly called?: string | undefined
  /** The documents it was read from; absent: not said. */
  readonly readFrom?: readonly HostSource[] | undefined
  /** Label of the pool it is in; absent: the pool without a label. */
  readonly pool?: string | undefined
  /** How much it counts, for instance its cores: a whole number from 0; absent: 1. */
  readonly weight?: number | undefined
  /**
   * What its guests can have, laid out by the database's table: what the CPU has, or where its hypervisor was
   * recorded too, what that gives of it. Hosts of one document best share one object.
   */
  readonly features: FeatureSet
  /** What the CPU itself has; absent: `features`, or, of a host known by its hypervisor alone, not known. */
  readonly hardwareFeatures?: FeatureSet | undefined
  /**
   * What it is known to give guests: what its hypervisor reports, else what KVM makes of its CPU; absent: exactly
   * `features`. Hosts of equal documents share one object.
   */
  readonly evidence?: Evidence | undefined
  /** It was changed in thought: that a guest runs there now says nothing of it. */
  readonly isHypothetical?: true | undefined
  /** What no guest that is to move is given unasked: it blocks a migration, or KVM gives it on request only, or never. */
  readonly withheld?: FeatureSet | undefined
  /** What is given or not by a version, or a judgement of the kernel's, that nobody recorded. */
  readonly unsure?: FeatureSet | undefined
  /** The models that its hypervisor knows, each with what keeps it from running; absent: not recorded. */
  readonly models?: HypervisorModels | undefined
  /** What libvirt and its QEMU make of a guest, as `guest check` has it; absent: its QEMU was not recorded. */
  readonly judge?: ((asked: GuestRequest) => StartTrial) | undefined
  /** The machine types that its QEMU has, aliases too; absent: not recorded. */
  readonly machines?: Pick<ReadonlySet<string>, 'has'> | undefined
  /** The paths of the emulators that libvirt found there; absent: not recorded. */
  readonly emulators?: ReadonlySet<string> | undefined
  /** Whether it hands PCI devices to guests (VFIO); absent: not recorded. */
  readonly handsOver?: boolean | undefined
  /** The models that its emulator or libvirt has names for, where nobody says which of them run; absent: not recorded. */
  readonly emulatorModels?: readonly string[] | undefined
  /** The labels by which a scheduler finds it; absent: not recorded, or no scheduler goes by labels. */
  readonly labels?: ReadonlySet<string> | undefined
  readonly vendor?: string | undefined
  /** The core that guests see and may not find another of, as on ARM; absent: that does not count. */
  readonly core?: string | undefined
  /** Its definition, where a pool's common CPU is computed of definitions; absent: it is computed of features. */
  readonly definition?: Cpu | undefined
  /** The model its definition names. */
  readonly model?: string | undefined
  readonly signature?: Signature | undefined
  readonly microcode?: number | undefined
  /** The name of the product, as the CPU itself tells it: `Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz`. */
  readonly brand?: string | undefined
  /** Width of physical addresses. */
  readonly physBits?: number | undefined
  /** The time stamp counter's rate in Hz. */
  readonly tscHz?: bigint | undefined
  /** Whether guests can be given another rate. */
  readonly tscScaling?: boolean | undefined
  /** Bytes that the largest XSAVE area takes. */
  readonly xsaveSize?: number | undefined
  /** Bytes that CLFLUSH works on. */
  readonly lineSize?: number | undefined
  /** How many logical CPUs it has. */
  readonly cpus?: number | undefined
  /** Release of the kernel, as `uname -r` prints it. */
  readonly kernel?: string | undefined
  /** Name and version of the hypervisor, in any words: compared for equality alone. */
  readonly hypervisor?: string | undefined
  /** Version of libvirt, `12.8.0`. */
  readonly libvirt?: string | undefined
  /** Status by name, as `/sys/devices/system/cpu/vulnerabilities` has it. */
  readonly vulnerabilities?: Readonly<Record<string, string>> | undefined
  /** What `mitigations=` of its kernel's command line says, such as `auto,no_guest_host`. */
  readonly mitigations?: string | undefined
  /** When it last said what it is: a day, or a time with its zone, as ISO 8601 has them. */
  readonly reported?: string | undefined
  /** Hash of the document it was read from: equal hashes are equal CPUs, unlooked-at. */
  readonly documentHash?: string | undefined
}

/** How much a host counts. @throws RangeError unless it is a whole number from 0: sums must be exact */
export function weightOf({ name, weight = 1 }: FleetHost): number {
  if (Number.isSafeInteger(weight) && weight >= 0) return weight
  throw new RangeError(`the weight of ${name} is not a whole number from 0: ${weight}`)
}
