import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CLI, folderOf, hostXml, virtCpu } from './virt-cpu.ts'

const A = hostXml('Penryn', ['vmx'])
const B = hostXml('Nehalem', ['vmx', 'ds'])
const folder = folderOf({
  'a.xml': A,
  'b.xml': B,
  'both.xml': A + B,
  'empty.xml': '',
  'text.txt': 'nothing here\n',
  'image.bin': Uint8Array.from({ length: 4096 }, (_, i) => (i * 7 + 1) % 256),
  'broken.xml': '<cpu><arch>x86_64</arch><model>Penryn</cpu>\n',
  'nul.xml': `${A}\0<garbage`,
  'latin1.xml': Buffer.from('<cpu><arch>x86_64</arch><model>caf\xe9</model></cpu>', 'latin1'),
})
const run = (args: string[], input?: string) => virtCpu(args, { cwd: folder, ...(input ? { input } : {}) })
const BOTH = run(['cpu-baseline', 'a.xml', 'b.xml']).stdout

const NO_CPU = (file: string) =>
  `error: File '${file}' does not contain any <cpu> element or valid domain XML, host capabilities XML, or domain capabilities XML\n`

describe('files that hold no CPU, in virsh’s words', () => {
  test.each([
    ['missing.xml', "error: Failed to open file 'missing.xml': No such file or directory\n"],
    ['a.xml/x', "error: Failed to open file 'a.xml/x': Not a directory\n"],
    ['empty.xml', NO_CPU('empty.xml')],
    ['text.txt', NO_CPU('text.txt')],
    ['/dev/null', NO_CPU('/dev/null')],
    [
      'broken.xml',
      'error: at line 1: Opening and ending tag mismatch: model line 1 and cpu\n' +
        '<container><cpu><arch>x86_64</arch><model>Penryn</cpu>\n' +
        `${'-'.repeat(54)}^\n`,
    ],
    [
      'latin1.xml',
      'error: at line 1: Input is not proper UTF-8, indicate encoding !\nBytes: 0xE9 0x3C 0x2F 0x6D\n' +
        '<container><cpu><arch>x86_64</arch><model>caf\ufffd</model></cpu></container>\n' +
        `${'-'.repeat(45)}^\n`,
    ],
  ])('%s', (file, stderr) => {
    for (const command of ['cpu-baseline', 'cpu-compare']) {
      expect(run([command, file])).toEqual({ status: 1, stdout: '\n', stderr })
    }
  })

  test.each(['image.bin', process.execPath])('%s ends in an error of a few lines', file => {
    for (const command of ['cpu-baseline', 'decode']) {
      const { status, stderr } = run([command, file])
      expect(status).toBe(command === 'decode' ? 2 : 1)
      expect(stderr).toMatch(/^error: /)
      expect(stderr).not.toMatch(/\n\s+at |\.ts|\.cjs:/)
    }
  })
})

test('what follows a NUL is not looked at', () => {
  expect(run(['cpu-baseline', 'nul.xml']).stdout).toBe(run(['cpu-baseline', 'a.xml']).stdout)
})

test('one file with two CPUs, two files, standard input, a pipe: the same answer', () => {
  expect(run(['cpu-baseline', 'both.xml']).stdout).toBe(BOTH)
  expect(run(['cpu-baseline', '-'], A + B).stdout).toBe(BOTH)
  expect(run(['cpu-baseline', 'a.xml', '-'], B).stdout).toBe(BOTH)
  const piped = spawnSync(
    'bash',
    ['-c', `cat a.xml b.xml | '${process.execPath}' '${CLI}' cpu-baseline /dev/stdin`],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  )
  expect(piped.stdout).toBe(BOTH)
})

test('an XML fault on standard input is in libxml2’s words too', () => {
  expect(run(['cpu-baseline', '-'], '<cpu>').stderr).toMatch(
    /^error: at line 1: Opening and ending tag mismatch: cpu/,
  )
})

