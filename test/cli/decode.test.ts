import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderOf, hostXml, virtCpu } from './virt-cpu.ts'

const dumps = join(import.meta.dirname, '..', 'corpus', 'dumps')

/** A 64-bit Intel CPU as a 32-bit program dumps it: long mode without SYSCALL. */
const leaf = (number: string, words: string) => `CPUID ${number}: ${words}\n`
const PENRYN =
  leaf('00000000', '00000001-756E6547-6C65746E-49656E69') +
  leaf('00000001', '00010676-00000800-000CE3BD-BFEBFBFF') +
  leaf('80000000', '80000001-00000000-00000000-00000000') +
  leaf('80000001', '00000000-00000000-00000001-20100000')

const JSON_CPU = {
  cpuid: [
    [0, 0, 1, 0x756e6547, 0x6c65746e, 0x49656e69],
    [1, 0, 0x10676, 0x800, 0xce3bd, 0xbfebfbff],
  ],
}

const folder = folderOf({
  'penryn.txt': PENRYN,
  'whole.txt': PENRYN.replace('20100000', '20100800'),
  'none.txt': leaf('00000000', '00000000-00000000-00000000-00000000'),
  'host.xml': hostXml('Penryn', ['vmx']),
  'domain.xml': "<domain type='kvm'><name>g</name></domain>",
  'net.xml': '<network/>',
})
const run = (...args: string[]) => virtCpu(['decode', ...args], { cwd: folder })

/** The answer is a document: what there is to know of it is on the other stream. */
const NOTES = /^(note: .*\n)+$/

test('a dump is named as libvirt names that host', () => {
  const { status, stdout, stderr } = run('whole.txt')
  expect([status, stderr]).toEqual([0, expect.stringMatching(NOTES)])
  expect(stdout).toMatch(
    /^<cpu>\n {2}<arch>x86_64<\/arch>\n {2}<model>(core2duo|Penryn)-v1<\/model>\n {2}<vendor>Intel<\/vendor>\n {2}<signature family='6' model='23' stepping='6'\/>\n/,
  )
  expect(stdout).toMatch(/<\/cpu>\n\n$/)
})

test('--as guest', () => {
  expect(run('whole.txt', '--as', 'guest').stdout).toMatch(
    /^<cpu mode='custom' match='exact'>\n {2}<model fallback='forbid'>/,
  )
})

test('a doubtful dump is noted beside the answer', () => {
  const { stdout, stderr } = run('penryn.txt')
  expect(stdout).not.toContain('note:')
  expect(stderr).toMatch(/^note: penryn\.txt: the dump has lm .* without syscall/m)
})

const VIRTUAL = `processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 15
model\t\t: 6
model name\t: Intel(R) Xeon(R) Gold 5120 CPU @ 2.20GHz
stepping\t: 1
flags\t\t: fpu de pse tsc msr pae cx8 sep cmov mmx fxsr sse sse2 syscall nx lm pni ssse3 cx16 f16c hypervisor lahf_lm
`

test('what a hypervisor hides or tells falsely is noted, and models of its vendor alone are compared', () => {
  const place = folderOf({ 'vm.cpuinfo': VIRTUAL, 'bare.cpuinfo': VIRTUAL.replace(' hypervisor', '') })
  const { stderr } = virtCpu(['decode', 'vm.cpuinfo', '--best', '--explain'], { cwd: place })
  expect(stderr).toMatch(/^note: vm\.cpuinfo: f16c cannot work without avx/m)
  expect(stderr).toMatch(
    /^note: vm\.cpuinfo: called Intel\(R\) Xeon\(R\) Gold 5120 .* but its family, model .* 15\.6\.1/m,
  )
  expect(stderr).not.toContain('Opteron')
  expect(virtCpu(['decode', 'bare.cpuinfo', '--best'], { cwd: place }).stderr).not.toContain('cannot work')
})

test('a quoted host-model is the CPU that it is', () => {
  const text = "<mode name='host-model' supported='yes'><model>Haswell</model><vendor>Intel</vendor></mode>\n"
  const { status, stdout } = virtCpu(['decode', 'mode.xml'], { cwd: folderOf({ 'mode.xml': text }) })
  expect([status, stdout]).toEqual([0, expect.stringContaining('<model>Haswell')])
})

test.each(['cpu-compare', 'cpu-baseline', 'hypervisor-cpu-baseline'])('%s takes none, as virsh', command => {
  const text = "<mode name='host-model' supported='yes'><model>Haswell</model><vendor>Intel</vendor></mode>\n"
  const { status, stderr } = virtCpu([command, 'mode.xml'], { cwd: folderOf({ 'mode.xml': text }) })
  expect([status, stderr]).toEqual([1, expect.stringContaining('does not contain any <cpu> element')])
})

test('--explain says why no other model of this silicon', () => {
  const { stdout, stderr } = run('penryn.txt', '--explain')
  expect(stdout).toBe(run('penryn.txt').stdout)
  expect(stderr).toMatch(/^penryn\.txt: n270-v1: not known for this family/)
  expect(stderr).toMatch(/^not Penryn-v1: lacks syscall CPUID\.80000001H:EDX\[11\]/m)
})

