import type { Cpu } from '../../core/cpu.ts'
import type { LibvirtVersion } from '../../core/libvirt-version.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import type { Accelerator, AcceleratorCapabilities, QemuCapabilities } from '../capabilities.ts'

/** What domain capabilities need of a host beside its QEMU. What is absent the host has not, or does not tell. */
export interface DomainHost {
  /** The host's CPU as libvirt detects it: where QEMU does not tell, its model is the host-model. */
  readonly cpu?: Cpu | undefined
  /** Bits of a physical address. */
  readonly physBits?: number | undefined
  /** The most vCPUs that its KVM gives a guest. */
  readonly kvmMaxVcpus?: number | undefined
  /** IOMMU groups are there, and `/dev/vfio/vfio` is. */
  readonly vfio?: boolean | undefined
  /** An Intel host that has trusted domains (TDX) enabled. */
  readonly tdx?: boolean | undefined
  /** `/dev/iommu` is there. */
  readonly iommufd?: boolean | undefined
  /** In libvirt's order: what is listed first is preferred. */
  readonly firmware?: readonly Firmware[] | undefined
  /** Firmware images that libvirt was configured with: only these are offered. */
  readonly loaders?: readonly string[] | undefined
  /** Firmware images to offer where they are not configured and no description fits the guest. */
  readonly defaultLoaders?: readonly string[] | undefined
  /** The versions of TPM that swtpm emulates; absent: there is no swtpm. */
  readonly swtpm?: readonly string[] | undefined
  /** qemu-rdp serves displays. */
  readonly rdp?: boolean | undefined
  /** An s390x with protected virtualization. */
  readonly protectedGuests?: boolean | undefined
  /** How many encrypted guests the CPU tells apart: all of them, and those with encrypted state. */
  readonly sev?: { readonly maxGuests: number; readonly maxEsGuests: number } | undefined
}

/** Firmware as its installed description tells: QEMU's firmware.json. */
export interface Firmware {
  /** The image that is loaded. */
  readonly path: string
  readonly interfaces: readonly string[]
  readonly targets: readonly {
    /** QEMU's name of the architecture. */
    readonly architecture: string
    /** Machine names, `*` for any text. */
    readonly machines: readonly string[]
  }[]
  readonly features: readonly string[]
}

/** How host-model is told. */
export interface DomainOptions {
  /** Every property that QEMU says is deprecated is disabled. */
  readonly disableDeprecated?: boolean | undefined
  /** The features of its model are listed too. */
  readonly expandFeatures?: boolean | undefined
  /** What QEMU supports and does not enable by itself is listed too. */
  readonly supportedFeatures?: boolean | undefined
}

/** What a guest would run on: one QEMU, one accelerator, one machine, on one host. */
export interface DomainRequest {
  readonly libvirt: LibvirtVersion
  readonly map: CpuMap
  readonly qemu: QemuCapabilities
  /** What QEMU can do with the accelerator; empty where it was not probed with it. */
  readonly with: AcceleratorCapabilities
  readonly accelerator: Accelerator
  /** The guest's, in libvirt's name: the QEMU's, or one that it runs too. */
  readonly arch: string
  /** Whether the host's CPUs can run the guest's instructions themselves. */
  readonly isNative: boolean
  /** Its full name. */
  readonly machine: string
  readonly host: DomainHost
  /** What is asked for beyond the usual document. */
  readonly options?: DomainOptions | undefined
}

/** What a guest may choose from, under the name of what it sets. Empty: known to be none. */
export interface SectionEnum {
  readonly name: string
  readonly values: readonly string[]
}

/** A kind of device or a feature, whether a guest can have it, and in which ways. */
export interface Section {
  readonly name: string
  readonly supported: boolean
  /** Only where it is supported. */
  readonly choices?: readonly SectionEnum[]
  /** What a guest gets that says nothing, by name; only where it is supported. */
  readonly defaults?: readonly (readonly [name: string, value: string | number])[]
}

export const makeEnum = (name: string, values: readonly string[]): SectionEnum => ({ name, values })

/** The names, in order, whose condition holds. */
export const selectNames = (...all: readonly (readonly [name: string, holds: boolean])[]): string[] =>
  all.flatMap(([name, holds]) => (holds ? [name] : []))

/** @param choices nothing where it is not supported */
export const makeSection = (name: string, supported: boolean, ...choices: readonly SectionEnum[]): Section =>
  supported && choices.length > 0 ? { name, supported, choices } : { name, supported }

type Machine = Pick<DomainRequest, 'machine' | 'arch'>

export const isPcTarget = ({ arch }: Machine): boolean => arch === 'x86_64' || arch === 'i686'

export const isArm = ({ arch }: Machine): boolean => ['aarch64', 'armv7l', 'armv6l'].includes(arch)

export const isS390 = ({ arch }: Machine): boolean => arch === 's390x' || arch === 's390'

/** POWER's paravirtualised machine. */
export const isPseries = ({ machine, arch }: Machine): boolean =>
  arch.startsWith('ppc64') && /^pseries(-|$)/.test(machine)

/** The machine without a board of its own. */
export const isVirt = ({ machine }: Machine): boolean => /^virt(-|$)/.test(machine)

/** A PC with an IDE controller on its board: all i440FX ones; and others' boards that have one. */
export const hasIde = (question: Machine): boolean =>
  isPcTarget(question)
    ? /^(pc|pc-\d.*|pc-i440fx(-.*)?|rhel\d.*)$/.test(question.machine)
    : ['g3beige', 'malta', 'sun4u'].includes(question.machine)

/** A PC, of whatever age. */
export const isPc = (question: Machine): boolean =>
  isPcTarget(question) && /^(pc|q35|isapc|pc-.*)$/.test(question.machine)
