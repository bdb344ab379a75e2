import { architectureOf } from '../arch/registry.ts'
import { internalError, LibvirtError } from '../core/libvirt-error.ts'
import { hasBehaviour, type LibvirtVersion } from '../core/libvirt-version.ts'
import type { Accelerator, QemuCapabilities, QemuMachine } from './capabilities.ts'

/** What a domain's `type` may be, in libvirt's order. */
const VIRT_TYPES: ReadonlySet<string> = new Set(
  'none qemu kqemu kvm xen lxc uml openvz test vmware hyperv vbox phyp parallels bhyve vz hvf'.split(' '),
)

/** Whether libvirt knows a virtualization type of that name. */
export const isVirtType = (word: string): boolean => VIRT_TYPES.has(word)

/** @throws LibvirtError for a word that is no virtualization type; absent is fine */
export function checkVirtType(word: string | undefined): void {
  if (word !== undefined && !isVirtType(word)) {
    throw new LibvirtError('invalid-arg', `unknown virttype: ${word}`)
  }
}

/** Where libvirt takes the machine without a board of its own, whatever QEMU's default is. */
const VIRT_MACHINE_ARCHS: readonly string[] = ['aarch64', 'armv6l', 'armv7l', 'riscv32', 'riscv64']

/**
 * The machine of a guest that names none: the first that there is where QEMU has no default. Undefined where there
 * is none at all.
 */
function findDefaultMachine(arch: string, machines: readonly QemuMachine[]): QemuMachine | undefined {
  const virt = VIRT_MACHINE_ARCHS.includes(arch)
    ? machines.find(({ name, alias }) => name === 'virt' || alias === 'virt')
    : undefined
  return virt ?? machines.find(({ isDefault }) => isDefault) ?? machines.find(({ name }) => name !== 'none')
}

/** What was asked for of a hypervisor; absent: libvirt's default. */
export interface QemuRequest {
  readonly virttype?: string | undefined
  readonly arch?: string | undefined
  readonly machine?: string | undefined
  /** Whether it is of a domain: libvirt words its refusals otherwise. */
  readonly isDomain?: boolean
}

/** A QEMU, and how it is used. */
export interface QemuChoice {
  readonly binary: string
  /** As asked for, or the best that there is: `kvm` before `qemu`. */
  readonly virttype: string
  /** What runs the guests. */
  readonly accelerator: Accelerator
  readonly arch: string
  /** libvirt's name of the host's architecture. */
  readonly host: string
  /** Absent: QEMU told of no machine. */
  readonly machine?: QemuMachine
  /** Whether guests are of the host's own architecture, so that its CPU can be theirs. */
  readonly isNative: boolean
}

/** Where a QEMU is: its path, and libvirt's name of its host's architecture. */
interface QemuPlace {
  readonly binary: string
  readonly host: string
}

/** What QEMU can be. libvirt's hypervisor commands take any other type for `qemu`; domain capabilities refuse it. */
const QEMU_VIRT_TYPES: readonly string[] = ['kvm', 'hvf', 'qemu']

const makeUnsupportedError = (detail: string): LibvirtError => new LibvirtError('unsupported', detail)
const makeInvalidError = (detail: string): LibvirtError => new LibvirtError('invalid-arg', detail)

/** What this version of libvirt needs. @throws LibvirtError for an older QEMU */
export function checkQemuVersion(
  { version }: QemuCapabilities,
  binary: string,
  libvirt: LibvirtVersion,
): void {
  if (!version || !hasBehaviour(libvirt, 'qemu-7.2')) return
  const { major, minor, micro } = version
  if (major > 7 || (major === 7 && minor >= 2)) return
  throw internalError(
    `Failed to probe capabilities for ${binary}: unsupported configuration: ` +
      `QEMU version >= 7.2.0 is required, but ${major}.${minor}.${micro} found`,
  )
}

/** What is refused before an emulator is looked for. @throws LibvirtError */
export function checkQemuRequest(
  { virttype, arch, isDomain }: QemuRequest,
  isArch: (name: string) => boolean,
): void {
  if (isDomain && virttype !== undefined && !isVirtType(virttype))
    throw makeUnsupportedError(`invalid domain type ${virttype}`)
  if (isDomain && arch !== undefined && !isArch(arch))
    throw makeUnsupportedError(`Unknown architecture ${arch}`)
  checkVirtType(virttype)
  if (arch !== undefined && !isArch(arch)) throw makeInvalidError(`unknown architecture: ${arch}`)
}

/** No emulator was found. */
export const makeNoEmulatorError = (arch: string, isDomain = false): LibvirtError =>
  makeUnsupportedError(
    isDomain
      ? `No emulator found for arch '${arch}'`
      : `unable to find any emulator to serve '${arch}' architecture`,
  )

