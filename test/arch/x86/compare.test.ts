import { describe, expect, test } from 'vitest'
import { compareByFeatures } from '../../../src/arch/x86/compare.ts'
import type { Cpu } from '../../../src/core/cpu.ts'
import { builtin } from '../../built-in.ts'
import { guest, host, refusal } from '../../notation.ts'

const db = builtin()
const penryn = host('Penryn Intel +vmx +dca')

/** The result, and why: the detail, or the features that nobody asked for. */
function answer(a: Cpu | undefined, b: Cpu): string {
  const comparison = compareByFeatures(db, a, b)
  if (comparison.result === 'incompatible') return comparison.detail
  return [comparison.result, ...comparison.extra.map(({ name }) => name)].join(' ')
}

describe('a guest on a Penryn with vmx and dca', () => {
  test.each([
    ['exact Penryn', 'superset vmx dca'],
    ['minimum Penryn', 'superset vmx dca'],
    ['strict Penryn', 'Host CPU does not strictly match guest CPU: Extra features: vmx, dca'],
    ['strict Penryn optional:vmx disable:dca', 'identical'],
    ['exact Penryn require:vmx require:dca', 'identical'],
    ['exact Penryn force:vmx optional:dca', 'identical'],
    [
      'exact Penryn require:3dnowext require:avx',
      'Host CPU does not provide required features: avx, 3dnowext',
    ],
    ['exact Penryn force:avx', 'superset vmx dca'],
    ['exact Penryn optional:avx', 'superset vmx dca'],
    ['exact Penryn forbid:vmx', 'Host CPU provides forbidden features: vmx'],
    ['exact Penryn forbid:avx', 'superset vmx dca'],
    ['exact Penryn forbid:dca forbid:vmx require:avx', 'Host CPU provides forbidden features: vmx, dca'],
    ['exact Nehalem', 'Host CPU does not provide required features: sse4.2, popcnt'],
    ['exact Nehalem disable:popcnt optional:sse4.2', 'superset vmx dca'],
    ['exact Nehalem force:popcnt force:sse4.2', 'superset vmx dca'],
    ['exact Nehalem force:popcnt', 'Host CPU does not provide required features: sse4.2'],
    // Only the guest's own vendor counts, as a name: never the model's, and whether it exists is not asked.
    ['exact pentium3 AMD', 'host CPU vendor does not match required CPU vendor AMD'],
    ['exact Penryn Nobody', 'host CPU vendor does not match required CPU vendor Nobody'],
    ['exact Opteron_G1', 'superset'],
    ['host-passthrough', 'superset'],
    ['maximum', 'superset'],
    ['host-model', 'superset'],
  ])('%s: %s', (text, expected) => {
    const found = answer(penryn, guest(text))
    expect(expected === 'superset' ? found.split(' ')[0] : found).toBe(expected)
  })

  test('the features that a strict guest does not want are told with the refusal', () => {
    const comparison = compareByFeatures(db, penryn, guest('strict Penryn disable:dca'))
    expect(comparison.extra.map(({ name }) => name)).toEqual(['vmx'])
  })
})

describe('what is identical', () => {
  test.each([
    // Disabled, optional and forced features make no difference, whether the host has them or not.
    ['Penryn Intel +vmx', 'exact Penryn disable:vmx'],
    ['Penryn Intel', 'exact Penryn disable:vmx'],
    ['Penryn Intel +vmx', 'exact Penryn optional:vmx'],
    ['Penryn Intel +vmx', 'exact Penryn force:vmx'],
    ['Penryn Intel +vmx', 'strict Penryn force:vmx'],
    ['Penryn Intel', 'exact Penryn force:avx'],
    ['Penryn Intel', 'exact Penryn disable:sse4.1'],
  ])('%s / %s', (a, b) => {
    expect(compareByFeatures(db, host(a), guest(b)).result).toBe('identical')
  })
})

describe('two hosts', () => {
  test.each([
    ['Penryn Intel', 'Penryn Intel', 'identical'],
    ['Penryn Intel', 'Penryn', 'identical'],
    ['Penryn', 'Penryn Intel', 'host CPU vendor does not match required CPU vendor Intel'],
    ['Penryn AMD', 'Penryn Intel', 'host CPU vendor does not match required CPU vendor Intel'],
    ['Nehalem Intel', 'Penryn Intel', 'superset sse4.2 popcnt'],
    ['Penryn Intel', 'Penryn Intel +avx', 'Host CPU does not provide required features: avx'],
    ['Penryn arch:i686', 'Penryn', 'identical'],
    ['Penryn', 'Penryn arch:i686', 'identical'],
    ['Penryn', 'Penryn arch:ppc64', 'CPU arch ppc64 does not match host arch'],
    // The arch comes before the vendor, the vendor before any name is looked up.
    ['Penryn', 'Nobody AMD arch:ppc64', 'CPU arch ppc64 does not match host arch'],
    ['Nobody', 'Nothing AMD', 'host CPU vendor does not match required CPU vendor AMD'],
    ['', 'Nothing', 'unknown host CPU'],
  ])('%s / %s: %s', (a, b, expected) => {
    expect(answer(host(a), host(b))).toBe(expected)
  })

  test('without a host nothing is compatible', () => {
    expect(answer(undefined, guest('exact Penryn'))).toBe('unknown host CPU')
  })

  test('strict is for guests only', () => {
    const listing = { ...host('Penryn'), match: 'strict' } as const
    expect(answer(host('Penryn +vmx'), listing)).toBe('superset vmx')
  })

  test('a guest as host lacks what it disables or forbids, and what is optional', () => {
    const hypervisor = guest('exact Nehalem disable:sse4.2 forbid:popcnt optional:vmx force:avx')
    expect(answer(hypervisor, guest('exact Penryn'))).toBe('superset avx')
    expect(answer(hypervisor, guest('exact Nehalem'))).toBe(
      'Host CPU does not provide required features: sse4.2, popcnt',
    )
  })
})

describe('unknown names are errors, in the order of the policies', () => {
  test.each([
    ['Penryn', 'exact Foo', 'internal error: Unknown CPU model Foo'],
    ['Penryn', 'exact Penryn optional:bar', 'internal error: Unknown CPU feature bar'],
    ['Penryn', 'exact Penryn forbid:bar', 'internal error: Unknown CPU feature bar'],
    ['Foo', 'exact Bar', 'internal error: Unknown CPU model Foo'],
    ['Penryn +foo', 'exact Bar', 'internal error: Unknown CPU feature foo'],
    [
      'Penryn',
      'exact Foo forbid:e disable:d optional:c require:b force:a',
      'internal error: Unknown CPU feature a',
    ],
    ['Penryn', 'exact Foo forbid:e disable:d optional:c require:b', 'internal error: Unknown CPU model Foo'],
    [
      'Penryn',
      'exact Penryn forbid:e disable:d optional:c require:b',
      'internal error: Unknown CPU feature b',
    ],
    ['Penryn', 'exact Penryn forbid:e disable:d optional:c', 'internal error: Unknown CPU feature c'],
    ['Penryn', 'exact Penryn forbid:e disable:d', 'internal error: Unknown CPU feature d'],
  ])('%s / %s: %s', (a, b, message) => {
    expect(refusal(() => compareByFeatures(db, host(a), guest(b)))).toBe(message)
  })

  test('an optional feature of the host side is not looked up', () => {
    expect(compareByFeatures(db, guest('exact Penryn optional:foo'), guest('exact Penryn')).result).toBe(
      'identical',
    )
  })
})
