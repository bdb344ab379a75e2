import { expect, test } from 'vitest'
import { contextOf } from '../../../src/questions/context.ts'
import { fleetOfInput } from '../../../src/questions/input/fleet/open-fleet.ts'
import { sample } from './samples.ts'

const hostsOf = (text: string) =>
  fleetOfInput(contextOf(), { documents: [{ path: 'given.json', text }] }).fleet.hosts

test('every sample of one host is one host of a fleet', () => {
  for (const name of [
    'node-exporter.prom',
    'proxmox-status.json',
    'vdsm-capabilities.json',
    'nfd-labels.json',
  ])
    expect(hostsOf(sample(name)), name).toHaveLength(1)
})

test('hosts that one document offers have the names that it gives them', () => {
  expect(hostsOf(sample('kubevirt-nodes.json')).map(({ name }) => name)).toEqual(['blue-1', 'blue-2'])
})

test('a host that is called by a model is of its vendor', () => {
  const text = JSON.stringify({
    HOST_POOL: { HOST: [{ NAME: 'a', TEMPLATE: { KVM_CPU_MODEL: 'EPYC-Rome' } }] },
  })
  expect(hostsOf(text)).toMatchObject([{ called: 'a', vendor: 'AMD' }])
})

test('a node that KubeVirt and NFD label is one host', () => {
  const node = (name: string) => ({
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'cpu-model.node.kubevirt.io/Haswell-noTSX': 'true',
        'cpu-feature.node.kubevirt.io/avx2': 'true',
        'feature.node.kubernetes.io/cpu-cpuid.AVX2': 'true',
        'feature.node.kubernetes.io/cpu-cpuid.VAES': 'true',
      },
    },
  })
  for (const names of [['a'], ['a', 'b']]) {
    const hosts = hostsOf(JSON.stringify({ kind: 'List', items: names.map(node) }))
    expect(hosts).toHaveLength(names.length)
    // What a usable model has is offered.
    for (const host of hosts) expect([...(host.models?.keys() ?? [])]).toEqual(['Haswell-noTSX'])
  }
})
