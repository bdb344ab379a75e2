import { describe, expect, test } from 'vitest'
import { QapiSchema } from '../../../src/qemu/capabilities.ts'
import { describeDevices } from '../../../src/qemu/domain-capabilities/devices.ts'
import {
  computeDomainCapabilities,
  describeFeatures,
  describeHyperv,
  describeLaunchSecurity,
  findBootOptions,
} from '../../../src/qemu/domain-capabilities/domain-capabilities.ts'
import type { Firmware, Section } from '../../../src/qemu/domain-capabilities/request.ts'
import { type Asked, asked } from './asked.ts'

/** What may be chosen under a name of a section; undefined where the section is not supported. */
function values(sections: readonly Section[], name: string, choice: string): string | undefined {
  const section = sections.find(one => one.name === name)
  return section?.choices?.find(one => one.name === choice)?.values.join(' ')
}
const device = (name: string, choice: string, parts: Asked = {}) =>
  values(describeDevices(asked(parts)), name, choice)
const feature = (name: string, parts: Asked = {}) =>
  describeFeatures(asked(parts)).find(section => section.name === name)?.supported

describe('devices', () => {
  test.each([
    ['pc-i440fx-10.0', 'x86_64', 'ide fdc scsi virtio'],
    ['pc', 'i686', 'ide fdc scsi virtio'],
    ['pc-q35-10.0', 'x86_64', 'fdc scsi virtio'],
    ['isapc', 'x86_64', 'fdc scsi virtio'],
    ['g3beige', 'ppc64', 'ide fdc scsi virtio'],
    ['pseries-10.0', 'ppc64', 'scsi virtio'],
  ])('the buses for disks of %s on %s: %s', (machine, arch, expected) => {
    expect(device('disk', 'bus', { machine, arch })).toBe(expected)
  })

  test.each([
    ['disk', 'bus', 'usb-storage ich9-ahci', 'fdc scsi virtio usb sata'],
    ['disk', 'model', 'virtio-blk-pci-transitional', 'virtio virtio-transitional'],
    ['video', 'modelType', 'VGA qxl ramfb', 'vga qxl none ramfb'],
    ['hostdev', 'subsysType', 'qemu-xhci', 'usb pci scsi'],
    ['rng', 'model', 'virtio-rng-device', 'virtio'],
    ['rng', 'backendModel', 'rng-builtin rng-egd', 'egd builtin'],
    ['filesystem', 'driverType', 'vhost-user-fs-device', 'path handle virtiofs'],
    ['redirdev', 'bus', 'usb-redir', 'usb'],
    ['redirdev', 'bus', '', undefined],
    ['crypto', 'backendModel', 'cryptodev-backend-lkcf', 'builtin lkcf'],
    ['panic', 'model', 'pvpanic pvpanic-pci', 'isa hyperv pvpanic'],
  ])('%s, %s with %s: %s', (name, choice, types, expected) => {
    expect(device(name, choice, { types })).toBe(expected)
  })

  test('host devices are given by VFIO where the host can, whatever QEMU has', () => {
    expect(device('hostdev', 'pciBackend')).toBe('')
    expect(device('hostdev', 'pciBackend', { host: { vfio: true } })).toBe('default vfio')
  })

  test('a TPM is emulated by swtpm, if that is there', () => {
    const qemu = { tpm: { models: ['tpm-crb', 'tpm-tis'], types: ['passthrough', 'emulator'] } }
    expect(device('tpm', 'model', { qemu })).toBe('tpm-tis tpm-crb')
    expect(device('tpm', 'backendModel', { qemu })).toBe('passthrough')
    expect(device('tpm', 'backendVersion', { qemu })).toBeUndefined()
    const host = { swtpm: ['2.0'] }
    expect(device('tpm', 'backendModel', { qemu, host })).toBe('passthrough emulator external')
    expect(device('tpm', 'backendVersion', { qemu, host })).toBe('2.0')
    expect(device('tpm', 'model')).toBeUndefined()
  })

  test('displays are QEMU’s, and qemu-rdp’s where D-Bus carries it', () => {
    const schema = new QapiSchema([
      { name: 'query-vnc', kind: 'command', members: new Map() },
      { name: 'query-display-options', kind: 'command', result: '1', members: new Map() },
      { name: '1', kind: 'object', members: new Map([['type', '2']]) },
      {
        name: '2',
        kind: 'enum',
        members: new Map([
          ['dbus', ''],
          ['egl-headless', ''],
        ]),
      },
    ])
    const options = new Map([['spice', new Set<string>()]])
    expect(device('graphics', 'type', { qemu: { schema } })).toBe('vnc egl-headless dbus')
    expect(device('graphics', 'type', { qemu: { schema, options }, host: { rdp: true } })).toBe(
      'vnc rdp spice egl-headless dbus',
    )
    expect(device('channel', 'type', { qemu: { options } })).toBe('pty unix spicevmc')
  })
})

