import { describe, expect, test } from 'vitest'
import type { VfioFacts } from '../../../src/formats/host/host-facts.ts'
import { readVfio } from '../../../src/host/machine/vfio.ts'
import { describeVfio } from '../../../src/questions/words/explain.ts'
import { type Files, treeOf } from './tree-of.ts'

const vfio = (files: Files, arch = 'x86_64'): VfioFacts => readVfio(treeOf(files), arch)

/** `name=state` of every condition that is not met, or cannot be seen. */
const open = ({ conditions }: VfioFacts): string[] =>
  conditions.flatMap(({ name, state }) => (state === 'met' ? [] : [`${name}=${state}`]))

const remedyOf = ({ conditions }: VfioFacts, name: string) => conditions.find(c => c.name === name)?.remedy

/** An Intel host whose devices can be passed through. */
const READY: Files = {
  'proc/cpuinfo': 'vendor_id : GenuineIntel\nflags : fpu vmx',
  'proc/cmdline': 'root=/dev/sda1 intel_iommu=on iommu=pt',
  'proc/self/limits': 'Max locked memory         unlimited            unlimited            bytes',
  'sys/firmware/acpi/tables/DMAR': '',
  'sys/class/iommu/dmar0/x': '',
  'sys/kernel/iommu_groups/0/devices/0000:00:02.0/x': '',
  'sys/kernel/iommu_groups/11/devices/0000:01:00.0/x': '',
  'sys/kernel/iommu_groups/11/devices/0000:01:00.1/x': '',
  'sys/module/vfio/x': '',
  'sys/module/vfio_pci/x': '',
  'sys/module/vfio_iommu_type1/x': '',
  'dev/vfio/vfio': '',
  'dev/vfio/11': '',
  'dev/iommu': '',
}

const without = (...paths: RegExp[]): Files =>
  Object.fromEntries(Object.entries(READY).filter(([path]) => !paths.some(pattern => pattern.test(path))))

test('a host that can', () => {
  const facts = vfio(READY)
  expect(facts).toMatchObject({ isSupported: true, hasIommufd: true })
  expect(open(facts)).toEqual([])
  expect(facts.groups).toEqual([
    { id: 0, devices: ['0000:00:02.0'] },
    { id: 11, devices: ['0000:01:00.0', '0000:01:00.1'] },
  ])
})

test("libvirt's two conditions alone decide what it says", () => {
  expect(vfio({ 'sys/kernel/iommu_groups/0/type': 'DMA', 'dev/vfio/vfio': '' }).isSupported).toBe(true)
  expect(vfio(without(/^dev\/vfio/)).isSupported).toBe(false)
  expect(vfio(without(/iommu_groups/)).isSupported).toBe(false)
})

describe('what is missing', () => {
  test.each<[string, Files, string[]]>([
    [
      'firmware has VT-d off',
      { ...without(/DMAR/), 'sys/firmware/acpi/tables/FACP': '' },
      ['iommu-in-firmware=unmet'],
    ],
    ['no ACPI to be seen', without(/DMAR/), ['iommu-in-firmware=unknown']],
    ['the kernel drives none', without(/class\/iommu/), ['iommu-in-kernel=unmet']],
    ['no virtualization', { ...READY, 'proc/cpuinfo': 'flags : fpu' }, ['iommu-in-cpu=unmet']],
    ['vfio-pci is not loaded', without(/vfio_pci/), ['vfio-pci-module=unmet']],
    ['no iommufd', without(/dev\/iommu/), ['iommufd=unmet']],
    [
      'little memory may be locked',
      { ...READY, 'proc/self/limits': 'Max locked memory  8388608  8388608  bytes' },
      ['locked-memory=unmet'],
    ],
  ])('%s', (_, files, expected) => {
    expect(open(vfio(files))).toEqual(expected)
  })

  test('a module that could be loaded is told from one that is not there', () => {
    const list = {
      'proc/sys/kernel/osrelease': '6.1.0',
      'lib/modules/6.1.0/modules.dep': 'kernel/drivers/vfio/pci/vfio-pci.ko.xz: x',
    }
    expect(remedyOf(vfio({ ...without(/vfio_pci/), ...list }), 'vfio-pci-module')).toBe('modprobe vfio-pci')
    expect(remedyOf(vfio(without(/vfio_pci/)), 'vfio-pci-module')).toMatch(/^install the modules/)
  })

  test('a module that is built in needs no loading', () => {
    const list = {
      'proc/sys/kernel/osrelease': '6.1.0',
      'lib/modules/6.1.0/modules.builtin': 'kernel/drivers/vfio/pci/vfio-pci.ko',
    }
    expect(open(vfio({ ...without(/vfio_pci/), ...list }))).toEqual([])
  })

  test('what the command line switches off is to be taken away', () => {
    const files = { ...without(/class\/iommu/), 'proc/cmdline': 'quiet intel_iommu=off' }
    expect(remedyOf(vfio(files), 'iommu-in-kernel')).toBe('boot without intel_iommu=off')
  })

  test('AMD, ARM and POWER have names of their own', () => {
    const amd = {
      ...READY,
      'proc/cpuinfo': 'vendor_id : AuthenticAMD\nflags : svm',
      'sys/firmware/acpi/tables/FACP': '',
    }
    expect(remedyOf(vfio(amd), 'iommu-in-firmware')).toBe(
      'enable AMD-Vi (IOMMU) in the settings of the firmware',
    )
    expect(remedyOf(vfio(READY, 'aarch64'), 'iommu-in-firmware')).toBe(
      'enable SMMU in the settings of the firmware',
    )
    expect(open(vfio(READY, 'ppc64le'))).toEqual(['vfio-type1-module=unmet'])
  })
})

test('said aloud, with the remedy below what is not met', () => {
  const lines = describeVfio(vfio(without(/dev\/iommu/)))
  expect(lines.map(({ text }) => `${text}\n`).join('')).toBe(`\
passthrough of devices (VFIO): libvirt offers it, for devices are in IOMMU groups and /dev/vfio/vfio is there
  yes the processor virtualizes     /proc/cpuinfo has the flag vmx
  yes firmware has an IOMMU enabled firmware has the ACPI table DMAR
  yes the kernel uses it            the kernel drives dmar0, and its command line says intel_iommu=on iommu=pt
  yes devices are in IOMMU groups   /sys/kernel/iommu_groups has 2 groups of 3 devices
  yes the kernel has VFIO           the module vfio is loaded or built in
  yes VFIO for PCI devices          the module vfio_pci is loaded or built in
  yes VFIO for this IOMMU           the module vfio_iommu_type1 is loaded or built in
  yes VFIO's device is there        /dev/vfio/vfio is there
  yes it may be opened              /dev/vfio/vfio may be opened by this user; groups bound to vfio-pci: 1, of which may be opened: 1
  no  iommufd, the newer way        /dev/iommu is not there
      remedy: needed only for devices that are given through iommufd: Linux 6.2 or newer, modprobe iommufd
  yes memory may be locked          this user may lock any amount of memory
  group 11 goes together: 0000:01:00.0 0000:01:00.1
`)
})
