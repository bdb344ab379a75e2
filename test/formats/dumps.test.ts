import { expect, test } from 'vitest'
import { Cpuid, type CpuidRow } from '../../src/core/cpuid.ts'
import { ParseError } from '../../src/core/parse-error.ts'
import { parseAida64, parseLibcpuid } from '../../src/formats/dumps/aida64.ts'
import { parseCpuidR, printCpuidR } from '../../src/formats/dumps/cpuid-r.ts'
import { dumpCorpus, dumpsOf } from './corpus.ts'

const corpus = dumpCorpus()
const [reference] = dumpsOf(corpus.get('cpuid-r-1') ?? '')
const keys = (rows: readonly CpuidRow[] = []) => rows.map(row => `${row[0].toString(16)}.${row[1]}`).join(' ')

/** Rows that are all zero are as good as absent, and the arrays of libcpuid are full of them. */
const nonZero = (rows: readonly CpuidRow[] = []) => rows.filter(row => row.slice(2).some(word => word !== 0))

test.each([...corpus])('%s holds the same one CPU', (_, text) => {
  const dumps = dumpsOf(text)
  expect(dumps).toHaveLength(1)
  expect(nonZero(dumps[0]?.data.rows())).toEqual(nonZero(reference?.data.rows()))
})

test.each([
  ['aida64-headings', ['Logical CPU #0', 'Logical CPU #1']],
  ['aida64-shared-msrs', ['Logical CPU #0', 'Logical CPU #1']],
  ['aida64-tabs', ['CPU #1', 'CPU #2']],
  ['aida64-affinity-masks', ['CPU#000', 'CPU#001']],
  ['aida64-no-headings-crlf', ['0', '1']],
  ['libcpuid-serialized', ['Logical CPU #0', 'Logical CPU #1']],
  ['libcpuid-arrays', ['0']],
  ['cpuid-r', ['CPU 0', 'CPU 1']],
  ['cpuid-r-1', ['0']],
])('%s names its CPUs', (name, cpus) => expect(dumpsOf(corpus.get(name) ?? '')[0]?.cpus).toEqual(cpus))

test('MSRs: those that enumerate features, of each CPU or of all', () => {
  for (const name of ['aida64-headings', 'aida64-shared-msrs']) {
    expect(dumpsOf(corpus.get(name) ?? '')[0]?.data.msrs()).toEqual([
      [0x10a, 0x2b, 1],
      [0x490, 0x11fb, 0x3ffff],
    ])
    expect(parseAida64(corpus.get(name) ?? '').map(dump => dump.data.msrs().length)).toEqual([3, 3])
  }
})

