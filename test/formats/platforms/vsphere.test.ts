import { expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { migrate } from '../../../src/index.ts'
import { dumpsOf } from '../corpus.ts'
import { guestsIn, sample, shownGuest, statementsIn, unknownIn } from './samples.ts'

test('a host: what the CPU has, and under EVC what guests get; 0 is recorded as absent', () => {
  const [own, masked] = statementsIn(sample('vsphere-host.json'))
  expect(own).toMatchObject({
    layer: 'hardware',
    name: 'esx-a',
    vendor: 'Intel',
    present: ['AES', 'AVX2', 'IBRS+IBPB'],
    absent: ['AVX512F'],
    signature: { family: 6, model: 79, stepping: 1 },
    notes: ['currentEVCModeKey is intel-haswell', 'maxEVCModeKey is intel-broadwell'],
  })
  expect(masked).toMatchObject({ layer: 'offered', present: ['AES'], absent: ['AVX2'] })
  expect(own && unknownIn(own)).toEqual([])
})

test('registers of the hardware, without the bits that are unknown', () => {
  const [dump] = dumpsOf(sample('vsphere-host.json'))
  expect(dump).toMatchObject({ name: 'esx-a', layer: 'hardware' })
  expect(dump?.data.word(1, 0, 'ecx')).toBe(0x770a3203)
  expect(dump?.known?.word(1, 0, 'ecx')).toBe(0xff0fffff)
})

test('a VM of an EVC mode above that of a host cannot move there; it may be started', () => {
  const capability = [{ key: 'cpuid.AES', value: '1' }]
  const host = (currentEVCModeKey: string | null) => ({
    path: 'host.json',
    text: JSON.stringify({
      name: 'esx',
      summary: { currentEVCModeKey, maxEVCModeKey: 'intel-skylake' },
      config: { featureCapability: capability },
    }),
  })
  const vm = {
    path: 'vm.json',
    text: JSON.stringify({
      name: 'app',
      runtime: {
        minRequiredEVCModeKey: 'intel-broadwell',
        featureRequirement: [{ key: 'cpuid.AES', value: 'Bool:Min:1' }],
      },
    }),
  }
  const kinds = (mode: string | null) => {
    const answer = migrate({ documents: [host(mode), vm], guest: 'app', to: 'esx' })
    return 'verdict' in answer ? [answer.verdict, ...answer.obstacles.map(({ kind }) => kind)] : []
  }
  expect(kinds('intel-haswell')).toEqual(['no', 'labels'])
  for (const mode of ['intel-broadwell', 'intel-skylake', null])
    expect(kinds(mode), `${mode}`).toEqual(['yes'])
  expect(kinds('intel-laterlake')).toEqual(['yes'])
})

test('a VM requires features of a host; vendors and states of XCR0 are none', () => {
  const [guest] = guestsIn(sample('vsphere-vm.json'))
  expect(guest).toMatchObject({
    layer: 'running',
    name: 'app02',
    uuid: '420c1111-2222-3333-4444-555555555555',
    host: 'host-9',
    vcpus: 4,
  })
  expect(guest && shownGuest(guest)).toBe('custom require aes require avx require monitor require spec-ctrl')
})

test('an EVC mode is a CPU that guests can count on', () => {
  expect(guestsIn(sample('vsphere-evc.json')).map(guest => [guest.name, shownGuest(guest)])).toEqual([
    ['intel-westmere', 'custom require aes require sse4.2'],
  ])
})

test('Ansible names hosts; on AMD it is not known which bit STIBP is', () => {
  expect(statementsIn(sample('vsphere-ansible.json'))).toMatchObject([
    {
      name: 'esx-b',
      vendor: 'AMD',
      present: ['SVM', 'IBPB'],
      notes: [expect.stringContaining('STIBP')],
    },
  ])
})

test('a table', () => {
  expect(statementsIn(sample('vsphere-table.txt'))).toMatchObject([{ present: ['AVX'], absent: ['AVX2'] }])
  expect(guestsIn('cpuid.avx2   Bool:Min:1\ncpuid.ss    Bool:Min:1\n').map(shownGuest)).toEqual([
    'custom require avx2 require ss',
  ])
})

test('VMX: masks of the host’s CPU', () => {
  const [guest] = guestsIn(sample('vsphere-guest.vmx'))
  expect(guest).toMatchObject({ layer: 'defined', name: 'app03', vcpus: 4 })
  expect(guest && shownGuest(guest)).toBe('host-passthrough disable aes disable avx require pni disable avx2')
  expect(guest?.notes).toEqual(['`cpuid.80000001.edx.amd` is for hosts of AMD alone'])
  expect(() => readText('cpuid.1.ecx = "---0"', 'a.vmx')).toThrow('a.vmx: cpuid.1.ecx: 32 of')
})
