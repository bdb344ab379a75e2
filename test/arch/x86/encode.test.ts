import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeDefinition, readCpuid, wordsOf } from '../../../src/arch/x86/cpuid.ts'
import { builtin } from '../../built-in.ts'
import { guest, host, refusal } from '../../notation.ts'

const db = builtin()
const features = fc.subarray([...db.features.list]).map(list => db.features.setOf(list))

test('words are read back as the features that they were made of', () => {
  fc.assert(
    fc.property(features, set => {
      expect(readCpuid(db, wordsOf(db, set)).features.eq(set)).toBe(true)
    }),
  )
})

describe('a definition as words', () => {
  const names = (text: string, policy: 'force' | 'require' | 'optional' | 'disable' | 'forbid') =>
    db.features.in(readCpuid(db, encodeDefinition(db, guest(text))[policy]).features).map(({ name }) => name)

  test('has those of each policy apart, and the model among the required ones', () => {
    const text = 'exact 486 force:avx require:sse optional:sse2 disable:mmx forbid:vmx'
    expect(names(text, 'force')).toEqual(['avx'])
    expect(names(text, 'require')).toEqual(['fpu', 'vme', 'pse', 'sse'])
    expect(names(text, 'optional')).toEqual(['sse2'])
    expect(names(text, 'disable')).toEqual(['mmx'])
    expect(names(text, 'forbid')).toEqual(['vmx'])
  })

  test('spells the vendor that it names, not its model’s', () => {
    expect(readCpuid(db, encodeDefinition(db, host('Penryn Intel')).vendor).vendor?.name).toBe('Intel')
    expect(encodeDefinition(db, host('Penryn')).vendor.rows()).toEqual([])
  })

  test.each([
    ['host-model', 'invalid argument: no guest CPU model specified'],
    ['exact Nothing', 'internal error: Unknown CPU model Nothing'],
    ['exact Penryn Nobody', 'operation failed: CPU vendor Nobody not found'],
  ])('%s: %s', (text, message) => {
    expect(refusal(() => encodeDefinition(db, guest(text)))).toBe(message)
  })
})
