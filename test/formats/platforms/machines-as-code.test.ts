import { expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { guestsIn, sample, shownGuest } from './samples.ts'

const shown = (text: string) => guestsIn(text).map(guest => [guest.name, guest.vcpus, shownGuest(guest)])

test('Terraform and Packer', () => {
  expect(shown(sample('terraform.tf'))).toEqual([
    ['web', 2, 'custom Haswell disable avx2 require pcid'],
    ['plain', undefined, 'custom qemu64'],
    ['k8s-1', 4, 'host-passthrough optional aes disable pcid'],
    ['image', 2, 'custom Nehalem require aes'],
  ])
  expect(guestsIn(sample('terraform.tf')).map(({ host }) => host)).toEqual([
    undefined,
    undefined,
    'pve1',
    undefined,
  ])
})

test('the state of Terraform', () => {
  expect(shown(sample('terraform.tfstate'))).toEqual([['db-1', 4, 'host-passthrough']])
})

test('a Vagrantfile: what a machine sets itself counts', () => {
  expect(shown(sample('Vagrantfile'))).toEqual([
    ['web', 2, 'host-passthrough require pdpe1gb'],
    ['db', 2, 'custom Haswell require pdpe1gb'],
  ])
})

test('a feature of a Vagrantfile that cannot be read is refused, one over several lines is not', () => {
  const text = sample('Vagrantfile')
  expect(() => readText(text.replace('"require"', '"requir"'), 'Vagrantfile')).toThrow(
    /cpu_feature .*a name and a policy/,
  )
  expect(() => readText(text.replace('"require"', '"requi\nre"'), 'Vagrantfile')).toThrow(
    'a name and a policy',
  )
  expect(shown(text.replace(':policy', '\n      :policy'))).toEqual(shown(text))
})

test('a text that ends within a word of the CPU says so', () => {
  const notesIn = (text: string) => guestsIn(text).flatMap(({ notes = [] }) => notes)
  const line = 'name: a\nostype: l26\ncores: 1\ncpu: Haswell,flags=+aes;+pcid'
  expect(notesIn(line)).toEqual([expect.stringContaining('may have been cut off')])
  expect(notesIn(`${line}\n`)).toEqual([])
  expect(notesIn('-cpu Haswell,+aes')).toEqual([])
})

test('a text that is cut is refused: a missing CPU would be a wrong one', () => {
  const [hcl, ruby] = [sample('terraform.tf'), sample('Vagrantfile')]
  expect(() => readText(hcl.slice(0, hcl.indexOf('cpu = {')), 'main.tf')).toThrow(
    'main.tf:2:1: this block is not closed',
  )
  expect(() => readText(ruby.slice(0, ruby.indexOf('libvirt.cpu_model')), 'Vagrantfile')).toThrow(
    'the last line of a Vagrantfile is `end`',
  )
})

test('a model within a block, as newer versions of the libvirt provider write it', () => {
  const text =
    'resource "libvirt_domain" "v" {\n  cpu = {\n    mode = "custom"\n    model = { value = "EPYC" }\n  }\n}\n'
  expect(readText(text)[0]).toMatchObject({ kind: 'guest', cpu: { model: 'EPYC' }, notes: [] })
})