describe('a directory', () => {
  mkdirSync(join(folder, 'pool', 'rack-1'), { recursive: true })
  mkdirSync(join(folder, 'pool', '.hidden'))
  mkdirSync(join(folder, 'pool', 'rack'))
  writeFileSync(join(folder, 'pool', 'rack', 'b.xml'), B)
  writeFileSync(join(folder, 'pool', 'rack-1', 'a.xml'), A)
  writeFileSync(join(folder, 'pool', 'README'), 'two hosts\n')
  for (const hidden of ['.hidden/x.xml', '.x.xml']) writeFileSync(join(folder, 'pool', hidden), '<')
  symlinkSync('..', join(folder, 'pool', 'up'))
  symlinkSync('../a.xml', join(folder, 'pool', 'z.xml'))

  test('stands for its files in bytewise order, without dot-files and linked directories', () => {
    const { stdout, stderr } = run(['cpu-baseline', 'pool', '--json', '--explain'])
    const answer = JSON.parse(stdout)
    expect([answer.explain.hostCount, stderr]).toEqual([3, ''])
    expect(answer.explain.lost.flatMap((lost: { hosts: string[] }) => lost.hosts)).toContain(
      'pool/rack-1/a.xml',
    )
    expect(answer.notes[0]).toMatchObject({ kind: 'file-without-cpu', source: 'pool/README' })
    const order = run(['decode', 'pool', '--json'])
    expect(JSON.parse(order.stdout).cpus.map((cpu: { source: string }) => cpu.source)).toEqual([
      'pool/rack-1/a.xml',
      'pool/rack/b.xml',
      'pool/z.xml',
    ])
  })

  test('a file in it that does not parse is skipped, and named', () => {
    mkdirSync(join(folder, 'bad'))
    writeFileSync(join(folder, 'bad', 'x.xml'), '<cpu>')
    const { status, stderr } = run(['cpu-baseline', 'bad', 'a.xml'])
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^note: bad\/x\.xml: skipped: line 1: /)])
  })

  test('a directory without a CPU is no pool', () => {
    mkdirSync(join(folder, 'none'))
    expect(run(['cpu-baseline', 'none']).stderr).toBe('error: invalid argument: no CPUs given\n')
  })
})

test('hosts of one file are called by their number', () => {
  const { stderr } = run(['cpu-baseline', 'both.xml', '--explain'])
  expect(stderr).toMatch(/^ {2}not on both\.xml#1:\n(?: {4}.*\n)* {4}ds /m)
})

test('more than 256 CPUs, and more than 10 MiB, are no matter', () => {
  const padding = `<!--${'x'.repeat(5000)}-->`
  const { status, stdout } = run(['cpu-baseline', '-'], `${A}${padding}`.repeat(2500))
  expect([status, stdout]).toEqual([0, run(['cpu-baseline', 'a.xml']).stdout])
})

test('cpu-compare says which file of several is no XML, and which host', () => {
  mkdirSync(join(folder, 'mixed'))
  writeFileSync(join(folder, 'mixed', 'bad.xml'), '<cpu')
  const several = run(['cpu-compare', 'mixed/bad.xml', 'a.xml', '--host', 'both.xml'])
  expect(several.stderr).toMatch(/^error: Failed to read 'mixed\/bad\.xml'\nerror: at line 1: /)
  const host = run(['cpu-compare', 'both.xml', '--host', 'mixed/bad.xml'])
  expect(host.stderr).toContain("Failed to read 'mixed/bad.xml'")
})

test('what is no text is unpacked, or told for what it is', () => {
  const cpu = '<cpu><arch>x86_64</arch><model>Penryn</model><vendor>Intel</vendor></cpu>'
  const files = folderOf({
    'fleet.xml.gz': gzipSync(cpu),
    'cut.xml.gz': gzipSync(cpu).subarray(0, 30),
    'windows.xml': Buffer.from(`\ufeff${cpu}`, 'utf16le'),
    'fleet.xz': Buffer.from('fd377a585a0000', 'hex'),
    'fleet.tgz': gzipSync(Buffer.concat([Buffer.alloc(257), Buffer.from('ustar')])),
  })
  const ran = (...args: string[]) => virtCpu(args, { cwd: files })
  expect(ran('decode', 'fleet.xml.gz').stdout).toContain('<model>Penryn-v1</model>')
  expect(ran('decode', 'windows.xml').stdout).toContain('<model>Penryn-v1</model>')
  expect(ran('decode', 'cut.xml.gz').stderr).toBe('error: cut.xml.gz: a gzip file that is cut or damaged\n')
  expect(ran('decode', 'fleet.xz').stderr).toBe('error: fleet.xz: xz: unpack it first (unxz fleet.xz)\n')
  expect(ran('decode', 'fleet.tgz').stderr).toContain('a tar archive: unpack it first (tar xzf fleet.tgz)')
  expect(ran('cpu-baseline', 'windows.xml').status).toBe(1)
})

test('a directory without any CPU is an error, not silence', () => {
  const files = folderOf({ 'text.txt': 'nothing here' })
  expect(virtCpu(['decode', '.'], { cwd: files })).toEqual({
    status: 2,
    stdout: '',
    stderr: 'error: no CPU in .\n',
  })
})
