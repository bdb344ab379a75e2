import type {
  VfioCondition,
  VfioFacts,
  VfioGroup,
  VfioName,
  VfioState,
} from '../../formats/host/host-facts.ts'
import type { HostTree } from './tree.ts'

/** What firmware's table about IOMMUs is called, and what people call the switch in its settings. */
interface IommuPlatform {
  readonly tables: readonly string[]
  readonly setting: string
  /** The kernel's parameters that decide, and what they must not say. */
  readonly parameters: readonly string[]
  readonly off: RegExp
  readonly remedy: string
}

const INTEL: IommuPlatform = {
  tables: ['DMAR'],
  setting: 'VT-d',
  parameters: ['intel_iommu', 'iommu'],
  off: /^(?:intel_iommu|iommu)=(?:.*,)?off\b/,
  remedy: 'boot with intel_iommu=on on the kernel command line',
}

const AMD: IommuPlatform = {
  tables: ['IVRS'],
  setting: 'AMD-Vi (IOMMU)',
  parameters: ['amd_iommu', 'iommu'],
  off: /^(?:amd_iommu|iommu)=(?:.*,)?off\b/,
  remedy: 'boot without amd_iommu=off and iommu=off on the kernel command line',
}

const ARM: IommuPlatform = {
  tables: ['IORT'],
  setting: 'SMMU',
  parameters: ['arm-smmu', 'iommu'],
  off: /^(?:arm-smmu.*disable.*|iommu=off)/,
  remedy: 'use a kernel with CONFIG_ARM_SMMU_V3 and boot without what disables the SMMU',
}

const TABLES = 'sys/firmware/acpi/tables'
const IOMMUS = 'sys/class/iommu'

/** Whether there is an IOMMU, as the processor, firmware and kernel tell. Architectures without such tables have none of these. */
function checkIommu(tree: HostTree, arch: string): VfioCondition[] {
  const platform = findPlatform(tree, arch)
  return platform
    ? [checkCpu(tree, arch), checkFirmware(tree, platform), checkKernel(tree, platform)].flat()
    : []
}

function findPlatform(tree: HostTree, arch: string): IommuPlatform | undefined {
  if (arch === 'aarch64') return ARM
  if (arch !== 'x86_64' && arch !== 'i686') return undefined
  return /^vendor_id\s*:\s*(?:AuthenticAMD|HygonGenuine)/m.test(tree.text('proc/cpuinfo') ?? '') ? AMD : INTEL
}

/** Without hardware virtualization there is no guest to give a device to. */
function checkCpu(tree: HostTree, arch: string): VfioCondition[] {
  if (arch === 'aarch64') return []
  const [flag] =
    /\b(?:vmx|svm)\b/.exec(/^flags\s*:.*$/m.exec(tree.text('proc/cpuinfo') ?? '')?.[0] ?? '') ?? []
  return [
    {
      name: 'iommu-in-cpu',
      state: flag ? 'met' : 'unmet',
      evidence: flag ? `/proc/cpuinfo has the flag ${flag}` : '/proc/cpuinfo has neither vmx nor svm',
      remedy: flag
        ? undefined
        : 'enable hardware virtualization in firmware; in a virtual machine, nested virtualization',
    },
  ]
}

function checkFirmware(tree: HostTree, { tables, setting }: IommuPlatform): VfioCondition {
  const name = 'iommu-in-firmware'
  const there = tree.names(TABLES)
  const found = tables.find(table => there.includes(table))
  if (found) return { name, state: 'met', evidence: `firmware has the ACPI table ${found}` }
  if (there.length === 0)
    return {
      name,
      state: 'unknown',
      evidence: `/${TABLES} shows nothing: no machine with ACPI, or a container`,
    }
  return {
    name,
    state: 'unmet',
    evidence: `firmware has no ACPI table ${tables.join(' or ')} in /${TABLES}`,
    remedy: `enable ${setting} in the settings of the firmware`,
  }
}

function checkKernel(tree: HostTree, { parameters, off, remedy }: IommuPlatform): VfioCondition {
  const name = 'iommu-in-kernel'
  const words = tree.text('proc/cmdline')?.split(/\s+/) ?? []
  const said = words.filter(word => parameters.some(parameter => word.startsWith(parameter)))
  const commandLine = said.length > 0 ? `, and its command line says ${said.join(' ')}` : ''
  const units = tree.names(IOMMUS)
  if (units.length > 0)
    return { name, state: 'met', evidence: `the kernel drives ${units.join(', ')}${commandLine}` }
  const isOff = said.some(word => off.test(word))
  return {
    name,
    state: 'unmet',
    evidence: `the kernel drives no IOMMU (/${IOMMUS} is empty)${commandLine}`,
    remedy: isOff ? `boot without ${said.filter(word => off.test(word)).join(' ')}` : remedy,
  }
}

const GROUPS = 'sys/kernel/iommu_groups'
const CONTAINER = 'dev/vfio/vfio'
const IOMMUFD = 'dev/iommu'

/** What a host can pass through to guests, and everything that it takes, with what was seen of each. */
export function readVfio(tree: HostTree, arch: string): VfioFacts {
  const groups = readGroups(tree)
  const hasContainer = tree.has(CONTAINER)
  const hasIommufd = tree.has(IOMMUFD)
  return {
    isSupported: groups.length > 0 && hasContainer,
    hasIommufd,
    groups,
    conditions: [
      ...checkIommu(tree, arch),
      checkGroups(groups),
      checkModule(tree, 'vfio-module', 'vfio'),
      checkModule(tree, 'vfio-pci-module', 'vfio_pci'),
      checkTypeModule(tree, arch),
      checkDevice(hasContainer),
      checkPermission(tree, groups),
      checkIommufd(hasIommufd),
      checkLockedMemory(tree),
    ],
  }
}

