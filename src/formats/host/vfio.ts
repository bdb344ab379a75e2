/** Whether a condition is met: `unknown` where it cannot be seen. */
export type VfioState = 'met' | 'unmet' | 'unknown'

/** Something that a device's passthrough to a guest needs, or that only some need. */
export interface VfioCondition {
  readonly name: VfioName
  readonly state: VfioState
  /** What was seen: a path and what it holds, or that it is not there. */
  readonly evidence: string
  /** What to do where it is not met. */
  readonly remedy?: string | undefined
}

/** In the order in which they build upon each other. */
export type VfioName =
  | 'iommu-in-cpu'
  | 'iommu-in-firmware'
  | 'iommu-in-kernel'
  | 'iommu-groups'
  | 'vfio-module'
  | 'vfio-pci-module'
  | 'vfio-type1-module'
  | 'vfio-device'
  | 'vfio-permission'
  | 'iommufd'
  | 'locked-memory'

/** What a host can pass through to guests. */
export interface VfioFacts {
  /** Whether libvirt says so: devices are in IOMMU groups, and `/dev/vfio/vfio` is there. It looks at nothing else. */
  readonly isSupported: boolean
  /** Whether guests may be given devices through `/dev/iommu`, which libvirt 12.8 asks for on its own. */
  readonly hasIommufd: boolean
  /** Devices that share a group can only be passed through together. */
  readonly groups: readonly VfioGroup[]
  readonly conditions: readonly VfioCondition[]
}

export interface VfioGroup {
  readonly id: number
  /** PCI addresses, such as `0000:01:00.0`. */
  readonly devices: readonly string[]
}
