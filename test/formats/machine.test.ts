import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CpuidRow } from '../../src/core/cpuid.ts'
import { decodeBytes as textOf } from '../../src/formats/decode-bytes.ts'
import { dialectOf, readText } from '../../src/formats/dialects.ts'
import { isCpuidRecords, parseCpuidRecords } from '../../src/formats/dumps/cpuid-r.ts'
import { stableRow } from '../../src/formats/dumps/dump.ts'
import { parseLoaderDiagnostics } from '../../src/formats/dumps/ld-so.ts'
import { parseLscpu } from '../../src/formats/dumps/lscpu.ts'
import {
  microcodeOf,
  parseCpuInfo,
  parseProcCpuinfo,
  physicalBitsOf,
} from '../../src/formats/dumps/proc-cpuinfo.ts'
import { contextOf } from '../../src/questions/context.ts'
import { decodeText } from '../../src/questions/decode/question.ts'
import { machineOf } from '../../src/questions/input/definition-of.ts'
import { dumpsOf } from './corpus.ts'

const folder = join(import.meta.dirname, '..', 'corpus', 'machine')
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const bytes = (): Uint8Array => readFileSync(join(folder, 'dev-cpu-0-cpuid.bin'))

const told = new Map(
  dumpsOf(read('cpuid-r.txt'))[0]
    ?.data.rows()
    .map(row => [`${row[0]}.${row[1]}`, stableRow(row)]),
)
/** Those rows that are not what `cpuid -r` says; rows that it does not print count where they are not zero. */
const wrong = (rows: readonly CpuidRow[] = []) =>
  rows
    .map(row => [stableRow(row), told.get(`${row[0]}.${row[1]}`) ?? [row[0], row[1], 0, 0, 0, 0]])
    .filter(([ours, theirs]) => String(ours) !== String(theirs))

const decoded = (name: string) => decodeText(contextOf(), read(name))
const featuresIn = (xml: string): string[] => [...xml.matchAll(/<feature name='(.*?)'/g)].map(m => m[1] ?? '')

test.each([
  ['ld.so-2.36.txt', 'ld.so'],
  ['ld.so-2.40.txt', 'ld.so'],
  ['proc-cpuinfo.txt', 'proc-cpuinfo'],
  ['lscpu.json', 'lscpu'],
  ['lscpu.txt', 'lscpu'],
])('%s is known for what it is, and is one CPU', (name, format) => {
  expect(dialectOf(read(name))?.name).toBe(format)
  expect(dumpsOf(read(name))).toHaveLength(1)
  expect(readText(read(name))).toMatchObject([{ kind: 'dump' }])
})

describe('ld.so --list-diagnostics', () => {
  test('since glibc 2.40: every word of every CPU, and what cpuid -r is decoded to', () => {
    const dumps = parseLoaderDiagnostics(read('ld.so-2.40.txt'))
    expect(dumps.map(({ label }) => label)).toEqual(['CPU 0', 'CPU 1'])
    for (const { data } of dumps) expect(wrong(data.rows())).toEqual([])
    expect(dumps[1]?.data.rows().find(([leaf]) => leaf === 1)?.[3]).toBe(0x0102_0800)
    expect(decoded('ld.so-2.40.txt').xml).toBe(decoded('cpuid-r.txt').xml)
  })

  test('before: the leaves that glibc keeps, and a note', () => {
    const [dump] = parseLoaderDiagnostics(read('ld.so-2.36.txt'))
    expect(wrong(dump?.data.rows())).toEqual([])
    expect(
      dump?.data
        .rows()
        .map(([leaf, subleaf]) => `${leaf.toString(16)}.${subleaf}`)
        .join(' '),
    ).toBe('0.0 1.0 7.0 7.1 d.1 14.0 19.0 80000001.0 80000007.0 80000008.0')
    expect(dump?.notes).toEqual([expect.stringMatching(/^glibc older than 2\.40 tells leaves 1, 7, /)])
  })

  const line = 'x86.processor[0x0].cpuid'
  test('subleaves of a range answer as its first, but for what ECX repeats', () => {
    const [dump] = parseLoaderDiagnostics(`
${line}.eax[0x0].eax=0x4
${line}.eax[0x1].eax=0x6
${line}.subleaf_eax[0x4].ecx[0x0].eax=0x1
${line}.subleaf_eax[0x4].ecx[0x0].ecx=0x100
${line}.subleaf_eax[0x4].ecx[0x0].until_ecx=0x2
${line}.subleaf_eax[0x4].ecx[0x0].ecx_query_mask=0xff
${line}.eax[0x80000000].eax=0x80000000
`)
    expect(dump?.data.rows().filter(([leaf]) => leaf === 4)).toEqual([
      [4, 0, 1, 0, 0x100, 0],
      [4, 1, 1, 0, 0x101, 0],
      [4, 2, 1, 0, 0x102, 0],
      [4, 3, 0, 0, 0, 0],
    ])
  })

  test('a vendor that glibc does not name is none', () => {
    const text = read('ld.so-2.36.txt').replace('basic.kind=0x2', 'basic.kind=0x4')
    const [dump] = parseLoaderDiagnostics(text)
    expect(dump?.data.rows()[0]).toEqual([0, 0, 0x1c, 0, 0, 0])
    expect(dump?.notes[1]).toMatch(/does not tell which vendor/)
  })

  test.each([
    'x86.processor[0x0].cpuid.eax[0x1].ebx=',
    'x86.processor[0x0].cpuid.eax[0x1].ebx=0x1ffffffff',
    'x86.processor[0x2].cpuid.eax[0x1].ebx=0x1',
    'x86.processor[].requested=0x1',
    'x86.cpu_features.features[0x0].cpuid[0x0]=b00f21',
  ])('%s is an error with its place', bad => {
    expect(() => parseLoaderDiagnostics(`dl_hwcap=0x2\n${bad}\n`, 'host')).toThrow(/^host:2:1: /)
  })

  test('other machines have none', () => {
    expect(parseLoaderDiagnostics('aarch64.cpu_features.midr_el1=0x413fd0c1\n')).toEqual([])
  })
})

