import { describe, expect, test } from 'vitest'
import type { AllowedModels } from '../../../src/arch/driver.ts'
import { readCpuid } from '../../../src/arch/x86/cpuid.ts'
import { decodeOn, findClosestCpu } from '../../../src/arch/x86/decode.ts'
import type { FeatureSet } from '../../../src/core/feature-set.ts'
import { builtin } from '../../built-in.ts'
import { cpuid, cpuidOf, fs, modelOf, names, show, together } from '../../notation.ts'

const db = builtin()
const of = (model: string, more = '', less = ''): FeatureSet =>
  modelOf(model).features.join(fs(more)).minus(fs(less))

const decoded = (as: 'host' | 'guest', head: string, features: FeatureSet, models?: AllowedModels): string =>
  show(
    findClosestCpu(db, readCpuid(db, together(cpuid(head), cpuidOf(features))), {
      as,
      fallback: 'forbid',
      models,
    }),
  )

const INTEL = 'vendor=GenuineIntel'

describe('hosts', () => {
  test.each([
    [INTEL, 'SandyBridge', '', 'SandyBridge-v1 Intel'],
    [`${INTEL}, sig=6.42.7`, 'SandyBridge', 'vmx', 'SandyBridge-v1 Intel sig:6.42.7 +vmx'],
    ['vendor=AuthenticAMD, sig=23.1.2', 'EPYC', 'monitor', 'EPYC-v1 AMD sig:23.1.2 +monitor'],
    // The signature of a Westmere with no more than a Penryn has: a model must be wholly there.
    [`${INTEL}, sig=6.44.2`, 'Penryn', '', 'Penryn-v1 Intel sig:6.44.2'],
    // A matching signature beats a much shorter list.
    [
      `${INTEL}, sig=6.23.0`,
      'SandyBridge',
      '',
      'Penryn-v1 Intel sig:6.23.0 +pclmuldq +sse4.2 +x2apic +popcnt +tsc-deadline +aes +xsave +avx +rdtscp',
    ],
    // Skylake-Server, Cascadelake and Cooperlake share 6.85; steppings tell them apart.
    [`${INTEL}, sig=6.85.4`, 'Skylake-Server', '', 'Skylake-Server-v1 Intel sig:6.85.4'],
    [`${INTEL}, sig=6.85.7`, 'Cascadelake-Server', '', 'Cascadelake-Server-v1 Intel sig:6.85.7'],
    [`${INTEL}, sig=6.85.11`, 'Cooperlake', '', 'Cooperlake-v1 Intel sig:6.85.11'],
  ])('%s with %s %s: %s', (head, model, more, expected) => {
    expect(decoded('host', head, of(model, more))).toBe(expected)
  })

  test('without a known vendor every model is a candidate, and none is named', () => {
    expect(decoded('host', '', of('EPYC'))).toBe('EPYC-v1')
    expect(decoded('host', 'vendor=GenuineIndel', of('Penryn'))).toBe('Penryn-v1')
  })

  test('of another vendor no model is taken', () => {
    expect(decoded('guest', 'vendor=AuthenticAMD', of('Penryn'))).toBe(
      'exact kvm64 AMD fallback:forbid require:ssse3 require:sse4.1 require:lahf_lm',
    )
    expect(decoded('host', 'vendor=HygonGenuine', of('486'))).toBe('486-v1 Hygon')
  })

  test('a blocker rules a host model out unless it is among the extra features', () => {
    const on = (blockers: string[]) =>
      decoded(
        'host',
        INTEL,
        of('Penryn', 'vmx'),
        new Map([
          ['Penryn', blockers],
          ['Conroe', []],
        ]),
      ).split(' ')[0]
    expect(on([])).toBe('Penryn')
    expect(on(['vmx', 'foo'])).toBe('Penryn')
    expect(on(['sse4.1'])).toBe('Conroe')
    expect(on(['avx'])).toBe('Conroe')
  })
})

