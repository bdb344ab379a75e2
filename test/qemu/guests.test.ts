import { describe, expect, test } from 'vitest'
import { guestFactsOf, printGuest } from '../../src/qemu/print-capabilities.ts'

const machine = (name: string, more: { alias?: string; isDefault?: boolean; deprecated?: boolean } = {}) => ({
  name,
  isDefault: false,
  deprecated: false,
  maxCpus: 255,
  ...more,
})

const emulator = (machines: ReturnType<typeof machine>[], kvm = false) => ({
  path: '/usr/bin/qemu',
  kvm,
  machines,
})

test('a guest, as libvirt prints it', () => {
  const machines = [
    machine('none'),
    machine('pc-q35-10.0', { alias: 'q35' }),
    machine('pc-i440fx-2.4', { deprecated: true }),
    machine('pc-i440fx-10.0', { alias: 'pc', isDefault: true }),
    { ...machine('odd'), maxCpus: 0 },
  ]
  expect(printGuest(guestFactsOf('i686', emulator(machines, true)))).toBe(`\
  <guest>
    <os_type>hvm</os_type>
    <arch name='i686'>
      <wordsize>32</wordsize>
      <emulator>/usr/bin/qemu</emulator>
      <machine maxCpus='255'>pc-i440fx-10.0</machine>
      <machine canonical='pc-i440fx-10.0' maxCpus='255'>pc</machine>
      <machine maxCpus='255'>pc-q35-10.0</machine>
      <machine canonical='pc-q35-10.0' maxCpus='255'>q35</machine>
      <machine maxCpus='255' deprecated='yes'>pc-i440fx-2.4</machine>
      <machine>odd</machine>
      <domain type='qemu'/>
      <domain type='kvm'/>
    </arch>
    <features>
      <pae/>
      <nonpae/>
      <acpi default='on' toggle='yes'/>
      <apic default='on' toggle='no'/>
      <cpuselection/>
      <deviceboot/>
      <disksnapshot default='on' toggle='no'/>
      <externalSnapshot/>
    </features>
  </guest>
`)
})

describe('what depends on the architecture', () => {
  test.each([
    ['x86_64', 64, 'acpi apic'],
    ['aarch64', 64, 'acpi'],
    ['loongarch64', 64, 'acpi'],
    ['armv7l', 32, ''],
    ['riscv64', 64, ''],
    ['s390x', 64, ''],
    ['sh4eb', 64, ''],
    ['xtensa', 32, ''],
  ])('%s', (arch, wordSize, features) => {
    const guest = guestFactsOf(arch, emulator([]))
    const known = ['pae', 'nonpae', 'acpi', 'apic']
    expect(guest.wordSize).toBe(wordSize)
    expect(guest.features.flatMap(({ name }) => (known.includes(name) ? [name] : [])).join(' ')).toBe(
      features,
    )
  })
})

describe('the machine that comes first', () => {
  const machines = [machine('a', { isDefault: true }), machine('virt-10.0', { alias: 'virt' })]
  test.each([
    ['x86_64', 'a'],
    ['s390x', 'a'],
    ['aarch64', 'virt-10.0'],
    ['armv6l', 'virt-10.0'],
    ['riscv64', 'virt-10.0'],
  ])('%s: %s', (arch, first) => {
    expect(guestFactsOf(arch, emulator(machines)).machines[0]?.name).toBe(first)
  })
})
