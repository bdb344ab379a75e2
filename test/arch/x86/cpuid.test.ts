import { describe, expect, test } from 'vitest'
import {
  checkForbidden,
  dataHasFeature,
  definitionHasFeature,
  validateFeatures,
} from '../../../src/arch/x86/compare.ts'
import { hasOtherBits, readCpuid } from '../../../src/arch/x86/cpuid.ts'
import { builtin } from '../../built-in.ts'
import { cpuid, cpuidOf, fs, guest, host, modelOf, names, refusal, together } from '../../notation.ts'
import { smallMap } from '../../small-map.ts'

const db = builtin()
const read = (text: string) => readCpuid(db, cpuid(text))
const has = (text: string): string => names(read(text).features)

describe('features', () => {
  test.each([
    ['', ''],
    ['1.ecx=1', 'pni'],
    ['1.edx=80000000, 1.ecx=80000001', 'pni hypervisor pbe'],
    [
      '7.0.ebx=219c97a9',
      'fsgsbase bmi1 avx2 smep bmi2 erms invpcid cmt rdseed adx smap clflushopt clwb sha-ni',
    ],
    ['7.ebx=20', 'avx2'],
    // Another subleaf is another word.
    ['7.1.ebx=20', ''],
    ['7.2.eax=ffffffff', ''],
    // Nor is a leaf or subleaf of which only the low byte is the same.
    ['107.0.ebx=20', ''],
    ['7.100.ebx=20', ''],
    // Rows of one key are one row.
    ['1.ecx=1, 1.ecx=200, 1.edx=1', 'pni ssse3 fpu'],
    ['80000001.edx=20000000', 'lm'],
    ['msr.10a=1', 'rdctl-no'],
    ['msr.10a=4000000000000001', 'rdctl-no its-no'],
    // Words and bits of no feature are passed over.
    ['b.eax=ffffffff, 1.eax=ffffffff, 1.ebx=ffffffff, msr.999=ffffffff', ''],
    ['7.0.ecx=0, 12345.eax=1', ''],
  ])('%s: %s', (text, expected) => {
    expect(has(text)).toBe(expected)
  })

  test('every feature is found where its place says', () => {
    for (const feature of db.features.list) {
      expect(names(readCpuid(db, cpuidOf(feature.bits)).features)).toBe(feature.name)
    }
  })
})

describe('the vendor is looked for by its bits', () => {
  const vendor = (text: string) => read(text).vendor?.name
  test.each([
    ['vendor=GenuineIntel', 'Intel'],
    ['vendor=AuthenticAMD', 'AMD'],
    ['vendor=HygonGenuine', 'Hygon'],
    // A real Haswell with one bit flipped: all of Intel's bits are there. The other way round one is missing.
    ['vendor=GenuineIotel', 'Intel'],
    ['vendor=GenuineIndel', undefined],
    ['', undefined],
    // All bits set: the first vendor of the database.
    ['0.ebx=ffffffff, 0.ecx=ffffffff, 0.edx=ffffffff', 'Intel'],
    ['0.1.ebx=ffffffff, 0.1.ecx=ffffffff, 0.1.edx=ffffffff', undefined],
    ['0.ebx=ffffffff, 0.ecx=6c65746e', undefined],
  ])('%s: %s', (text, expected) => {
    expect(vendor(text)).toBe(expected)
  })

  test('each of the twelve bytes counts', () => {
    for (let i = 0; i < 12; i++) {
      expect(vendor(`vendor=${'GenuineIntel'.slice(0, i)}@${'GenuineIntel'.slice(i + 1)}`)).toBeUndefined()
    }
  })

  test('bits too many do not hide a vendor', () => {
    expect(vendor('vendor=AuthenticAMD, 0.ebx=2')).toBe('AMD')
  })
})

describe('the signature', () => {
  test.each([
    ['1.eax=306c3', { family: 6, model: 60, stepping: 3 }],
    ['1.eax=800f12', { family: 23, model: 1, stepping: 2 }],
    // Processor type and reserved bits do not count.
    ['1.eax=f00036c3', { family: 6, model: 12, stepping: 3 }],
    ['1.eax=f000c000', undefined],
    ['1.eax=0', undefined],
    ['1.1.eax=306c3', undefined],
    ['', undefined],
  ])('%s: %o', (text, expected) => {
    expect(read(text).signature).toEqual(expected)
  })
})

