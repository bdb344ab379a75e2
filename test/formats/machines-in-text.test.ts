import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readText } from '../../src/formats/dialects.ts'
import type { Found } from '../../src/formats/found.ts'

const corpus = (path: string): string => readFileSync(join(import.meta.dirname, '..', 'corpus', path), 'utf8')

/** A text as a terminal of that width shows it. */
const folded = (text: string, width: number): string =>
  text
    .split('\n')
    .map(line => line.replace(/\t+/g, found => ' '.repeat(found.length > 1 ? 8 : 4)))
    .flatMap(line => line.match(new RegExp(`.{1,${width}}`, 'g')) ?? [''])
    .join('\n')

/** As lscpu folds its values by itself. */
const foldedByLscpu = (text: string, width: number): string =>
  text.replace(/^( *Flags: +)(.*)$/m, (_, head: string, list: string) => {
    const rows = list.match(new RegExp(`.{1,${width - head.length}}`, 'g')) ?? []
    return rows.map((row, i) => (i === 0 ? head : ' '.repeat(head.length)) + row).join('\n')
  })

const words = (found: readonly Found[]) =>
  found.map(one => (one.kind === 'dump' ? one.dumps.map(({ data }) => [data.rows(), data.msrs()]) : one))

const [cpuinfo, lscpu, json] = ['machine/proc-cpuinfo.txt', 'machine/lscpu.txt', 'machine/lscpu.json'].map(
  corpus,
)

describe('texts one after the other', () => {
  test.each([
    'machine/proc-cpuinfo.txt',
    'machine/lscpu.txt',
    'machine/lscpu.json',
    'machine/cpuid-r.txt',
    'dumps/cpuid-r.txt',
    'dumps/aida64-headings.txt',
    'machines/neoverse-n1.cpuinfo.txt',
    'machines/power9.cpuinfo.txt',
    'machines/rv64.cpuinfo.txt',
    'machines/z15.cpuinfo.txt',
    'xml/capabilities.xml',
  ])('%s', path => {
    const text = corpus(path)
    const one = readText(text)
    expect(words(readText(`${text}\n${text}\n${text}`))).toEqual(words([...one, ...one, ...one]))
  })

  test('CPUs of two kinds of silicon are of two machines', () => {
    const text = corpus('dumps/cpuid-r-1.txt').replace(/^CPU.*\n/gm, '')
    const other = text.replace(/(0x00000001 0x00: eax=)0x\w+/, '$10x00830f10')
    expect(readText(text + other)).toHaveLength(2)
    expect(readText(text + text)).toHaveLength(1)
  })

  test('a fault is told at its line', () => {
    const bad = corpus('machines/neoverse-n1.cpuinfo.txt').replace('CPU part', 'CPU bart')
    const good = corpus('machines/neoverse-n1.cpuinfo.txt')
    const line = good.split('\n').length
    expect(() => readText(good + bad, 'x')).toThrow(`x:${line}:1: a processor without`)
  })
})

describe('folded lists', () => {
  test.each([60, 72, 80, 100, 132, 200])('at %d columns', width => {
    for (const text of [cpuinfo, lscpu])
      expect(words(readText(folded(text ?? '', width)))).toEqual(words(readText(text ?? '')))
    expect(words(readText(foldedByLscpu(lscpu ?? '', width)))).toEqual(words(readText(lscpu ?? '')))
  })

  test.each([60, 80, 132, 200])('at %d columns, without the blanks at the ends of lines', width => {
    for (const text of [
      folded(lscpu ?? '', width),
      foldedByLscpu(lscpu ?? '', width),
      folded(cpuinfo ?? '', width),
    ]) {
      const found = readText(text.replace(/ +$/gm, ''))
      const whole = readText(text.startsWith('processor') ? (cpuinfo ?? '') : (lscpu ?? ''))
      expect(words(found)).toEqual(words(whole))
    }
  })

  test('words that ran together are told', () => {
    const text = (lscpu ?? '').replace(' sse4_1 sse4_2 ', ' sse4_1sse4_2 zorkfeature ')
    const [found] = readText(text)
    expect(found).toMatchObject({
      dumps: [{ unknown: ['zorkfeature'], layer: 'kernel', vocabulary: 'linux' }],
    })
    expect(JSON.stringify(found)).toContain('sse4_1sse4_2 (sse4_1 sse4_2)')
    expect(words(readText(text))).toEqual(words(readText(lscpu ?? '')))
  })
})

describe('lscpu of other architectures', () => {
  const arm = (name: string) =>
    `Architecture: aarch64\nCPU op-mode(s): 32-bit, 64-bit\nVendor ID: ARM\nModel name: ${name}\nStepping: r3p1\nFlags: fp asimd aes crc32 atomics\n`

  test('an ARM core by its name', () => {
    expect(readText(arm('Neoverse-N1'))).toEqual([
      {
        dialect: 'lscpu',
        kind: 'registers',
        dumps: [
          {
            arch: 'aarch64',
            cpus: ['0'],
            registers: new Map([
              ['MIDR_EL1', 0x413fd0c1n],
              ['AT_HWCAP', 395n],
            ]),
          },
        ],
      },
    ])
  })

  test.each([
    [arm('Zork-1'), "an ARM core that lscpu calls 'Zork-1' is not known"],
    [arm('Cortex-A55').replace('Flags', 'Model name: Cortex-A76\nFlags'), 'which core is of which kind'],
    [arm('x').replace('aarch64', 'ppc64le'), 'lscpu of ppc64le does not tell enough'],
  ])('refused: %j', (text, fault) => expect(() => readText(text)).toThrow(fault))

  test('JSON', () => expect(words(readText(`${json}\n${json}`))).toHaveLength(2))
})

test.each(['\tflags', 'flags'])('a /proc/cpuinfo that ends within %s is refused', () => {
  const text = cpuinfo ?? ''
  const at = text.lastIndexOf('flags')
  expect(() => readText(text.slice(0, at + 100))).toThrow('is cut off within its flags')
  expect(() => readText(text.slice(0, at))).toThrow('is cut off within its flags')
})
