import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { ParseError } from '../../src/core/parse-error.ts'
import type { Found } from '../../src/formats/found.ts'
import { DocumentReader, libvirtXml } from '../../src/formats/libvirt/document-reader.ts'
import { joinCpus } from '../../src/formats/libvirt/find-cpus.ts'
import { HostText, readPrintedHost } from '../../src/formats/libvirt/host-text.ts'
import { parseCpu } from '../../src/formats/libvirt/parse-cpu.ts'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import type { Element } from '../../src/xml/element.ts'
import { parseXml } from '../../src/xml/reader.ts'
import { builtin } from '../built-in.ts'

const db = builtin()
const count = fc.integer({ min: 1, max: 300 })

/** Hosts as libvirt prints them: a host with a mode prints its model and vendor. */
const documents = fc
  .record({
    model: fc.constantFrom(...db.models).map(({ name }) => name),
    vendor: fc.option(fc.constantFrom('Intel', 'AMD', 'Zhaoxin CentaurHauls'), { nil: undefined }),
    microcode: fc.option(fc.integer({ min: 1, max: 999_999_999 }), { nil: undefined }),
    signature: fc.option(fc.record({ family: count, model: count, stepping: fc.nat(15) }), {
      nil: undefined,
    }),
    topology: fc.option(
      fc.record({ sockets: count, dies: count, clusters: count, cores: count, threads: count }),
      { nil: undefined },
    ),
    bits: fc.option(fc.integer({ min: 36, max: 52 }), { nil: undefined }),
    features: fc.subarray([...db.features.list], { maxLength: 60 }),
  })
  .map(({ bits, features, ...host }) =>
    printCpu({
      type: 'host',
      detected: true,
      arch: 'x86_64',
      ...host,
      maxphysaddr: bits === undefined ? undefined : { mode: 'emulate', bits },
      features: features.map(({ name }) => ({ name })),
    }),
  )

const slow = (text: string) => parseCpu(parseXml(text), 'host')
const names = (cpu: ReturnType<typeof slow>) => ({ ...cpu, features: cpu.features.map(({ name }) => name) })

test('reads what libvirt prints, as the XML reader does', () => {
  const reader = new HostText()
  fc.assert(
    fc.property(documents, text => {
      const before = reader.lines
      const found = reader.read(`x${text}${text}`, 1)
      expect(found?.next).toBe(text.length + 1)
      expect(found && names(found.cpu)).toEqual(names(slow(text)))
      expect(reader.lines - before).toBe(text.split('\n').length - 1)
    }),
  )
})

test('equal texts are one CPU, wherever they stand', () => {
  const drawn = fc.tuple(
    fc.array(documents, { minLength: 1, maxLength: 6 }),
    fc.array(fc.nat(), { maxLength: 20 }),
  )
  fc.assert(
    fc.property(drawn, ([few, order]) => {
      const all = order.map(i => few[i % few.length] ?? '')
      const reader = new HostText()
      const cpus: ReturnType<typeof slow>[] = []
      expect(reader.readAll(all.join(''), 0, cpu => cpus.push(cpu))).toBe(all.join('').length)
      expect(cpus.map(names)).toEqual(all.map(text => names(slow(text))))
      expect(reader.lines).toBe(all.join('').split('\n').length - 1)
    }),
  )
})

test('reads a text that is one host, with or without its last newline', () => {
  fc.assert(
    fc.property(documents, text => {
      for (const given of [text, text.trimEnd()]) {
        const cpu = readPrintedHost(given)
        expect(cpu && names(cpu)).toEqual(names(slow(text)))
      }
      for (const given of [text + text, `${text}x`, ` ${text}`])
        expect(readPrintedHost(given)).toBeUndefined()
    }),
  )
})

test('takes nothing that the XML reader takes otherwise', () => {
  const reader = new HostText()
  const pieces = [
    "'",
    '"',
    '<',
    '>',
    '&amp;',
    ' ',
    '\n',
    'x',
    '0',
    "<feature name='vmx'/>",
    '<!-- -->',
    '</cpu>\n',
  ]
  const slips = fc.tuple(documents, fc.nat(), fc.nat(6), fc.constantFrom(...pieces))
  fc.assert(
    fc.property(slips, ([text, at, drop, insert]) => {
      const from = at % text.length
      const odd = text.slice(0, from) + insert + text.slice(from + drop)
      const found = reader.read(odd, 0)
      if (!found) return
      expect(names(found.cpu)).toEqual(names(slow(odd.slice(0, found.next))))
    }),
    { numRuns: 3000 },
  )
})

test('a feature listed twice is for the XML reader to refuse', () => {
  const text =
    "<cpu>\n  <arch>x86_64</arch>\n  <model>486</model>\n  <feature name='vmx'/>\n  <feature name='vmx'/>\n</cpu>\n"
  expect(new HostText().read(text, 0)).toBeUndefined()
  expect(() => slow(text)).toThrow(LibvirtError)
})