describe('guests', () => {
  test.each([
    ['Penryn', '', '', 'exact Penryn Intel fallback:forbid'],
    ['Penryn', 'vmx', 'sse4.1', 'exact Penryn Intel fallback:forbid require:vmx disable:sse4.1'],
    ['Skylake-Client', '', '', 'exact Skylake-Client Intel fallback:forbid disable:mpx'],
    [
      'Skylake-Client',
      'mpx invtsc',
      'avx pni',
      'exact Skylake-Client Intel fallback:forbid require:mpx require:invtsc disable:pni disable:avx',
    ],
  ])('%s with %s without %s: %s', (model, more, less, expected) => {
    const signatures = { Penryn: 'sig=6.23.0', 'Skylake-Client': 'sig=6.94.3' } as const
    const head = `${INTEL}, ${signatures[model as keyof typeof signatures]}`
    expect(decoded('guest', head, of(model, more, less))).toBe(expected)
  })

  test('a disabled feature costs more than a required one, the second half of them only one', () => {
    // An Opteron 2350: Opteron_G3 lacks little, phenom has less to disable.
    const features = of(
      'phenom',
      'lahf_lm rdtscp popcnt abm sse4a misalignsse svm cr8legacy 3dnowprefetch osvw ibs extapic cmp_legacy pdpe1gb cx16 ht',
      'monitor',
    )
    const on = (names: string) => new Map(names.split(' ').map(name => [name, []]))
    expect(decoded('guest', 'vendor=AuthenticAMD', features, on('phenom Opteron_G3'))).toMatch(
      /^exact Opteron_G3 /,
    )
    expect(decoded('guest', 'vendor=AuthenticAMD', features)).toMatch(/^exact Opteron_G3 /)
  })
})

describe('early Haswells report TSX and have none', () => {
  test.each([
    [`${INTEL}, sig=6.60.3`, false],
    [`${INTEL}, sig=6.69.1`, false],
    [`${INTEL}, sig=6.70.1`, false],
    [`${INTEL}, sig=6.63.3`, false],
    [`${INTEL}, sig=6.63.4`, true],
    [`${INTEL}, sig=6.61.4`, true],
    ['vendor=AuthenticAMD, sig=6.60.3', true],
    ['sig=6.60.3', true],
    [`${INTEL}, sig=7.60.3`, true],
    [INTEL, true],
  ])('%s: TSX stays: %s', (head, stays) => {
    expect(decoded('host', head, of('486', 'hle rtm'))).toMatch(stays ? / \+hle \+rtm$/ : /[^m]$/)
  })
})

describe('on a given model', () => {
  test('its flags, vendor and signature do not count', () => {
    const data = { features: of('EPYC', 'vmx'), vendor: db.vendor('AMD') }
    const on = (model: string, migratable = false) => show(decodeOn(db, data, modelOf(model), { migratable }))
    expect(on('EPYC-v1')).toBe('exact EPYC-v1 AMD fallback:forbid require:vmx')
    expect(on('cpu64-rhel5')).toMatch(/^exact cpu64-rhel5 AMD fallback:forbid require:pclmuldq require:vmx /)
  })

  test('migratable lists neither a required nor a disabled blocker', () => {
    const on = (model: string, features: FeatureSet) =>
      show(decodeOn(db, { features }, modelOf(model), { migratable: true }))
    expect(on('Penryn', of('Penryn', 'invtsc vmx'))).toBe('exact Penryn fallback:forbid require:vmx')
    expect(on('SapphireRapids', of('SapphireRapids', '', 'xsaves'))).toBe(
      'exact SapphireRapids fallback:forbid',
    )
  })
})

test('a decoded host is of x86_64 and detected, a guest exact', () => {
  const data = { features: of('Penryn') }
  const [host, guest] = [
    findClosestCpu(db, data, { as: 'host', fallback: 'allow' }),
    findClosestCpu(db, data, { as: 'guest', fallback: 'allow' }),
  ]
  expect([host.type, host.arch, host.detected]).toEqual(['host', 'x86_64', true])
  expect([guest.type, guest.arch, guest.mode, guest.match, guest.fallback]).toEqual([
    'guest',
    undefined,
    'custom',
    'exact',
    'allow',
  ])
  expect(names(of('Penryn'))).toContain('sse4.1')
})
