import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { QemuProperty } from '../../../src/qemu/capabilities.ts'
import { findCpuModes } from '../../../src/qemu/domain-capabilities/cpu-modes.ts'
import { show } from '../../notation.ts'
import { type Asked, asked, models } from './asked.ts'

const host = (properties: Record<string, QemuProperty>, model = 'base', unmigratable = properties) => ({
  model,
  properties: new Map(Object.entries(properties)),
  unmigratable: new Map(Object.entries(unmigratable)),
  deprecated: [],
})

/** The models as words: `EPYC=no(mpx pku)/AMD/EPYC-v1`. */
const custom = (parts: Asked): string[] | undefined =>
  findCpuModes(asked(parts)).custom?.map(({ name, usable, deprecated, vendor, canonical, blockers }) => {
    const lacks = blockers.length > 0 ? `(${blockers.join(' ')})` : ''
    return `${deprecated ? '!' : ''}${name}=${usable}${lacks}/${vendor ?? '-'}${canonical ? `/${canonical}` : ''}`
  })

describe('host-passthrough', () => {
  test.each([
    ['with the host’s own accelerator', {}, ['off']],
    [
      'migratable where QEMU’s biggest CPU can be',
      { properties: { 'max-x86_64-cpu': 'migratable' } },
      ['on', 'off'],
    ],
    ['not where QEMU emulates', { accelerator: 'tcg' }, undefined],
    ['not for guests of another architecture', { isNative: false }, undefined],
  ] as [string, Asked, string[] | undefined][])('%s', (_, parts, expected) => {
    expect(findCpuModes(asked(parts)).passthrough).toEqual(expected)
  })
})

test('maximum is there where any accelerator of this QEMU lists it', () => {
  const qemu = { accelerators: new Map([['tcg', { machines: [], models: models('max') }]]) } as Asked['qemu']
  expect(findCpuModes(asked({ qemu: qemu ?? {} })).maximum).toEqual(['on', 'off'])
  expect(findCpuModes(asked()).maximum).toBeUndefined()
})

describe('host-model', () => {
  const penryn = { vendor: 'GenuineIntel', family: 6, model: 23, stepping: 6, fpu: true }
  const model = (parts: Asked): string | undefined => {
    const { hostModel } = findCpuModes(
      asked({ properties: { 'max-x86_64-cpu': 'unavailable-features' }, ...parts }),
    )
    return hostModel && show({ ...hostModel, features: hostModel.features.slice(0, 2) })
  }

  test('is what QEMU tells, with what cannot migrate, on a model that QEMU has', () => {
    const told = host({ ...penryn, invtsc: false }, 'base', { ...penryn, invtsc: true })
    expect(model({ with: { host: told, models: models('486: Penryn:') } })).toMatch(/^exact Penryn Intel/)
    const { hostModel } = findCpuModes(asked({ with: { host: told, models: models('486:') } }))
    expect(hostModel?.model).toBe('486')
    expect(hostModel?.features).toContainEqual({ name: 'invtsc', policy: 'require' })
  })

  test('tells the width of addresses, but where QEMU emulates', () => {
    const parts = { with: { host: host(penryn), models: models('Penryn:') }, host: { physBits: 46 } }
    const width = (more: Asked) => findCpuModes(asked({ ...parts, ...more })).hostModel?.maxphysaddr
    expect(width({})).toEqual({ mode: 'passthrough', limit: 46 })
    expect(width({ accelerator: 'tcg' })).toBeUndefined()
  })

  test('is not there for guests of another architecture', () => {
    expect(model({ isNative: false, with: { host: host(penryn) } })).toBeUndefined()
  })

  test('on s390x is QEMU’s own model with every property that is on or off, in QEMU’s order', () => {
    const parts: Asked = {
      arch: 's390x',
      machine: 's390-ccw-virtio-10.0',
      with: { host: host({ vx: true, aen: false, x: 5 }, 'gen16a-base') },
      host: { physBits: 64 },
    }
    expect(model(parts)).toBe('exact gen16a-base fallback:forbid require:vx disable:aen')
    expect(findCpuModes(asked(parts)).hostModel?.maxphysaddr).toBeUndefined()
  })

  test('on POWER is what libvirt found, if QEMU has it, and may be replaced', () => {
    const power = (names: string) =>
      model({
        arch: 'ppc64',
        host: { cpu: { type: 'host', model: 'POWER8', features: [] } },
        with: { models: models(names) },
      })
    expect(power('power8 power9')).toBe('exact POWER8')
    expect(power('power9')).toBeUndefined()
  })

  test('is not there on ARM, whatever the host is', () => {
    const cpu = { type: 'host', model: 'cortex-a57', features: [] } as const
    expect(
      model({ arch: 'aarch64', host: { cpu }, with: { host: host({ sve: true }, 'host') } }),
    ).toBeUndefined()
  })
})

describe('custom', () => {
  test('models that libvirt knows, by name, in bytewise order, with what the host cannot give them', () => {
    const list = 'host: max: Penryn qemu64: !486:lahf-lm,mpx,lahf-lm EPYC-v1: NoSuch:'
    expect(custom({ with: { models: models(list) } })).toEqual([
      '!486=no(lahf_lm mpx)/-/486-v1',
      'EPYC-v1=yes/AMD',
      'Penryn=unknown/Intel/Penryn-v1',
      'qemu64=yes/-/qemu64-v1',
    ])
  })

  test('is not supported where QEMU lists none', () => {
    expect(custom({})).toBeUndefined()
    expect(custom({ with: { models: models('host:') } })).toBeUndefined()
  })

  test.each([
    ['s390x', 'z14 gen15a qemu', ['gen15a=unknown/IBM', 'qemu=unknown/-', 'z14=unknown/IBM']],
    ['ppc64', 'power8 970 e5500', ['POWER8=unknown/IBM']],
    ['aarch64', 'cortex-a57 anything', ['anything=unknown/-', 'cortex-a57=unknown/-']],
    ['riscv64', 'rv64', ['rv64=unknown/-']],
    ['ppc', '405', undefined],
  ])('on %s', (arch, list, expected) => {
    expect(custom({ arch, with: { models: models(list) } })).toEqual(expected)
  })

  test('a model is unusable exactly where it has blockers; they are sorted, each once', () => {
    const names = fc.array(fc.constantFrom('mpx', 'lahf-lm', 'pku', 'avx'))
    fc.assert(
      fc.property(fc.option(names, { nil: undefined }), unavailable => {
        const list = [{ name: '486', deprecated: false, ...(unavailable && { unavailable }) }]
        const [model] = findCpuModes(asked({ with: { models: list } })).custom ?? []
        expect(model?.usable).toBe(unavailable ? (unavailable.length > 0 ? 'no' : 'yes') : 'unknown')
        expect(model?.blockers).toEqual([...new Set(model?.blockers)].sort())
        expect(model?.blockers.length).toBe(new Set(unavailable).size)
      }),
    )
  })
})

test('KVM on old s390x machines gives host-passthrough and nothing else', () => {
  const parts: Asked = { arch: 's390x', with: { models: models('max z14:'), host: host({ vx: true }) } }
  expect(Object.keys(findCpuModes(asked({ ...parts, machine: 's390-ccw-virtio-2.7' })))).toEqual([
    'passthrough',
  ])
  expect(Object.keys(findCpuModes(asked({ ...parts, machine: 's390-ccw-virtio-2.8' })))).toHaveLength(4)
})
