import type { DomainQuestion } from './request.ts'
import { choice, hasIde, isPcTarget, isPseries, isS390, type Section, section, those } from './section.ts'

/** The devices that a guest may be given, in libvirt's order. */
export const devices = (question: DomainQuestion): Section[] => [
  disk(question),
  graphics(question),
  video(question),
  hostdev(question),
  rng(question),
  filesystem(question),
  tpm(question),
  redirdev(question),
  channel(question),
  crypto(question),
  network(question),
  panic(question),
]

function disk(question: DomainQuestion): Section {
  const { types } = question.qemu
  const hasFloppy = !isPseries(question)
  return section(
    'disk',
    true,
    choice('diskDevice', those(['disk', true], ['cdrom', true], ['floppy', hasFloppy], ['lun', true])),
    choice(
      'bus',
      those(
        ['ide', hasIde(question)],
        ['fdc', hasFloppy],
        ['scsi', true],
        ['virtio', true],
        ['usb', types.has('usb-storage')],
        ['sata', types.has('ich9-ahci')],
      ),
    ),
    choice('model', ['virtio', ...virtioAges(question, 'blk')]),
  )
}

/** Virtio devices on PCI that older guests know, and those that they do not. */
const virtioAges = ({ qemu }: DomainQuestion, device: string): string[] =>
  ['transitional', 'non-transitional'].flatMap(age =>
    qemu.types.has(`virtio-${device}-pci-${age}`) ? `virtio-${age}` : [],
  )

const hasVirtio = ({ qemu }: DomainQuestion, device: string): boolean =>
  qemu.types.has(`virtio-${device}-device`)

function graphics({ qemu, host }: DomainQuestion): Section {
  const shows = (type: string): boolean => qemu.schema.returns('query-display-options', 'type', type)
  return section(
    'graphics',
    true,
    choice(
      'type',
      those(
        ['sdl', shows('sdl')],
        ['vnc', qemu.schema.hasCommand('query-vnc')],
        // libvirt's RDP server is another program, which looks at the display over D-Bus.
        ['rdp', shows('dbus') && (host.rdp ?? false)],
        ['spice', hasSpice(qemu)],
        ['egl-headless', shows('egl-headless')],
        ['dbus', shows('dbus')],
      ),
    ),
  )
}

/** Its commands are there even where the module that speaks it is not installed. */
const hasSpice = ({ options }: DomainQuestion['qemu']): boolean => options.has('spice')

function video(question: DomainQuestion): Section {
  const { types } = question.qemu
  const values = those(
    ['vga', types.has('VGA')],
    ['cirrus', types.has('cirrus-vga')],
    ['vmvga', types.has('vmware-svga')],
    ['qxl', types.has('qxl')],
    ['virtio', hasVirtio(question, 'gpu')],
    ['none', true],
    ['bochs', types.has('bochs-display')],
    ['ramfb', types.has('ramfb')],
  )
  return section('video', true, choice('modelType', values))
}

const USB_CONTROLLERS = [
  'piix3-usb-uhci',
  'piix4-usb-uhci',
  'usb-ehci',
  'ich9-usb-ehci1',
  'vt82c686b-usb-uhci',
  'pci-ohci',
  'nec-usb-xhci',
  'qemu-xhci',
] as const

function hostdev({ qemu, host }: DomainQuestion): Section {
  const hasUsb = USB_CONTROLLERS.some(type => qemu.types.has(type))
  return section(
    'hostdev',
    true,
    choice('mode', ['subsystem']),
    choice('startupPolicy', ['default', 'mandatory', 'requisite', 'optional']),
    choice('subsysType', those(['usb', hasUsb], ['pci', true], ['scsi', true])),
    choice('capsType', []),
    // Whether this QEMU has the device is not asked.
    choice('pciBackend', host.vfio ? ['default', 'vfio'] : []),
  )
}

function rng(question: DomainQuestion): Section {
  const { types } = question.qemu
  const models = those(['virtio', hasVirtio(question, 'rng')])
  const backends = those(
    ['random', types.has('rng-random')],
    ['egd', types.has('rng-egd')],
    ['builtin', types.has('rng-builtin')],
  )
  return section(
    'rng',
    true,
    choice('model', [...models, ...virtioAges(question, 'rng')]),
    choice('backendModel', backends),
  )
}

const filesystem = ({ qemu }: DomainQuestion): Section =>
  section(
    'filesystem',
    true,
    choice('driverType', ['path', 'handle', ...those(['virtiofs', qemu.types.has('vhost-user-fs-device')])]),
  )

function tpm({ qemu, host }: DomainQuestion): Section {
  const { types, tpm } = qemu
  const models = those(
    ['tpm-tis', tpm.models.includes('tpm-tis')],
    ['tpm-crb', tpm.models.includes('tpm-crb')],
    ['tpm-spapr', tpm.models.includes('tpm-spapr')],
    ['spapr-tpm-proxy', types.has('spapr-tpm-proxy')],
  )
  const emulates = tpm.types.includes('emulator') && host.swtpm !== undefined
  const backends = those(
    ['passthrough', tpm.types.includes('passthrough')],
    ['emulator', emulates],
    ['external', emulates],
  )
  const versions = emulates ? [choice('backendVersion', host.swtpm ?? [])] : []
  return section(
    'tpm',
    models.length > 0,
    choice('model', models),
    choice('backendModel', backends),
    ...versions,
  )
}

const redirdev = ({ qemu }: DomainQuestion): Section =>
  section('redirdev', qemu.types.has('usb-redir'), choice('bus', ['usb']))

const channel = ({ qemu }: DomainQuestion): Section =>
  section('channel', true, choice('type', ['pty', 'unix', ...those(['spicevmc', hasSpice(qemu)])]))

const crypto = (question: DomainQuestion): Section =>
  section(
    'crypto',
    true,
    choice('model', those(['virtio', hasVirtio(question, 'crypto')])),
    choice('type', ['qemu']),
    choice('backendModel', [
      'builtin',
      ...those(['lkcf', question.qemu.types.has('cryptodev-backend-lkcf')]),
    ]),
  )

const network = ({ qemu }: DomainQuestion): Section =>
  section(
    'interface',
    true,
    choice('backendType', [
      'default',
      ...those(['passt', qemu.schema.takes('netdev_add', 'type', 'stream')]),
    ]),
  )

function panic(question: DomainQuestion): Section {
  const models = those(
    ['isa', isPcTarget(question) && question.qemu.types.has('pvpanic')],
    ['pseries', isPseries(question)],
    ['hyperv', isPcTarget(question)],
    ['s390', isS390(question)],
    ['pvpanic', question.qemu.types.has('pvpanic-pci')],
  )
  return section('panic', models.length > 0, choice('model', models))
}
