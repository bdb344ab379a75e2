import {
  type Cpu,
  type CpuOf,
  type Fallback,
  type GuestCpu,
  type HostCpu,
  type NamedRegisters,
  type Policy,
  required,
} from '../core/cpu.ts'
import type { Cpuid } from '../core/cpuid.ts'
import type { Feature } from '../core/feature.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import type { Model, Signature, Vendor } from '../core/model.ts'
import type { CauseTable } from '../map/cause-table.ts'
import type { CpuMap } from '../map/cpu-map.ts'
import type { Database } from '../map/database.ts'
import type { Effect } from '../map/effects.ts'
import type { GenerationTable } from '../map/generations.ts'
import type { HypervisorVersions, KvmRules } from '../map/kvm-rules.ts'
import type { Level } from '../map/levels.ts'
import type { ReleaseTable } from '../map/releases.ts'
import type { Dialogue } from './dialogue.ts'

/** An architecture, as far as it is known without its models: the one export of each folder of `src/arch`. */
export interface Architecture {
  /** What libvirt calls its driver in messages and documents. */
  readonly name: string
  /** The architectures that the driver serves, as libvirt spells them. */
  readonly arches: readonly string[]
  /** Its data files, for those who check them. */
  readonly data: ArchitectureData
  /** What a definition may say besides model and features: libvirt refuses the rest. */
  readonly settings?: readonly GuestSetting[]
  /** Whether names of models differ from QEMU's in case. */
  readonly ignoresCase?: boolean
  /** Whether guests of mode host-model get the host's own model where QEMU does not report one. */
  readonly hostModelOfHost?: boolean
  /** The driver with the models of a map, which it reads when they are first asked for. */
  readonly create: (map: CpuMap) => Driver
}

/** What a guest's definition may say of its CPU besides model and features. */
type GuestSetting = 'cache' | 'maxphysaddr' | 'migratable'

/**
 * What libvirt does with CPUs of an architecture, by the models of one map. An operation that is absent is one that
 * libvirt does not have; `operations.ts` says what then happens.
 */
export interface Driver {
  readonly architecture: Architecture
  /** Its models, where they are made of features. Absent: they are names alone. */
  readonly db?: Database | undefined
  /** What CPUs have, as bits. Absent: features are names alone. */
  readonly view?: FeatureView | undefined
  /** CPUs as bits, and the models that stand for them. Absent: bits are not looked at. */
  readonly decoder?: Decoder | undefined
  /** How fleets look at its CPUs. */
  readonly fleet: FleetCpus

  /** Whether the host can run the CPU, another host's or a guest's. @throws LibvirtError for unknown names */
  readonly compare: (host: Cpu | undefined, cpu: Cpu) => Comparison
  /**
   * What the comparison passes over, as it does not look at features: undefined where nothing is known of the CPUs.
   * Absent: it passes over nothing.
   */
  readonly overlooked?: (host: Cpu, cpu: Cpu) => Overlooked | undefined
  /** The guest made definite on a host; its mode is custom or host-model. @throws LibvirtError */
  readonly update: (guest: GuestCpu, host: Cpu | undefined, removed: RemovedPolicy) => GuestCpu

  /** The host whose registers these are. @throws LibvirtError where they match no model that may be chosen */
  readonly detect?: Detect
  /** The same as it should be, rather than as libvirt has it. Absent: there is nothing better. */
  readonly bestDetect?: Detect
  /** Where a word of Linux's list of flags stands in registers. */
  readonly flagPlace?: (flag: string) => FlagPlace | undefined
  /** Begins a baseline. */
  readonly fold?: () => Fold
  /** Begins one as it should be, rather than as libvirt has it. Absent: there is no better one. */
  readonly bestFold?: () => Fold
  /** A running guest's definition, corrected by what its hypervisor gave and refused. @throws LibvirtError */
  readonly updateLive?: (cpu: GuestCpu, enabled: Cpuid, disabled: Cpuid) => GuestCpu
  /** The same, where these are features. @throws LibvirtError */
  readonly correctLive?: (cpu: GuestCpu, enabled: FeatureSet, disabled: FeatureSet) => GuestCpu
  /** The CPU on a model that may be used; its own may not. @throws LibvirtError where none fits */
  readonly translate?: <C extends Cpu>(cpu: C, models: AllowedModels) => C
  /** The CPU with an old name of its model replaced. Absent: no model was ever renamed. */
  readonly convertLegacy?: <C extends Cpu>(cpu: C) => C
  /** The CPU with its model's features spelt out, in any order. Absent: models have none. @throws LibvirtError */
  readonly expand?: <C extends Cpu>(cpu: C) => C
  /** Features of the host that a hypervisor supports and does not enable by itself. Absent: there are none. */
  readonly listUnasked?: (host: Cpu) => string[]
  /** A copy without what blocks a migration. Absent: nothing does. */
  readonly migratable?: <C extends Cpu>(cpu: C) => C
  /** What a definition asks for as the words of `<cpudata>`. @throws LibvirtError */
  readonly encode?: (cpu: Cpu) => Encoded
  /** Refuses what a guest may not list. Absent: it may list anything. @throws LibvirtError */
  readonly validate?: (cpu: Cpu) => void
  /** Whether the CPU has a feature. @throws LibvirtError for an unknown one */
  readonly hasFeature?: (cpu: Cpu, name: string) => boolean
  /** The names that a definition's model may have, in map order. Absent: any. */
  readonly models?: () => readonly string[]
  /** The vendor of a model; undefined where it is unknown. */
  readonly vendorOfModel?: (model: string) => string | undefined
  /** Whether a partial check compares features rather than asking the hypervisor. Absent: it does. */
  readonly checksFeatures?: (cpu: Cpu) => boolean
  /** How QEMU answers what libvirt leaves to it. Absent: it is not asked. */
  readonly throughQemu?: ThroughQemu
}

