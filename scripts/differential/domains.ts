import type { Draw } from '../random.ts'

/** Makes a random `<domain>` about a `<cpu>`: features, timers, protection, devices of the host, and what QEMU is told. */
export function makeDomain(cpu: string, draw: Draw, topology: boolean): string {
  const vcpus = draw.chance(0.2)
    ? draw.pick(['1', '2', '4', '4', '255', '256', '288', MOST, '4097', '0', 'x'])
    : '2'
  const machine = draw.chance(0.8)
    ? draw.pick(['q35', 'q35', 'pc', 'pc-q35-9.2', 'pc-i440fx-8.1'])
    : draw.pick(MACHINES)
  const type = draw.chance(0.05) ? 'kvm' : 'qemu'
  const extra = draw.chance(0.15) ? draw.pick(EXTRAS) : ''
  const inner = topology && draw.chance(0.3) ? cpu.replace('</cpu>', `${draw.pick(IN_CPU)}</cpu>`) : cpu
  const parts = [
    `<name>g</name><memory unit='MiB'>64</memory><vcpu${vcpus === MOST ? " current='1'" : ''}>${vcpus}</vcpu>`,
    `<os><type arch='x86_64' machine='${machine}'>hvm</type></os>`,
    draw.chance(0.9) ? inner : '',
    `<features><acpi/>${features(draw)}</features>`,
    draw.chance(0.5) ? clock(draw) : '',
    `<devices>${draw.chance(0.15) ? draw.pick(DEVICES) : ''}<memballoon model='none'/></devices>`,
    extra,
  ]
  const namespace = extra.includes('qemu:') ? " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'" : ''
  return `<domain type='${type}'${namespace}>${parts.join('')}</domain>`
}

/**
 * As many vCPUs as a machine of today can have. One of them is there at the start: QEMU's emulation takes a minute to
 * make 512, four times that for twice as many, and hours for all.
 */
const MOST = '4096'

const MACHINES = ['isapc', 'microvm', 'none', 'bogus', 'pc-q35-2.3', 'pc-q35-rhel9.4.0', 'pc-q35-noble']

const IN_CPU = [
  "<topology sockets='2' cores='1' threads='1'/>",
  "<topology sockets='1' cores='2' threads='1'/>",
  "<topology sockets='1' cores='1' threads='2'/>",
  "<topology sockets='1' dies='2' cores='1' threads='1'/>",
  "<topology sockets='1' clusters='2' cores='1' threads='1'/>",
  "<topology sockets='1' cores='4' threads='1'/>",
  "<maxphysaddr mode='emulate' bits='40'/>",
  "<maxphysaddr mode='emulate' bits='64'/>",
  "<maxphysaddr mode='passthrough'/>",
  "<maxphysaddr mode='passthrough' limit='39'/>",
]

function features(draw: Draw): string {
  const some = draw.some(SWITCHES, 3)
  return [
    ...(draw.chance(0.5) ? [hyperv(draw)] : []),
    ...(draw.chance(0.3) ? [kvm(draw)] : []),
    ...some,
    ...(draw.chance(0.06) ? [draw.pick(FAULTS)] : []),
  ].join('')
}

/** Each at most once: what stands twice has its first alone read. */
const SWITCHES = [
  '<apic/>',
  "<apic eoi='on'/>",
  '<pae/>',
  '<hap/>',
  '<viridian/>',
  '<pvspinlock/>',
  "<pvspinlock state='off'/>",
  '<pmu/>',
  "<pmu state='off'/>",
  "<vmport state='off'/>",
  "<smm state='on'/>",
  "<smm state='on'><tseg unit='MiB'>48</tseg></smm>",
  "<ioapic driver='qemu'/>",
  "<ioapic driver='kvm'/>",
  "<vmcoreinfo state='on'/>",
  "<msrs unknown='ignore'/>",
  "<tcg><tb-cache unit='MiB'>32</tb-cache></tcg>",
  "<async-teardown enabled='yes'/>",
  "<ps2 state='off'/>",
  '<cfpc/>',
]

const FAULTS = [
  '<nosuch/>',
  "<gic version='3'/>",
  "<gic version='9'/>",
  "<hpt resizing='enabled'/>",
  "<htm state='on'/>",
  '<htm/>',
  "<nested-hv state='off'/>",
  "<ccf-assist state='on'/>",
  "<cfpc value='fixed'/>",
  "<ras state='on'/>",
  "<aia value='aplic'/>",
  "<pmu state='maybe'/>",
  "<ioapic driver='x'/>",
  "<smm state='on'><tseg unit='KiB'>48</tseg></smm>",
  "<smm state='on'><tseg unit='X'>48</tseg></smm>",
  '<xen><e820_host/></xen>',
  '<msrs/>',
]

const ENLIGHTENMENTS =
  'relaxed vapic vpindex runtime synic stimer reset frequencies reenlightenment tlbflush ipi evmcs avic emsr_bitmap xmm_input'

