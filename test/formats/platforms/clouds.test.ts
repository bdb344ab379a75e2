import { expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { dumpsOf } from '../corpus.ts'
import { guestsIn, sample, shownGuest, statementsIn } from './samples.ts'

test('Incus: flags of Linux, one CPU for cores that are equal', () => {
  const dumps = dumpsOf(sample('incus-resources.json'))
  expect(dumps).toMatchObject([{ cpus: ['CPU 0', 'CPU 1'], layer: 'kernel', vocabulary: 'linux' }])
  expect(dumps[0]?.data.word(0x8000_0008, 0, 'ebx')).toBe(0x9000)
  const bare = sample('incus-resources.json').replace(/"flags": \[[^\]]*\]/g, '"flags": []')
  expect(() => readText(bare, 'm1.json')).toThrow('m1.json: these resources have no CPU flags')
})

test('Incus: the CPU of a cluster group', () => {
  const [guest] = guestsIn(sample('incus-group.yaml'))
  expect(guest).toMatchObject({ layer: 'defined', name: 'compute', cpu: { arch: 'x86_64' } })
  expect(guest && shownGuest(guest)).toBe('custom Skylake-Server-noTSX-IBRS require md-clear disable pku')
  expect(guestsIn(sample('incus-set.txt'))).toMatchObject([{ name: 'edge', cpu: { model: undefined } }])
})

test('OpenNebula: hosts; what KVM_CPU_FEATURES says of the model’s own features is left out', () => {
  expect(statementsIn(sample('opennebula-hosts.json'))).toMatchObject([
    {
      layer: 'hardware',
      name: 'kvm-a',
      pool: 'default',
      model: 'Haswell-noTSX',
      present: ['vmx', 'xsaveopt'],
      emulatorModels: ['qemu64', 'Nehalem', 'Haswell-noTSX'],
      complete: false,
      notes: [expect.stringContaining('KVM_CPU_FEATURES')],
    },
    { name: 'kvm-b', model: 'EPYC', present: [] },
  ])
  expect(statementsIn(sample('opennebula-host.txt'))).toMatchObject([{ model: 'Westmere', present: ['vmx'] }])
  expect(statementsIn(sample('opennebula-host.xml'))).toMatchObject([
    { name: 'kvm-d', model: 'Westmere', present: ['vmx'] },
  ])
})

test('OpenNebula: a VM’s model, and the EVC mode of a cluster', () => {
  expect(guestsIn(sample('opennebula-vm.template')).map(guest => [guest.name, shownGuest(guest)])).toEqual([
    ['web', 'custom Haswell-noTSX-IBRS require md-clear require pdpe1gb'],
  ])
  expect(guestsIn(sample('opennebula-cluster.template')).map(shownGuest)).toEqual(['custom SandyBridge'])
})

test('CloudStack: the agent’s model; without one guests get qemu64', () => {
  const text = sample('cloudstack-agent.properties')
  const [guest] = guestsIn(text)
  expect(guest?.cpu.fallback).toBe('allow')
  expect(guest && shownGuest(guest)).toBe('custom SandyBridge require vmx disable aes')
  const host = text.replace('mode=custom', 'mode=host-passthrough')
  expect(guestsIn(host).map(shownGuest)).toEqual(['host-passthrough require vmx disable aes'])
  expect(guestsIn('guest.cpu.features=vmx').map(shownGuest)).toEqual(['custom qemu64 require vmx'])
})