/** The forms in which tools of other ages and languages write the same lines. */
const LAYOUTS: readonly (readonly [name: string, write: (text: string) => string])[] = [
  ['CRLF', text => text.replace(/\r?\n/g, '\r\n')],
  ['an indent', text => text.replace(/^/gm, '   ')],
  ['tabs for colons', text => text.replace(COLON, '$1  \t')],
  ['a blank before the colon, none behind', text => text.replace(COLON, '$1 :')],
  ['no colon', text => text.replace(COLON, '$1 ')],
  ['blanks between words', text => text.replace(/(?<=^CPUID.*[0-9a-f]{8})-/gim, ' ')],
  ['commas between words', text => text.replace(/(?<=^CPUID.*[0-9a-f]{8})-/gim, ', ')],
  ['0x', text => text.replace(/^CPUID ([0-9a-f]{8})h?/gim, 'CPUID 0x$1')],
  [
    'headings in parentheses',
    text => text.replace(/^-+\[ (Logical CPU #\d+) \]-+/gm, 'CPUID Registers ($1):'),
  ],
  ['virtual CPUs', text => text.replace(/^-+\[ (Logical CPU #\d+) \]-+/gm, 'CPUID Registers ($1 Virtual):')],
]
const COLON = /^((?:CPUID|MSR) [0-9a-f]{8})h?:? *\t?/gim

test.each(
  LAYOUTS.flatMap(([layout, write]) =>
    [...corpus].flatMap(([name, text]) =>
      name.startsWith('aida64') ? [[name, layout, write(text)] as const] : [],
    ),
  ),
)('%s with %s reads the same', (name, _, text) => {
  const plain = parseAida64(corpus.get(name) ?? '')
  expect(parseAida64(text)).toEqual(plain)
  expect(dumpsOf(text)).toEqual(dumpsOf(corpus.get(name) ?? ''))
})

test.each([
  ['German', 'Logischer Prozessor', 'MSR-Register'],
  ['French', 'Processeur logique', 'Registres MSR'],
  ['Russian', 'Логический процессор', 'Регистры MSR'],
])('headings in %s tell CPUs apart', (_, cpu, registers) => {
  for (const name of ['aida64-headings', 'aida64-shared-msrs']) {
    const text = corpus.get(name) ?? ''
    const translated = text.replaceAll('Logical CPU', cpu).replaceAll('MSR Registers', registers)
    expect(parseAida64(translated)).toEqual(
      parseAida64(text).map(dump => ({ ...dump, label: dump.label.replace('Logical CPU', cpu) })),
    )
  }
})

const ROW = '00000001-00000002-00000003-00000004'
const firstKeys = (text: string) => keys(parseAida64(text)[0]?.data.rows())

test('a row without a subleaf is the next of its leaf, and one above the maximum is left out', () => {
  const text = `CPUID 00000000: 00000007-00000000-00000000-00000000
CPUID 00000004: ${ROW}
CPUID 00000004: ${ROW}
CPUID 00000007: ${ROW} [SL 02]
CPUID 00000008: ${ROW}
CPUID 20000000: ${ROW}
CPUID 40000000: ${ROW}
CPUID 80000000: 80000001-00000000-00000000-00000000
CPUID 80000002: ${ROW}
CPUID 8FFFFFFF: ${ROW}
CPUID C0000001: ${ROW}`
  expect(firstKeys(text)).toBe('0.0 4.0 4.1 7.2 40000000.0 80000000.0 8fffffff.0 c0000001.0')
})

test('of two rows with one key the first counts, and a difference is noted', () => {
  const other = '00000001-00000002-00000003-00000005'
  const text = `CPUID 0000000D: ${ROW} [SL 01]\nCPUID 0000000D: ${other} [SL 01]\n`
  const [dump] = parseAida64(text)
  expect(dump?.data.rows()).toEqual([[0xd, 1, 1, 2, 3, 4]])
  expect(dump?.notes).toEqual(['leaf dH subleaf 1 is given twice: the first counts'])
})

test('rows are ordered, whatever the order of the text; digits of either case, any white space', () => {
  const text = `  cpuid 80000001h :  abcdef01-ABCDEF02-00000000-FFFFFFFF\t[x]\nCPUID 00000001:\t${ROW}   `
  expect(parseAida64(text)[0]?.data.rows()).toEqual([
    [1, 0, 1, 2, 3, 4],
    [0x8000_0001, 0, 0xabcd_ef01, 0xabcd_ef02, 0, 0xffff_ffff],
  ])
})

test.each([
  [parseAida64, 'x\n  CPUID 00000001: 00000001-00000002-00000003'],
  [parseAida64, 'x\n  CPUID 00000001: 00000001-00000002-00000003-0000000G'],
  [parseAida64, 'x\n  CPUID 00000001: 00000001-00000002-00000003-00000004-00000005'],
  [parseAida64, 'x\n  CPUID 0000001: 00000001-00000002-00000003-00000004'],
  [parseAida64, 'x\n  MSR 0000010A: 0000-0000-0000'],
  [parseAida64, 'x\n  MSR 0000010A:'],
  [parseLibcpuid, 'x\n  basic_cpuid[0]=00000001 68747541 444d4163'],
  [parseLibcpuid, 'x\n  intel_fn4[]=00000001 68747541 444d4163 00000000'],
  [parseCpuidR, 'x\n  0x00000001 0x00: eax=0x00000001 ebx=0x00000002 ecx=0x00000003'],
])('a line that is not complete is an error with its place (%#)', (parse, text) => {
  const error = (() => {
    try {
      return parse(text, 'host.txt')
    } catch (caught) {
      return caught
    }
  })()
  expect(error).toBeInstanceOf(ParseError)
  expect(error).toMatchObject({ source: 'host.txt', line: 2, column: 3 })
})

test('a text without registers holds no CPU', () => {
  for (const parse of [parseAida64, parseLibcpuid, parseCpuidR]) {
    expect(parse('CPUID Manufacturer : GenuineIntel\nCPUID Revision : 000306C4h\nCPU 0:\n')).toEqual([])
  }
  expect(dumpsOf('nothing')).toEqual([])
})

test('cpuid -r: what is printed is what is read', () => {
  const text = corpus.get('cpuid-r-1') ?? ''
  expect(printCpuidR(parseCpuidR(text)[0]?.data ?? Cpuid.empty)).toBe(text)
})
