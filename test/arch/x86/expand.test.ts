import { describe, expect, test } from 'vitest'
import { featuresOf, featuresWith } from '../../../src/arch/x86/definition.ts'
import { dropBlockers, mentionRemoved } from '../../../src/arch/x86/update.ts'
import type { Cpu } from '../../../src/core/cpu.ts'
import { builtin } from '../../built-in.ts'
import { guest, host, names, refusal, show } from '../../notation.ts'
import { SMALL, smallMap } from '../../small-map.ts'
import { expand } from '../../x86.ts'

const db = builtin()
const small = smallMap(SMALL)

/** One feature of the expansion. */
const policyOf = (cpu: Cpu, name: string) => cpu.features.find(feature => feature.name === name)?.policy

describe('expanding', () => {
  test.each([
    ['exact mid', 'exact mid require:a require:b disable:c'],
    ['exact mid-v1', 'exact mid-v1 require:a require:b'],
    ['exact mid require:c', 'exact mid require:a require:b require:c'],
    ['exact mid require:e disable:a', 'exact mid disable:a require:b disable:c require:e'],
    ['exact mid force:e forbid:d optional:b', 'exact mid require:a require:b disable:c'],
    ['exact mid forbid:c', 'exact mid require:a require:b disable:c'],
    ['strict mid Intel fallback:forbid', 'strict mid Intel fallback:forbid require:a require:b disable:c'],
    ['host-passthrough require:d disable:a', 'host-passthrough disable:a require:d'],
    ['exact top require:zz', 'exact top require:a require:b require:d require:zz'],
  ])('the guest %s: %s', (text, expected) => {
    expect(show(expand(small, guest(text)))).toBe(expected)
  })

  test('a host has no policies, and what is removed from its model is not mentioned', () => {
    expect(show(expand(small, host('mid Intel +e +d')))).toBe('mid Intel +a +b +d +e')
  })

  test('forced and forbidden features drop out: they come back only from the model', () => {
    const cpu = expand(db, guest('exact Skylake-Client-IBRS force:avx forbid:vmx disable:hle'))
    const found = ['avx', 'vmx', 'hle', 'mpx'].map(name => policyOf(cpu, name))
    expect(found).toEqual(['require', undefined, 'disable', 'disable'])
  })

  test('sorts by bytes: digits, upper case, lower case', () => {
    const map = smallMap('feature b-z b_a b.1 B 3dnow b\nmodel one : b-z b_a b.1 B 3dnow b')
    expect(show(expand(map, host('one')))).toBe('one +3dnow +B +b +b-z +b.1 +b_a')
  })

  test('an unknown model', () => {
    expect(refusal(() => expand(db, guest('exact Foo')))).toBe('internal error: unknown CPU model Foo')
  })
})

describe('migratable', () => {
  test.each([
    ['exact Penryn require:invtsc require:vmx disable:xsaves', 'exact Penryn require:vmx'],
    ['exact Penryn force:invtsc forbid:xsaves optional:foo', 'exact Penryn optional:foo'],
  ])('%s: %s', (text, expected) => {
    expect(show(dropBlockers(db, guest(text)))).toBe(expected)
  })

  test('only the list: a model that has xsaves keeps it', () => {
    const cpu = dropBlockers(db, host('SapphireRapids Intel +xsaves'))
    expect(show(cpu)).toBe('SapphireRapids Intel')
    expect(names(featuresOf(db, cpu))).toContain(' xsaves ')
  })

  test('the blockers are two', () => {
    expect(db.features.list.filter(({ migratable }) => !migratable).map(({ name }) => name)).toEqual([
      'xsaves',
      'invtsc',
    ])
  })
})

describe('what a definition has', () => {
  const has = (cpu: Cpu) => names(featuresOf(small, cpu), small)

  test.each([
    ['exact mid', 'a b'],
    ['exact mid require:d force:e', 'a b d e'],
    ['exact mid disable:a forbid:b', ''],
    ['exact mid optional:d', 'a b'],
    ['exact mid optional:zz', 'a b'],
    ['host-model require:e', 'e'],
  ])('the guest %s: %s', (text, expected) => {
    expect(has(guest(text))).toBe(expected)
  })

  test('a host: its model and its list', () => {
    expect(has(host('base +e +d'))).toBe('a d e')
  })

  test.each([
    ['require', 'a b c'],
    ['force', 'd'],
    ['optional', ''],
    ['disable', 'b'],
    ['forbid', 'e'],
  ] as const)('with policy %s: %s', (policy, expected) => {
    const cpu = guest('exact mid require:c force:d disable:b forbid:e')
    expect(names(featuresWith(small, cpu, policy), small)).toBe(expected)
    if (policy !== 'require') expect(featuresWith(small, host('mid +c'), policy).isEmpty).toBe(true)
  })

  test('features of other policies are not looked up', () => {
    const cpu = guest('exact nobody disable:zz')
    expect(refusal(() => featuresWith(small, cpu, 'force'))).toBe('no refusal')
    expect(refusal(() => featuresWith(small, cpu, 'disable'))).toBe('internal error: Unknown CPU feature zz')
    expect(refusal(() => featuresWith(small, cpu, 'require'))).toBe(
      'internal error: Unknown CPU model nobody',
    )
    expect(refusal(() => featuresOf(small, cpu))).toBe('internal error: Unknown CPU model nobody')
  })
})

describe('mentioning what is removed', () => {
  test.each([
    ['exact mid', 'exact mid disable:c'],
    ['exact mid optional:c', 'exact mid optional:c'],
    ['host-model', 'host-model'],
  ])('%s: %s', (text, expected) => {
    expect(show(mentionRemoved(small, guest(text), 'disable'))).toBe(expected)
  })
})
