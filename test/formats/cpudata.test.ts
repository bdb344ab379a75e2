import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Cpuid } from '../../src/core/cpuid.ts'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { parseCpudata, printCpudata, readCpudata } from '../../src/formats/libvirt/cpudata.ts'
import { parseXml } from '../../src/xml/reader.ts'
import { NO_REFERENCE, reference } from '../reference.ts'
import { dumpCorpus, dumpsOf } from './corpus.ts'

const CANONICAL = `<cpudata arch='x86'>
  <cpuid eax_in='0x00000001' ecx_in='0x00000000' eax='0x000306c4' ebx='0x00100800' ecx='0x7ffa3203' edx='0x1f8bfbff'/>
  <cpuid eax_in='0x80000001' ecx_in='0x00000000' eax='0x00000000' ebx='0x00000000' ecx='0x00000001' edx='0x2c100800'/>
  <msr index='0x10a' eax='0x0000002b' edx='0x00000000'/>
</cpudata>
`

test('canonical text comes back as it was', () =>
  expect(printCpudata(readCpudata(CANONICAL))).toBe(CANONICAL))

test.each([...dumpCorpus()])('%s survives printing', (_, text) => {
  const data = dumpsOf(text)[0]?.data ?? Cpuid.empty
  const printed = printCpudata(data)
  expect(printCpudata(readCpudata(printed))).toBe(printed)
})

test('words are sorted, those of one key ORed, zero ones left out', () => {
  const text = `<cpudata arch='x86'><msr index='0x48b' eax='1' edx='0'/><cpuid eax_in='7' ebx='1'/><alias name='x'/>
    <cpuid eax_in='1' edx='1'/><cpuid eax_in='7' ebx='0x80000000'/><cpuid eax_in='2'/><msr index='0' eax='0' edx='0'/></cpudata>`
  expect(readCpudata(text).rows()).toHaveLength(4)
  expect(printCpudata(readCpudata(text)).split('\n').slice(1, -2)).toEqual([
    "  <cpuid eax_in='0x00000001' ecx_in='0x00000000' eax='0x00000000' ebx='0x00000000' ecx='0x00000000' edx='0x00000001'/>",
    "  <cpuid eax_in='0x00000007' ecx_in='0x00000000' eax='0x00000000' ebx='0x80000001' ecx='0x00000000' edx='0x00000000'/>",
    "  <msr index='0x48b' eax='0x00000001' edx='0x00000000'/>",
  ])
})

test('numbers are C numbers', () => {
  const data = parseCpudata(
    parseXml("<cpudata arch='x86'><cpuid eax_in='010' eax=' +0X1f' ebx='4294967295' ecx='0'/></cpudata>"),
  )
  expect(data.rows()).toEqual([[8, 0, 0x1f, 0xffff_ffff, 0, 0]])
})

test.each([
  ["<cpudata><cpuid eax_in='0'/></cpudata>", 'missing CPU data architecture'],
  ['<foo/>', 'missing CPU data architecture'],
  ["<cpudata arch='foo'/>", "CPU driver 'foo' does not exist"],
  ["<cpudata arch='x86'/>", 'no x86 CPU data found'],
  ["<cpudata arch='x86'><cpuid eax='1'/></cpudata>", 'Invalid cpuid[0]'],
  ["<cpudata arch='x86'><alias/><cpuid eax_in='1'/><cpuid eax_in='zz'/></cpudata>", 'Invalid cpuid[1]'],
  ["<cpudata arch='x86'><cpuid eax_in='1' eax='0x100000000'/></cpudata>", 'Invalid cpuid[0]'],
  ["<cpudata arch='x86'><cpuid eax_in='1' eax='-1'/></cpudata>", 'Invalid cpuid[0]'],
  ["<cpudata arch='x86'><cpuid eax_in='08'/></cpudata>", 'Invalid cpuid[0]'],
  ["<cpudata arch='x86'><foo/></cpudata>", 'Invalid msr[0]'],
  ["<cpudata arch='x86'><cpuid eax_in='1'/><msr eax='1' edx='1'/></cpudata>", 'Invalid msr[1]'],
  ['<cpudata', 'cannot parse CPU data'],
])('%s', (text, detail) => {
  expect(() => readCpudata(text)).toThrow(new LibvirtError('internal', detail))
})

const folder = reference('libvirt-11.3', 'tests', 'cputestdata')
test.skipIf(folder === undefined)(`libvirt's own data survives printing (${NO_REFERENCE})`, () => {
  const names = readdirSync(folder ?? '').filter(name => /^x86_64-cpuid-[^.]*\.xml$/.test(name))
  const texts = names
    .map(name => readFileSync(`${folder}/${name}`, 'utf8'))
    .filter(text => text.includes('<cpudata'))
  expect(texts.length).toBeGreaterThan(50)
  for (const text of texts) {
    const printed = printCpudata(readCpudata(text))
    expect(printCpudata(readCpudata(printed))).toBe(printed)
  }
})
