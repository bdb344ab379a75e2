import { describe, expect, test } from 'vitest'
import { isLeftOut } from '../../../src/arch/operations.ts'
import { dataHasFeature, listUnasked } from '../../../src/arch/x86/compare.ts'
import { findCoverage } from '../../../src/arch/x86/cpuid.ts'
import { builtin } from '../../built-in.ts'
import { cpuid, host, refusal } from '../../notation.ts'

const db = builtin()

describe("features of the hypervisor's own leaves", () => {
  test.each([
    ['kvm_pv_unhalt', '40000001.eax', 0x80],
    ['hv-runtime', '40000003.eax', 0x1],
    ['hv-synic', '40000003.eax', 0x4],
    ['hv-stimer', '40000003.eax', 0x8],
    ['hv-xmm_input', '40000003.eax', 0x10],
    ['hv-relaxed', '40000003.eax', 0x20],
    ['hv-vapic', '40000003.eax', 0x30],
    ['hv-vpindex', '40000003.eax', 0x40],
    ['hv-reset', '40000003.eax', 0x80],
    ['hv-frequencies', '40000003.eax', 0x800],
    ['hv-reenlightenment', '40000003.eax', 0x2000],
    ['hv-stimer-direct', '40000003.edx', 0x8_0000],
    ['hv-tlbflush-direct', '40000003.edx', 0x4000],
    ['hv-tlbflush', '40000004.eax', 0x4],
    ['hv-avic', '40000004.eax', 0x200],
    ['hv-ipi', '40000004.eax', 0x400],
    ['hv-evmcs', '40000004.eax', 0x4000],
    ['hv-tlbflush-ext', '40000004.edx', 0x4000],
    ['hv-emsr_bitmap', '4000000a.eax', 0x8_0000],
  ])('%s is %s, %i', (name, place, bits) => {
    const has = (value: number) => dataHasFeature(db, cpuid(`${place}=${value.toString(16)}`), name)
    expect([has(bits), has(0xffff_ffff), has(~bits >>> 0), has(bits & (bits - 1) || 0)]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  test('others are unknown', () => {
    expect(refusal(() => dataHasFeature(db, cpuid('1.edx=1'), 'hv-nosuch'))).toBe(
      'internal error: unknown CPU feature hv-nosuch',
    )
  })
})

test('what no hypervisor offers is left out, what decides topology since 12.8', () => {
  const never =
    'cmt mbm_total mbm_local osxsave ospke vmx-ept-uc vmx-ept-wb vmx-invvpid-single-context'.split(' ')
  expect(never.filter(name => !isLeftOut(name, '11.3'))).toEqual([])
  const of = (libvirt: '12.7' | '12.8') => ['ht', 'cmp_legacy', 'avx'].map(name => isLeftOut(name, libvirt))
  expect([of('12.7'), of('12.8')]).toEqual([
    [false, false, false],
    [true, true, false],
  ])
})

test('what every guest is given comes with the register that has it', () => {
  expect(listUnasked(db, host('Penryn Intel'))).toEqual([])
  expect(listUnasked(db, host('Penryn Intel +rdctl-no +skip-l1dfl-vmentry'))).toEqual([
    'arch-capabilities',
    'rdctl-no',
    'skip-l1dfl-vmentry',
  ])
})

describe('what a dump tells of', () => {
  const tells = (text: string, name: string): boolean => {
    const bits = db.features.get(name)?.bits
    return bits?.leq(findCoverage(db, text === '' ? undefined : cpuid(text))) ?? false
  }

  test.each([
    // A leaf that is there, or beyond the highest one; an MSR that is there.
    ['0.eax=7, 1.edx=1, 7.0.ebx=1', 'avx', true],
    ['0.eax=7, 1.edx=1, 7.0.ebx=1', 'avx2', true],
    ['0.eax=7, 1.edx=1', 'avx2', false],
    ['0.eax=6, 1.edx=1', 'avx2', true],
    ['1.edx=1', 'avx2', false],
    ['0.eax=d, 1.edx=1', 'xsaveopt', false],
    ['0.eax=c, 1.edx=1', 'xsaveopt', true],
    ['0.eax=7, 1.edx=1', 'lm', false],
    ['80000000.eax=80000000, 1.edx=1', 'lm', true],
    ['80000000.eax=80000001, 1.edx=1', 'lm', false],
    // Subleaves beyond those that subleaf 0 tells.
    ['0.eax=7, 7.0.eax=0, 7.0.ebx=1', 'avx-vnni', true],
    ['0.eax=7, 7.0.eax=1, 7.0.ebx=1', 'avx-vnni', false],
    ['0.eax=7, 7.0.ebx=1', 'rdctl-no', false],
    ['0.eax=7, 7.0.ebx=1, msr.10a=1', 'rdctl-no', true],
    // A definition of a host: all but most MSRs.
    ['', 'avx2', true],
    ['', 'rdctl-no', true],
    ['', 'vmx-ept', false],
  ])('%j of %s: %s', (text, name, isTold) => {
    expect(tells(text, name)).toBe(isTold)
    expect(tells(text, name)).toBe(isTold)
  })
})