describe('features', () => {
  const gic = [
    { version: 3, kernel: true, emulated: true },
    { version: 2, kernel: false, emulated: true },
  ]
  test.each([
    ['kvm', 'virt-10.0', '3'],
    ['tcg', 'virt-10.0', '2 3'],
    ['tcg', 'raspi3b', undefined],
  ] as const)('the interrupt controllers of ARM under %s on %s: %s', (accelerator, machine, expected) => {
    const question = asked({ arch: 'aarch64', accelerator, machine, qemu: { gic } })
    expect(values(describeFeatures(question), 'gic', 'version')).toBe(expected)
  })

  test.each([
    ['pc-q35-10.0', true],
    ['isapc', true],
    ['microvm', false],
    ['x-remote', false],
  ])('whether PS/2 can be left out of %s: %s', (machine, expected) => {
    expect(feature('ps2', { machine, properties: { 'generic-pc-machine': 'i8042' } })).toBe(expected)
    expect(feature('ps2', { machine })).toBe(false)
  })

  test('protected guests are s390x’s, where host and QEMU can', () => {
    const s390x = { arch: 's390x', types: 's390-pv-guest' }
    expect(feature('s390-pv')).toBeUndefined()
    expect(feature('s390-pv', s390x)).toBe(false)
    expect(feature('s390-pv', { ...s390x, host: { protectedGuests: true } })).toBe(true)
  })

  test('enlightenments: what is on, is a number, or is a text', () => {
    const given = new Map<string, boolean | number | string>([
      ['hv-relaxed', true],
      ['hv-vapic', false],
      ['hv-spinlocks', 4095],
      ['hv-vendor-id', ''],
      ['hv-emsr-bitmap', true],
    ])
    const sections = describeHyperv(asked({ with: { hyperv: given } }))
    expect(values(sections, 'hyperv', 'features')).toBe('relaxed spinlocks vendor_id emsr_bitmap')
    expect(describeHyperv(asked())).toEqual([])
  })

  test('enlightenments of a QEMU without KVM are told by libvirt before 12.8', () => {
    const tcg = asked({ accelerator: 'tcg', with: { hyperv: new Map([['hv-spinlocks', 4095]]) } })
    expect(values(describeHyperv(tcg), 'hyperv', 'features')).toBe('spinlocks')
    expect(describeHyperv({ ...tcg, libvirt: '12.8' })).toEqual([])
  })

  test('encryption of guests, by kind', () => {
    const sev = { cbitpos: 51, reducedPhysBits: 1, pdh: '', certChain: '', cpu0Id: '' }
    const kinds = (parts: Asked) =>
      values([describeLaunchSecurity(asked(parts))], 'launchSecurity', 'sectype')
    expect(kinds({})).toBeUndefined()
    expect(kinds({ qemu: { sev } })).toBe('sev')
    expect(kinds({ qemu: { sev }, types: 'sev-snp-guest' })).toBe('sev sev-snp')
  })
})

describe('firmware', () => {
  const image = (path: string, machines: string, features = ''): Firmware => ({
    path,
    interfaces: ['uefi'],
    targets: [{ architecture: 'x86_64', machines: machines.split(' ') }],
    features: features.split(' '),
  })
  const firmware = [image('/a', 'pc-q35-*', 'secure-boot requires-smm'), image('/b', 'pc-q35-* pc-i440fx-*')]
  const os = (machine: string, host = {}) => {
    const {
      firmware: kinds,
      loaders,
      loader,
    } = findBootOptions(asked({ machine, host: { firmware, ...host } }))
    return [kinds.values.join(' '), loaders.join(' '), loader.at(-1)?.values.join(' ')]
  }

  test('what is described for the machine is offered, in order', () => {
    expect(os('pc-q35-10.0')).toEqual(['efi', '/a /b', 'yes no'])
    expect(os('pc-i440fx-10.0')).toEqual(['efi', '/b', 'no'])
  })

  test('else the usual places; what libvirt is configured with goes before all', () => {
    expect(os('microvm', { defaultLoaders: ['/c'] })).toEqual(['', '/c', 'no'])
    expect(os('pc-q35-10.0', { loaders: ['/d'] })).toEqual(['efi', '/d', 'yes no'])
  })
})

test('the machine limits vCPUs, and under KVM the kernel does too', () => {
  const machine = {
    name: 'pc-q35-10.0',
    isDefault: true,
    deprecated: false,
    maxCpus: 4096,
    hotpluggableCpus: true,
  }
  const most = (parts: Asked) =>
    computeDomainCapabilities(asked({ with: { machines: [machine] }, ...parts })).maxVcpus
  expect(most({})).toBe(4096)
  expect(most({ host: { kvmMaxVcpus: 1024 } })).toBe(1024)
  expect(most({ accelerator: 'tcg', host: { kvmMaxVcpus: 1024 } })).toBe(4096)
  expect(most({ machine: 'other' })).toBeUndefined()
})
