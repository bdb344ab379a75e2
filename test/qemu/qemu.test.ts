import { describe, expect, test } from 'vitest'
import { startGuest } from '../../src/arch/operations.ts'
import { findClosestCpu } from '../../src/arch/x86/decode.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import {
  decodeProperties,
  findUnmigratable,
  listAllowedModels,
  mergeReportedProperties,
  readHypervisorSupport,
} from '../../src/qemu/allowance.ts'
import type { QemuProperty } from '../../src/qemu/capabilities.ts'
import { builtin } from '../built-in.ts'
import { guest, host, names, refusal, show } from '../notation.ts'

const db = builtin()
const data = (properties: Record<string, QemuProperty>) =>
  decodeProperties(db, new Map(Object.entries(properties)))

describe('the host as QEMU sees it', () => {
  test.each([
    [{}, ''],
    [{ avx: true, avx2: false }, 'avx'],
    // QEMU's names, libvirt's too; unknown and paravirtual ones are passed over.
    [{ 'lahf-lm': true, ds_cpl: true, pclmulqdq: true }, 'pclmuldq ds_cpl lahf_lm'],
    [{ 'kvm-pv-eoi': true, 'hv-relaxed': true, foo: true }, ''],
    // Only what is true is there: not what is a number or a word.
    [{ avx: 1, avx2: 'on', fma: 'true', 'hv-spinlocks': 4_294_967_295, level: -1 }, ''],
    [{ 'vmx-invept-single-context-noglobals': true }, 'vmx-invvpid-single-context-noglobals'],
  ] as [Record<string, QemuProperty>, string][])('%o: %s', (properties, expected) => {
    expect(names(data(properties).features)).toBe(expected)
  })

  test.each([
    [{ vendor: 'GenuineIntel' }, 'Intel', undefined],
    [{ vendor: 'TCGTCGTCGTCG' }, undefined, undefined],
    [{ vendor: true }, undefined, undefined],
    [{ family: 6, model: 60, stepping: 3 }, undefined, { family: 6, model: 60, stepping: 3 }],
    [{ family: 0, model: 0, stepping: 0 }, undefined, undefined],
    [{ model: 3 }, undefined, { family: 0, model: 3, stepping: 0 }],
    [{ family: '6' }, undefined, undefined],
  ] as const)('%o: vendor %s, signature %o', (properties, vendor, signature) => {
    const found = data(properties)
    expect(found.vendor?.name).toBe(vendor)
    expect(found.signature).toEqual(signature)
  })

  test('early Haswells lose TSX here too', () => {
    const seen = data({ vendor: 'GenuineIntel', family: 6, model: 60, stepping: 3, rtm: true, fpu: true })
    expect(show(findClosestCpu(db, seen, { as: 'guest', fallback: 'forbid' }))).not.toContain('require:rtm')
  })
})

test('asked twice, the host reports what it has without regard to migration', () => {
  const asked = (text: Record<string, QemuProperty>) => new Map(Object.entries(text))
  const host = {
    model: 'base',
    properties: asked({ avx: true, invtsc: false, fma: false, level: 7 }),
    deprecated: [],
  }
  const both = { ...host, unmigratable: asked({ avx: true, invtsc: true, fma: false, level: 8, new: true }) }
  expect(mergeReportedProperties(host)).toEqual(host.properties)
  expect(findUnmigratable(host)).toBeUndefined()
  expect(mergeReportedProperties(both)).toEqual(asked({ avx: true, invtsc: true, fma: false, level: 7 }))
  expect([...(findUnmigratable(both) ?? [])]).toEqual(['invtsc'])
})

test('models and blockers, in libvirt’s spelling', () => {
  const models = listAllowedModels([
    { name: 'Penryn', deprecated: false },
    { name: 'Nehalem', deprecated: true, unavailable: [] },
    { name: 'EPYC', deprecated: false, unavailable: ['lahf-lm', 'mpx', 'lahf-lm'] },
  ])
  expect([...models]).toEqual([
    ['Penryn', []],
    ['Nehalem', []],
    ['EPYC', ['lahf_lm', 'mpx', 'lahf_lm']],
  ])
})

