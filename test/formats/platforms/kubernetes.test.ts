import {
  V1VirtualMachineToJSON as printVirtualMachine,
  V1VirtualMachineFromJSON as virtualMachineOf,
} from '@kubevirt-ui-ext/kubevirt-api/kubevirt'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { POLICIES } from '../../../src/core/cpu.ts'
import { readText } from '../../../src/formats/dialects.ts'
import { kubevirtPrinter } from '../../../src/formats/platforms/kubevirt-guest.ts'
import { loadYaml, parseYaml } from '../../../src/formats/yaml.ts'
import { builtin } from '../../built-in.ts'
import { folderOf, virtCpu } from '../../cli/virt-cpu.ts'
import { runs } from '../../effort.ts'
import { guestsIn, sample, shownGuest, statementsIn, unknownIn } from './samples.ts'

beforeAll(loadYaml)

const nodes = () => statementsIn(sample('kubevirt-nodes.json'))

test('KubeVirt’s labels: features, usable models, host model; a node without them says nothing', () => {
  const [first, second, ...more] = nodes()
  expect(first).toMatchObject({
    layer: 'offered',
    vocabulary: 'libvirt',
    arch: 'x86_64',
    name: 'blue-1',
    uuid: '0f6ee8a2-4c3a-4a7e-8b8a-2f6a2b0f7a11',
    kernel: '6.1.0-18-amd64',
    cpus: 32,
    vendor: 'Intel',
    model: 'Cascadelake-Server',
    present: ['avx2', 'pclmuldq', 'sse2', 'rdctl-no'],
    complete: false,
    notes: [],
  })
  expect([...(first?.models?.keys() ?? [])]).toEqual(['Haswell-noTSX', 'Penryn'])
  expect(second?.notes).toEqual([
    'the labels describe an emulated CPU: when the node was labelled it had no /dev/kvm; enable KVM there and have it labelled anew',
    'the node is excluded from labelling: its labels may be out of date',
    'this version of KubeVirt has no labels for what its minimal model (Penryn) has',
  ])
  expect(more).toEqual([])
  expect(nodes().flatMap(unknownIn)).toEqual([])
})

test('the same labels as YAML, described, in a table, alone, and with the keys of old versions', () => {
  expect(statementsIn(sample('kubevirt-nodes.yaml'))).toMatchObject([
    { name: 'green-1', model: 'EPYC-Rome', present: ['avx2'], kernel: '5.14.0-427.el9.x86_64' },
  ])
  expect(statementsIn(sample('kubectl-describe-nodes.txt'))).toMatchObject([
    {
      name: 'blue-1',
      present: ['avx2', 'sse2'],
      cpus: 16,
      uuid: '0f6ee8a2-4c3a-4a7e-8b8a-2f6a2b0f7a11',
      kernel: '6.1.0-18-amd64',
      notes: ['the node is excluded from labelling: its labels may be out of date'],
    },
    { name: 'blue-2', present: [], model: 'EPYC', cpus: undefined },
  ])
  expect(statementsIn(sample('kubectl-show-labels.txt'))).toMatchObject([
    { name: 'blue-1', present: ['avx2'], vendor: 'Intel' },
    { name: 'blue-2', present: ['svm'] },
  ])
  const old =
    '{"feature.node.kubernetes.io/cpu-model-Penryn": "true", "feature.node.kubernetes.io/cpu-feature-aes": "true"}'
  expect(statementsIn(old)).toMatchObject([{ name: undefined, present: ['aes'] }])
})

test('items of a list that the API made do not say their kind', () => {
  const labels = '{"cpu-feature.node.kubevirt.io/aes": "true"}'
  const list = `{"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"name": "a", "labels": ${labels}}}]}`
  expect(statementsIn(list)).toMatchObject([{ name: 'a', present: ['aes'] }])
})

test('NFD’s labels: what is on its deny list is unknown, words of two meanings go by vendor', () => {
  const [cpuid, ...more] = statementsIn(sample('nfd-labels.json'))
  expect(more).toEqual([])
  expect(cpuid).toMatchObject({
    layer: 'kernel',
    vocabulary: 'libvirt',
    vendor: 'Intel',
    present: ['adx', 'avx', 'avx2', 'fma', 'spec-ctrl', 'stibp', 'fpu'],
    complete: false,
  })
  expect(cpuid?.absent).toContain('avx512f')
  expect(cpuid?.absent).not.toContain('bmi1')
  expect(cpuid && unknownIn(cpuid)).toEqual([])
})

test('without X87 the list is not all that the library found', () => {
  const [cpuid] = statementsIn(sample('nfd-labels.json').replace('X87', 'XOP'))
  expect(cpuid?.absent).toEqual([])
})