test('--bits shows the registers', () => {
  const { stdout } = run('whole.txt', '--bits')
  expect(stdout).toMatch(/^CPUID\.80000001H:EDX +20100800 +syscall nx lm$/m)
  expect(stdout).toMatch(/^CPUID\.01H:ECX +000ce3bd +pni dtes64 monitor /m)
  for (const line of stdout.split('\n'))
    if (line.startsWith('CPUID')) expect(line.length).toBeLessThanOrEqual(100)
})

test('--json', () => {
  const answer = JSON.parse(run('penryn.txt', 'whole.txt', '--json', '--explain').stdout)
  expect(answer.cpus.map((cpu: { source: string }) => cpu.source)).toEqual(['penryn.txt', 'whole.txt'])
  expect(answer.cpus[0]).toMatchObject({ vendor: 'Intel', signature: { family: 6, model: 23, stepping: 6 } })
  expect(answer.cpus[0].notes[0]).toMatchObject({ kind: 'syscall-lost', source: 'penryn.txt' })
})

test('a definition is named anew by its features', () => {
  expect(run('host.xml').stdout).toContain('<model>Penryn-v1</model>')
})

test('where no model fits, the others are answered all the same', () => {
  const { status, stdout, stderr } = run('none.txt', 'whole.txt')
  expect([status, stderr]).toEqual([
    2,
    expect.stringMatching(
      /^error: none\.txt: internal error: Cannot find suitable CPU model for given data: the nearest is \S+, of which it lacks .*; --best takes it, --as guest turns these off\n$/m,
    ),
  ])
  expect(stdout).toMatch(/^<cpu>/)
})

test.each([
  [
    '<cpu><arch>x86_64</arch></cpu>',
    'XML error: Missing CPU model name: the <cpu> names no model, .* /proc/cpuinfo',
  ],
  [
    "<cpu mode='host-passthrough'/>",
    'Cannot find suitable CPU model for given data: the guest has the CPU of its host',
  ],
])('what to do about an error of libvirt: %s', (input, message) => {
  expect(virtCpu(['decode', '-'], { input }).stderr).toMatch(new RegExp(message))
})

test.each([
  ['one object', JSON.stringify(JSON_CPU), 1],
  ['a list', JSON.stringify([JSON_CPU, JSON_CPU]), 2],
  ['one a line', `${JSON.stringify(JSON_CPU)}\n${JSON.stringify(JSON_CPU)}\n`, 2],
])('JSON of the batch contract: %s', (_, text, count) => {
  const { stdout, stderr } = virtCpu(['decode', '-'], { input: text })
  expect(stderr).toMatch(NOTES)
  expect(stdout.match(/<cpu>/g)?.length).toBe(count)
})

test.each([
  ['{"cpuid": [[1]]}', 'error: -: cpuid of CPU 1: rows of 6 numbers are needed, each from 0 to 4294967295\n'],
  ['{"cpuid": [[1, 2,]]}', /^error: -:1:18: not JSON: expected a value, found `\]`\n/],
  ['{"cpuid": []}\n{"cpuid" []}\n', /^error: -:2:10: not JSON: expected `:`, found `\[`\n/],
  ['{"other": 1}', /holds no CPU, host or guest in any format/],
])('JSON that is no CPU: %s', (input, message) => {
  const { status, stderr } = virtCpu(['decode', '-'], { input })
  expect(status).toBe(2)
  if (typeof message === 'string') expect(stderr).toBe(message)
  else expect(stderr).toMatch(message)
})

test.each([
  ['qemu-cpu-help.txt', /: a list of the models of an emulator, .*`virt-cpu models`/],
  ['domain.xml', /this is <domain>, .*`virt-cpu guest check`/],
  ['net.xml', /: holds no CPU, host or guest in any format .* it looks like <network>/],
])('%s holds no CPU: what it is, and which command reads it', (name, message) => {
  const cwd = name.endsWith('.xml') ? folder : join(dumps, '..', 'platforms')
  const { status, stdout, stderr } = virtCpu(['decode', name], { cwd })
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(message)
})

test('what a platform says of a guest is printed as a guest, of hosts as hosts', () => {
  const cwd = join(dumps, '..', 'platforms')
  const guest = virtCpu(['decode', 'proxmox-vm.conf'], { cwd })
  expect([guest.status, guest.stdout]).toEqual([
    0,
    expect.stringMatching(/^<cpu mode='custom' match='exact'>/),
  ])
  const hosts = virtCpu(['decode', 'kubevirt-nodes.json'], { cwd })
  expect([hosts.status, hosts.stdout.match(/<arch>/g)?.length]).toEqual([0, 2])
})

describe('the corpus', () => {
  test('a folder of dumps: each CPU is printed, in order', () => {
    const { status, stdout } = run(dumps, '--json')
    const { cpus } = JSON.parse(stdout)
    expect(status).toBeLessThanOrEqual(2)
    expect(cpus.length).toBeGreaterThan(5)
    const order = cpus.map((cpu: { source: string }) => cpu.source)
    expect(order).toEqual([...order].sort())
  })

  test('a dump is a host of a pool', () => {
    const { status, stdout, stderr } = virtCpu(['cpu-baseline', join(dumps, 'cpuid-r-1.txt'), '--explain'])
    expect([status, stderr.startsWith('model: ')]).toEqual([0, true])
    expect(stdout).toMatch(/^<cpu mode='custom' match='exact'>/)
  })
})