/** How fleets look at an architecture's CPUs: what hosts and guests are compared by, and what is known of it. */
export interface FleetCpus {
  /** The features that are compared, and models that are made of them. */
  readonly db: Database
  /** What CPUs reach by name, each above the one before; empty: the architecture has no such names. */
  readonly levels: readonly Level[]
  /** Why features are missing, as far as that is known beforehand. Absent: nothing is. */
  readonly causes?: () => CauseTable
  /** Which versions of QEMU and libvirt know names. Absent: that is not known. */
  readonly releases?: () => ReleaseTable
  /** The model of a guest whose definition has no CPU. Absent: it gets its host's. */
  readonly defaultModel?: string
  /** How wide addresses a guest with a named model has that does not say. Absent: that is no property of guests. */
  readonly defaultPhysBits?: number
  /** Whether host-model has all that QEMU can give: what it lacks guests cannot have. Absent: they may ask for more. */
  readonly hostModelHasAll?: true
  /** What a definition says; names that are not known are left out. @throws LibvirtError for an unknown model */
  readonly read: (cpu: Cpu) => CpuReading
  /** Whether it has a model of that name. Absent: where `read` takes it. */
  readonly knowsModel?: (model: string) => boolean
  /** Its models are modes that guests may be given, not models that hypervisors list. Absent: they are models. */
  readonly modelsAreModes?: true
  /** The feature without which one cannot be there: details of what is not there mean nothing. Absent: there is none. */
  readonly prerequisiteOf?: (feature: Feature) => Feature | undefined
  /** Whether a description with these features tells of a feature at all. Absent: it does. */
  readonly describes?: (features: FeatureSet, feature: Feature) => boolean
  /** What is known beforehand of its CPUs, and of what hosts make of them. Absent: nothing. */
  readonly facts?: () => CauseFacts
  /** What KVM gives guests on a host of the vendor. */
  readonly predictOffered: (hardware: Hardware, vendor?: string, versions?: HypervisorVersions) => Offered
  /** What it means for guests that a pool has hosts of several vendors, or cores where guests see them. */
  readonly mixed: string
  /** What of these answers neither libvirt nor QEMU has, in a sentence. Absent: nothing. */
  readonly caveat?: string
}

/** Facts about CPUs from which causes are found. */
interface CauseFacts {
  readonly generations: GenerationTable
  readonly effects: readonly Effect[]
  readonly kvm: KvmRules
}

/** What a definition says of a CPU. */
export interface CpuReading {
  readonly features: FeatureSet
  /** The features of which it speaks. */
  readonly known: FeatureSet
  /** The names of features that are not known. */
  readonly unknown: readonly string[]
  /** The core that guests see, of which they may not find another. Absent: that does not count, or is not known. */
  readonly core?: string | undefined
}

