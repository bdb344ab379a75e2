import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { virtCpu } from './virt-cpu.ts'

const cwd = join(import.meta.dirname, '..', 'corpus', 'machine')
const run = (...args: string[]) => virtCpu(args, { cwd })
const xmlOf = (file: string): string => run('decode', file).stdout.split('</cpu>')[0] ?? ''

test.each([
  ['ld.so-2.40.txt', /^note: ld\.so-2\.40\.txt: read inside a virtual machine/],
  ['ld.so-2.36.txt', /note: ld\.so-2\.36\.txt: glibc older than 2\.40 tells leaves/],
  ['proc-cpuinfo.txt', /note: proc-cpuinfo\.txt: approximate, from Linux's flags/],
  ['lscpu.json', /note: lscpu\.json: approximate, from Linux's flags/],
  ['lscpu.txt', /note: lscpu\.txt: approximate, from Linux's flags/],
  ['dev-cpu-0-cpuid.bin', /note: dev-cpu-0-cpuid\.bin: the dump has no leaf 0DH subleaf 1/],
])('decode %s', (file, note) => {
  const { status, stdout, stderr } = run('decode', file)
  expect(status).toBe(0)
  expect(stdout).toContain(
    "<model>kvm64-v1</model>\n  <vendor>AMD</vendor>\n  <signature family='25' model='17'",
  )
  expect(stderr).toMatch(note)
})

test('what tells all words is the CPU of cpuid -r', () => {
  expect(xmlOf('ld.so-2.40.txt')).toBe(xmlOf('cpuid-r.txt'))
})

test('all of them are one pool, and hosts to compare with', () => {
  const files = ['cpuid-r.txt', 'ld.so-2.36.txt', 'proc-cpuinfo.txt', 'lscpu.json', 'dev-cpu-0-cpuid.bin']
  expect(run('cpu-baseline', ...files).status).toBe(0)
  for (const file of files) {
    const { stdout } = run('cpu-compare', file, '--host', 'cpuid-r.txt')
    expect(stdout).toMatch(/^(Host CPU is a superset of|CPU described in .* is identical to host CPU)/)
  }
})

const DEVICE = '/dev/cpu/0/cpuid'
const mayRead = (() => {
  try {
    accessSync(DEVICE, constants.R_OK)
    return true
  } catch {
    return false
  }
})()

test.skipIf(!mayRead)(`${DEVICE} is read as a device, which has no end (root may)`, () => {
  const { status, stdout } = run('decode', DEVICE)
  expect([status, stdout.split('\n', 1)]).toEqual([0, ['<cpu>']])
})

test('a page about features is no dump of any tool', () => {
  const { status, stderr } = virtCpu(['decode', '-'], { input: 'Features: many\nprocessor: see below\n' })
  expect([status, stderr]).toEqual([2, expect.stringContaining('holds no CPU, host or guest')])
})
