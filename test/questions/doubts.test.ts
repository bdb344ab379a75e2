import { describe, expect, test } from 'vitest'
import { findDumpWarnings } from '../../src/questions/decode/compute.ts'
import { cpuid } from '../notation.ts'

const kinds = (text: string): string =>
  findDumpWarnings(cpuid(text))
    .map(({ kind }) => kind)
    .join(' ')

const LM = '80000001.edx=20000000'
const SYSCALL_LM = '80000001.edx=20000800'

describe('a dump is doubted', () => {
  test.each([
    ['', ''],
    // Long mode without syscall: a 32-bit program on Intel.
    [`vendor=GenuineIntel, ${LM}`, 'syscall-lost'],
    [`vendor=GenuineIntel, ${SYSCALL_LM}`, ''],
    ['vendor=GenuineIntel, 80000001.edx=1', ''],
    [`vendor=AuthenticAMD, ${LM}`, ''],
    [LM, ''],
    // Leaf 0DH without its subleaf, where there is XSAVE.
    ['1.ecx=4000000, d.0.eax=7', 'no-xsave-subleaf'],
    ['1.ecx=4000000, d.0.eax=7, d.1.eax=0', ''],
    ['1.ecx=4000000', ''],
    ['d.0.eax=7', ''],
    ['1.ecx=80000000', 'hypervisor-present'],
    // MSRs have something to tell: capabilities, or VMX.
    ['7.0.edx=20000000', 'no-msrs'],
    ['1.ecx=20', 'no-msrs'],
    ['7.0.edx=20000000, msr.10a=0', ''],
    ['7.1.edx=20000000', ''],
    // Rows of one key are one row.
    ['1.eax=1, 1.ecx=80000000', 'hypervisor-present'],
    [`vendor=GenuineIntel, ${LM}, 80000001.edx=800`, ''],
    [
      `vendor=GenuineIntel, ${LM}, 1.ecx=84000020, d.0.eax=7`,
      'syscall-lost no-xsave-subleaf hypervisor-present no-msrs',
    ],
  ])('%s: %s', (text, expected) => {
    expect(kinds(text)).toBe(expected)
  })

  test('by name', () => {
    expect(findDumpWarnings(cpuid('1.ecx=80000000'), 'host7')).toEqual([
      { kind: 'hypervisor-present', source: 'host7' },
    ])
    expect(findDumpWarnings(cpuid('1.ecx=80000000'))).toEqual([{ kind: 'hypervisor-present' }])
  })
})
