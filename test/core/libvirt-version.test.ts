import { expect, test } from 'vitest'
import {
  type Behaviour,
  DEFAULT_LIBVIRT,
  hasBehaviour,
  isAtLeast,
  parseLibvirtVersion,
} from '../../src/core/libvirt-version.ts'

test.each([
  ['11.3', '11.3'],
  ['11.3.0', '11.3'],
  ['012.08.1', '12.8'],
  ['999.0', '999.0'],
  ['11.2', undefined],
  ['10.9', undefined],
  ['1000.0', undefined],
  ['12', undefined],
  ['12.', undefined],
  ['12.8.', undefined],
  ['12.8.1.1', undefined],
  ['v12.8', undefined],
  ['12.8rc1', undefined],
  ['', undefined],
])('version %j is %j', (text, version) => {
  expect(parseLibvirtVersion(text)).toBe(version)
})

test('versions are ordered by both numbers', () => {
  const ordered = ['11.3', '11.10', '12.0', '12.8'] as const
  for (const [i, a] of ordered.entries())
    for (const [j, b] of ordered.entries()) expect(isAtLeast(a, b), `${a} ${b}`).toBe(i >= j)
})

/** Each that a newer version has and an older one does not. */
const BEHAVIOURS: readonly Behaviour[] = [
  'host-feature-dot',
  'energy',
  'ignore-host',
  'ignore-host-errors',
  'hyperv-host-model',
  'no-handle',
  'expand-cpu-features',
  'qemu-7.2',
  'sorted-host-model',
  'supported-cpu-features',
  'no-topology-bits',
  'no-pkttyagent',
  'firmware-features',
  'nvme',
  'real-floppy',
  'iommufd',
  'console',
  'hyperv-of-kvm',
  'hyperv-defaults',
  'hyperv-needs',
  'spinlock-retries',
  'pci-by-machine',
  'vfio-words',
  'no-eim-check',
  'all-protections',
]

test.each(BEHAVIOURS)('%s is in the newest version and not in the oldest', what => {
  expect([hasBehaviour('11.3', what), hasBehaviour(DEFAULT_LIBVIRT, what)]).toEqual([false, true])
})

test('the first version with a behaviour has it, and the one before does not', () => {
  expect([hasBehaviour('11.5', 'ignore-host'), hasBehaviour('11.6', 'ignore-host')]).toEqual([false, true])
  expect([hasBehaviour('12.7', 'nvme'), hasBehaviour('12.8', 'nvme')]).toEqual([false, true])
})
