import { expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { migrate } from '../../../src/index.ts'
import { dumpsOf } from '../corpus.ts'
import { guestsIn, sample, shownGuest, sniffed, statementsIn, unknownIn } from './samples.ts'

test('cpu-models.conf: every section a guest’s CPU, kvm64 where no model is reported', () => {
  const guests = guestsIn(sample('proxmox-cpu-models.conf'))
  expect(guests.map(guest => [guest.name, shownGuest(guest)])).toEqual([
    ['custom-pool-2026', 'custom Cascadelake-Server-v5 require md-clear disable hle disable rtm'],
    ['custom-plain', 'custom kvm64 require lahf_lm require sep require aes'],
    ['custom-empty', 'custom kvm64 require lahf_lm require sep'],
  ])
  expect(guests[0]?.cpu.maxphysaddr).toEqual({ mode: 'emulate', bits: 46 })
  const bad = sample('proxmox-cpu-models.conf').replace('\tphys-bits', 'phys-bits')
  expect(() => readText(bad, 'm.conf')).toThrow(/^m\.conf:5:1: neither `cpu-model: NAME`/)
})

test('a VM’s configuration: its present state; the flags of the abstract types', () => {
  const [guest, ...more] = guestsIn(sample('proxmox-vm.conf'))
  expect(more).toEqual([])
  expect(guest).toMatchObject({ layer: 'defined', name: 'shop-web', vcpus: 8 })
  expect(guest && shownGuest(guest)).toBe(
    'custom qemu64 require popcnt require pni require sse4.1 require sse4.2 require ssse3 require avx require avx2 ' +
      'require bmi1 require bmi2 require f16c require fma require abm require movbe require xsave disable svm ' +
      'require pcid disable aes',
  )
  expect(guest?.notes).toEqual(['nested-virt adds vmx or svm, by the host’s vendor'])
})

test('without a line cpu it is kvm64; args and emulation are told', () => {
  const config = 'cores: 1\nmemory: 512\nostype: l26\n'
  const shown = (text: string) => guestsIn(text).map(shownGuest)
  expect(shown(config)).toEqual(['custom kvm64 require lahf_lm require sep'])
  expect(shown(`${config}kvm: 0\n`)).toEqual(['custom qemu64 disable svm'])
  expect(shown(`${config}arch: aarch64\n`)).toEqual(['host-passthrough'])
  expect(guestsIn(`${config}args: -cpu 'host,+aes'\n`)[0]?.notes).toEqual([
    'without a line cpu the VM has Proxmox’s default, kvm64',
    'args has a -cpu of its own, which counts instead of the line cpu',
  ])
})

test('a container’s configuration, and other lists of keys, are none', () => {
  expect(sniffed('arch: amd64\ncores: 2\nmemory: 512\nostype: debian\nrootfs: local:1\n')).toEqual([])
  expect(sniffed('cores: 2\nmemory: 512\n')).toEqual([])
  expect(sniffed('hosts:\n  - kvm-1\nmemory: 512\ncores: 4\ncpu: x\n')).toEqual([])
})

test('a configuration without a CPU’s type has the default', () => {
  for (const text of [
    'boot: order=scsi0\ncores: 4\nmemory: 4096\nname: web\nnet0: virtio=AA:BB,bridge=vmbr0\n',
    'cores: 2\nname: web\n',
    'memory: 512\nostype: l26\n',
  ])
    expect(guestsIn(text)[0]?.cpu.model).toBe('kvm64')
})

test('a guest has what its own model is, wherever that stands', () => {
  const models = 'cpu-model: big\n    flags +aes;-avx\n    reported-model Haswell\n'
  const vm = 'cpu: custom-big,flags=+avx\nname: db\nostype: l26\n'
  const documents = [
    { path: 'pve/100.conf', text: vm },
    { path: 'pve/cpu-models.conf', text: models },
    { path: 'n1.xml', text: '<cpu><arch>x86_64</arch><model>Haswell</model><vendor>Intel</vendor></cpu>' },
  ]
  const answer = migrate({ documents })
  const guests = 'guests' in answer ? answer.guests : []
  expect(guests.map(({ guest, startsInGroups: starts }) => [guest, starts])).toEqual([['db', [0]]])
  const found = readText(`${vm}\n==> cpu-models.conf <==\n${models}`)
  expect(found.map(one => one.kind === 'guest' && [one.name, one.cpu.model, shownGuest(one)])).toEqual([
    ['db', 'Haswell', expect.stringMatching(/require aes.*require avx/)],
  ])
})

test('qm set: with the host’s CPU a flag is not enforced', () => {
  const guests = guestsIn(sample('proxmox-qm-set.txt'))
  expect(guests.map(guest => [guest.name, shownGuest(guest)])).toEqual([
    ['100', 'host-passthrough optional md-clear optional pcid'],
    ['101', 'custom custom-pool-2026'],
  ])
  expect(guests[0]?.notes).toEqual([expect.stringMatching(/^flags with \+ add nothing to host/)])
  expect(guests[1]?.notes?.[0]).toMatch(/^what custom-pool-2026 is stands in .*cpu-models\.conf/)
})

test('cpu-flags: what the QEMU of each node can give, and what it cannot', () => {
  const statements = statementsIn(sample('proxmox-cpu-flags.json'))
  expect(statements).toMatchObject([
    {
      layer: 'offered',
      vocabulary: 'qemu',
      name: 'pve1',
      present: ['md-clear', 'lahf_lm'],
      absent: ['amd-ssbd'],
    },
    { name: 'pve2', present: ['lahf_lm'], absent: ['md-clear', 'amd-ssbd'], complete: false },
  ])
  expect(statements.flatMap(unknownIn)).toEqual([])
})

test('lists that say nothing of a node are refused, with what to give instead', () => {
  const remedy = /^a\.json: this list is the same on every node .*proc\/cpuinfo/
  expect(() => readText('[{"custom":0,"name":"kvm64","vendor":"default"}]', 'a.json')).toThrow(remedy)
  expect(() => readText('[{"name":"md-clear","description":"x"},{"name":"pcid"}]', 'a.json')).toThrow(remedy)
})

test('a node’s status: flags as its kernel shows them; a VM’s configuration from the API', () => {
  const text = sample('proxmox-status.json')
  const [dump] = dumpsOf(text)
  expect(dump).toMatchObject({ layer: 'kernel', vocabulary: 'linux' })
  expect(dump?.data.word(0x8000_0008, 0, 'ebx')).toBe(1 << 12)
  expect(dump?.facts).toMatchObject({ cpus: 16, kernel: '6.8.12-4-pve' })
  expect(statementsIn(text)).toEqual([])
  expect(guestsIn(sample('proxmox-config.json')).map(shownGuest)).toEqual(['host-passthrough'])
})

test('a short configuration is one by the type of its CPU', () => {
  const [guest] = guestsIn('name: web\ncores: 2\ncpu: cputype=Haswell,flags=+aes\n')
  expect(guest?.cpu.model).toBe('Haswell')
  expect(guestsIn('cpu: 4\nmemory: 2048\n')).toEqual([])
})
