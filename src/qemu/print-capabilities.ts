import type { HostFacts, Migration, SecurityModel } from '../formats/host/host-facts.ts'
import { printBandwidth, printCache, printEnergy, printTopology } from '../formats/host/print-cache.ts'
import { printCpu } from '../formats/libvirt/print-cpu.ts'
import { escapeXml } from '../xml/writer.ts'
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
interface GuestMachine {
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
export const guestFactsOf = (arch: string, { path, kvm, machines }: Emulator): GuestFacts => ({
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

/** The capabilities document as libvirt prints it. */
export const printCapabilities = (host: HostFacts, guests: readonly GuestFacts[]): string =>
  `<capabilities>\n\n${printHost(host)}\n${guests.map(guest => `${printGuest(guest)}\n`).join('')}</capabilities>\n`

function printHost(host: HostFacts): string {
  return [
    '  <host>\n',
    host.uuid && `    <uuid>${host.uuid}</uuid>\n`,
    printHostCpu(host),
    printPower(host),
    `    <iommu support='${host.iommu ? 'yes' : 'no'}'/>\n`,
    host.migration && printMigration(host.migration),
    host.topology && printTopology(host.topology),
    printCache(host.cache),
    printBandwidth(host.memoryBandwidth),
    host.energy && printEnergy(host.energy),
    ...host.securityModels.map(printSecurityModel),
    '  </host>\n',
  ]
    .filter(Boolean)
    .join('')
}

/** The definition, with old features and the sizes of pages as its last children. */
function printHostCpu({ cpu, oldFeatures = [], pageSizes }: HostFacts): string {
  const old = oldFeatures.map(name => `    <${name}/>\n`).join('')
  const features = old && `  <features>\n${old}  </features>\n`
  const pages = pageSizes.map(size => `  <pages unit='KiB' size='${size}'/>\n`).join('')
  return indent(printCpu(cpu).replace(/<\/cpu>\n$/, `${features}${pages}</cpu>\n`), '    ')
}

const indent = (lines: string, margin: string): string => lines.replace(/^(?=.)/gm, margin)

function printPower({ powerManagement }: HostFacts): string {
  if (!powerManagement) return ''
  if (powerManagement.length === 0) return '    <power_management/>\n'
  const states = powerManagement.map(state => `      <${state}/>\n`).join('')
  return `    <power_management>\n${states}    </power_management>\n`
}

function printMigration({ live, transports }: Migration): string {
  const uris = transports.map(name => `        <uri_transport>${name}</uri_transport>\n`).join('')
  return (
    '    <migration_features>\n' +
    (live ? '      <live/>\n' : '') +
    (uris && `      <uri_transports>\n${uris}      </uri_transports>\n`) +
    '    </migration_features>\n'
  )
}

function printSecurityModel({ model, doi, baselabels }: SecurityModel): string {
  const labels = baselabels.map(
    ({ type, label }) => `      <baselabel type='${type}'>${escapeXml(label)}</baselabel>\n`,
  )
  return `    <secmodel>\n      <model>${escapeXml(model)}</model>\n      <doi>${escapeXml(doi)}</doi>\n${labels.join('')}    </secmodel>\n`
}

/** A `<guest>` of the capabilities document, as libvirt prints it. */
export function printGuest({
  osType = 'hvm',
  arch,
  wordSize,
  emulator,
  machines,
  domains,
  features,
}: GuestFacts): string {
  return [
    '  <guest>\n',
    `    <os_type>${osType}</os_type>\n`,
    `    <arch name='${arch}'>\n`,
    `      <wordsize>${wordSize}</wordsize>\n`,
    `      <emulator>${escapeXml(emulator)}</emulator>\n`,
    ...machines.map(printMachine),
    ...domains.map(type => `      <domain type='${type}'/>\n`),
    '    </arch>\n',
    '    <features>\n',
    ...features.map(printFeature),
    '    </features>\n',
    '  </guest>\n',
  ].join('')
}

function printMachine({ name, canonical, maxCpus, deprecated }: GuestMachine): string {
  const attributes =
    (canonical === undefined ? '' : ` canonical='${escapeXml(canonical)}'`) +
    (maxCpus > 0 ? ` maxCpus='${maxCpus}'` : '') +
    (deprecated ? " deprecated='yes'" : '')
  return `      <machine${attributes}>${escapeXml(name)}</machine>\n`
}

function printFeature({ name, isOn, isToggle }: GuestFacts['features'][number]): string {
  const toggle =
    isToggle === undefined
      ? ''
      : ` default='${printBoolean(isOn, 'on', 'off')}' toggle='${printBoolean(isToggle)}'`
  return `      <${name}${toggle}/>\n`
}

const printBoolean = (is: boolean | undefined, so = 'yes', not = 'no'): string => (is ? so : not)
