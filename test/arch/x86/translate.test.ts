import { describe, expect, test } from 'vitest'
import { builtin } from '../../built-in.ts'
import { guest, refusal, show } from '../../notation.ts'
import { smallMap } from '../../small-map.ts'
import { translate } from '../../x86.ts'

const db = builtin()
const only = (text: string) => new Map(text.split(' ').map(name => [name, []]))
const translated = (text: string, models: string): string => show(translate(db, guest(text), only(models)))

describe('nothing changes', () => {
  test.each([
    ['host-model', 'Penryn'],
    ['host-passthrough optional:foo', 'Penryn'],
    ['maximum', 'Penryn'],
    ['exact Nehalem require:avx', 'Penryn Nehalem'],
    ['exact Foo fallback:forbid', 'Foo'],
  ])('%s with %s', (text, models) => {
    expect(translated(text, models)).toBe(text)
  })

  test('without a list', () => {
    expect(show(translate(db, guest('exact Foo fallback:forbid'), undefined))).toBe(
      'exact Foo fallback:forbid',
    )
  })
})

describe('another name for the same features', () => {
  test.each([
    // The model's features that the new one lacks are required, those it has too many are disabled.
    ['exact Nehalem', 'Penryn', 'exact Penryn require:sse4.2 require:popcnt'],
    ['exact Penryn', 'Nehalem', 'exact Nehalem disable:sse4.2 disable:popcnt'],
    ['exact Haswell-noTSX', 'SandyBridge Haswell', 'exact Haswell disable:hle disable:rtm'],
    // The guest's list comes after, in place where decoding has listed a feature, with its own policies.
    [
      'exact Nehalem force:popcnt require:vmx',
      'Penryn',
      'exact Penryn require:vmx require:sse4.2 force:popcnt',
    ],
    ['exact Nehalem disable:sse4.2', 'Penryn', 'exact Penryn require:popcnt disable:sse4.2'],
    [
      'exact Penryn optional:popcnt forbid:sse4.2 optional:avx',
      'Nehalem',
      'exact Nehalem forbid:sse4.2 optional:popcnt optional:avx',
    ],
    // The vendor stays the guest's, and absent where it was absent.
    ['exact Nehalem Intel', 'Penryn', 'exact Penryn Intel require:sse4.2 require:popcnt'],
    [
      'strict Nehalem vendor_id:GenuineIotel',
      'Penryn',
      'strict Penryn vendor_id:GenuineIotel require:sse4.2 require:popcnt',
    ],
    // The model's vendor counts for the choice.
    ['exact Penryn', 'EPYC Nehalem', 'exact Nehalem disable:sse4.2 disable:popcnt'],
  ])('%s on %s: %s', (text, models, expected) => {
    expect(translated(text, models)).toBe(expected)
  })

  test('a blocker of the new model is disabled', () => {
    const models = new Map([['Penryn', ['sse4.1', 'avx']]])
    expect(show(translate(db, guest('exact core2duo'), models))).toContain(' disable:sse4.1')
  })

  test('the model’s first signature counts, with its lowest stepping', () => {
    const map = smallMap(`
      feature a b c
      model far 6/1/3 : b c
      model near 6/2 : a b
      model other 6/1/5-7 : a
      model old 6/1/3,5 6/2 : a b
      model same 6/2 6/1/3 : a b
    `)
    const on = (model: string) => translate(map, guest(`exact ${model}`), only('far near other')).model
    expect(on('old')).toBe('far')
    expect(on('same')).toBe('near')
  })

  test('a first signature of an early Haswell takes TSX away', () => {
    expect(translated('exact Haswell require:vmx', 'Westmere')).not.toContain('rtm')
    expect(translated('exact Broadwell require:vmx', 'Westmere')).toContain('require:rtm')
  })
})

describe('refusals', () => {
  test.each([
    [
      'exact Nehalem fallback:forbid',
      'Penryn',
      'unsupported configuration: CPU model Nehalem is not supported by hypervisor',
    ],
    [
      'exact Foo fallback:forbid',
      'Penryn',
      'unsupported configuration: CPU model Foo is not supported by hypervisor',
    ],
    ['exact Foo', 'Penryn', 'internal error: Unknown CPU model Foo'],
    ['exact Nehalem require:foo', 'Penryn', 'internal error: Unknown CPU feature foo'],
    ['exact Nehalem optional:foo', 'Penryn', 'no refusal'],
    ['exact Nehalem', 'nomodel', 'internal error: Cannot find suitable CPU model for given data'],
    ['exact Nehalem', 'Penryn-v1', 'internal error: Cannot find suitable CPU model for given data'],
    ['exact Nehalem', 'EPYC', 'internal error: Cannot find suitable CPU model for given data'],
  ])('%s on %s: %s', (text, models, message) => {
    expect(refusal(() => translated(text, models))).toBe(message)
  })
})
