import { expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { cpuOfClusterType } from '../../../src/formats/platforms/ovirt-types.ts'
import { dumpsOf } from '../corpus.ts'
import { guestsIn, sample, shownGuest, statementsIn, unknownIn } from './samples.ts'

test('hosts of the API: the cluster type that they reach is what they offer', () => {
  expect(statementsIn(sample('ovirt-hosts.xml'))).toMatchObject([
    {
      layer: 'offered',
      name: 'ovirt-1',
      uuid: '4c4c4544-0038-4d10-8051-b7c04f4a4e32',
      vendor: 'Intel',
      cpus: 80,
      present: ['ssbd', 'md-clear'],
      models: new Map([['Skylake-Server-noTSX-IBRS', undefined]]),
      complete: false,
    },
    { name: 'ovirt-2', present: [], models: undefined, notes: [] },
  ])
})

test('a cluster is a guest, by its type and level; XML and JSON', () => {
  const [guest] = guestsIn(sample('ovirt-cluster.xml'))
  expect(guest && shownGuest(guest)).toBe('custom Cascadelake-Server-noTSX disable mpx')
  expect(guest).toMatchObject({ layer: 'defined', name: 'blue', cpu: { arch: 'x86_64' } })
  const guests = guestsIn(sample('ovirt-api.json'))
  expect(guests.map(one => [one.name, one.cpu.arch, shownGuest(one)])).toEqual([
    ['green', 'x86_64', 'custom EPYC-Rome'],
    ['power', 'ppc64', 'custom POWER9'],
  ])
})

test('the type of a cluster means another CPU at another level', () => {
  const secure = 'Secure Intel Cascadelake Server Family'
  expect(cpuOfClusterType(secure, 4.4)).toBe(
    'Cascadelake-Server,+md-clear,+mds-no,-hle,-rtm,+tsx-ctrl,+arch-capabilities',
  )
  expect(cpuOfClusterType(secure, 4.9)).toBe('Cascadelake-Server-noTSX,-mpx')
  expect(cpuOfClusterType('Intel Conroe Family')).toBe('Conroe')
  expect(cpuOfClusterType('Intel Made-up Family')).toBeUndefined()
})

test('a VM is a guest where it has a CPU of its own', () => {
  const text = sample('ovirt-vm.xml')
  expect(guestsIn(text).map(shownGuest)).toEqual(['host-passthrough'])
  expect(guestsIn(text)[0]).toMatchObject({ name: 'shop-db', vcpus: 8, uuid: '0009' })
  expect(readText(text.replace('host_passthrough', 'custom'))).toEqual([])
})

test('vdsm: the kernel’s flags, libvirt’s names, usable models', () => {
  const text = sample('vdsm-capabilities.json')
  const [dump] = dumpsOf(text)
  expect(dump).toMatchObject({ layer: 'kernel', vocabulary: 'linux', name: 'ovirt-1' })
  expect((dump?.data.word(7, 0, 'edx') ?? 0) >>> 0).toBe(0x8000_0400)
  const [statement] = statementsIn(text)
  expect(statement).toMatchObject({
    layer: 'offered',
    vocabulary: 'libvirt',
    name: 'ovirt-1',
    kernel: '4.18.0-553.el8.x86_64',
    cpus: 40,
    vendor: 'Intel',
    present: ['spec-ctrl', 'rdctl-no', 'mds-no'],
    absent: [],
    complete: false,
  })
  expect([...(statement?.models?.keys() ?? [])]).toEqual(['Haswell-noTSX-IBRS', 'Nehalem'])
  expect(statement && unknownIn(statement)).toEqual([])
})

test('ServerCPUList: every type a guest, the newest level counts', () => {
  const guests = guestsIn(sample('ovirt-servercpulist.txt'))
  expect(guests.map(guest => [guest.name, guest.cpu.arch, shownGuest(guest)])).toEqual([
    ['Intel Westmere Family', 'x86_64', 'custom Westmere'],
    ['Intel Haswell Family', 'x86_64', 'custom Haswell-noTSX'],
    [
      'Secure Intel Haswell Family',
      'x86_64',
      'custom Haswell-noTSX require spec-ctrl require ssbd require md-clear',
    ],
    ['IBM POWER9', 'ppc64', 'custom POWER9'],
  ])
})

test('elements of those names that are not oVirt’s are libvirt’s', () => {
  expect(readText('<host><cpu><arch>x86_64</arch></cpu></host>')).toMatchObject([{ kind: 'document' }])
})
