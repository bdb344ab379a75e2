import { hasBehaviour } from '../../core/libvirt-version.ts'
import type { DomainRequest } from './request.ts'
import {
  hasIde,
  isPcTarget,
  isPseries,
  isS390,
  makeEnum,
  makeSection,
  type Section,
  selectNames,
} from './request.ts'

/** The devices that a guest may be given, in libvirt's order. */
export const describeDevices = (question: DomainRequest): Section[] => [
  describeDisk(question),
  describeGraphics(question),
  describeVideo(question),
  describeHostdev(question),
  describeRng(question),
  describeFilesystem(question),
  describeTpm(question),
  describeRedirdev(question),
  describeChannel(question),
  describeCrypto(question),
  describeNetwork(question),
  describePanic(question),
  ...(hasBehaviour(question.libvirt, 'console') ? [describeConsole(question)] : []),
]

function describeDisk(question: DomainRequest): Section {
  const { types } = question.qemu
  const hasFloppy = !isPseries(question) && hasFloppyController(question)
  return makeSection(
    'disk',
    true,
    makeEnum(
      'diskDevice',
      selectNames(['disk', true], ['cdrom', true], ['floppy', hasFloppy], ['lun', true]),
    ),
    makeEnum(
      'bus',
      selectNames(
        ['ide', hasIde(question)],
        ['fdc', hasFloppy],
        ['scsi', true],
        ['virtio', true],
        ['usb', types.has('usb-storage')],
        ['sata', types.has('ich9-ahci')],
        ['nvme', types.has('nvme') && hasBehaviour(question.libvirt, 'nvme')],
      ),
    ),
    makeEnum('model', ['virtio', ...listVirtioAges(question, 'blk')]),
  )
}

/** Before, libvirt did not ask whether QEMU has one. */
const hasFloppyController = ({ libvirt, qemu: { types } }: DomainRequest): boolean =>
  !hasBehaviour(libvirt, 'real-floppy') ||
  ['isa-fdc', 'sysbus-fdc', 'sun-fdtwo'].some(type => types.has(type))

/** Virtio devices on PCI that older guests know, and those that they do not. */
const listVirtioAges = ({ qemu }: DomainRequest, device: string): string[] =>
  ['transitional', 'non-transitional'].flatMap(age =>
    qemu.types.has(`virtio-${device}-pci-${age}`) ? `virtio-${age}` : [],
  )

const hasVirtio = ({ qemu }: DomainRequest, device: string): boolean =>
  qemu.types.has(`virtio-${device}-device`)