describe.each([
  ['/proc/cpuinfo', 'proc-cpuinfo.txt', parseProcCpuinfo],
  ['lscpu -J', 'lscpu.json', parseLscpu],
  ['lscpu', 'lscpu.txt', parseLscpu],
])('%s', (_, name, parse) => {
  const [dump] = parse(read(name))

  test('has no bit that the CPU has not', () => {
    for (const [leaf, subleaf, ...words] of dump?.data.rows() ?? []) {
      const truth = told.get(`${leaf}.${subleaf}`)?.slice(2) ?? []
      if (leaf === 0) expect(words.slice(1)).toEqual(truth.slice(1))
      else expect(words.map((word, i) => (word & ~(truth[i] ?? 0)) >>> 0)).toEqual([0, 0, 0, 0])
    }
  })

  test('is decoded to the CPU without what Linux does not show, and says so', () => {
    const [all, found] = [decoded('cpuid-r.txt'), decoded(name)]
    expect([found.model, found.vendor, found.signature]).toEqual([all.model, all.vendor, all.signature])
    const features = new Set(featuresIn(found.xml))
    expect(featuresIn(all.xml).filter(feature => !features.has(feature))).toEqual([
      'cet-ss',
      'stibp-always-on',
      'amd-psfd',
      'lfence-always-serializing',
      'tsa-sq-no',
      'tsa-l1-no',
    ])
    expect(found.notes).toContainEqual(
      expect.objectContaining({ text: expect.stringMatching(/^approximate, /) }),
    )
  })
})

test("Linux's own words mean what the vendor's bits are", () => {
  const of = (vendor: string, flags: string) =>
    parseProcCpuinfo(`processor: 0\nvendor_id : ${vendor}\nflags : ${flags}\nbugs :\n`)[0]
      ?.data.rows()
      .slice(2)
  expect(of('GenuineIntel', 'ibrs ibpb stibp ssbd')).toEqual([[7, 0, 0, 0, 0, 0x8c00_0000]])
  expect(of('AuthenticAMD', 'ibrs ibpb stibp ssbd')).toEqual([[0x8000_0008, 0, 0, 0xd000, 0, 0]])
  // Words that Linux shows no longer, but old kernels of distributions do.
  expect(of('GenuineIntel', 'spec_ctrl intel_stibp')).toEqual([[7, 0, 0, 0, 0, 0x0c00_0000]])
  expect(of('GenuineIntel', 'nonstop_tsc')).toEqual([[0x8000_0007, 0, 0, 0, 0, 0x100]])
})

test('/proc/cpuinfo also tells microcode and address width, of each CPU', () => {
  const cpus = parseCpuInfo(read('proc-cpuinfo.txt'))
  expect(cpus.map(cpu => cpu.get('processor'))).toEqual(['0', '1'])
  expect([microcodeOf(cpus[0]), physicalBitsOf(cpus[0])]).toEqual([0x100_0065, 48])
  expect([microcodeOf(new Map()), physicalBitsOf(undefined)]).toEqual([undefined, undefined])
})

test.each([
  ['aarch64', 'ARM', 'Ampere(R) Altra(R) Processor', 'Neoverse-N1'],
  ['aarch64', 'ARM', '-\nBIOS Model name: AWS Graviton3 CPU @ 2.6GHz', 'Neoverse-V1'],
  ['aarch64', 'HiSilicon', 'Kunpeng 920-6426', 'Kunpeng-920'],
  ['ppc64le', 'IBM', 'POWER9 (architected)\nModel: 2.3 (pvr 004e 1203)', 'POWER9'],
])('lscpu without modes, of %s: %s, %s', (arch, vendor, name, model) => {
  const lines = `Byte Order: Little Endian\nCPU(s): 2\nVendor ID: ${vendor}\nModel name: ${name}\nFlags: fp asimd cpuid\n`
  for (const text of [`Architecture: ${arch}\n${lines}`, ...(arch === 'aarch64' ? [lines] : [])]) {
    const [found] = readText(text)
    if (found?.kind !== 'registers') throw new Error(`${found?.kind}`)
    const { dumps } = found
    expect(machineOf(contextOf(), dumps, true).value.model).toBe(model)
  }
})