/** What is around a CPU in capabilities. */
const frames = fc.record({
  empty: fc.boolean(),
  uuid: fc.uuid({ version: 4 }),
  rest: fc.constantFrom(
    '    <power_management/>\n  </host>\n',
    "    <topology>\n      <cells num='1'>\n        <cpus num='2'>\n          <cpu id='0'/>\n          <cpu id='1'/>\n        </cpus>\n      </cells>\n    </topology>\n  </host>\n",
    "  </host>\n\n  <guest>\n    <arch name='x86_64'>\n      <emulator>/usr/bin/qemu</emulator>\n    </arch>\n  </guest>\n",
    '  </host>\n  <host>\n    <cpu>\n      <arch>x86_64</arch>\n      <model>486</model>\n    </cpu>\n  </host>\n',
    '    <cpu/>\n  </host>\n',
    '    <!-- <uuid/> -->\n  </host>\n',
    '  </host>\n  <guest>&amp;</guest>\n',
  ),
  pages: fc.constantFrom('', "      <pages unit='KiB' size='4'/>\n      <pages unit='KiB' size='2048'/>\n"),
  tsc: fc.constantFrom('', "      <counter name='tsc' frequency='2112000000' scaling='no'/>\n"),
  blank: fc.boolean(),
})

const capabilities = fc.tuple(documents, frames).map(([cpu, { empty, uuid, rest, pages, tsc, blank }]) => {
  const inside = cpu
    .trimEnd()
    .replaceAll('\n', '\n    ')
    .replace(/\n {4}<\/cpu>$/, `\n${pages}    </cpu>\n`)
    .replace(/(?=\n {6}<(?:topology|maxphysaddr|feature)|\n {4}<\/cpu>)/, `\n${tsc.trimEnd()}`)
    .replace('\n\n', '\n')
  return `<capabilities>\n${empty ? '\n' : ''}  <host>\n    <uuid>${uuid}</uuid>\n    ${inside}${rest}</capabilities>\n${blank ? '\n' : ''}`
})

const plain = (element: Element): unknown => [
  element.name,
  { ...element.attributes },
  element.content.map(part => (typeof part === 'string' ? part : plain(part))),
]

/** What a text holds, cut where it is told to be, or what is wrong with it. */
function told(text: string, hosts: boolean, cuts: readonly number[] = []): unknown {
  const found: Found[] = []
  const reader = new DocumentReader({ source: 'x', hosts, take: one => found.push(one) })
  try {
    const places = [...cuts.map(cut => cut % (text.length + 1)), text.length].sort((a, b) => a - b)
    places.reduce((from, to) => {
      reader.write(text.slice(from, to))
      return to
    }, 0)
    reader.end()
    return [found.map(one => (one.kind === 'document' ? plain(one.element) : one.kind)), cpusIn(found)]
  } catch (error) {
    return error instanceof LibvirtError || error instanceof ParseError ? String(error) : error
  }
}

const cpusIn = (found: readonly Found[]): unknown =>
  joinCpus(found).map(cpu => {
    if (cpu.kind === 'host') return names(cpu.cpu)
    return cpu.kind === 'definition' ? names(parseCpu(cpu.element, 'host')) : cpu
  })

test('reads capabilities as the XML reader does, in pieces and in a row', () => {
  const rows = fc.array(capabilities, { minLength: 1, maxLength: 4 }).map(all => [...all, ...all].join(''))
  fc.assert(
    fc.property(rows, fc.array(fc.nat(), { maxLength: 4 }), (text, cuts) => {
      expect(told(text, true, cuts)).toEqual(told(text, false))
    }),
    { numRuns: 300 },
  )
})

test('capabilities that are odd in anything are read as the XML reader does, or refused in its words', () => {
  const pieces = [
    "'",
    '<',
    '&amp;',
    ' ',
    '\n',
    '0',
    '<cpu>',
    '<!-- -->',
    '</host>',
    '<?xml?>',
    "<a xmlns='b'/>",
  ]
  const slips = fc.tuple(capabilities, fc.nat(), fc.nat(6), fc.constantFrom(...pieces))
  fc.assert(
    fc.property(slips, ([text, at, drop, insert]) => {
      const from = at % text.length
      const odd = text + text.slice(0, from) + insert + text.slice(from + drop)
      expect(told(odd, true)).toEqual(told(odd, false))
    }),
    { numRuns: 2000 },
  )
})

test('of capabilities that libvirt prints no tree is made', () => {
  const [text = ''] = fc.sample(capabilities, { seed: 1, numRuns: 1 })
  const [found] = libvirtXml.read(text, '', { hosts: true })
  expect(found).toMatchObject({ kind: 'document', printed: { uuid: /<uuid>(.*)<.uuid>/.exec(text)?.[1] } })
})

test('no XML declaration follows a host', () => {
  const [text = ''] = fc.sample(documents, { seed: 1, numRuns: 1 })
  expect(told(`${text}<?xml version='1.0'?>${text}`, true)).toMatch(/only at the very start/)
})

test('expects more only where more could help', () => {
  const reader = new HostText()
  expect(['', '<cp', '<cpu>\n', '<cpu>\n  <arch>'].map(text => reader.expects(text))).toEqual([
    true,
    true,
    true,
    true,
  ])
  const odd = ['<cpu mode=', ' <cpu>\n', '<cpu>\n  <x/>\n</cpu>\n', `<cpu>\n${' '.repeat(70_000)}`]
  expect(odd.map(text => reader.expects(text))).toEqual([false, false, false, false])
  expect(() => slow('<cpu>')).toThrow(ParseError)
})
