import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseCpuInfo, physicalBitsOf } from '../../formats/dumps/proc-cpuinfo.ts'
import { parseFirmware } from '../../qemu/domain-capabilities/domain-capabilities.ts'
import type { DomainHost, Firmware } from '../../qemu/domain-capabilities/request.ts'
import {
  ProgramRunner,
  type RunRequests,
  requestClose,
  requestCpuid,
  requestIoctl,
  requestOpen,
} from '../cpu/requests.ts'
import { RouteError } from '../cpu/system.ts'
import type { HostTree } from '../machine/tree.ts'
import { readVfio } from '../machine/vfio.ts'

/** How many vCPUs and encrypted guests a host can have. What could not be asked is absent. */
interface GuestLimits {
  readonly kvmMaxVcpus?: number
  readonly sev?: { readonly maxGuests: number; readonly maxEsGuests: number }
}

/** Asks this host's KVM and its CPU. */
function readLimits(): GuestLimits {
  const program = new ProgramRunner()
  try {
    return askLimits(requests => program.run(requests))
  } catch (error) {
    if (error instanceof RouteError) return {}
    throw error
  } finally {
    program.remove()
  }
}

/** The descriptor that the program will be given, once it has closed what it inherits. */
const KVM = 3

/** @see Linux, Documentation/virt/kvm/api.rst, KVM_CHECK_EXTENSION */
const CHECK_EXTENSION = 0xae03
const NR_VCPUS = 9
const MAX_VCPUS = 66

const EXTENDED = 0x8000_0000
const ENCRYPTION = 0x8000_001f

const REQUESTS = [
  requestClose(KVM),
  requestOpen('/dev/kvm', 2),
  requestIoctl(KVM, CHECK_EXTENSION, MAX_VCPUS),
  requestIoctl(KVM, CHECK_EXTENSION, NR_VCPUS),
  requestCpuid(EXTENDED, 0),
  requestCpuid(ENCRYPTION, 0),
]

/** @throws RouteError where nothing can be asked */
export function askLimits(run: RunRequests): GuestLimits {
  const [, kvm, most, advised, extended, encryption] = run(REQUESTS)
  // KVM's limit, or on old kernels what it advises, and on older ones four.
  const counts = [most, advised].map(answer => answer?.result ?? 0)
  const kvmMaxVcpus = kvm?.result === KVM ? (counts.find(count => count > 0) ?? 4) : undefined
  const isReported = (extended?.registers.eax ?? 0) >= ENCRYPTION
  // Of the guests that can be told apart, those with encrypted state come first. @see APM 3, CPUID Fn8000_001F
  const { ecx: all = 0, edx: firstWithout = 0 } = encryption?.registers ?? {}
  const sev = { maxGuests: all - firstWithout + 1, maxEsGuests: firstWithout - 1 }
  return { ...(kvmMaxVcpus !== undefined && { kvmMaxVcpus }), ...(isReported && all > 0 && { sev }) }
}

/** Where descriptions of firmware are: those of the distribution, the host's, and for others than root the user's. */
function listFirmwareFolders(): string[] {
  const own = join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'qemu', 'firmware')
  const isRoot = process.getuid?.() === 0
  return ['/usr/share/qemu/firmware', '/etc/qemu/firmware', ...(isRoot ? [] : [own])]
}

/**
 * The firmware that is installed, by the names of its descriptions. A description in a later folder stands for one of
 * the same name in an earlier one; an empty one for none. Of those whose image is gone nothing is told.
 * @see QEMU, docs/interop/firmware.json
 */
export function readInstalledFirmware(tree: HostTree): Firmware[] {
  const byName = new Map<string, string>()
  for (const folder of listFirmwareFolders()) {
    for (const name of tree.names(folder)) if (name.endsWith('.json')) byName.set(name, join(folder, name))
  }
  const names = [...byName].sort(([a], [b]) => (a < b ? -1 : 1))
  return names
    .flatMap(([, path]) => parseDescription(tree.text(path)) ?? [])
    .filter(firmware => tree.has(firmware.path))
}

/** Undefined for a file that is empty or broken: libvirt passes it over. */
function parseDescription(text: string | undefined): Firmware | undefined {
  try {
    return text ? parseFirmware(JSON.parse(text)) : undefined
  } catch {
    return undefined
  }
}

/** The images that libvirt knows by itself. */
const DEFAULTS = [
  '/usr/share/OVMF/OVMF_CODE.fd',
  '/usr/share/OVMF/OVMF_CODE.secboot.fd',
  '/usr/share/AAVMF/AAVMF_CODE.fd',
  '/usr/share/AAVMF/AAVMF32_CODE.fd',
] as const

export const readDefaultLoaders = (tree: HostTree): string[] => DEFAULTS.filter(path => tree.has(path))

/** How long swtpm_setup may take, in milliseconds: a busy machine takes its time. */
const TIMEOUT = 60_000

/** The versions of TPM that swtpm can be; undefined where it is not wholly installed. */
function readSwtpm(): readonly string[] | undefined {
  const setup = findProgram('swtpm_setup')
  if (setup === undefined || !findProgram('swtpm') || !findProgram('swtpm_ioctl')) return undefined
  const { stdout } = spawnSync(setup, ['--print-capabilities'], { encoding: 'utf8', timeout: TIMEOUT })
  return ['1.2', '2.0'].filter(version => stdout?.includes(`"tpm-${version}"`))
}

/**
 * What domain capabilities need of this host beside its QEMU, as libvirt finds it. What cannot be read is left out.
 * @param tree this host's files
 * @param arch libvirt's name of its architecture
 */
export function readDomainHost(tree: HostTree, arch: string): DomainHost {
  const [info] = parseCpuInfo(tree.text('proc/cpuinfo') ?? '')
  return {
    ...readLimits(),
    physBits: physicalBitsOf(info),
    vfio: readVfio(tree, arch).isSupported,
    firmware: readInstalledFirmware(tree),
    defaultLoaders: readDefaultLoaders(tree),
    swtpm: readSwtpm(),
    rdp: findProgram('qemu-rdp') !== undefined,
    protectedGuests: tree.text('sys/firmware/uv/prot_virt_host') === '1',
  }
}

/** Where a program of that name is on the PATH. */
function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(folder => folder !== '')
  return folders.map(folder => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
