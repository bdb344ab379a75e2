import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import type { LibvirtVersion } from '../../src/core/libvirt-version.ts'
import { asksMore, parseGuestRequest } from '../../src/qemu/guest/parse-request.ts'
import { parseXml } from '../../src/xml/reader.ts'

/** What is read of a `<domain>` beside its CPU, and what libvirt refuses of it, as accepted (npm run accept). */

interface Domain {
  readonly type?: string
  readonly head?: string
  readonly machine?: string
  readonly arch?: string
  readonly inner?: string
}

const read = ({
  type = "type='kvm'",
  head = '<name>g</name>',
  machine = 'q35',
  arch = 'x86_64',
  inner = '',
}: Domain) =>
  parseXml(
    `<domain ${type} xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>${head}<os><type arch='${arch}' machine='${machine}'>hvm</type></os>${inner}</domain>`,
  )

const PLAIN = Object.entries(parseGuestRequest(read({})))

/** What of it differs from the plainest domain's, or the refusal. */
function shown(domain: Domain, libvirt?: LibvirtVersion): string {
  try {
    const request = Object.entries(parseGuestRequest(read(domain), libvirt))
    const own = request.filter(([key, value]) => {
      const plain = PLAIN.find(([name]) => name === key)
      return !isDeepStrictEqual(plain?.[1], value)
    })
    return JSON.stringify(Object.fromEntries(own), (_, value) =>
      typeof value === 'bigint' ? `${value}` : value,
    )
  } catch (error) {
    if (error instanceof LibvirtError) return error.message
    throw error
  }
}

const states = (name: string, values: readonly string[], attribute = 'state') => [
  `<${name}/>`,
  ...[...values, 'odd', ''].map(value => `<${name} ${attribute}='${value}'/>`),
]

const ON_OFF = ['on', 'off']

const FEATURES: readonly string[] = [
  ...['acpi', 'pae', 'viridian', 'privnet', 'nosuch'].flatMap(name => states(name, ['on'])),
  ...[
    'pvspinlock',
    'pmu',
    'hap',
    'vmport',
    'vmcoreinfo',
    'smm',
    'htm',
    'nested-hv',
    'ccf-assist',
    'ras',
    'ps2',
  ].flatMap(name => states(name, ON_OFF)),
  ...states('apic', ON_OFF, 'eoi'),
  ...states('capabilities', ['default', 'allow', 'deny'], 'policy'),
  ...states('gic', ['host', '2', '3'], 'version'),
  ...states('ioapic', ['kvm', 'qemu'], 'driver'),
  ...states('hpt', ['enabled', 'disabled', 'required'], 'resizing'),
  ...states('msrs', ['ignore', 'fault'], 'unknown'),
  ...['cfpc', 'sbbc'].flatMap(name => states(name, ['broken', 'workaround', 'fixed'], 'value')),
  ...states('ibs', ['broken', 'workaround', 'fixed-ibs', 'fixed-ccd', 'fixed-na'], 'value'),
  ...states('async-teardown', ['yes', 'no'], 'enabled'),
  ...states('aia', ['none', 'aplic', 'aplic-imsic'], 'value'),
  '<tcg/>',
  "<tcg><tb-cache unit='MiB'>32</tb-cache></tcg>",
  '<tcg><tb-cache>many</tb-cache></tcg>',
  '<smm><tseg>48</tseg></smm>',
  "<smm state='on'><tseg unit='KiB'>1000</tseg></smm>",
  "<smm state='off'><tseg>48</tseg></smm>",
  "<smm><tseg unit='odd'>48</tseg></smm>",
  "<smm><tseg>1</tseg></smm><smm state='off'/>",
  "<ioapic driver='kvm'/><ioapic driver='qemu'/>",
  "<pmu state='on'/><pmu state='off'/>",
  "<pmu state='on'/><kvm><hidden state='on'/></kvm><hyperv><relaxed state='on'/></hyperv><pvspinlock/><apic eoi='on'/>",
]

const KVM: readonly string[] = [
  ...['hidden', 'hint-dedicated', 'poll-control', 'pv-ipi', 'nosuch'].flatMap(name => states(name, ON_OFF)),
  ...['', '1023', '1024', '1025', '65536', '131072'].map(size => `<dirty-ring state='on' size='${size}'/>`),
  "<dirty-ring state='off'/>",
  "<dirty-ring state='on'/>",
  "<pv-ipi state='off'/><hidden state='on'/>",
]

