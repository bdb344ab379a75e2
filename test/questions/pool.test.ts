import { describe, expect, test } from 'vitest'
import type { Pool, PoolOptions, ResultOptions } from '../../src/questions/baseline/pool.ts'
import { describeNote } from '../../src/questions/words/describe.ts'
import { host, refusal, show } from '../notation.ts'
import { pool } from './hosts.ts'

const result = (hosts: Readonly<Record<string, string>>, options?: PoolOptions & ResultOptions): string =>
  show(pool(hosts, options).result(options))

const notes = (made: Pool): string[] => made.notes().map(describeNote)

describe('the answer', () => {
  test.each([
    [{ a: 'Penryn Intel +vmx', b: 'Nehalem Intel +vmx' }, {}, 'exact Penryn Intel require:vmx'],
    [{ a: 'Penryn Intel +vmx' }, {}, 'exact Penryn Intel fallback:forbid require:vmx'],
    [
      { a: 'Penryn Intel +invtsc +vmx' },
      { migratable: true },
      'exact Penryn Intel fallback:forbid require:vmx',
    ],
    // What no hypervisor offers is left out, unless asked as libvirt's tests ask.
    [{ a: 'Penryn Intel +osxsave +cmt +vmx' }, {}, 'exact Penryn Intel fallback:forbid require:vmx'],
    [
      { a: 'Penryn Intel +osxsave +cmt +vmx' },
      { raw: true },
      'exact Penryn Intel fallback:forbid require:vmx require:osxsave require:cmt',
    ],
    [
      { a: '486 Intel +pae' },
      { expand: true },
      'exact 486 Intel fallback:forbid require:fpu require:pae require:pse require:vme',
    ],
    // The filter comes before the expansion: what the model has comes back.
    [
      { a: 'SapphireRapids Intel +osxsave' },
      { expand: false, migratable: true },
      'exact SapphireRapids Intel fallback:forbid',
    ],
    [
      { a: 'Nehalem Intel', b: 'Westmere Intel' },
      { onModel: 'Penryn' },
      'exact Penryn Intel fallback:forbid require:sse4.2 require:popcnt',
    ],
    [{ a: 'Penryn arch:i686', b: 'kvm64 arch:ppc64' }, {}, 'exact kvm64'],
  ])('%o with %o: %s', (hosts, options, expected) => {
    expect(result(hosts, options)).toBe(expected)
  })

  test('migratable filters the list only: expanded, the model’s xsaves is back', () => {
    const text = result({ a: 'SapphireRapids Intel +invtsc' }, { migratable: true, expand: true })
    expect(text).toContain(' require:xsaves')
    expect(text).not.toContain('invtsc')
  })

  test('hosts may be added after a result', () => {
    const made = pool({ a: 'Nehalem Intel' })
    expect(show(made.result())).toBe('exact Nehalem Intel fallback:forbid')
    made.add(host('Penryn Intel'), 'b')
    expect(show(made.result())).toBe('exact Penryn Intel')
  })
})

describe('refusals, when the result is asked for', () => {
  test.each([
    [{}, 'invalid argument: no CPUs given', undefined],
    [{ a: 'Foo', b: 'Bar' }, 'internal error: Unknown CPU model Foo', 'a'],
    [{ a: 'Penryn', b: 'Penryn +foo' }, 'internal error: Unknown CPU feature foo', 'b'],
    [{ a: 'Penryn Intel', b: 'EPYC AMD', c: 'Foo' }, 'operation failed: CPU vendors do not match', 'b'],
    // A CPU without a model is told before anything is looked up, whichever it is.
    [{ a: 'Foo', b: 'host-model' }, 'invalid argument: no CPU model specified at index 1', 'b'],
    [
      { a: 'Penryn arch:mips', b: 'Penryn', c: 'host-model', d: 'host-model' },
      'invalid argument: no CPU model specified at index 2',
      'c',
    ],
    [
      { a: 'Penryn arch:mips' },
      "this function is not supported by the connection driver: 'mips' architecture is not supported by CPU driver",
      'a',
    ],
    [
      { a: 'z13 arch:s390x' },
      'this function is not supported by the connection driver: cannot compute baseline CPU of s390x architecture',
      'a',
    ],
    [{ a: 'exact Penryn' }, 'internal error: undefined hardware architecture', 'a'],
    // The others' architecture is never looked at.
    [{ a: 'Penryn', b: 'Penryn arch:mips' }, 'no refusal', undefined],
    [
      { a: 'exact 486 disable:fpu disable:vme disable:pse' },
      'internal error: undefined hardware architecture',
      'a',
    ],
  ])('%o: %s', (hosts, message, culprit) => {
    const made = pool(hosts)
    expect(refusal(() => made.result())).toBe(message)
    expect(made.culprit).toBe(culprit)
  })

  test('raw asks for no architecture', () => {
    expect(result({ a: 'exact Penryn' }, { raw: true })).toBe('exact Penryn fallback:forbid')
    const nothing = { a: 'exact 486 disable:fpu disable:vme disable:pse' }
    expect(refusal(() => result(nothing, { raw: true }))).toBe('operation failed: CPUs are incompatible')
  })

  test.each([
    ['Foo', 'internal error: Unknown CPU model Foo'],
    ['EPYC', 'operation failed: CPU vendor AMD of model EPYC differs from vendor Intel'],
  ])('on the model %s: %s', (onModel, message) => {
    expect(refusal(() => result({ a: 'Penryn Intel' }, { onModel }))).toBe(message)
  })
})

describe('lenient', () => {
  const hosts = { a: 'Foo', b: 'Penryn Intel +foo +vmx +bar', c: 'Nehalem Intel +vmx', d: 'Baz' }

  test('unknown names are left out and told', () => {
    const made = pool(hosts, { lenient: true })
    expect(show(made.result())).toBe('exact Penryn Intel require:vmx')
    expect(notes(made)).toEqual([
      'a: left out of the pool: its model Foo is unknown',
      'b: unknown feature foo is left out',
      'b: unknown feature bar is left out',
      'd: left out of the pool: its model Baz is unknown',
    ])
  })

  test('nothing else is forgiven', () => {
    const go = (more: Record<string, string>) => refusal(() => result(more, { lenient: true }))
    expect(go({ a: 'Penryn Nobody' })).toBe('operation failed: Unknown CPU vendor Nobody')
    expect(go({ a: 'Penryn Intel', b: 'EPYC AMD' })).toBe('operation failed: CPU vendors do not match')
    expect(go({ a: 'Penryn', b: 'host-model' })).toBe('invalid argument: no CPU model specified at index 1')
    expect(go({ a: 'Foo' })).toBe('operation failed: CPUs are incompatible')
  })
})