describe('starting a guest', () => {
  const models = (text: string) => new Map(text.split(' ').map(name => [name, []]))
  const started = (on: string, text: string, list?: string): string => {
    const answer = startGuest(
      CpuMap.builtIn(),
      host(on),
      guest(text),
      list === undefined ? undefined : models(list),
    )
    return 'cpu' in answer
      ? `${answer.comparison.result}: ${show(answer.cpu)}`
      : `${answer.comparison.result}: ${answer.comparison.detail}`
  }

  test.each([
    ['Penryn Intel +vmx', 'host-model', undefined, 'superset: exact Penryn Intel require:vmx'],
    ['Penryn Intel +vmx', 'exact Penryn require:vmx', undefined, 'identical: exact Penryn require:vmx'],
    [
      'Penryn Intel +vmx',
      'exact Nehalem',
      undefined,
      'incompatible: Host CPU does not provide required features: sse4.2, popcnt',
    ],
    [
      'Penryn Intel',
      'exact Penryn forbid:sse4.1',
      undefined,
      'incompatible: Host CPU provides forbidden features: sse4.1',
    ],
    // The host as it is, not its migratable copy.
    ['Penryn Intel +invtsc', 'host-model', undefined, 'superset: exact Penryn Intel require:invtsc'],
    [
      'Nehalem Intel',
      'exact Nehalem optional:vmx',
      'Penryn core2duo',
      'identical: exact Penryn require:sse4.2 require:popcnt disable:vmx',
    ],
    // Refused before it comes to translating.
    [
      'Penryn Intel',
      'exact Nehalem fallback:forbid',
      'Penryn',
      'incompatible: Host CPU does not provide required features: sse4.2, popcnt',
    ],
  ])('on %s the guest %s (%s): %s', (on, text, list, expected) => {
    expect(started(on, text, list)).toBe(expected)
  })

  test.each([
    [
      'Nehalem Intel',
      'exact Nehalem fallback:forbid',
      'Penryn',
      'unsupported configuration: CPU model Nehalem is not supported by hypervisor',
    ],
    [
      'Nehalem Intel',
      'exact Nehalem',
      'nomodel',
      'internal error: Cannot find suitable CPU model for given data',
    ],
    ['Nehalem Intel', 'exact Nehalem optional:foo', '486', 'internal error: Unknown CPU feature foo'],
    ['Nehalem arch:ppc64', 'exact Nehalem', '486', 'internal error: Unknown CPU model Nehalem'],
  ])('on %s the guest %s (%s) is an error: %s', (on, text, list, message) => {
    expect(refusal(() => started(on, text, list))).toBe(message)
  })

  test('a host definition as guest is compared before it is refused', () => {
    const go = (text: string) => refusal(() => startGuest(CpuMap.builtIn(), host('Penryn Intel'), host(text)))
    expect(go('Penryn')).toBe('internal error: Unexpected enum value -1 for virCPUMode')
    expect(startGuest(CpuMap.builtIn(), host('Penryn Intel'), host('Nehalem')).comparison.result).toBe(
      'incompatible',
    )
  })
})

test('a baseline may have what QEMU names when it is asked for what can migrate', () => {
  const properties = (...keys: string[]) => new Map<string, QemuProperty>(keys.map(key => [key, false]))
  const host = {
    model: 'base',
    properties: properties('avx', 'lahf-lm'),
    unmigratable: properties('avx', 'invtsc'),
  }
  const allowed = readHypervisorSupport({ models: [{ name: '486', deprecated: false }], host } as never)
  expect([...(allowed?.features ?? [])]).toEqual(['avx', 'lahf_lm'])
})