test('NFD’s objects have no deny list; words that we do not know stay', () => {
  const [cpuid] = statementsIn(sample('nfd-nodefeatures.json'))
  expect(cpuid).toMatchObject({ name: 'red-1', vendor: 'AMD', kernel: '6.1.0-18-amd64' })
  expect(cpuid?.absent).toContain('bmi1')
  expect(cpuid?.absent).not.toContain('sse4.2')
  expect(cpuid && unknownIn(cpuid)).toEqual(['NEWER_WORD'])
  expect(cpuid?.present).toEqual(expect.arrayContaining(['ibpb', 'amd-stibp']))
})

test('virtual machines: named models lose mpx, the default is host-model', () => {
  const guests = guestsIn(sample('kubevirt-vms.yaml'))
  expect(guests.map(shownGuest)).toEqual([
    'custom IvyBridge-IBRS require md-clear require rdrand disable hle disable mpx',
    'host-model',
    'host-passthrough',
  ])
  expect(guests.map(({ name, host, vcpus, layer }) => [name, host, vcpus, layer])).toEqual([
    ['shop-web', undefined, 4, 'defined'],
    ['shop-queue', undefined, undefined, 'defined'],
    ['shop-db', 'blue-1', 1, 'defined'],
  ])
  expect(guests[1]?.notes).toEqual(['its CPU may come from the instance type u1.medium'])
})

test('a launcher pod: its selectors are what the guest needs of a node', () => {
  const [guest] = guestsIn(sample('kubectl-describe-pod.txt'))
  expect(guest && shownGuest(guest)).toBe('custom SapphireRapids require fsrs require gds-no')
  expect(guest).toMatchObject({ layer: 'running', name: 'shop-db', host: 'blue-1' })
  const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web-1}\nspec: {nodeSelector: {disk: ssd}}\n'
  expect(readText(pod)).toEqual([])
})

test('a class of Deckhouse: the features that were found', () => {
  const [guest] = guestsIn(sample('deckhouse-class.json'))
  expect(guest && shownGuest(guest)).toBe('custom qemu64 require aes require avx2')
  expect(guest?.notes).toEqual(['all its nodes also have, but the class does not enable: avx512f'])
})

test('what is cut or wrong is refused, with its place', () => {
  const text = sample('kubevirt-nodes.json')
  expect(() => readText(text.slice(0, 700), 'cut')).toThrow(/^cut:\d+:\d+: the text ends/)
  expect(() => readText('apiVersion: v1\nkind: [\n', 'cut')).toThrow(/^cut:\d+/)
  const policy = sample('kubevirt-vms.yaml').replace('disable', 'off')
  expect(() => readText(policy, 'vm.yaml')).toThrow('vm.yaml: feature hle: the policy off does not exist')
})

test('YAML is read from files and requests, where its reader is loaded when it is needed', () => {
  const text = sample('kubevirt-nodes.yaml')
  const cut = text.replace('kind: List', 'kind: [')
  const { stdout } = virtCpu(['batch'], { input: JSON.stringify({ verb: 'decode', text: cut }) })
  expect(JSON.parse(stdout).error.message).toMatch(/^\d+:\d+: /)
  const { stderr } = virtCpu(['decode', 'n.yaml'], { cwd: folderOf({ 'n.yaml': cut }) })
  expect(stderr).toMatch(/^error: n\.yaml:\d+:\d+: /)
})

test('KubeVirt’s API knows every field of what is printed for it', () => {
  const { models, features } = builtin()
  // A field that the API does not have is lost on the way.
  const kept = (one: unknown) => JSON.parse(JSON.stringify(printVirtualMachine(virtualMachineOf(one))))
  const listed = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...features.list.map(({ name }) => name)),
      policy: fc.constantFrom(...POLICIES),
    }),
    { maxLength: 8, selector: ({ name }) => name },
  )
  const model = fc.constantFrom(...models.map(({ name }) => name))
  fc.assert(
    fc.property(model, listed, (name, some) => {
      const { text } = kubevirtPrinter.print({ type: 'guest', mode: 'custom', model: name, features: some })
      const [manifest] = parseYaml(text)
      expect(kept(manifest)).toEqual(manifest)
    }),
    { numRuns: runs(4000) },
  )
  expect(
    kept({ kind: 'VirtualMachine', spec: { template: { spec: { domain: { cpus: 1, devices: {} } } } } }),
  ).toEqual({
    kind: 'VirtualMachine',
    spec: { template: { spec: { domain: { devices: {} } } } },
  })
})