describe('equality', () => {
  test.each([
    ['', '', true],
    ['1.ecx=1, 7.0.ebx=2', '7.0.ebx=2, 1.ecx=1', true],
    ['1.ecx=1', '1.ecx=3', false],
    ['1.ecx=1', '1.ecx=1, 2.eax=0', false],
    ['2.eax=0', '1.eax=0', false],
    ['1.ecx=1, 1.edx=2', '1.edx=2, 1.ecx=1', true],
    ['1.ecx=1, 1.ecx=2', '1.ecx=3', true],
    ['7.0.ebx=1', '7.1.ebx=1', false],
    ['1.ecx=80000000', '1.ecx=80000000', true],
    ['msr.10a=100000000', 'msr.10a=1', false],
    ['msr.1=1', '1.eax=1', false],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(cpuid(a).eq(cpuid(b))).toBe(expected)
    expect(cpuid(b).eq(cpuid(a))).toBe(expected)
  })
})

test.each([
  ['', false],
  ['7.0.ebx=20, msr.10a=1', false],
  ['7.0.ebx=0, 99.eax=0', false],
  ['1.eax=1', true],
  ['1.ecx=10000', true],
  ['7.2.eax=1', true],
  ['msr.10a=8000000000000000', true],
  ['msr.999=1', true],
])('%s has bits of no feature: %s', (text, expected) => {
  expect(hasOtherBits(db, cpuid(text))).toBe(expected)
})

describe('questions', () => {
  const penryn = host('Penryn Intel +vmx')
  test.each([
    ['vmx', true],
    ['lm', true],
    ['sse4.1', true],
    ['3dnowext', false],
    ['skinit', false],
    ['hv-vapic', false],
  ])('a Penryn with vmx has %s: %s', (name, expected) => {
    expect(definitionHasFeature(db, penryn, name)).toBe(expected)
    expect(dataHasFeature(db, cpuidOf(modelOf('Penryn').features.join(fs('vmx'))), name)).toBe(expected)
  })

  test.each([
    ['40000003.eax=20', 'hv-relaxed', true],
    ['40000003.eax=20', 'hv-vapic', false],
    ['40000003.eax=10, 40000003.eax=20', 'hv-vapic', true],
    ['40000003.edx=20', 'hv-relaxed', false],
    ['40000003.1.eax=20', 'hv-relaxed', false],
    ['40000001.eax=80', 'kvm_pv_unhalt', true],
    ['4000000a.eax=80000', 'hv-emsr_bitmap', true],
  ])('%s has %s: %s', (text, name, expected) => {
    expect(dataHasFeature(db, cpuid(text), name)).toBe(expected)
  })

  test('unknown names', () => {
    const message = 'internal error: unknown CPU feature foo'
    expect(refusal(() => definitionHasFeature(db, penryn, 'foo'))).toBe(message)
    expect(refusal(() => dataHasFeature(db, cpuid(''), 'foo'))).toBe(message)
    const validate = (text: string) => refusal(() => validateFeatures(db, guest(text)))
    expect(validate('exact Foo require:avx')).toBe('no refusal')
    expect(validate('exact Foo require:avx optional:hv-relaxed forbid:foo')).toBe(
      'unsupported configuration: unknown CPU feature: hv-relaxed',
    )
  })

  test.each([
    [
      'exact Penryn forbid:vmx',
      penryn,
      "the CPU is incompatible with host CPU: Host CPU provides forbidden feature 'vmx'",
    ],
    ['exact Penryn forbid:sse4.1', penryn, 'no refusal'],
    ['exact Penryn require:vmx', penryn, 'no refusal'],
    ['exact Penryn forbid:vmx', guest('exact Penryn disable:vmx'), 'no refusal'],
    [
      'exact Penryn forbid:vmx',
      guest('exact Penryn forbid:vmx'),
      "the CPU is incompatible with host CPU: Host CPU provides forbidden feature 'vmx'",
    ],
  ])('%s: what the host lists counts, not what it has', (text, on, message) => {
    expect(refusal(() => checkForbidden(guest(text), on))).toBe(message)
  })
})

test('an installed map may spread a feature over words, and data must have all of it', () => {
  const map = smallMap(`
    <feature name='wide'><cpuid eax_in='1' ecx='0x3'/><msr index='0x10a' eax='0' edx='0x80000000'/></feature>
    <feature name='high'><cpuid eax_in='1' ecx='0x2'/></feature>
  `)
  const found = (text: string) => names(readCpuid(map, cpuid(text)).features, map)
  expect(found('1.ecx=3, msr.10a=8000000000000000')).toBe('wide')
  expect(found('1.ecx=2, msr.10a=8000000000000000')).toBe('high')
  expect(found('1.ecx=1, msr.10a=8000000000000000')).toBe('')
  expect(names(readCpuid(map, together(cpuidOf(fs('wide', map), map))).features, map)).toBe('wide')
})
