import { describe, expect, test } from 'vitest'
import { checkBaselineInput, NEVER_OFFERED } from '../../src/arch/operations.ts'
import { driverOf, requireDriver } from '../../src/arch/registry.ts'
import { toLibvirtName, toQemuName } from '../../src/formats/qemu/names.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { builtin } from '../built-in.ts'
import { host, refusal } from '../notation.ts'

describe('architectures', () => {
  test.each([
    ['i686', 'x86'],
    ['x86_64', 'x86'],
    ['ppc64', 'ppc64'],
    ['ppc64le', 'ppc64'],
    ['s390', 's390'],
    ['s390x', 's390'],
    ['aarch64', 'arm'],
    ['armv7l', 'arm'],
    ['riscv64', 'riscv64'],
    ['loongarch64', 'LoongArch'],
    ['mips', undefined],
    ['ppc', undefined],
    ['riscv32', undefined],
    ['', undefined],
  ])('%s: %s', (arch, driver) => {
    expect(driverOf(CpuMap.builtIn(), arch)?.architecture.name).toBe(driver)
  })

  const unsupported = 'this function is not supported by the connection driver: '
  test.each([
    ['x86_64', 'no refusal'],
    ['ppc64le', 'no refusal'],
    [undefined, 'internal error: undefined hardware architecture'],
    ['mips', `${unsupported}'mips' architecture is not supported by CPU driver`],
  ])('a driver is required of %s: %s', (arch, message) => {
    expect(refusal(() => requireDriver(CpuMap.builtIn(), arch))).toBe(message)
  })
})

test('what every baseline asks of its inputs', () => {
  const check = (index: number, cpu = host('')) => refusal(() => checkBaselineInput(cpu, index))
  expect(check(0, host('Penryn'))).toBe('no refusal')
  expect(check(3)).toBe('invalid argument: no CPU model specified at index 3')
  expect(refusal(() => checkBaselineInput(undefined, 0))).toBe(
    'invalid argument: invalid CPU definition at index 0',
  )
})

describe('names of QEMU', () => {
  test.each([
    ['pclmuldq', 'pclmulqdq'],
    ['lahf_lm', 'lahf-lm'],
    ['vmx-invvpid-single-context-noglobals', 'vmx-invept-single-context-noglobals'],
    ['hv-vendor_id', 'hv-vendor-id'],
    ['sse4.1', 'sse4.1'],
    ['mbm_total', 'mbm_total'],
    ['tsc-deadline', 'tsc-deadline'],
    ['nobody', 'nobody'],
    ['constructor', 'constructor'],
  ])('%s: %s', (ours, theirs) => {
    expect(toQemuName(ours)).toBe(theirs)
    expect(toLibvirtName(theirs)).toBe(ours)
  })

  test('libvirt’s spelling is understood too, the map’s aliases are not', () => {
    expect(toLibvirtName('lahf_lm')).toBe('lahf_lm')
    expect(toLibvirtName('sse4-1')).toBe('sse4-1')
  })

  test('no two features have one name', () => {
    const theirs = builtin().features.list.map(({ name }) => toQemuName(name))
    expect(new Set(theirs).size).toBe(theirs.length)
  })
})

test('what is never offered is known', () => {
  expect([...NEVER_OFFERED].filter(name => !builtin().features.get(name))).toEqual([])
  expect(NEVER_OFFERED.size).toBe(8)
})
