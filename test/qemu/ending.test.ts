import { describe, expect, test } from 'vitest'
import type { GuestCpu } from '../../src/core/cpu.ts'
import type { AcceleratorCapabilities } from '../../src/qemu/capabilities.ts'
import { makeEndingError, predictEnding } from '../../src/qemu/guest/ending.ts'
import type { GuestRequest } from '../../src/qemu/guest/parse-request.ts'
import type { StartPlace } from '../../src/qemu/guest/place.ts'
import { asked } from './domain-capabilities/asked.ts'

/** For what QEMU ends before a guest runs. */
interface Case {
  readonly arch?: string
  readonly accelerator?: 'kvm' | 'tcg'
  readonly settings?: string
  readonly vcpus?: number
  readonly vcpusAtStart?: number
  readonly cpu?: Partial<GuestCpu>
  readonly with?: Partial<AcceleratorCapabilities>
  readonly properties?: Readonly<Record<string, string>>
  readonly has?: string
}

function ending(given: Case): string | undefined {
  const { arch = 'x86_64', accelerator = 'kvm', settings = '', vcpus = 1, vcpusAtStart } = given
  const { qemu } = asked({ arch, accelerator, properties: given.properties ?? {}, with: given.with ?? {} })
  const request = {
    name: 'g',
    vcpus,
    vcpusAtStart,
    settings: settings.split(' ').flatMap(pair => (pair ? [pair.split('=')] : [])),
  }
  const choice = { binary: '/usr/bin/qemu', arch, accelerator }
  const guest = {
    request: request as unknown as GuestRequest,
    place: { capabilities: qemu, choice } as unknown as StartPlace,
    cpu: { type: 'guest', features: [], ...given.cpu } as GuestCpu,
  }
  const has = (given.has ?? 'lm x2apic').split(' ')
  return predictEnding(guest, name => has.includes(name))?.message
}

const CLOSED = "internal error: QEMU unexpectedly closed the monitor (vm='g'): qemu: "

describe('enlightenments', () => {
  test.each([
    ['hv-synic', 'hv-vpindex'],
    ['hv-stimer', 'hv-vpindex hv-synic hv-time'],
    ['hv-stimer-direct', 'hv-vpindex hv-synic hv-time hv-stimer'],
    ['hv-tlbflush', 'hv-vpindex'],
    ['hv-tlbflush-ext', 'hv-tlbflush hv-vpindex'],
    ['hv-tlbflush-direct', 'hv-vapic'],
    ['hv-ipi', 'hv-vpindex'],
    ['hv-evmcs', 'hv-vapic'],
    ['hv-relaxed', ''],
  ])('%s needs %s', (name, needs) => {
    const all = needs.split(' ').filter(Boolean)
    const on = (names: readonly string[]) => names.map(one => `${one}=on`).join(' ')
    expect(ending({ settings: on([...all, name]) })).toBeUndefined()
    for (const one of all) {
      const without = all.filter(other => other !== one)
      const found = ending({ settings: on([...without, name]) })
      expect(found, one).toMatch(/^internal error: QEMU ends: .* needs /)
    }
    const found = ending({ settings: on([name]) })
    if (all.length > 0) expect(found).toContain(`QEMU ends: ${name} needs `)
    expect(ending({ settings: on([name]), accelerator: 'tcg' })).toBeUndefined()
    expect(ending({ settings: `${on([name])} hv-passthrough=on` })).toBeUndefined()
    expect(ending({ settings: `${name}=off` })).toBeUndefined()
  })

  test('that the kernel does not give', () => {
    const given = {
      with: {
        hyperv: new Map([
          ['hv-relaxed', false],
          ['hv-vapic', true],
          ['pmu', false],
        ]),
      },
    }
    expect(ending({ ...given, settings: 'hv-relaxed=on hv-vapic=on pmu=on' })).toBe(
      "internal error: QEMU ends: the host's KVM does not give hv-relaxed",
    )
    expect(ending({ ...given, settings: 'hv-vapic=on hv-vpindex=on pmu=on' })).toBeUndefined()
  })
})

