import { describe, expect, test } from 'vitest'
import type { Cpu } from '../../../src/core/cpu.ts'
import { builtin } from '../../built-in.ts'
import { cpu, guest, host, refusal, show } from '../../notation.ts'
import { smallMap } from '../../small-map.ts'
import { update } from '../../x86.ts'

const db = builtin()
const penryn = host('Penryn Intel +vmx')
const updated = (text: string, on: Cpu = penryn): string => show(update(db, guest(text), on))

describe('on a Penryn with vmx', () => {
  test.each([
    ['host-model disable:vmx optional:avx', 'exact Penryn Intel disable:vmx disable:avx'],
    ['host-model', 'exact Penryn Intel require:vmx'],
    ['host-model fallback:forbid', 'exact Penryn Intel fallback:forbid require:vmx'],
    ['host-model vendor_id:GenuineIotel', 'exact Penryn Intel vendor_id:GenuineIotel require:vmx'],
    // Minimum takes the host's model, but not its vendor.
    ['minimum pentium3', 'exact Penryn require:vmx'],
    ['minimum pentium3 AMD', 'exact Penryn AMD require:vmx'],
    ['minimum pentium3 require:avx force:vmx', 'exact Penryn force:vmx require:avx'],
    ['minimum pentium3 optional:vmx optional:avx', 'exact Penryn require:vmx disable:avx'],
    // Optional features are decided in place; others stay as they are.
    [
      'exact Penryn require:avx optional:vmx forbid:fma optional:avx2',
      'exact Penryn require:avx require:vmx forbid:fma disable:avx2',
    ],
    ['strict pentium3 Intel optional:sse4.1', 'strict pentium3 Intel require:sse4.1'],
    ['strict Penryn force:avx', 'strict Penryn force:avx'],
    // Paravirtual features are known, and no definition has them.
    [
      'exact Penryn optional:hv-relaxed optional:kvm_pv_unhalt',
      'exact Penryn disable:hv-relaxed disable:kvm_pv_unhalt',
    ],
    ['exact Penryn forbid:vmx check:full', 'exact Penryn check:full forbid:vmx'],
    // Passthrough modes are the host's business.
    ['host-passthrough optional:vmx', 'host-passthrough optional:vmx'],
    ['maximum Nothing optional:foo', 'maximum Nothing optional:foo'],
  ])('%s becomes %s', (text, expected) => {
    expect(updated(text)).toBe(expected)
  })

  test('host features come first and keep their places, guest features after', () => {
    const on = host('Penryn Intel +vmx +dca +est')
    expect(updated('minimum Penryn disable:dca require:avx', on)).toBe(
      'exact Penryn require:vmx disable:dca require:est require:avx',
    )
  })

  test('a guest definition as host keeps its policies', () => {
    const hypervisor = guest('exact Penryn Intel require:vmx disable:dca')
    expect(updated('host-model optional:dca', hypervisor)).toBe('exact Penryn Intel require:vmx disable:dca')
  })

  test('topology, cache and address width are the guest’s own', () => {
    const own = cpu(
      `<cpu mode='host-model'><topology sockets='1' cores='2' threads='1'/><cache mode='passthrough'/>` +
        `<maxphysaddr mode='emulate' bits='42'/></cpu>`,
    )
    const { topology, cache, maxphysaddr } = update(db, own, { ...penryn, topology: undefined })
    expect({ topology, cache, maxphysaddr }).toEqual({
      topology: { sockets: 1, dies: 1, clusters: 1, cores: 2, threads: 1 },
      cache: { mode: 'passthrough' },
      maxphysaddr: { mode: 'emulate', bits: 42 },
    })
  })
})

describe('features removed from the model', () => {
  test.each([
    ['exact EPYC', 'exact EPYC disable:monitor', 'exact EPYC require:monitor'],
    ['exact EPYC require:monitor', 'exact EPYC require:monitor', 'exact EPYC require:monitor'],
    ['exact EPYC forbid:monitor', 'exact EPYC forbid:monitor', 'exact EPYC forbid:monitor'],
    [
      'strict EPYC force:avx',
      'strict EPYC force:avx disable:monitor',
      'strict EPYC force:avx require:monitor',
    ],
    ['exact EPYC-v1', 'exact EPYC-v1', 'exact EPYC-v1'],
  ])('%s: afresh %s, restored %s', (text, fresh, restored) => {
    const on = host('EPYC AMD')
    expect(show(update(db, guest(text), on))).toBe(fresh)
    expect(show(update(db, guest(text), on, 'require'))).toBe(restored)
  })

  test('those of the host’s model, where that is taken', () => {
    expect(updated('host-model', host('EPYC AMD'))).toBe('exact EPYC AMD disable:monitor')
    expect(updated('minimum pentium3', host('EPYC AMD +monitor'))).toBe('exact EPYC require:monitor')
  })

  test('several, in the order of the file', () => {
    const map = smallMap('feature a b c\nmodel one : -c a -b')
    expect(show(update(map, guest('exact one'), undefined))).toBe('exact one disable:c disable:b')
  })
})

describe('refusals', () => {
  test.each([
    ['exact Penryn optional:foo', penryn, 'internal error: unknown CPU feature foo'],
    ['exact Foo', penryn, 'internal error: Unknown CPU model Foo'],
    ['exact Penryn require:foo', penryn, 'no refusal'],
    ['host-model', host('Foo'), 'internal error: Unknown CPU model Foo'],
    ['exact Penryn optional:vmx', host('Penryn +foo'), 'internal error: Unknown CPU feature foo'],
    ['exact Penryn', host('Foo +foo'), 'no refusal'],
    ['host-model', undefined, 'unsupported configuration: unknown host CPU model'],
    ['minimum Penryn', undefined, 'unsupported configuration: unknown host CPU model'],
    ['exact Penryn optional:vmx', undefined, 'unsupported configuration: unknown host CPU model'],
    ['exact Penryn require:vmx', undefined, 'no refusal'],
    ['maximum', undefined, 'no refusal'],
  ])('%s on %o: %s', (text, on, message) => {
    expect(refusal(() => update(db, guest(text), on))).toBe(message)
  })

  test('a host definition is no guest, whatever the host', () => {
    const message = 'internal error: Unexpected enum value -1 for virCPUMode'
    expect(refusal(() => update(db, host('Penryn'), host('Foo')))).toBe(message)
    expect(refusal(() => update(db, host('Penryn'), undefined))).toBe(message)
  })
})
