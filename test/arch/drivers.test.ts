import { describe, expect, test } from 'vitest'
import * as operations from '../../src/arch/operations.ts'
import { ARCHITECTURES } from '../../src/arch/registry.ts'
import { Cpuid } from '../../src/core/cpuid.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { guest, host, refusal, show } from '../notation.ts'

// What holds for every architecture, whoever answers; and what each does not do, in libvirt's words.

const map = CpuMap.builtIn()
const arches = ARCHITECTURES.flatMap(({ arches }) => arches)
const unsupported = 'this function is not supported by the connection driver: '

test('each architecture has one driver', () => {
  expect(arches).toHaveLength(new Set(arches).size)
  expect(arches).toHaveLength(12)
})

describe.each(arches)('%s', arch => {
  test('modes that are the host’s need no update', () => {
    for (const mode of ['host-passthrough', 'maximum']) {
      const cpu = guest(`${mode} require:b optional:a`)
      expect(operations.updateCpu(map, arch, cpu, undefined)).toBe(cpu)
      expect(operations.translate(map, arch, cpu, new Map())).toBe(cpu)
    }
  })

  test('a host’s definition is no guest', () => {
    expect(refusal(() => operations.updateCpu(map, arch, host('M'), host('M')))).toBe(
      'internal error: Unexpected enum value -1 for virCPUMode',
    )
  })

  test('features are sorted when a model without any is spelt out', () => {
    const cpu = { ...guest('exact'), features: ['b', 'B', 'a'].map(name => ({ name, policy: 'require' })) }
    expect(show(operations.expandModel(map, arch, cpu as never))).toBe('exact require:B require:a require:b')
  })

  test('a model that may be used needs no other name, one that may not and has no fallback is refused', () => {
    const [allowed, forbidden] = [guest('exact M fallback:forbid'), guest('exact N fallback:forbid')]
    const models = new Map([['M', []]])
    expect(operations.translate(map, arch, allowed, models)).toBe(allowed)
    expect(refusal(() => operations.translate(map, arch, forbidden, models))).toBe(
      'unsupported configuration: CPU model N is not supported by hypervisor',
    )
  })
})

describe('what libvirt does not do', () => {
  const cpu = guest('exact M')
  const others = arches.filter(arch => arch !== 'x86_64' && arch !== 'i686')

  test.each(others)('%s', arch => {
    expect(refusal(() => operations.translate(map, arch, cpu, new Map()))).toBe(
      `${unsupported}cannot translate CPU model M to a supported model`,
    )
    expect(refusal(() => operations.hasFeature(map, arch, cpu, 'f'))).toBe(
      `${unsupported}cannot check guest CPU feature for ${arch} architecture`,
    )
    const none = Cpuid.empty
    expect(operations.updateRunningCpu(map, arch, cpu, none, none)).toBe(cpu)
  })

  test.each(['s390', 's390x', 'riscv64', 'loongarch64'])('a baseline of %s', arch => {
    expect(refusal(() => operations.fold(map, arch))).toBe(
      `${unsupported}cannot compute baseline CPU of ${arch} architecture`,
    )
  })

  test.each(['x86_64', 's390x', 'riscv64', 'loongarch64'])('detection by registers on %s', arch => {
    expect(refusal(() => operations.detect(map, arch, new Map()))).toBe(
      `${unsupported}cannot detect host CPU model for ${arch} architecture`,
    )
  })
})

test.each([
  ['s390x', 'z13', 'IBM'],
  ['s390x', 'gen15a', 'IBM'],
  ['s390x', 'qemu', undefined],
  ['ppc64le', 'POWER9', 'IBM'],
  ['ppc64', 'POWERPC_e6500', 'Freescale'],
  ['ppc64', 'power9', undefined],
  ['x86_64', 'EPYC', 'AMD'],
  ['x86_64', 'qemu64', undefined],
  ['aarch64', 'cortex-a57', undefined],
])('on %s, %s is of %s', (arch, model, vendor) => {
  expect(operations.vendorOfModel(map, arch, model)).toBe(vendor)
})

describe('s390x, riscv64, loongarch64', () => {
  test.each(['s390x', 'riscv64', 'loongarch64'])('%s: any CPU will do', arch => {
    for (const cpu of [guest('exact zzz force:bogus'), host('x'), host('x arch:x86_64')]) {
      expect(operations.compareCpus(map, { ...host(''), arch }, cpu).result).toBe('identical')
    }
  })

  const on = (arch: string, text: string, hostText = 'gen15a +vx +edat') =>
    show(operations.updateCpu(map, arch, guest(text), host(`${hostText} arch:${arch}`)))

  test.each([
    [
      's390x',
      'host-model disable:vx require:sea_esop2',
      'exact gen15a disable:vx require:edat require:sea_esop2',
    ],
    ['s390x', 'strict z13', 'strict z13'],
    ['riscv64', 'host-model disable:vx', 'exact gen15a require:vx require:edat'],
    ['riscv64', 'minimum M optional:f', 'minimum M optional:f'],
    ['loongarch64', 'host-model disable:vx', 'host-model disable:vx'],
  ])('%s: %s becomes %s', (arch, text, expected) => {
    expect(on(arch, text)).toBe(expected)
  })

  test.each([
    ['s390x', 'minimum z13', 'unsupported configuration: match mode minimum not supported'],
    ['s390x', 'exact z13 optional:vx', 'unsupported configuration: optional CPU features are not supported'],
    ['s390x', 'host-model', 'unsupported configuration: unknown host CPU model'],
    ['riscv64', 'host-model', 'unsupported configuration: unknown host CPU model'],
  ])('%s: %s without a host is refused: %s', (arch, text, message) => {
    expect(refusal(() => operations.updateCpu(map, arch, guest(text), undefined))).toBe(message)
  })

  test('s390x takes every policy but one', () => {
    const validated = (text: string) =>
      refusal(() => operations.checkGuestFeatures(map, 's390x', guest(text)))
    expect(validated('exact z13 force:vx forbid:edat')).toBe('no refusal')
    expect(validated('exact z13 optional:vx')).toBe(
      "unsupported configuration: only cpu feature policies 'require' and 'disable' are supported for vx",
    )
  })
})