describe('addresses and topologies', () => {
  const bits = (n: number, mode: 'emulate' | 'passthrough' = 'emulate') => ({
    maxphysaddr: { mode, bits: n },
  })
  const topology = (parts: object) => ({
    topology: { sockets: 1, dies: 1, clusters: 1, cores: 1, threads: 1, ...parts },
  })
  const range = 'phys-bits should be between 32 and 52  (but is '

  test.each<[Case, string | undefined]>([
    [{ cpu: bits(31) }, `${range}31)`],
    [{ cpu: bits(32) }, undefined],
    [{ cpu: bits(52) }, undefined],
    [{ cpu: bits(53) }, `${range}53)`],
    [{ cpu: bits(53, 'passthrough') }, undefined],
    [{ cpu: bits(40), has: 'x2apic' }, 'phys-bits is not user-configurable in 32 bit'],
    [{ cpu: bits(40), has: '', arch: 'aarch64' }, undefined],
    [{ cpu: topology({ dies: 2 }) }, undefined],
    [
      { cpu: topology({ dies: 2 }), arch: 'aarch64' },
      "dies > 1 not supported by this machine's CPU topology",
    ],
    [{ cpu: topology({ clusters: 2 }) }, "clusters > 1 not supported by this machine's CPU topology"],
    [{ cpu: topology({ clusters: 2 }), arch: 'aarch64' }, undefined],
    [{ cpu: topology({ sockets: 2, cores: 2, threads: 2 }), arch: 's390x' }, undefined],
  ])('%o: %s', (given, words) => {
    expect(ending(given)).toBe(words && CLOSED + words)
  })

  const wide = (id: number) => `APIC ID ${id} requires x2APIC feature in CPU\nTry x2apic=on in -cpu.`
  const off = { features: [{ name: 'x2apic', policy: 'disable' as const }] }

  test.each<[Case, string | undefined]>([
    [{ vcpus: 255, cpu: off, has: 'lm' }, undefined],
    [{ vcpus: 256, cpu: off, has: 'lm' }, wide(255)],
    [{ vcpus: 256, vcpusAtStart: 255, cpu: off, has: 'lm' }, undefined],
    [{ vcpus: 256, cpu: off }, undefined],
    [{ vcpus: 256, has: 'lm' }, undefined],
    [{ vcpus: 256, has: 'lm', accelerator: 'tcg' }, wide(255)],
    [{ vcpus: 256, has: 'lm', accelerator: 'tcg', arch: 'aarch64' }, undefined],
    // Three cores take two bits.
    [{ vcpus: 192, cpu: { ...off, ...topology({ cores: 3, sockets: 64 }) }, has: 'lm' }, undefined],
    [{ vcpus: 195, cpu: { ...off, ...topology({ cores: 3, sockets: 65 }) }, has: 'lm' }, wide(256)],
    [
      { vcpus: 132, cpu: { ...off, ...topology({ threads: 2, cores: 3, dies: 2, sockets: 11 }) }, has: 'lm' },
      undefined,
    ],
    [
      { vcpus: 204, cpu: { ...off, ...topology({ threads: 2, cores: 3, dies: 2, sockets: 17 }) }, has: 'lm' },
      wide(256),
    ],
  ])('APIC IDs of %o: %s', (given, words) => {
    expect(ending(given)).toBe(words && CLOSED + words)
  })
})

describe('properties that a type does not have', () => {
  const models = [{ name: 'max', type: 'max-arm-cpu', unavailable: [], deprecated: false }]
  const arm: Case = { arch: 'aarch64', with: { models }, properties: { 'max-arm-cpu': 'aes pmu sve' } }
  const refused = (name: string, value: string, type = 'max-arm-cpu') =>
    `${CLOSED}can't apply global ${type}.${name}=${value}: Property '${type}.${name}' not found`
  const cpu = (parts: Partial<GuestCpu>) => ({ ...arm, cpu: { model: 'Max', ...parts } })
  const features = (...list: [name: string, policy: 'require' | 'disable' | 'optional' | 'forbid'][]) =>
    cpu({ features: list.map(([name, policy]) => ({ name, policy })) })

  test.each<[Case, string | undefined]>([
    [cpu({}), undefined],
    [cpu({ vendorId: 'x' }), refused('vendor', 'x')],
    [{ ...cpu({ vendorId: 'x' }), arch: 'x86_64' }, undefined],
    [{ ...arm, cpu: { model: 'other', vendorId: 'x' } }, undefined],
    [{ ...arm, cpu: { vendorId: 'x' } }, undefined],
    [features(['aes', 'require'], ['sve', 'disable']), undefined],
    [features(['aes', 'require'], ['crc', 'require']), refused('crc', 'on')],
    [features(['crc', 'disable']), refused('crc', 'off')],
    [features(['crc', 'forbid']), refused('crc', 'off')],
    [features(['crc', 'optional']), undefined],
    [{ ...cpu({}), settings: 'pmu=on' }, undefined],
    [{ ...cpu({}), settings: 'pmu=on kvm=off' }, refused('kvm', 'off')],
    [{ ...features(['crc', 'require']), properties: {} }, undefined],
  ])('%o: %s', (given, words) => {
    expect(ending(given)).toBe(words)
  })

  test('on s390x those of the host count for every model', () => {
    const host = { model: 'z14', properties: new Map([['vx', true]]), deprecated: [] }
    const given: Case = {
      arch: 's390x',
      with: { models: [{ name: 'z14', type: 'z14-s390x-cpu', unavailable: [], deprecated: false }], host },
      properties: { 'z14-s390x-cpu': 'te' },
    }
    const of = (name: string): Case => ({
      ...given,
      cpu: { model: 'z14', features: [{ name, policy: 'require' }] },
    })
    expect([ending(of('vx')), ending(of('te'))]).toEqual([undefined, refused('te', 'on', 'z14-s390x-cpu')])
    expect(ending({ ...of('vx'), settings: 'pmu=on' })).toBe(refused('pmu', 'on', 'z14-s390x-cpu'))
  })
})

test('of long words the last lines are read, and no times', () => {
  const line = `2026-12-01T06:00:00.000000Z ${'x'.repeat(99)}\n`
  const shown = makeEndingError('g', line.repeat(100)).message
  expect(
    shown.startsWith(`internal error: QEMU unexpectedly closed the monitor (vm='g'): ${'x'.repeat(99)}\n`),
  ).toBe(true)
  expect(shown.split('x'.repeat(99)).length - 1).toBe(7)
  expect(makeEndingError(undefined, '2026-12-01T06:00:00Z a\n2026-12').message).toBe(
    "internal error: QEMU unexpectedly closed the monitor (vm=''): a",
  )
})
