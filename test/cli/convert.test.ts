import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { sample } from '../formats/platforms/samples.ts'
import { folderOf, hostXml, virtCpu } from './virt-cpu.ts'

const guest = (name: string, model: string) =>
  `<domain><name>${name}</name><cpu mode='custom'><model>${model}</model></cpu></domain>`

const convert = (cwd: string, ...args: string[]) => virtCpu(['convert', ...args], { cwd })

test('every guest of several files, packed or not, is written', () => {
  const cwd = folderOf({
    'a.xml': guest('a', 'Haswell'),
    'b.xml.gz': gzipSync(guest('b', 'EPYC')),
    'cpu.xml': "<cpu mode='custom'><model>Nehalem</model></cpu>",
  })
  const { stdout, status } = convert(
    cwd,
    'b.xml.gz',
    'a.xml',
    'cpu.xml',
    '--format',
    'qemu',
    '--qemu',
    '10.0',
  )
  expect(status).toBe(0)
  expect(stdout.match(/^# .*$|-cpu [\w-]+/gm)).toEqual([
    '# b',
    '-cpu EPYC',
    '# a',
    '-cpu Haswell',
    '# cpu.xml',
    '-cpu Nehalem',
  ])
})

test('of a directory all that holds a guest or a host is written, and a note names the rest', () => {
  const cwd = folderOf({})
  mkdirSync(join(cwd, 'all'))
  writeFileSync(join(cwd, 'all', '1-guest.xml'), guest('a', 'Haswell'))
  writeFileSync(join(cwd, 'all', '2-host.xml'), hostXml('Skylake-Server-IBRS'))
  writeFileSync(join(cwd, 'all', '3-notes.txt'), 'remember the milk')
  writeFileSync(join(cwd, 'all', '4-vms.yaml'), sample('kubevirt-vms.yaml'))
  const { stdout, stderr, status } = convert(cwd, 'all', '--format', 'libvirt')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^# a$[\s\S]*^# all\/2-host\.xml$/m)
  expect(stderr).toMatch(/3-notes\.txt/)
})

test('of several, what the format cannot say is noted; alone it is an error', () => {
  const cwd = folderOf({
    'a.xml': guest('a', 'Haswell'),
    'b.xml': "<domain><name>b</name><cpu mode='host-model'/></domain>",
  })
  const both = convert(cwd, 'a.xml', 'b.xml', '--format', 'qemu')
  expect([both.status, both.stdout]).toEqual([0, expect.stringMatching(/^-cpu Haswell/)])
  expect(both.stderr).toMatch(/b: not written: .*host-model/)
  expect(convert(cwd, 'b.xml', '--format', 'qemu')).toMatchObject({ status: 2, stdout: '' })
})

test('a file that is named must hold a guest or a host', () => {
  const cwd = folderOf({ 'a.txt': 'remember the milk', 'b.xml': guest('b', 'EPYC') })
  const { status, stderr } = convert(cwd, 'b.xml', 'a.txt', '--format', 'qemu')
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^error: a\.txt: /)])
  expect(convert(cwd, 'missing.xml', '--format', 'qemu').stderr).toMatch(/missing\.xml': No such file/)
})

test('--from reads as it says', () => {
  const cwd = folderOf({ 'words.txt': 'fpu sse2\n' })
  const { status, stderr } = convert(cwd, 'words.txt', '--from', 'nosuch', '--format', 'qemu')
  expect([status, stderr]).toEqual([2, expect.stringMatching(/from must be one of libvirt-xml, /)])
  expect(convert(cwd, 'words.txt', '--from', 'lscpu', '--format', 'qemu').status).toBe(2)
})
