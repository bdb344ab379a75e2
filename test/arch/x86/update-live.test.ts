import { describe, expect, test } from 'vitest'
import type { Database } from '../../../src/map/database.ts'
import { builtin } from '../../built-in.ts'
import { cpuid, cpuidOf, fs, guest, modelOf, names, refusal, show, together } from '../../notation.ts'
import { smallMap } from '../../small-map.ts'
import { updateLive } from '../../x86.ts'

const small = smallMap(`
  feature a b c d e
  model one : a b +d
  model two : a b -c -e
`)

/** The definition after QEMU gave `on` and refused `off`. */
const live = (text: string, on: string, off = '', db: Database = small): string =>
  show(updateLive(db, guest(text), cpuidOf(fs(on, db), db), cpuidOf(fs(off, db), db)))

describe('a custom CPU is corrected', () => {
  test.each([
    ['exact one', 'a b', '', 'exact one check:full'],
    ['exact one check:partial', 'a b', '', 'exact one check:full'],
    ['exact one', 'a', '', 'exact one check:full disable:b'],
    ['exact one', 'a', 'b', 'exact one check:full disable:b'],
    ['exact one', 'a b c e', '', 'exact one check:full require:c require:e'],
    ['exact one', 'a b d', '', 'exact one check:full require:d'],
    ['exact one require:e disable:a', 'a b', '', 'exact one check:full disable:e require:a'],
    ['exact one force:c', 'a b', '', 'exact one check:full disable:c'],
    ['exact one forbid:b', 'a b', '', 'exact one check:full require:b'],
    ['exact one optional:c', 'a b c', '', 'exact one check:full require:c'],
    ['exact one disable:a', 'b', 'a', 'exact one check:full disable:a'],
    // Refused although nobody asked: said so.
    ['exact one', 'a b', 'e', 'exact one check:full disable:e'],
    // Removed features are mentioned, unless the list has them by then.
    ['exact two', 'a b', '', 'exact two check:full disable:c disable:e'],
    ['exact two', 'a b e', '', 'exact two check:full require:e disable:c'],
  ])('%s given %s, refused %s: %s', (text, on, off, expected) => {
    expect(live(text, on, off)).toBe(expected)
  })

  test('Penryn with vmx, without sse4.1 and with hypervisor', () => {
    const db = builtin()
    const on = modelOf('Penryn').features.minus(fs('sse4.1')).join(fs('hypervisor'))
    expect(live('exact Penryn require:vmx', names(on), '', db)).toBe(
      'exact Penryn check:full disable:vmx disable:sse4.1 require:hypervisor',
    )
  })
})

describe('with check full a difference is an error', () => {
  test.each([
    ['exact one check:full', 'a b', '', 'no refusal'],
    ['exact one check:full', 'a b c e', '', ': extra features: c,e'],
    ['exact one check:full', '', '', ': missing features: a,b'],
    ['exact one check:full', 'a e c', 'b', ': extra features: c,e, missing features: b'],
    ['exact one check:full', 'a b', 'e', ': missing features: e'],
    // What hypervisors have in the model is no difference, unless the list says what is expected.
    ['exact one check:full', 'a b d', '', 'no refusal'],
    ['exact one check:full disable:d', 'a b d', '', ': extra features: d'],
    ['exact one check:full require:d', 'a b', '', ': missing features: d'],
    ['exact one check:full', 'a b', 'd', 'no refusal'],
  ])('%s given %s, refused %s: %s', (text, on, off, tail) => {
    const message = tail.startsWith(':')
      ? `operation failed: guest CPU doesn't match specification${tail}`
      : tail
    expect(refusal(() => live(text, on, off))).toBe(message)
  })

  test('an added feature is required, and its refusal stated', () => {
    expect(live('exact one check:full', 'a b d')).toBe('exact one check:full require:d')
    expect(live('exact one check:full', 'a b', 'd')).toBe('exact one check:full disable:d')
  })

  test('refused bits that are no feature', () => {
    const [on, other] = [cpuidOf(fs('a b', small), small), cpuid('7.0.ecx=1')]
    const update = (text: string, refused = other) =>
      refusal(() => updateLive(small, guest(text), on, refused))
    const message = `operation failed: guest CPU doesn't match specification`
    expect(update('exact one check:full')).toBe(message)
    expect(update('exact one check:full', together(other, cpuidOf(fs('d', small), small)))).toBe(message)
    expect(update('exact one check:full', cpuid('7.0.ebx=100'))).toBe(message)
    expect(update('exact one')).toBe('no refusal')
  })
})

describe('modes', () => {
  test.each([
    ['host-passthrough', 'a b', 'c', 'host-passthrough'],
    ['host-model require:c', 'a', '', 'host-model require:c'],
    // Under check full nothing is expected of a passthrough guest beyond what it lists.
    ['host-passthrough check:full', 'a b', '', 'host-passthrough check:full'],
    ['maximum check:full', 'a b', '', 'maximum check:full'],
    [
      'host-passthrough check:full require:a disable:c',
      'a b',
      '',
      'host-passthrough check:full require:a disable:c',
    ],
  ])('%s given %s, refused %s: %s', (text, on, off, expected) => {
    expect(live(text, on, off)).toBe(expected)
  })

  test.each([
    ['host-passthrough check:full disable:c', 'a c', '', 'extra features: c'],
    ['host-passthrough check:full require:c', 'a', '', 'missing features: c'],
    ['maximum check:full', 'a', 'b', 'missing features: b'],
    ['host-model check:full', 'a', '', 'extra features: a'],
  ])('%s given %s, refused %s: %s', (text, on, off, tail) => {
    expect(refusal(() => live(text, on, off))).toBe(
      `operation failed: guest CPU doesn't match specification: ${tail}`,
    )
  })
})

describe('contradictions', () => {
  test.each(['exact one', 'exact one check:full'])('given and refused: %s', text => {
    const message =
      "operation failed: hypervisor provided conflicting CPU data: feature 'b' is both enabled and disabled at the same time"
    expect(refusal(() => live(text, 'a b c', 'b c'))).toBe(message)
  })

  test('unknown names come first', () => {
    expect(refusal(() => live('exact foo', 'a', 'a'))).toBe('internal error: Unknown CPU model foo')
    expect(refusal(() => live('exact one disable:foo', 'a', 'a'))).toBe(
      'internal error: Unknown CPU feature foo',
    )
  })
})