function describeGraphics({ qemu, host }: DomainRequest): Section {
  const shows = (type: string): boolean => qemu.schema.returns('query-display-options', 'type', type)
  return makeSection(
    'graphics',
    true,
    makeEnum(
      'type',
      selectNames(
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
const hasSpice = ({ options }: DomainRequest['qemu']): boolean => options.has('spice')

function describeVideo(question: DomainRequest): Section {
  const { types } = question.qemu
  const values = selectNames(
    ['vga', types.has('VGA')],
    ['cirrus', types.has('cirrus-vga')],
    ['vmvga', types.has('vmware-svga')],
    ['qxl', types.has('qxl')],
    ['virtio', hasVirtio(question, 'gpu')],
    ['none', true],
    ['bochs', types.has('bochs-display')],
    ['ramfb', types.has('ramfb')],
  )
  return makeSection('video', true, makeEnum('modelType', values))
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

function describeHostdev({ libvirt, qemu, host }: DomainRequest): Section {
  const hasUsb = USB_CONTROLLERS.some(type => qemu.types.has(type))
  return makeSection(
    'hostdev',
    true,
    makeEnum('mode', ['subsystem']),
    makeEnum('startupPolicy', ['default', 'mandatory', 'requisite', 'optional']),
    makeEnum('subsysType', selectNames(['usb', hasUsb], ['pci', true], ['scsi', true])),
    makeEnum('capsType', []),
    // Whether this QEMU has the device is not asked.
    makeEnum('pciBackend', host.vfio ? ['default', 'vfio'] : []),
    ...(hasBehaviour(libvirt, 'iommufd')
      ? [makeEnum('iommufd', selectNames(['yes', hasIommufd(qemu, host)], ['no', true]))]
      : []),
  )
}

const hasIommufd = ({ types }: DomainRequest['qemu'], host: DomainRequest['host']): boolean =>
  (host.iommufd ?? false) && types.has('iommufd')

function describeRng(question: DomainRequest): Section {
  const { types } = question.qemu
  const models = selectNames(['virtio', hasVirtio(question, 'rng')])
  const backends = selectNames(
    ['random', types.has('rng-random')],
    ['egd', types.has('rng-egd')],
    ['builtin', types.has('rng-builtin')],
  )
  return makeSection(
    'rng',
    true,
    makeEnum('model', [...models, ...listVirtioAges(question, 'rng')]),
    makeEnum('backendModel', backends),
  )
}

const describeFilesystem = ({ libvirt, qemu }: DomainRequest): Section =>
  makeSection(
    'filesystem',
    true,
    makeEnum('driverType', [
      'path',
      ...selectNames(['handle', !hasBehaviour(libvirt, 'no-handle')]),
      ...selectNames(['virtiofs', qemu.types.has('vhost-user-fs-device')]),
    ]),
  )

function describeTpm({ qemu, host }: DomainRequest): Section {
  const { types, tpm } = qemu
  const models = selectNames(
    ['tpm-tis', tpm.models.includes('tpm-tis')],
    ['tpm-crb', tpm.models.includes('tpm-crb')],
    ['tpm-spapr', tpm.models.includes('tpm-spapr')],
    ['spapr-tpm-proxy', types.has('spapr-tpm-proxy')],
  )
  const emulates = tpm.types.includes('emulator') && host.swtpm !== undefined
  const backends = selectNames(
    ['passthrough', tpm.types.includes('passthrough')],
    ['emulator', emulates],
    ['external', emulates],
  )
  const versions = emulates ? [makeEnum('backendVersion', host.swtpm ?? [])] : []
  return makeSection(
    'tpm',
    models.length > 0,
    makeEnum('model', models),
    makeEnum('backendModel', backends),
    ...versions,
  )
}

const describeRedirdev = ({ qemu }: DomainRequest): Section =>
  makeSection('redirdev', qemu.types.has('usb-redir'), makeEnum('bus', ['usb']))

const describeChannel = ({ qemu }: DomainRequest): Section =>
  makeSection(
    'channel',
    true,
    makeEnum('type', ['pty', 'unix', ...selectNames(['spicevmc', hasSpice(qemu)])]),
  )

const describeCrypto = (question: DomainRequest): Section =>
  makeSection(
    'crypto',
    true,
    makeEnum('model', selectNames(['virtio', hasVirtio(question, 'crypto')])),
    makeEnum('type', ['qemu']),
    makeEnum('backendModel', [
      'builtin',
      ...selectNames(['lkcf', question.qemu.types.has('cryptodev-backend-lkcf')]),
    ]),
  )

const describeNetwork = ({ qemu }: DomainRequest): Section =>
  makeSection(
    'interface',
    true,
    makeEnum('backendType', [
      'default',
      ...selectNames(['passt', qemu.schema.takes('netdev_add', 'type', 'stream')]),
    ]),
  )

function describePanic(question: DomainRequest): Section {
  const models = selectNames(
    ['isa', isPcTarget(question) && question.qemu.types.has('pvpanic')],
    ['pseries', isPseries(question)],
    ['hyperv', isPcTarget(question)],
    ['s390', isS390(question)],
    ['pvpanic', question.qemu.types.has('pvpanic-pci')],
  )
  return makeSection('panic', models.length > 0, makeEnum('model', models))
}

/** Character devices that a console may be. */
const describeConsole = ({ qemu }: DomainRequest): Section =>
  makeSection(
    'console',
    true,
    makeEnum('type', [
      ...'null vc pty dev file pipe stdio udp tcp unix'.split(' '),
      ...selectNames(
        ['spicevmc', hasSpice(qemu)],
        ['spiceport', hasSpice(qemu)],
        ['qemu-vdagent', qemu.schema.takes('chardev-add', 'backend', 'type', 'qemu-vdagent')],
        ['dbus', qemu.schema.takes('chardev-add', 'backend', 'type', 'dbus')],
      ),
    ]),
  )