/** CPUs as bits, and the models that stand for them. */
export interface Decoder {
  readonly db: Database
  /** Everything that a definition has, its model's features included. @throws LibvirtError for unknown names */
  readonly featuresOf: (cpu: Cpu) => FeatureSet
  /** The CPU that words of CPUID and MSRs describe. */
  readonly read: (data: Cpuid) => CpuBits
  /** The features that these words can tell of; without words: that libvirt's definition of a host tells of. */
  readonly coverage: (data?: Cpuid) => FeatureSet
  /** What they report besides features. */
  readonly sizesOf: (data: Cpuid) => CpuSizes
  /** The named CPU that is closest to the bits. @throws LibvirtError where none fits */
  readonly decode: <As extends Cpu['type']>(
    bits: CpuBits,
    options: DecoderOptions & { readonly as: As },
  ) => CpuOf<As>
  /** The bits on one given model, as a guest's definition. */
  readonly decodeOn: (bits: CpuBits, model: Model, options: Pick<DecoderOptions, 'migratable'>) => GuestCpu
  /** The same as a host's, which can disable nothing; undefined where the bits are known to lack some of the model. */
  readonly describeHostOn: (bits: CpuBits, model: Model) => HostCpu | undefined
}

/** What a CPU has, as far as a document tells. */
export interface Hardware {
  readonly has: FeatureSet
  /** The features of which the document speaks. Absent: all. */
  readonly known?: FeatureSet | undefined
}

/** What a hypervisor can give guests on a host: of what is known, what is not in `has` cannot be had. */
export interface Offered {
  readonly has: FeatureSet
  /** What guests can have where they ask for it, or where an option of a kernel module allows it. Not known. */
  readonly onRequest: FeatureSet
  readonly known: FeatureSet
}

/** What decoding needs of a CPU. */
export interface CpuBits {
  readonly features: FeatureSet
  /** Absent: no vendor of the database. */
  readonly vendor?: Vendor | undefined
  /** Absent: the data does not contain it, and no model matches. */
  readonly signature?: Signature | undefined
  /** Features of which nothing is known: its model may have them, and none is disabled. Absent: all are known. */
  readonly unknown?: FeatureSet | undefined
}

/** What a CPU says of itself that is no feature: sizes, which guests come to rely on as on features. */
export interface CpuSizes {
  /** Width of physical addresses. */
  readonly physBits?: number | undefined
  /** Bytes that CLFLUSH works on. */
  readonly lineSize?: number | undefined
  /** Bytes that the XSAVE area takes with everything enabled that the CPU has. */
  readonly xsaveSize?: number | undefined
  /** The time stamp counter's rate in Hz, where the CPU reports its crystal's. */
  readonly tscHz?: bigint | undefined
}

export interface DecoderOptions {
  readonly as: 'host' | 'guest'
  /** Whether the result may be put under another name later; also what to do when the only preferred model is not allowed. */
  readonly fallback: Fallback
  /** Absent: every model, without blockers. */
  readonly models?: AllowedModels | undefined
  /** Names that win where they need fewer disabled features; a single one wins outright. */
  readonly preferred?: readonly string[] | undefined
  /** Beyond libvirt: a host's model may lack some of its bits, which no list can say. */
  readonly best?: boolean | undefined
  /** Leave out of the list what blocks a migration. The model may still contain it. */
  readonly migratable?: boolean | undefined
}

/** What keeps a host from running a CPU that libvirt takes it to be identical to. */
export interface Overlooked {
  /** What the CPU has and the host lacks. */
  readonly missing: readonly Feature[]
  /** The model whose machine is newer than the host's, which can be none newer; absent: it is not. */
  readonly newer?: string | undefined
}

/** The data files of an architecture. */
export interface ArchitectureData {
  /** The folder of `data` that they are in. */
  readonly folder: string
  /** Which of them are lists of models, and the words that begin a field there. */
  readonly lists?: Readonly<Record<string, readonly string[]>>
}

/** A bit of a register that has a name. */
export interface FlagPlace {
  readonly register: string
  readonly bit: number
}

/** Names the host whose registers these are. @param arch as the host has it, of those that the driver serves */
type Detect = (arch: string, registers: NamedRegisters, models?: AllowedModels) => HostCpu

/** Questions that QEMU answers itself, of the CPU that it gives to guests. */
interface ThroughQemu {
  /** Whether the CPU that QEMU reports can stand in for another. @throws LibvirtError */
  readonly compare: (reported: Cpu, cpu: Cpu) => Dialogue<Comparison>
  /** The CPU for guests of all these. @throws LibvirtError */
  readonly baseline: (cpus: readonly Cpu[], options: ThroughQemuOptions) => Dialogue<Cpu>
}

export interface ThroughQemuOptions {
  /** The models that QEMU lists. */
  readonly models: readonly string[]
  /** Spell out the model's features. */
  readonly expand?: boolean | undefined
}

/** A definition as words: those of each policy, and leaf 0 as the vendor spells it. */
export type Encoded = Readonly<Record<Policy | 'vendor', Cpuid>>

