import { expect, test } from 'vitest'
import { parseCpuArgument } from '../../../src/formats/platforms/qemu-command.ts'
import { guestsIn, sample, shownGuest } from './samples.ts'

test('a log of libvirt’s: the last start counts; what is no feature is left out', () => {
  const guests = guestsIn(sample('qemu-log.txt'))
  expect(guests.map(shownGuest)).toEqual(['custom Skylake-Server-v4 require lahf_lm disable hle'])
  expect(guests[0]).toMatchObject({
    layer: 'running',
    name: 'web',
    uuid: '5b1c3c1e-6d3b-4b52-9a3e-2b6b0f6f7a01',
    vcpus: 4,
    cpu: { arch: 'x86_64', maxphysaddr: { mode: 'emulate', bits: 46 } },
  })
})

test.each([
  [
    "/usr/bin/kvm -id 7 -name 'db,debug-threads=on' -cpu 'host,+aes,+kvm_pv_eoi' -m 512",
    'host-passthrough optional aes',
  ],
  ['qemu-system-aarch64 -M virt -cpu max', 'maximum'],
  ['  -cpu Icelake-Server,-rtm,hv_time,hv_vendor_id=GenuineIntel', 'custom Icelake-Server disable rtm'],
])('%s', (line, shown) => expect(guestsIn(line).map(shownGuest)).toEqual([shown]))

test('features by libvirt’s names, other properties left out', () => {
  const { features } = parseCpuArgument(
    'EPYC,+svm-lock,pclmulqdq=on,+made-up,l3-cache=on,kvm-pv-eoi=off,vendor=AuthenticAMD,level=13',
  )
  expect(features.map(({ name }) => name)).toEqual(['svm-lock', 'pclmuldq', 'made-up'])
})