/** How platforms say what an ARM host is called. */
const ARM_DOCUMENTS: readonly (readonly [string, (name: string) => string])[] = [
  [
    'Incus',
    name =>
      JSON.stringify({
        architecture: 'aarch64',
        sockets: [{ name, vendor: 'x', cores: [{ threads: [{ id: 0 }], flags: ['fp', 'asimd'] }] }],
      }),
  ],
  [
    'Prometheus',
    name =>
      `node_cpu_info{cpu="0",model_name="${name}",vendor=""} 1\nnode_uname_info{machine="aarch64",nodename="a"} 1\n` +
      'node_cpu_flag_info{flag="fp"} 1\nnode_cpu_flag_info{flag="asimd"} 1\n',
  ],
  [
    'OpenNebula',
    name =>
      JSON.stringify({
        HOST: { NAME: 'a', TEMPLATE: { ARCH: 'aarch64', MODELNAME: name, KVM_CPU_MODEL: '' } },
      }),
  ],
]

describe.each(ARM_DOCUMENTS)('%s says of an ARM host what it is called', (_, documentOf) => {
  test.each([
    ['Ampere(R) Altra(R) Processor Q80-30', 'Neoverse-N1', 'ARM'],
    ['Neoverse-N1', 'Neoverse-N1', 'ARM'],
    ['AWS Graviton3', 'Neoverse-V1', 'ARM'],
    ['NVIDIA Grace A02', 'Neoverse-V2', 'ARM'],
    ['Kunpeng-920', 'Kunpeng-920', 'HiSilicon'],
    ['Cortex-A76', 'cortex-a76', 'ARM'],
    ['Phytium,FT-2000+/64', 'FT-2000+', 'Phytium'],
  ])('%s: its core is %s', (name, model, vendor) => {
    expect(readText(documentOf(name))).toMatchObject([{ kind: 'statement', model, vendor }])
  })

  // Both AmpereOne's and AmpereOneX's cores; another core than FT-2000+; two products; no core at all.
  test.each([
    'Ampere(R) AmpereOne(R) A192-32X Processor',
    'Phytium FT-2000/4',
    'Altra or Graviton3',
    'virt-8.2',
  ])('%s: no core is guessed', name => {
    const [found] = readText(documentOf(name))
    expect(found).toMatchObject({ kind: 'statement', brand: name })
    expect(found?.kind === 'statement' ? found.model : '').toBeUndefined()
  })
})

test('lscpu of newer util-linux nests its fields', () => {
  const nested = JSON.stringify({
    lscpu: [
      {
        field: 'Vendor ID:',
        data: 'GenuineIntel',
        children: [
          { field: 'Model name:', data: 'x', children: [{ field: 'CPU family:', data: '6' }] },
          { field: 'Model:', data: '143' },
          { field: 'Flags:', data: 'avx2' },
        ],
      },
    ],
  })
  expect(parseLscpu(nested)[0]?.data.rows()).toContainEqual([1, 0, 0x806f0, 0, 0, 0])
})

test.each([
  [
    parseProcCpuinfo,
    'processor : 0\nBogoMIPS : 50.00\nFeatures : fp asimd\n',
    /^f: no x86 CPU in this \/proc/,
  ],
  [
    parseLscpu,
    '{"lscpu": [{"field": "Vendor ID:", "data": "ARM"}]}',
    /^f: no x86 CPU in this output of lscpu/,
  ],
  [parseLscpu, '{"lscpu": [{"field": "Vendor ID:" "data": "ARM"}]}', /^f:1:\d+: /],
])('of another architecture, or broken: a clear error (%#)', (parse, text, message) => {
  expect(() => parse(text, 'f')).toThrow(message)
})

describe('records of /dev/cpu/N/cpuid', () => {
  test('are leaves from 0 on, and from the beginning of another range on', () => {
    const rows = parseCpuidRecords(bytes()).rows()
    expect(isCpuidRecords(bytes())).toBe(true)
    expect(wrong(rows)).toEqual([])
    expect(rows).toHaveLength(29 + 34)
  })

  test('read as text are what cpuid -r prints', () => {
    const [dump] = dumpsOf(textOf(bytes()))
    expect(dump?.data.rows()).toEqual(parseCpuidRecords(bytes()).rows())
  })

  test('text is none, nor is what does not begin with leaf 0', () => {
    expect(isCpuidRecords(Buffer.from('CPUID 00000000: 0'.padEnd(32)))).toBe(false)
    expect(isCpuidRecords(bytes().subarray(16))).toBe(false)
    expect(isCpuidRecords(bytes().subarray(0, 40))).toBe(false)
    expect(isCpuidRecords(new Uint8Array(32))).toBe(false)
  })
})
