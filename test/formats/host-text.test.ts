import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { ParseError } from '../../src/core/parse-error.ts'
import { HostText, readPrintedHost } from '../../src/formats/libvirt/document-reader.ts'
import { parseCpu } from '../../src/formats/libvirt/parse-cpu.ts'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
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