const HYPERV: readonly string[] = [
  ...'relaxed vapic vpindex runtime synic reset frequencies reenlightenment ipi evmcs avic emsr_bitmap xmm_input nosuch'
    .split(' ')
    .flatMap(name => states(name, ON_OFF)),
  ...["retries='4095'", "retries='4094'", "retries='8191'", "retries='x'", ''].map(
    retries => `<spinlocks state='on' ${retries}/>`,
  ),
  "<spinlocks state='off'/>",
  ...['KVM Hv', 'twelve chars', 'thirteen chars', 'a,b', ''].map(
    value => `<vendor_id state='on' value='${value}'/>`,
  ),
  "<vendor_id state='on'/>",
  "<vendor_id state='off'/>",
  "<stimer state='on'><direct state='on'/></stimer>",
  "<stimer state='on'><direct state='off'/></stimer>",
  "<stimer state='on'/>",
  "<stimer state='off'><direct state='on'/></stimer>",
  "<tlbflush state='on'><direct state='on'/><extended state='on'/></tlbflush>",
  "<tlbflush state='on'><extended/></tlbflush>",
  "<vapic state='on'/><relaxed state='on'/>",
  "<vapic state='on'/><vapic state='off'/>",
]

const XEN = [
  '<e820_host/>',
  "<e820_host state='on'/>",
  "<passthrough state='on' mode='x'/>",
  "<nosuch state='on'/>",
]

const TIMERS: readonly string[] = [
  ...['platform', 'pit', 'rtc', 'hpet', 'tsc', 'kvmclock', 'hypervclock', 'armvtimer', 'nosuch'].flatMap(
    name => [
      `<timer name='${name}' present='yes'/>`,
      `<timer name='${name}' present='no'/>`,
      `<timer name='${name}' tickpolicy='delay'/>`,
      `<timer name='${name}' track='guest'/>`,
      `<timer name='${name}' frequency='5'/>`,
      `<timer name='${name}' frequency='0'/>`,
      `<timer name='${name}' mode='auto'/>`,
    ],
  ),
  '<timer/>',
  "<timer name='rtc' present='maybe'/>",
  ...['catchup', 'merge', 'discard', 'odd'].map(policy => `<timer name='rtc' tickpolicy='${policy}'/>`),
  ...['boot', 'wall', 'realtime', 'odd'].map(track => `<timer name='rtc' track='${track}'/>`),
  ...['native', 'emulate', 'paravirt', 'smpsafe', 'odd'].map(mode => `<timer name='tsc' mode='${mode}'/>`),
  "<timer name='tsc' frequency='x'/>",
  "<timer name='rtc' tickpolicy='catchup'><catchup threshold='1' slew='2' limit='3'/></timer>",
  "<timer name='rtc' tickpolicy='delay'><catchup/></timer>",
  ...['threshold', 'slew', 'limit'].map(
    name => `<timer name='rtc' tickpolicy='catchup'><catchup ${name}='x'/></timer>`,
  ),
  "<timer name='kvmclock' present='no'/><timer name='tsc' frequency='7'/><timer name='tsc' frequency='8'/>",
]

const CLOCKS: readonly string[] = [
  ...['utc', 'localtime', 'variable', 'timezone', 'absolute', 'odd'].map(
    offset => `<clock offset='${offset}'/>`,
  ),
  "<clock offset='timezone' timezone='Europe/Paris'/>",
  "<clock offset='absolute' start='1'/>",
  ...['utc', 'localtime', 'odd'].map(basis => `<clock offset='variable' basis='${basis}'/>`),
  "<clock offset='utc' basis='odd'/>",
]

const SOURCE = '<source/>'
const DEVICES: readonly string[] = [
  ...['usb', 'pci', 'scsi', 'scsi_host', 'mdev', 'odd'].map(
    type => `<hostdev type='${type}'>${SOURCE}</hostdev>`,
  ),
  ...['storage', 'misc', 'net', 'pci'].map(
    type => `<hostdev mode='capabilities' type='${type}'>${SOURCE}</hostdev>`,
  ),
  `<hostdev mode='odd' type='pci'>${SOURCE}</hostdev>`,
  `<hostdev mode='subsystem'>${SOURCE}</hostdev>`,
  "<hostdev type='pci'/>",
  ...['vfio-pci', 'vfio-ccw', 'vfio-ap', 'odd'].map(
    model => `<hostdev type='mdev' model='${model}'>${SOURCE}</hostdev>`,
  ),
  ...['kvm', 'vfio', 'xen', 'odd'].map(
    name => `<hostdev type='pci'>${SOURCE}<driver name='${name}'/></hostdev>`,
  ),
  ...['0x1f', '0x20', '31', '32'].map(
    slot => `<hostdev type='pci'><source><address slot='${slot}'/></source></hostdev>`,
  ),
  "<hostdev type='usb'><source><address slot='99'/></source></hostdev>",
  ...['intel', 'smmuv3', 'virtio', 'amd', 'odd'].map(model => `<iommu model='${model}'/>`),
  '<iommu/>',
  "<iommu model='intel'><driver intremap='on' eim='off'/></iommu>",
  "<iommu model='intel'><driver intremap='odd'/></iommu>",
  "<controller type='usb' model='none'/>",
  "<controller type='usb' model='qemu-xhci'/>",
  "<controller type='scsi' model='none'/>",
  '<emulator>/usr/bin/qemu</emulator>',
  "<disk/><disk/><memballoon model='none'/>",
]

