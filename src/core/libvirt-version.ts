/** Whose behaviour is asked for, `MAJOR.MINOR`; of the built-in CPU data, what that version knows counts. */
export type LibvirtVersion = `${number}.${number}`

/** The version whose map our data is: none that libvirt has is newer. */
export const DEFAULT_LIBVIRT: LibvirtVersion = '12.8'

/** The versions that are known: from this one on, any. */
const OLDEST_LIBVIRT: LibvirtVersion = '11.3'

export const LIBVIRT_VERSIONS_TEXT = `a version from ${OLDEST_LIBVIRT} on, such as 11.3 or ${DEFAULT_LIBVIRT}`

/** A version as it is written, with or without its last part; undefined for one that is unknown or malformed. */
export function parseLibvirtVersion(text: string): LibvirtVersion | undefined {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})(?:\.\d{1,3})?$/.exec(text) ?? []
  if (major === undefined || minor === undefined) return undefined
  const version: LibvirtVersion = `${Number(major)}.${Number(minor)}`
  return isAtLeast(version, OLDEST_LIBVIRT) ? version : undefined
}

/** Whether `version` is `least` or newer. */
export function isAtLeast(version: LibvirtVersion, least: LibvirtVersion): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number)
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
}

/**
 * Every place where versions behave differently: the first version with the newer behaviour, and what that is. Those
 * that only a recording of 12.8 shows (`docs/libvirt-versions.md`) count as of 12.8.
 */
const BEHAVIOURS = {
  'host-feature-dot': [
    '12.8',
    "the schema takes a dot in the name of a host's feature (sse4.1): a host's own CPU is valid",
  ],
  energy: ['12.8', 'capabilities report the energy counters of resctrl'],
  'ignore-host': [
    '11.6',
    'hypervisor-cpu-baseline takes --ignore-host: what the host can enable plays no role',
  ],
  'ignore-host-errors': ['12.8', 'one CPU with --ignore-host is an operation that is not valid'],
  'hyperv-host-model': ['11.9', "a domain's <hyperv> takes the mode host-model"],
  'no-handle': ['12.2', 'no filesystem driver "handle"'],
  'expand-cpu-features': ['12.2', 'domcapabilities takes --expand-cpu-features'],
  'qemu-7.2': ['12.4', 'QEMU older than 7.2 is refused'],
  'sorted-host-model': ['12.5', 'host-model lists features by name'],
  'supported-cpu-features': ['12.5', 'domcapabilities takes --supported-cpu-features'],
  'no-topology-bits': [
    '12.8',
    'cpu-baseline, a starting guest and its -cpu leave out ht and cmp_legacy: topology decides them',
  ],
  'no-pkttyagent': ['12.8', 'virsh takes --no-pkttyagent'],
  'firmware-features': ['12.8', '<os> has firmwareFeatures and varstore'],
  nvme: ['12.8', '<disk> lists the bus nvme'],
  'real-floppy': ['12.8', '<disk> lists floppy only where QEMU has a controller for it'],
  iommufd: ['12.8', '<hostdev> has the enum iommufd'],
  console: ['12.8', '<devices> has console'],
  'hyperv-of-kvm': ['12.8', '<hyperv> is what QEMU reports of KVM; of a QEMU without it there is none'],
  'hyperv-defaults': ['12.8', '<hyperv> lists defaults'],
  'hyperv-needs': ['12.8', 'a guest is refused whose enlightenments lack what they need'],
  'spinlock-retries': ['12.8', '<spinlocks> needs no retries: a guest without them never gives up'],
  'pci-by-machine': ['12.8', 'whether a machine has a PCI bus is decided by its type, USB controllers aside'],
  'vfio-words': [
    '12.8',
    'which PCI devices can be handed over is checked with the definition, in other words',
  ],
  'no-eim-check': ['12.8', 'more than 255 vCPUs may have an IOMMU whose extended mode is off'],
  'all-protections': ['12.8', '<features> has s390-pv and tdx on every architecture'],
} as const satisfies Readonly<Record<string, readonly [since: LibvirtVersion, what: string]>>

export type Behaviour = keyof typeof BEHAVIOURS

/** Whether that version has the newer behaviour. */
export const hasBehaviour = (version: LibvirtVersion, what: Behaviour): boolean =>
  isAtLeast(version, BEHAVIOURS[what][0])
