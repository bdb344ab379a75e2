import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CpuidRow } from '../../src/core/cpuid.ts'
import { ParseError } from '../../src/core/parse-error.ts'
import { DIALECTS, readText } from '../../src/formats/dialects.ts'
import { stableRow } from '../../src/formats/dumps/dump.ts'
import type { Found, RegisterDump } from '../../src/formats/found.ts'
import * as library from '../../src/index.ts'
import { contextOf } from '../../src/questions/context.ts'
import { fleetOfInput } from '../../src/questions/input/fleet/open-fleet.ts'
import { folderOf, virtCpu } from '../cli/virt-cpu.ts'
import { dumpsOf } from './corpus.ts'
import { sample, sampleNames, sniffed } from './platforms/samples.ts'

/** What every input dialect keeps. A new one needs a sample here. */

const root = join(import.meta.dirname, '..', '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const corpus = (path: string): string => read(join('test', 'corpus', path))

const [words] = dumpsOf(corpus('dumps/cpuid-r-1.txt'))
const json = JSON.stringify({ cpuid: words?.data.rows(), msr: words?.data.msrs() }, null, 1)

/**
 * How the end of a text shows: `document` where a part is no such text, `rows` where a part of a row is none, `lines`
 * where only a part of a line can be wrong and not seen.
 */
type Ends = 'document' | 'rows' | 'lines'

const SAMPLES: readonly (readonly [dialect: string, ends: Ends, sample: string, text: string])[] = [
  ['libvirt-xml', 'document', 'a host CPU', corpus('xml/cpu-host.xml')],
  ['libvirt-xml', 'document', 'capabilities', corpus('xml/capabilities.xml')],
  ['lscpu', 'lines', 'lines', corpus('machine/lscpu.txt')],
  ['lscpu', 'document', 'JSON', corpus('machine/lscpu.json')],
  ['cpuid-json', 'document', 'one CPU', json],
  ['qmp', 'document', 'a recording', read('examples/hypervisors/ice-01.replies')],
  ['libcpuid', 'rows', 'arrays', corpus('dumps/libcpuid-arrays.txt')],
  ['aida64', 'rows', 'headings', corpus('dumps/aida64-headings.txt')],
  ['aida64', 'rows', 'tabs', corpus('dumps/aida64-tabs.txt')],
  ['cpuid-r', 'rows', 'two CPUs', corpus('dumps/cpuid-r.txt')],
  ['cpuid-r', 'rows', 'one CPU', corpus('machine/cpuid-r.txt')],
  ['ld.so', 'lines', 'glibc 2.36', corpus('machine/ld.so-2.36.txt')],
  ['ld.so', 'lines', 'glibc 2.40', corpus('machine/ld.so-2.40.txt')],
  ['registers', 'lines', 'ARM', corpus('machines/neoverse-n1.registers.txt')],
  ['registers', 'document', 'the file midr_el1', corpus('machines/midr_el1.txt')],
  ['proc-cpuinfo', 'lines', 'x86', corpus('machine/proc-cpuinfo.txt')],
  ['proc-cpuinfo', 'lines', 'ARM', corpus('machines/neoverse-n1.cpuinfo.txt')],
  ['proc-cpuinfo', 'lines', 'POWER', corpus('machines/power9.cpuinfo.txt')],
  ['proc-cpuinfo', 'lines', 'RISC-V', corpus('machines/rv64.cpuinfo.txt')],
  ['proc-cpuinfo', 'lines', 's390x', corpus('machines/z15.cpuinfo.txt')],
]

test('every dialect has a sample', () => {
  const names = [...SAMPLES.map(([name]) => name), ...sampleNames().flatMap(name => sniffed(sample(name)))]
  expect(new Set(names)).toEqual(new Set(DIALECTS.map(({ name }) => name)))
})

describe.each(SAMPLES)('%s, %s: %s', (dialect, ends, _, text) => {
  const whole = readText(text, 'sample')

  test('only its dialect accepts it', () => {
    expect(DIALECTS.filter(({ sniff }) => sniff(text)).map(({ name }) => name)).toEqual([dialect])
    expect(whole).not.toEqual([])
  })

  test.each<[string, (text: string) => string]>([
    ['CRLF', text => text.replace(/\r?\n/g, '\r\n')],
    ['a byte order mark', text => `\ufeff${text}`],
    ['both', text => `\ufeff${text.replace(/\r?\n/g, '\r\n')}`],
  ])('the same with %s', (_, change) => {
    expect(plain(readText(change(text), 'sample'))).toEqual(plain(whole))
  })

  test('a part of it is refused with its place, or holds nothing that the whole does not', () => {
    for (const part of partsOf(text, ends)) {
      const found = readPart(part)
      if (ends === 'document' && part.trim() !== text.trim()) expect(found).toEqual([])
      for (const one of found) expect(beyond(one, whole, ends)).toEqual([])
    }
  })
})

/** Texts that end too early: at 80 places anywhere, or at the end of a line. */
function partsOf(text: string, ends: Ends): string[] {
  const lines = [...text.matchAll(/\n/g)].map(({ index }) => index + 1)
  const anywhere = Array.from({ length: 80 }, (_, i) => Math.floor((text.length * i) / 80))
  return (ends === 'lines' ? lines : anywhere).map(end => text.slice(0, end))
}

/** What a part holds; nothing where it is refused as it must be. */
function readPart(part: string): Found[] {
  try {
    return readText(part, 'sample')
  } catch (error) {
    expect(error).toBeInstanceOf(ParseError)
    expect(error).toMatchObject({ source: 'sample', line: expect.any(Number) })
    return []
  }
}

/** What a part holds that the whole does not: rows, or in words of named features bits, or registers. */
function beyond(part: Found, whole: readonly Found[], ends: Ends): unknown[] {
  if (part.kind === 'dump') {
    const all = whole.flatMap(found => (found.kind === 'dump' ? found.dumps : [])).map(({ data }) => data)
    const rows = part.dumps.flatMap(({ data }) => data.rows())
    if (ends === 'rows') return rows.filter(row => !all.some(data => has(data.rows(), row)))
    return rows.filter(
      ([leaf, subleaf, ...given]) =>
        leaf !== 0 && leaf !== 0x8000_0000 && !all.some(data => includes(data.rows(), leaf, subleaf, given)),
    )
  }
  if (part.kind !== 'registers') return [part]
  const all = whole.flatMap(found => (found.kind === 'registers' ? found.dumps : []))
  return part.dumps.filter(dump => !all.some(full => contains(full, dump)))
}

/** Whether the row is there, apart from bits that differ between logical CPUs. */
const has = (rows: readonly CpuidRow[], row: CpuidRow): boolean =>
  rows.some(other => String(stableRow(other)) === String(stableRow(row)))

/** Whether the row of a leaf has the bits of `given`. */
const includes = (
  rows: readonly CpuidRow[],
  leaf: number,
  subleaf: number,
  given: readonly number[],
): boolean =>
  rows.some(
    ([l, s, ...full]) =>
      l === leaf && s === subleaf && given.every((word, i) => (word & ~(full[i] ?? 0)) === 0),
  )

const contains = (full: RegisterDump, { arch, registers }: RegisterDump): boolean =>
  full.arch === arch && [...registers].every(([name, value]) => full.registers.get(name) === value)

/** Without prototypes and lines, which other ends of line leave alone anyway. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part) => {
      if (typeof part === 'bigint') return String(part)
      return part instanceof Map ? [...part] : part
    }),
  )

/** Samples that `decode` names. */
const DECODED = SAMPLES.filter(
  ([dialect, , sample]) => dialect !== 'qmp' && !['s390x', 'RISC-V', 'the file midr_el1'].includes(sample),
)

describe('decode, batch, files and fleets see the same CPU', () => {
  const context = contextOf()
  const files = folderOf(Object.fromEntries(DECODED.map(([, , , text], i) => [`${i}.txt`, text])))
  const names = DECODED.map((_, i) => `${i}.txt`)
  const requests = DECODED.map(([, , , text], id) => JSON.stringify({ id, verb: 'decode', text }))
  const batch = linesOf(virtCpu(['batch'], { input: `${requests.join('\n')}\n` }).stdout)
  const { cpus } = JSON.parse(virtCpu(['decode', ...names, '--json'], { cwd: files }).stdout)

  test.each(DECODED.map(([dialect, , sample, text], i) => [dialect, sample, text, i] as const))(
    '%s: %s',
    (dialect, _, text, i) => {
      const answer = library.decode({ text })
      expect(batch[i]).toMatchObject({ id: i, xml: answer.xml, model: answer.model })
      expect(cpus[i]).toMatchObject({ source: `${i}.txt`, xml: answer.xml })
      const { fleet } = fleetOfInput(context, { documents: [{ path: 'host', text }] })
      expect(fleet.hosts).toHaveLength(1)
      // A fleet's host keeps the model that its definition names, and has the best one of a dump.
      const { model, vendor } = library.decode({ text, best: true })
      expect(fleet.hosts[0]).toMatchObject(dialect === 'libvirt-xml' ? { vendor } : { model, vendor })
    },
  )
})

function linesOf(text: string): object[] {
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}
