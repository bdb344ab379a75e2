import type { DomainHost, Firmware } from '../src/qemu/domain-capabilities/request.ts'

/** What a file of the data is: `qemu_10.0.0-tcg-virt.riscv64+amdsev.xml`. */
export interface DomainCase {
  readonly version: string
  readonly virttype: 'kvm' | 'hvf' | 'qemu'
  readonly machine?: string
  readonly arch: string
  /** Of the host that was recorded: `+amdsev`; empty for most. */
  readonly variant: string
}

const NAME = /^qemu_(\d+\.\d+\.\d+)(?:-(tcg|hvf))?(?:-([\w.-]+))?\.(\w+)((?:\+\w+)?)\.xml$/

/** Undefined for a file of another hypervisor. */
export function caseOf(name: string): DomainCase | undefined {
  const [, version, accelerator, machine, arch, variant = ''] = NAME.exec(name) ?? []
  if (version === undefined || arch === undefined) return undefined
  const virttype = accelerator === 'tcg' ? 'qemu' : accelerator === 'hvf' ? 'hvf' : 'kvm'
  return { version, virttype, ...(machine !== undefined && { machine }), arch, variant }
}

/** The host that libvirt's unit test makes up around the replies. */
export const hostOf = ({ version, arch, variant }: DomainCase): DomainHost => ({
  physBits: 64,
  vfio: true,
  rdp: true,
  protectedGuests: arch === 's390x',
  swtpm: version.startsWith('6.') ? ['1.2', '2.0'] : ['2.0'],
  firmware: FIRMWARE,
  loaders: ['/obviously/fake/firmware1.fd', '/obviously/fake/firmware2.fd'],
  ...(arch === 'ppc64' && { cpu: { type: 'host', model: 'POWER8', features: [] } }),
  ...(variant === '+amdsev' && { sev: { maxGuests: 59, maxEsGuests: 450 } }),
})

const firmware = (
  interfaceName: string,
  architecture: string,
  machines: readonly string[],
  features: readonly string[] = [],
): Firmware => ({ path: '', interfaces: [interfaceName], targets: [{ architecture, machines }], features })

/** What a Fedora of that time has installed. */
const FIRMWARE: readonly Firmware[] = [
  firmware('bios', 'x86_64', ['pc-i440fx-*', 'pc-q35-*']),
  firmware('uefi', 'x86_64', ['pc-q35-*'], ['secure-boot', 'requires-smm']),
  firmware('uefi', 'x86_64', ['pc-i440fx-*', 'pc-q35-*']),
  firmware('uefi', 'aarch64', ['virt-*']),
  firmware('uefi', 'loongarch64', ['virt', 'virt-*']),
  firmware('uefi', 'riscv64', ['virt', 'virt-*']),
]