function hyperv(draw: Draw): string {
  if (draw.chance(0.1))
    return `<hyperv mode='${draw.pick(['passthrough', 'host-model', 'custom', 'none'])}'/>`
  const names = draw.some(ENLIGHTENMENTS.split(' '), 12)
  const switches = names.map(name => `<${name} state='${draw.chance(0.9) ? 'on' : 'off'}'/>`)
  const more = draw.some(ENLIGHTENMENT_DETAILS, 2)
  return `<hyperv>${[...switches, ...more].join('')}</hyperv>`
}

const ENLIGHTENMENT_DETAILS = [
  "<spinlocks state='on' retries='8191'/>",
  "<spinlocks state='on' retries='4095'/>",
  "<spinlocks state='on' retries='10'/>",
  "<spinlocks state='off'/>",
  "<spinlocks state='on'/>",
  "<vendor_id state='on' value='KVM Hv'/>",
  "<vendor_id state='on' value='much too long a name'/>",
  "<nosuch state='on'/>",
]

function kvm(draw: Draw): string {
  const names = draw.some(['hidden', 'hint-dedicated', 'poll-control', 'pv-ipi'], 3)
  const switches = names.map(name => `<${name} state='${draw.pick(['on', 'on', 'off'])}'/>`)
  const ring = draw.chance(0.2)
    ? `<dirty-ring state='on' size='${draw.pick(['4096', '1000', '1024'])}'/>`
    : ''
  return `<kvm>${switches.join('')}${ring}</kvm>`
}

function clock(draw: Draw): string {
  const offset = draw.chance(0.9) ? "offset='utc'" : draw.pick(OFFSETS)
  return `<clock ${offset}>${draw.some(TIMERS, 4).join('')}${draw.chance(0.05) ? draw.pick(BAD_TIMERS) : ''}</clock>`
}

const OFFSETS = [
  "offset='localtime'",
  "offset='variable' basis='utc' adjustment='0'",
  "offset='timezone'",
  "offset='timezone' timezone='Europe/Paris'",
  "offset='absolute'",
  "offset='other'",
]

const TIMERS = [
  "<timer name='rtc' tickpolicy='catchup'/>",
  "<timer name='rtc' track='guest'/>",
  "<timer name='pit' tickpolicy='delay'/>",
  "<timer name='hpet' present='no'/>",
  "<timer name='hpet' present='yes'/>",
  "<timer name='kvmclock' present='no'/>",
  "<timer name='kvmclock' present='yes'/>",
  "<timer name='hypervclock' present='yes'/>",
  "<timer name='hypervclock' present='no'/>",
  "<timer name='tsc' mode='native'/>",
  "<timer name='tsc' frequency='2000000000'/>",
]

const BAD_TIMERS = [
  "<timer name='platform'/>",
  "<timer name='armvtimer'/>",
  "<timer name='rtc' track='boot'/>",
  "<timer name='rtc' tickpolicy='merge'/>",
  "<timer name='pit' tickpolicy='merge'/>",
  "<timer name='pit' tickpolicy='delay'><catchup limit='1'/></timer>",
  "<timer name='kvmclock' frequency='1'/>",
  "<timer name='other'/>",
]

const hostdev = (inner: string, type = 'pci'): string =>
  `<hostdev mode='subsystem' type='${type}'>${inner}</hostdev>`

const PCI = "<source><address domain='0x0000' bus='0x3b' slot='0x02' function='0x0'/></source>"

/** What a host without an IOMMU refuses by libvirt's own judgement; what the kernel lets it do is another matter. */
const DEVICES = [
  hostdev(PCI),
  hostdev(`<driver name='kvm'/>${PCI}`),
  hostdev(`<driver name='other'/>${PCI}`),
  hostdev(''),
  hostdev(PCI, 'other'),
  hostdev("<source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source>", 'mdev'),
  "<hostdev mode='capabilities' type='misc'><source><char>/dev/input/event3</char></source></hostdev>",
  "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>",
  "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>",
  "<iommu model='intel'/>",
  "<iommu model='intel'><driver intremap='on'/></iommu>",
  "<iommu model='intel'><driver intremap='on' eim='on'/></iommu>",
  "<iommu model='intel'><driver eim='on'/></iommu>",
  "<iommu model='smmuv3'/>",
]

const EXTRAS = [
  "<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>",
  "<launchSecurity type='sev'><policy>x</policy></launchSecurity>",
  "<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>",
  "<launchSecurity type='sev'/>",
  "<launchSecurity type='tdx'><policy>0x1</policy></launchSecurity>",
  "<launchSecurity type='s390-pv'/>",
  "<launchSecurity type='other'/>",
  "<qemu:commandline><qemu:arg value='-cpu'/><qemu:arg value='Penryn,avx=on'/></qemu:commandline>",
  "<qemu:commandline><qemu:arg value='-cpu'/><qemu:arg value='NoSuchModel'/></qemu:commandline>",
  "<qemu:commandline><qemu:env name='A' value='b'/></qemu:commandline>",
  '<qemu:commandline><qemu:arg/></qemu:commandline>',
  "<qemu:commandline><qemu:env name='1A' value='b'/></qemu:commandline>",
]