const OTHERS: readonly Domain[] = [
  { type: '' },
  { type: "type='qemu'" },
  { head: '' },
  { head: '<name></name>' },
  { head: '<name>a/b</name>' },
  ...['1', '4', ' 3 ', '0', 'x', '-1', ''].map(vcpu => ({ inner: `<vcpu>${vcpu}</vcpu>` })),
  ...['1', '4', '5', 'x', '0'].map(current => ({ inner: `<vcpu current='${current}'>4</vcpu>` })),
  ...['sev', 'sev-snp', 's390-pv', 'tdx', 'odd', ''].map(type => ({
    inner: `<launchSecurity type='${type}'/>`,
  })),
  { inner: '<launchSecurity/>' },
  ...['1', '0x3', ' 0x0007 ', 'x', '1x', '0x', ''].map(policy => ({
    inner: `<launchSecurity type='sev'><policy>${policy}</policy></launchSecurity>`,
  })),
  ...['cbitpos', 'reducedPhysBits'].flatMap(name =>
    ['5', 'x'].map(value => ({
      inner: `<launchSecurity type='sev'><policy>1</policy><${name}>${value}</${name}></launchSecurity>`,
    })),
  ),
  ...['kernelHashes', 'authorKey', 'vcek'].flatMap(name =>
    ['yes', 'odd'].map(value => ({
      inner: `<launchSecurity type='sev-snp' ${name}='${value}'><policy>1</policy></launchSecurity>`,
    })),
  ),
  ...[
    "<qemu:arg value='-s'/><qemu:arg value=''/>",
    '<qemu:arg/>',
    "<qemu:env name='A'/>",
    "<qemu:env name='_a'/>",
  ].map(line => ({ inner: `<qemu:commandline>${line}</qemu:commandline>` })),
  ...["<qemu:env name='1'/>", "<qemu:env name='1A'/>", '<qemu:env/>', ''].map(line => ({
    inner: `<qemu:commandline>${line}</qemu:commandline>`,
  })),
  { inner: '<sysinfo/><sysinfo/><keywrap/>' },
  ...['pc', 'pc-i440fx-9.0', 'pc-q35-9.0', 'isapc', 'microvm', 'none', 'q35x', 'xq35', 'pcx', ''].map(
    machine => ({ machine }),
  ),
  ...['pc', 'q35', 'isapc', 'microvm'].map(machine => ({
    machine,
    inner: '<features><smm><tseg>1</tseg></smm></features>',
  })),
  ...['isapc', 'microvm'].map(machine => ({
    machine,
    inner: `<devices><hostdev type='pci'>${SOURCE}</hostdev></devices>`,
  })),
  {
    machine: 'isapc',
    inner: `<devices><hostdev type='mdev' model='vfio-pci'>${SOURCE}</hostdev></devices>`,
  },
  { machine: 'virt', arch: 'aarch64' },
]

const within = (list: readonly string[], before: string, after: string): Domain[] =>
  list.map(text => ({ inner: `${before}${text}${after}` }))

const GROUPS: readonly (readonly [name: string, domains: readonly Domain[]])[] = [
  ['features', within(FEATURES, '<features>', '</features>')],
  ['kvm', within(KVM, '<features><kvm>', '</kvm></features>')],
  ['hyperv', within(HYPERV, '<features><hyperv>', '</hyperv></features>')],
  ['xen', within(XEN, '<features><xen>', '</xen></features>')],
  [
    'modes',
    within(['passthrough', 'host-model', 'custom', 'odd'], "<features><hyperv mode='", "'/></features>"),
  ],
  ['timers', within(TIMERS, '<clock>', '</clock>')],
  ['clocks', within(CLOCKS, '', '')],
  ['devices', within(DEVICES, '<devices>', '</devices>')],
  ['others', OTHERS],
]

const titleOf = ({ type, head, machine, arch, inner }: Domain): string =>
  [type, head, machine, arch, inner].filter(part => part !== undefined).join(' | ')

describe('is read as accepted', () => {
  test.each(GROUPS)('%s', async (name, domains) => {
    const lines = domains.map(domain => {
      const [now, before] = [shown(domain), shown(domain, '11.3')]
      const asks = asksMore(read(domain)) ? ' asks for more' : ''
      return `${titleOf(domain)}\n  ${now}${asks}${now === before ? '' : `\n  11.3: ${before}`}\n`
    })
    const file = join(import.meta.dirname, '..', 'expected', 'requests', `${name}.txt`)
    await expect(lines.join('')).toMatchFileSnapshot(file)
  })
})