function readGroups(tree: HostTree): VfioGroup[] {
  return tree.numbered(GROUPS).map(id => ({ id, devices: tree.names(`${GROUPS}/${id}/devices`) }))
}

function checkGroups(groups: readonly VfioGroup[]): VfioCondition {
  const count = groups.reduce((n, { devices }) => n + devices.length, 0)
  return groups.length > 0
    ? {
        name: 'iommu-groups',
        state: 'met',
        evidence: `/${GROUPS} has ${groups.length} groups of ${count} devices`,
      }
    : {
        name: 'iommu-groups',
        state: 'unmet',
        evidence: `/${GROUPS} is empty or not there`,
        remedy:
          'groups appear once the IOMMU is enabled in firmware and kernel; in a virtual machine the hypervisor must give it one',
      }
}

/** POWER has an IOMMU of its own kind, and a module of its own for it. */
const checkTypeModule = (tree: HostTree, arch: string): VfioCondition =>
  checkModule(tree, 'vfio-type1-module', arch.startsWith('ppc') ? 'vfio_iommu_spapr_tce' : 'vfio_iommu_type1')

const checkDevice = (isThere: boolean): VfioCondition => ({
  name: 'vfio-device',
  state: isThere ? 'met' : 'unmet',
  evidence: `/${CONTAINER} is ${isThere ? 'there' : 'not there'}`,
  remedy: isThere
    ? undefined
    : 'load vfio (modprobe vfio-pci); in a container the device must be passed into it',
})

/** Files of groups belong to whoever may pass their devices through; libvirt's daemon changes that when a guest starts. */
function checkPermission(tree: HostTree, groups: readonly VfioGroup[]): VfioCondition {
  const name = 'vfio-permission'
  const owned = tree.numbered('dev/vfio')
  const may = owned.filter(id => tree.mayWrite(`dev/vfio/${id}`))
  const container = tree.has(CONTAINER)
  const state: VfioState = !container ? 'unknown' : tree.mayWrite(CONTAINER) ? 'met' : 'unmet'
  const bound =
    groups.length > 0
      ? `; groups bound to vfio-pci: ${owned.length}, of which may be opened: ${may.length}`
      : ''
  return {
    name,
    state,
    evidence: container
      ? `/${CONTAINER} ${state === 'met' ? 'may' : 'may not'} be opened by this user${bound}`
      : `/${CONTAINER} is not there to be opened`,
    remedy:
      state === 'unmet'
        ? "run as root, as libvirt's system daemon does, or let udev give /dev/vfio to a group"
        : undefined,
  }
}

const checkIommufd = (isThere: boolean): VfioCondition => ({
  name: 'iommufd',
  state: isThere ? 'met' : 'unmet',
  evidence: `/${IOMMUFD} is ${isThere ? 'there' : 'not there'}`,
  remedy: isThere
    ? undefined
    : 'needed only for devices that are given through iommufd: Linux 6.2 or newer, modprobe iommufd',
})

/** A guest's memory is locked while it has a device; libvirt raises the limit by itself where it runs as root. */
function checkLockedMemory(tree: HostTree): VfioCondition {
  const name = 'locked-memory'
  const [, limit] = /^Max locked memory\s+(\S+)/m.exec(tree.text('proc/self/limits') ?? '') ?? []
  if (limit === undefined) return { name, state: 'unknown', evidence: '/proc/self/limits does not tell' }
  const enough = limit === 'unlimited' || Number(limit) >= LEAST
  return {
    name,
    state: enough ? 'met' : 'unmet',
    evidence: `this user may lock ${limit === 'unlimited' ? 'any amount of memory' : `${limit} bytes of memory`}`,
    remedy: enough
      ? undefined
      : "as much as the guest's memory and 1 GiB more: memlock in limits.conf; libvirt's system daemon raises it by itself",
  }
}

/** Less than a small guest has. */
const LEAST = 2 ** 30

/** Whether a module of the kernel is loaded or built in; one that is neither may still be there to be loaded. */
function checkModule(tree: HostTree, name: VfioName, module: string): VfioCondition {
  if (tree.has(`sys/module/${module}`))
    return { name, state: 'met', evidence: `the module ${module} is loaded or built in` }
  const file = new RegExp(`/${module.replaceAll('_', '[-_]')}\\.ko`)
  if (readModuleList(tree, 'builtin').some(line => file.test(line)))
    return { name, state: 'met', evidence: `the module ${module} is built in` }
  const isThere = readModuleList(tree, 'dep').some(line => file.test(line.split(':', 1)[0] ?? ''))
  return {
    name,
    state: 'unmet',
    evidence: `the module ${module} is not loaded${isThere ? '' : ', and this kernel seems to have none'}`,
    remedy: isThere
      ? `modprobe ${module.replaceAll('_', '-')}`
      : "install the modules of the running kernel, or one with CONFIG_VFIO_PCI; a container's host has to load it",
  }
}

/** The lines of a list about the running kernel's modules. */
function readModuleList(tree: HostTree, kind: 'builtin' | 'dep'): string[] {
  const release = tree.text('proc/sys/kernel/osrelease')
  return tree.text(`lib/modules/${release}/modules.${kind}`)?.split('\n') ?? []
}
