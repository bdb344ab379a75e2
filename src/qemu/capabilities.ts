/** What runs the guest's code; `tcg` is QEMU's own emulation, virsh's virttype `qemu`. */
export type Accelerator = 'kvm' | 'hvf' | 'tcg'

export interface QemuVersion {
  readonly major: number
  readonly minor: number
  readonly micro: number
  /** The distribution's name of the build; empty where there is none. */
  readonly package: string
}

/** A machine type. */
export interface QemuMachine {
  readonly name: string
  /** The short name that stands for it: `q35` of `pc-q35-10.0`. */
  readonly alias?: string
  readonly isDefault: boolean
  readonly deprecated: boolean
  /** The most vCPUs; 0: QEMU does not say. */
  readonly maxCpus: number
  /** The QOM type of the CPU it gives a guest that asks for none. */
  readonly defaultCpuType?: string
  readonly hotpluggableCpus: boolean
  /** Absent where QEMU is too old to tell. */
  readonly acpi?: boolean
}

/** A property of a CPU model as QEMU tells it; other JSON values are passed over when read. */
export type QemuProperty = boolean | number | string

/** A CPU model that a QEMU binary knows. */
export interface QemuModel {
  readonly name: string
  /** Its QOM type. */
  readonly type?: string
  /** The versioned model that it stands for: `qemu64-v1` of `qemu64`. */
  readonly aliasOf?: string
  /** What this host cannot give the model, in QEMU's spelling and order; absent: QEMU does not say. */
  readonly unavailable?: readonly string[]
  readonly deprecated: boolean
}

/** The host's CPU as QEMU expands the model `host`, or `max` under TCG. */
export interface HostExpansion {
  /** The model that the properties stand on: `base` on x86, `gen16a-base` on s390x. */
  readonly model: string
  /** As asked first: where QEMU looks after migration, what prevents it is false. */
  readonly properties: ReadonlyMap<string, QemuProperty>
  /** Asked without regard to migration; absent: not asked, or refused. */
  readonly unmigratable?: ReadonlyMap<string, QemuProperty>
  /** Properties that newer machines do without, in QEMU's order. */
  readonly deprecated: readonly string[]
}

/** What QEMU can do with one accelerator. */
export interface AcceleratorCapabilities {
  /** In QEMU's order. */
  readonly machines: readonly QemuMachine[]
  /** In QEMU's order; absent: QEMU does not list any. */
  readonly models?: readonly QemuModel[]
  /** Absent: QEMU does not tell. */
  readonly host?: HostExpansion
  /** The host's properties with every Hyper-V enlightenment that it can give; absent: QEMU does not tell. */
  readonly hyperv?: ReadonlyMap<string, QemuProperty>
}

/** A version of ARM's interrupt controller. */
export interface GicVersion {
  readonly version: number
  /** Whether the kernel can provide it, and whether QEMU can emulate it. */
  readonly kernel: boolean
  readonly emulated: boolean
}

/** AMD's memory encryption as QEMU sees it. */
export interface SevCapabilities {
  readonly cbitpos: number
  readonly reducedPhysBits: number
  /** Base64, as the vendor's tools take them; empty where QEMU does not tell. */
  readonly pdh: string
  readonly certChain: string
  readonly cpu0Id: string
}

/** Intel's enclaves as QEMU sees them. Sizes are in bytes. */
export interface SgxCapabilities {
  readonly flc: boolean
  readonly sgx1: boolean
  readonly sgx2: boolean
  readonly sections: readonly { readonly node: number; readonly size: number }[]
}

/** What is known of a QEMU binary on a host. Immutable. */
export interface QemuCapabilities {
  /** Absent only where the version was not asked. */
  readonly version?: QemuVersion
  /** libvirt's name of the guests' architecture. */
  readonly arch: string
  /** In this order: the host's own accelerator, then TCG. One that was not probed is absent. */
  readonly accelerators: ReadonlyMap<Accelerator, AcceleratorCapabilities>
  /** Every QOM type: devices, objects, accelerators, machines, CPUs. */
  readonly types: ReadonlySet<string>
  /** The properties of those types that were asked for. */
  readonly properties: ReadonlyMap<string, ReadonlySet<string>>
  readonly schema: QapiSchema
  /** The parameters of each command-line option. */
  readonly options: ReadonlyMap<string, ReadonlySet<string>>
  /** What its migration can do. */
  readonly migration: ReadonlySet<string>
  readonly tpm: { readonly models: readonly string[]; readonly types: readonly string[] }
  /** Absent: not an ARM, or QEMU does not tell. */
  readonly gic?: readonly GicVersion[]
  /** Absent: the host cannot. */
  readonly sev?: SevCapabilities
  /** Absent: the host cannot. */
  readonly sgx?: SgxCapabilities
}

/** An entity of QEMU's description of its own protocol: a command, an event or a type. */
export interface QapiEntity {
  readonly name: string
  /** `command`, `event`, `object`, `enum`, `array`, `alternate`, `builtin` */
  readonly kind: string
  /** Of a command: the type of its arguments, and of what it returns. */
  readonly argument?: string
  readonly result?: string
  /** The types of an object's members and of the cases of its variants, by name; an enumeration's values. */
  readonly members: ReadonlyMap<string, string>
  /** Of an array. */
  readonly element?: string
}

/** What a QEMU understands: its `query-qmp-schema`. */
export class QapiSchema {
  readonly #entities: ReadonlyMap<string, QapiEntity>

  constructor(entities: readonly QapiEntity[]) {
    this.#entities = new Map(entities.map(entity => [entity.name, entity]))
  }

  hasCommand(name: string): boolean {
    return this.#entities.get(name)?.kind === 'command'
  }

  /**
   * Whether a command takes this. A step of the path is a member of an object, a case of its variants, or the value
   * of an enumeration: `takes('netdev_add', 'type', 'vhost-vdpa')`.
   */
  takes(command: string, ...path: readonly [string, ...string[]]): boolean {
    return this.#has(this.#entities.get(command)?.argument, path)
  }

  /** Whether a command returns this. */
  returns(command: string, ...path: readonly [string, ...string[]]): boolean {
    return this.#has(this.#entities.get(command)?.result, path)
  }

  #has(start: string | undefined, path: readonly string[]): boolean {
    let type = start
    for (const step of path) {
      const entity = type === undefined ? undefined : this.#entities.get(type)
      const inner = entity?.element === undefined ? entity : this.#entities.get(entity.element)
      if (!inner?.members.has(step)) return false
      type = inner.members.get(step)
    }
    return true
  }
}