/** The features of an architecture as bits. */
export interface FeatureView {
  readonly table: FeatureTable
  /** Everything that a CPU has, its model's features included. @throws LibvirtError for unknown names */
  readonly of: (cpu: Cpu) => FeatureSet
}

/** How a host relates to a CPU: whether what the CPU needs is there, and whether there is more. */
export type Comparison =
  | { readonly result: 'identical' | 'superset'; readonly extra: readonly Feature[] }
  | {
      readonly result: 'incompatible'
      /** libvirt's words, without the prefix; empty where it has none. */
      readonly detail: string
      /** Required and absent, in map order. */
      readonly missing: readonly Feature[]
      /** Forbidden and present. */
      readonly forbidden: readonly Feature[]
      /** Present and not asked for: only where the match is strict. */
      readonly extra: readonly Feature[]
    }

export const IDENTICAL: Comparison = { result: 'identical', extra: [] }

/** Refused without a look at features. @param detail libvirt's words, without the prefix */
export const incompatible = (detail: string): Comparison => ({
  result: 'incompatible',
  detail,
  missing: [],
  forbidden: [],
  extra: [],
})

/**
 * What becomes of a model's removed features that the guest does not mention: disabled at a fresh start,
 * required when a guest that ran before they were removed is restored or migrated.
 */
export type RemovedPolicy = 'require' | 'disable'

/** The models that may be chosen, each with the features that the hypervisor cannot give it (libvirt's names). */
export type AllowedModels = ReadonlyMap<string, readonly string[]>

export interface FoldOptions {
  readonly models?: AllowedModels | undefined
  /** Names of the only features that may be in the result; unknown names are ignored. */
  readonly features?: readonly string[] | undefined
  readonly migratable?: boolean | undefined
  /** Put the result on this model instead of choosing one; fallback is then forbidden. */
  readonly onModel?: string | undefined
}

/** What stands between hosts that differ and guests that move among them. */
export interface Obstacles {
  /** Properties of QEMU's CPU, `sve=off`, that hide what only some hosts have. */
  readonly hideWith: readonly string[]
  /** What only some hosts have and nothing hides. */
  readonly fixed: readonly string[]
  /** Fields that must agree and do not: `MIDR_EL1[15:4] partnum`. */
  readonly conflicts: readonly string[]
  /** What guests see that they run on. */
  readonly models: readonly string[]
  /** What the ID registers of all hosts come to. Absent: they are not known. */
  readonly idRegisters?: IdRegisters | undefined
}

/** A CPU for guests of all hosts, register by register. QEMU has proposals for it, and no version has it. */
export interface IdRegisters {
  /** As one proposal writes the fields in which hosts differ: `SYSREG_ID_AA64ISAR0_EL1_DP=0x0`. */
  readonly sysregs: readonly string[]
  /** As the other writes what only some hosts have: `feat_DotProd=off`. */
  readonly feats: readonly string[]
  /** The cores whose errata a guest must know, as the main ID register has them: `0x413fd0c1`. */
  readonly midrs: readonly string[]
}

/** A baseline in the making: CPUs, added one at a time, in memory for one, and the guest CPU for all of them. */
export interface Fold {
  /** The models that the CPUs are described by, each once, in order of appearance. */
  readonly models: readonly string[]
  /** The vendors that the CPUs name, or their models where they name none; sorted. */
  readonly vendors: readonly string[]
  /** The features that are folded. Absent: none is looked at, and nothing can be said of them. */
  readonly view?: FeatureView
  /** What every CPU so far has, laid out by the view's table. */
  readonly common: FeatureSet
  /** Whether the answer is the first CPU's, whatever the others are. */
  readonly firstOnly?: boolean
  /** What of the answer hypervisors cannot do today. Absent: libvirt and QEMU do what it says. */
  readonly obstacles?: Obstacles
  /** @throws LibvirtError */
  add(cpu: Cpu): void
  /** The guest CPU; at least one has been added. @throws LibvirtError where there is none */
  result(options?: FoldOptions): GuestCpu
  /** Whether another order of the same CPUs would have another answer, or none. */
  dependsOnOrder(options?: FoldOptions): boolean
}

/**
 * A guest of mode host-model as the custom CPU that the host is: its model, vendor and features.
 * @throws LibvirtError where there is no host
 */
export function asHost(guest: GuestCpu, host: Cpu | undefined): GuestCpu {
  if (!host) throw new LibvirtError('unsupported', 'unknown host CPU model')
  const { model, vendor, features } = host
  return { ...guest, mode: 'custom', match: 'exact', model, vendor, features: features.map(required) }
}
