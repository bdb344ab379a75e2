import type { VfioCondition, VfioFacts, VfioName } from '../../formats/host/vfio.ts'

/** What each condition is about. */
const TITLES: Readonly<Record<VfioName, string>> = {
  'iommu-in-cpu': 'the processor virtualizes',
  'iommu-in-firmware': 'firmware has an IOMMU enabled',
  'iommu-in-kernel': 'the kernel uses it',
  'iommu-groups': 'devices are in IOMMU groups',
  'vfio-module': 'the kernel has VFIO',
  'vfio-pci-module': 'VFIO for PCI devices',
  'vfio-type1-module': 'VFIO for this IOMMU',
  'vfio-device': "VFIO's device is there",
  'vfio-permission': 'it may be opened',
  iommufd: 'iommufd, the newer way',
  'locked-memory': 'memory may be locked',
}

const MARKS = { met: 'yes', unmet: 'no', unknown: '?' } as const

/** A line without its newline; of a condition, what its first word says of it. */
interface VfioLine {
  readonly text: string
  readonly state?: VfioCondition['state']
}

/**
 * Whether devices can be passed through, and what that takes, a line each: state, what it is about, what was seen;
 * and below what is not met, the remedy.
 */
export const describeVfio = (facts: VfioFacts): VfioLine[] => [
  { text: sayVerdict(facts) },
  ...facts.conditions.flatMap(sayCondition),
  ...sayGroups(facts),
]

function sayVerdict({ isSupported }: VfioFacts): string {
  return isSupported
    ? 'passthrough of devices (VFIO): libvirt offers it, for devices are in IOMMU groups and /dev/vfio/vfio is there'
    : 'passthrough of devices (VFIO): libvirt does not offer it; it wants devices in IOMMU groups, and /dev/vfio/vfio'
}

function sayCondition({ name, state, evidence, remedy }: VfioCondition): VfioLine[] {
  const line = { text: `  ${MARKS[state].padEnd(4)}${TITLES[name].padEnd(30)}${evidence}`, state }
  return remedy === undefined ? [line] : [line, { text: `${' '.repeat(6)}remedy: ${remedy}` }]
}

/** Groups of several devices are what surprises people. */
const sayGroups = ({ groups }: VfioFacts): VfioLine[] =>
  groups
    .filter(({ devices }) => devices.length > 1)
    .map(({ id, devices }) => ({ text: `  group ${id} goes together: ${devices.join(' ')}` }))