/**
 * How a QEMU serves what was asked for.
 * @throws LibvirtError where it serves another architecture, has no such accelerator or machine
 */
export function chooseQemu(
  capabilities: QemuCapabilities,
  { binary, host }: QemuPlace,
  request: QemuRequest,
): QemuChoice {
  const arch = request.arch ?? host
  if (request.isDomain) checkDomainRequest(capabilities, binary, { ...request, arch })
  if (!isSameFamily(arch, capabilities.arch)) {
    throw makeInvalidError(
      `architecture from emulator '${capabilities.arch}' doesn't match given architecture '${arch}'`,
    )
  }
  const { accelerators } = capabilities
  const asked = request.virttype === 'none' ? undefined : request.virttype
  const best = (['kvm', 'hvf'] as const).find(name => accelerators.has(name)) ?? 'qemu'
  const virttype = asked ?? best
  const accelerator = virttype === 'kvm' || virttype === 'hvf' ? virttype : 'tcg'
  // A QEMU that only emulates refuses whatever else is asked for, even what is no accelerator.
  if (
    virttype !== 'qemu' &&
    (best === 'qemu' || virttype === 'kvm') &&
    !accelerators.has(virttype as Accelerator)
  ) {
    throw makeInvalidError(`the accel '${accelerator}' is not supported by '${binary}' on this host`)
  }
  const machine = findMachine(capabilities, accelerator, binary, request.machine)
  if (!QEMU_VIRT_TYPES.includes(virttype))
    throw makeInvalidError(`Emulator '${binary}' does not support virt type '${virttype}'`)
  return {
    binary,
    virttype,
    accelerator,
    arch,
    host,
    ...(machine && { machine }),
    isNative: isSameFamily(arch, host),
  }
}

/** What domain capabilities refuse and the other hypervisor commands let pass. @throws LibvirtError */
export function checkDomainType({ arch, accelerators }: QemuCapabilities, choice: QemuChoice): void {
  const { binary, virttype } = choice
  // A 64-bit emulator runs 32-bit guests too, never the other way round.
  if (choice.arch !== arch && !ALSO_RUNS[arch]?.includes(choice.arch)) {
    throw makeInvalidError(`Emulator '${binary}' does not support arch '${choice.arch}'`)
  }
  if (!accelerators.has(choice.accelerator) && virttype !== 'qemu') {
    throw makeInvalidError(`Emulator '${binary}' does not support virt type '${virttype}'`)
  }
}

/** What a domain's start is refused for. @throws LibvirtError */
function checkDomainRequest(
  capabilities: QemuCapabilities,
  binary: string,
  { arch, virttype = 'qemu', machine }: QemuRequest & { readonly arch: string },
): void {
  const { accelerators } = capabilities
  const refuse = (what: string, name: string) =>
    makeUnsupportedError(`Emulator '${binary}' does not support ${what} '${name}'`)
  if (arch !== capabilities.arch && !ALSO_RUNS[capabilities.arch]?.includes(arch)) throw refuse('arch', arch)
  if (virttype !== 'qemu' && !accelerators.has(virttype as Accelerator)) throw refuse('virt type', virttype)
  const { machines = [] } = accelerators.get(virttype === 'qemu' ? 'tcg' : (virttype as Accelerator)) ?? {}
  if (machine === undefined || machines.length === 0) return
  const known = machines.some(({ name, alias }) => name === machine || alias === machine)
  if (!known || machine === 'none') throw refuse('machine type', machine)
}

/** What an emulator runs besides its own. */
const ALSO_RUNS: Readonly<Record<string, readonly string[]>> = {
  x86_64: ['i686'],
  aarch64: ['armv7l'],
  armv7l: ['armv6l'],
  ppc64: ['ppc64le'],
}

function findMachine(
  { arch, accelerators }: QemuCapabilities,
  accelerator: Accelerator,
  binary: string,
  name: string | undefined,
): QemuMachine | undefined {
  const { machines = [] } = accelerators.get(accelerator) ?? [...accelerators.values()].at(-1) ?? {}
  if (name === undefined) return findDefaultMachine(arch, machines)
  const found = machines.find(machine => machine.name === name || machine.alias === name)
  if (!found || name === 'none')
    throw makeInvalidError(`the machine '${name}' is not supported by emulator '${binary}'`)
  return found
}

/** POWER's, of which only some have a CPU driver. */
const POWER: ReadonlySet<string> = new Set(['ppc', 'ppcle', 'ppc64', 'ppc64le', 'ppcemb'])

/** x86_64's emulator runs i686 guests, and so on: as the CPU drivers have it, and POWER's others. */
const isSameFamily = (one: string, other: string): boolean =>
  one === other ||
  architectureOf(one)?.arches.includes(other) === true ||
  (POWER.has(one) && POWER.has(other))
