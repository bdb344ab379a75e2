import type { VfioCondition } from '../../formats/host/vfio.ts'
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
export function checkIommu(tree: HostTree, arch: string): VfioCondition[] {
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
