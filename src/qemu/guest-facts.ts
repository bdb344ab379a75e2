import type { QemuMachine } from './capabilities.ts'

/** A QEMU that was found, and what guests it can run. */
interface Emulator {
  readonly path: string
  /** Whether it can use KVM here. */
  readonly kvm: boolean
  /** In QEMU's order. */
  readonly machines: readonly ListedMachine[]
}

type ListedMachine = Pick<QemuMachine, 'name' | 'alias' | 'isDefault' | 'deprecated' | 'maxCpus'>

/** A machine as capabilities list it: by its alias, where it has one, and then with its own name as canonical. */
export interface GuestMachine {
  readonly name: string
  readonly canonical?: string | undefined
  readonly maxCpus: number
  readonly deprecated: boolean
}

/** What a guest can be told to have; `isToggle` absent: it has it, or not. */
interface GuestFeature {
  readonly name: string
  readonly isOn?: boolean | undefined
  readonly isToggle?: boolean | undefined
}

/** What `<guest>` of the capabilities tells: the guests of one architecture and the QEMU that runs them. */
export interface GuestFacts {
  /** How guests see the hypervisor; absent: as hardware, `hvm`. */
  readonly osType?: string | undefined
  readonly arch: string
  readonly wordSize: number
  readonly emulator: string
  readonly machines: readonly GuestMachine[]
  readonly domains: readonly string[]
  readonly features: readonly GuestFeature[]
}

/** The guests of an architecture that an emulator can run. */
export const describeGuests = (arch: string, { path, kvm, machines }: Emulator): GuestFacts => ({
  arch,
  wordSize: WIDE.has(arch) ? 64 : 32,
  emulator: path,
  machines: orderMachines(arch, machines),
  domains: kvm ? ['qemu', 'kvm'] : ['qemu'],
  features: listGuestFeatures(arch),
})

/** Architectures with words of 64 bits, in libvirt's eyes. */
const WIDE: ReadonlySet<string> = new Set(
  'alpha aarch64 ia64 loongarch64 mips64 mips64el parisc64 ppc64 ppc64le riscv64 s390x sh4eb sparc64 x86_64'.split(
    ' ',
  ),
)

/** Where libvirt takes another machine for the default than QEMU, which has none or an old one. */
const VIRT = /^(?:armv|aarch64$|riscv)/

/** The default comes first; before an alias stands the machine that it is for. `none` runs no guest. */
function orderMachines(arch: string, machines: readonly ListedMachine[]): GuestMachine[] {
  const isVirt = ({ name, alias }: ListedMachine) => name === 'virt' || alias === 'virt'
  const real = machines.filter(({ name }) => name !== 'none')
  const first = (VIRT.test(arch) ? real.find(isVirt) : undefined) ?? real.find(({ isDefault }) => isDefault)
  const ordered = [...real.filter(machine => machine === first), ...real.filter(machine => machine !== first)]
  return ordered.flatMap(({ name, alias, maxCpus, deprecated }) => {
    const own = { name, maxCpus, deprecated }
    return alias === undefined ? [own] : [own, { ...own, name: alias, canonical: name }]
  })
}

const X86 = ['i686', 'x86_64']
const ACPI = [...X86, 'aarch64', 'loongarch64']

function listGuestFeatures(arch: string): GuestFeature[] {
  const paging = arch === 'i686' ? [{ name: 'pae' }, { name: 'nonpae' }] : []
  const acpi = ACPI.includes(arch) ? [{ name: 'acpi', isOn: true, isToggle: true }] : []
  const apic = X86.includes(arch) ? [{ name: 'apic', isOn: true, isToggle: false }] : []
  return [
    ...paging,
    ...acpi,
    ...apic,
    { name: 'cpuselection' },
    { name: 'deviceboot' },
    { name: 'disksnapshot', isOn: true, isToggle: false },
    { name: 'externalSnapshot' },
  ]
}
