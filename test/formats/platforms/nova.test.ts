import { expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { guestsIn, sample, shownGuest, sniffed, statementsIn, unknownIn } from './samples.ts'

test('hypervisors: cpu_info as text or as an object; what old maps know and the list has not is absent', () => {
  const [first, second, ...more] = statementsIn(sample('nova-hypervisors.json'))
  expect(more).toEqual([])
  expect(first).toMatchObject({
    layer: 'hardware',
    vocabulary: 'libvirt',
    arch: 'x86_64',
    name: 'compute-1.example.com',
    present: ['fpu', 'lm', 'sse4.2', 'monitor', 'avx2', 'rtm'],
    complete: false,
    vendor: 'Intel',
    model: 'Broadwell-IBRS',
    cpus: 40,
    physBits: 46,
    hypervisor: 'QEMU 8.2.2',
  })
  expect(first?.absent).toEqual(expect.arrayContaining(['avx512f', 'svm', 'aes']))
  expect(first?.absent).not.toEqual(expect.arrayContaining(['avx512-fp16']))
  expect(second).toMatchObject({ arch: 'aarch64', present: ['fp', 'asimd'], absent: [], cpus: 80 })
  expect(first && unknownIn(first)).toEqual([])
  const cut = statementsIn(sample('nova-hypervisors.json').replaceAll(/\\?"fpu\\?", /g, ''))
  expect(cut[0]?.absent, 'a list without what every CPU has').toEqual([])
})

test('one hypervisor, a cpu_info alone, and the hosts of a lease', () => {
  const info =
    '{"arch": "x86_64", "model": "EPYC", "vendor": "AMD", "topology": {"cores": 2}, "features": ["svm"]}'
  const model = { model: 'EPYC', present: ['svm'] }
  expect(statementsIn(info)).toMatchObject([{ ...model, name: undefined }])
  expect(statementsIn(`{"hypervisor_hostname": "c1", "cpu_info": ${info}}`)).toMatchObject([
    { ...model, name: 'c1' },
  ])
  const lease = JSON.stringify({ hosts: [{ hypervisor_hostname: 'c2', cpu_info: info }] })
  expect(statementsIn(lease)).toMatchObject([{ ...model, name: 'c2' }])
})

test('a hypervisor without cpu_info is refused with the way to get it', () => {
  const cut = /^h\.json: hypervisor c1: no cpu_info; ask with --os-compute-api-version 2\.87/
  expect(() => readText('{"hypervisors": [{"hypervisor_hostname": "c1"}]}', 'h.json')).toThrow(cut)
  expect(() => readText('{"hypervisor_hostname": "c1", "cpu_info": ""}', 'h.json')).toThrow(cut)
})

test('traits, from the API, as a list of objects, and as a table', () => {
  const [statement] = statementsIn(sample('nova-traits.json'))
  expect(statement).toMatchObject({
    layer: 'offered',
    vocabulary: 'openstack',
    present: ['AVX2', 'CLMUL', 'VMX', 'INTEL_VMX'],
    complete: false,
  })
  expect(statement && unknownIn(statement)).toEqual([])
  const objects = '[{"name": "COMPUTE_NODE"}, {"name": "HW_CPU_X86_AVX2"}]'
  expect(statementsIn(objects)).toMatchObject([{ present: ['AVX2'] }])
  expect(statementsIn(sample('nova-traits.txt'))).toMatchObject([{ present: ['AVX512VNNI', 'SSE42'] }])
  expect(sniffed("| properties | trait:HW_CPU_X86_AVX2='required' |\n")).toEqual([])
})

test('a flavor asks hosts for traits', () => {
  const [guest] = guestsIn(sample('nova-flavor.json'))
  expect(guest && shownGuest(guest)).toBe('host-model require avx2 forbid TSX')
  expect(guest).toMatchObject({
    name: 'fast.large',
    vcpus: 4,
    cpu: { maxphysaddr: { mode: 'emulate', bits: 42 } },
  })
})

test('nova.conf: a guest for each model, by libvirt’s name', () => {
  const guests = guestsIn(sample('nova.conf'))
  expect(guests.map(shownGuest)).toEqual([
    'custom IvyBridge-IBRS require pcid require md-clear disable mpx',
    'custom Cascadelake-Server-noTSX require pcid require md-clear disable mpx',
  ])
  expect(guests[0]?.notes).toEqual([
    'nova-compute does not start on a host that cannot run each of ivybridge-ibrs, Cascadelake-Server-noTSX',
  ])
})

test.each([
  ['virt_type = kvm', 'host-model', 1],
  ['virt_type = qemu', 'custom qemu64', 1],
  ['cpu_mode = host-passthrough', 'host-passthrough', 0],
  ['cpu_mode = host-model\ncpu_model = kvm64', 'host-model', 1],
])('[libvirt] %s', (lines, shown, notes) => {
  const [guest] = guestsIn(`[libvirt]\n${lines}\n`)
  expect([guest && shownGuest(guest), guest?.notes?.length]).toEqual([shown, notes])
})
