import { describe, expect, test } from 'vitest'
import { addIfMissing, updateFeature } from '../../src/core/cpu.ts'
import { accumulates, ORDERS } from '../../src/core/feature.ts'
import { safeLeq, safeMeet } from '../../src/core/feature-table.ts'
import { builtin } from '../built-in.ts'
import { fs, guest, names } from '../notation.ts'

const { features } = guest('exact Penryn require:vmx disable:dca')
const show = (list: typeof features) => list.map(({ name, policy }) => `${policy}:${name}`).join(' ')

test.each([
  ['dca', 'require:vmx force:dca', 'require:vmx disable:dca'],
  ['vmx', 'force:vmx disable:dca', 'require:vmx disable:dca'],
  ['avx', 'require:vmx disable:dca force:avx', 'require:vmx disable:dca force:avx'],
])('%s forced: updating keeps the place, adding keeps the policy', (name, updated, added) => {
  expect(show(updateFeature(features, { name, policy: 'force' }))).toBe(updated)
  expect(show(addIfMissing(features, { name, policy: 'force' }))).toBe(added)
  expect(show(features)).toBe('require:vmx disable:dca')
})

test('hazards and larger-is-safe fields accumulate', () => {
  expect(ORDERS.filter(accumulates).join('')).toBe('|>')
})

describe('what is safe', () => {
  const { features: table } = builtin()

  test.each([
    // abilities of all, hazards of any
    [['avx avx2', 'avx'], 'avx', ''],
    [['avx md-clear', 'avx'], 'avx md-clear', ''],
    [['avx', 'avx rsba', 'avx'], 'avx rsba', ''],
    // what must agree and does not is off, and told
    [['avx fdp-excptn-only', 'avx fdp-excptn-only'], 'avx fdp-excptn-only', ''],
    [['avx fdp-excptn-only', 'avx'], 'avx', 'fdp-excptn-only'],
    [['avx'], 'avx', ''],
    [[], '', ''],
  ])('%o: %s', (all, expected, conflicts) => {
    const found = safeMeet(
      table,
      all.map(text => fs(text)),
    )
    expect(names(found.features)).toBe(expected)
    expect(found.conflicts.map(({ name }) => name).join(' ')).toBe(conflicts)
  })

  test.each([
    ['avx', 'avx avx2', true],
    ['avx avx2', 'avx', false],
    ['avx', 'avx rsba', false],
    ['avx rsba', 'avx', true],
    ['avx fdp-excptn-only', 'avx', false],
    ['avx', 'avx fdp-excptn-only', false],
    // A hint is never a blocker, nor what the OS owns.
    ['avx erms', 'avx', true],
    ['avx osxsave', 'avx', true],
  ])('%s on %s: %s', (a, b, expected) => {
    expect(safeLeq(table, fs(a), fs(b))).toBe(expected)
  })
})
