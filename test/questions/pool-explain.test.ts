import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Pool, type ResultOptions } from '../../src/questions/baseline/pool.ts'
import { describeNote } from '../../src/questions/words/describe.ts'
import { pool } from './hosts.ts'

const lost = (made: Pool): string[] =>
  made.lost().map(({ feature, hosts }) => `${feature}: ${hosts.join(' ')}`)
const notes = (made: Pool): string[] => made.notes().map(describeNote)

describe('explained', () => {
  const hosts = {
    a: 'Penryn Intel +vmx +dca',
    b: 'Nehalem Intel +vmx',
    c: 'Penryn Intel +vmx +dca',
    d: 'Nehalem Intel +avx',
  }

  test('what is lost, in map order, and who lacks it', () => {
    expect(lost(pool(hosts, { explain: true }))).toEqual([
      'vmx: d',
      'dca: b d',
      'sse4.2: a c',
      'popcnt: a c',
      'avx: a c b',
    ])
    expect(lost(pool(hosts))).toEqual([])
    expect(lost(pool({ a: 'Penryn', b: 'Penryn' }, { explain: true }))).toEqual([])
  })

  test('with coordinates and class', () => {
    const [first] = pool(hosts, { explain: true }).lost()
    expect(first).toEqual({
      feature: 'vmx',
      place: 'CPUID.01H:ECX[5]',
      title: 'Virtual machine extensions (Intel VT-x)',
      class: 'virtualization',
      hosts: ['d'],
    })
  })

  test('who lacks a feature is one group’s hosts after the other’s, however many CPUs are alike', () => {
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`h${i}`, i % 2 ? 'Penryn' : 'Nehalem']),
    )
    expect(pool(many, { explain: true }).lost()[0]?.hosts).toHaveLength(25)
  })

  test('why this model', () => {
    const why = (of: Record<string, string>, options: ResultOptions = {}) => {
      const made = pool(of)
      const {
        name,
        because,
        addedCount: added,
        disabledCount: disabled,
      } = made.reasons(made.result(options), options).modelChoice
      return `${name} ${because} +${added} -${disabled}`
    }
    expect(why({ a: 'Penryn Intel +vmx' })).toBe('Penryn shared +1 -0')
    expect(why({ a: 'EPYC AMD' })).toBe('EPYC shared +0 -1')
    expect(why({ a: 'Penryn Intel', b: 'Nehalem Intel' })).toBe('Penryn own +0 -0')
    expect(why({ a: 'Penryn AMD' })).toBe('kvm64 closest +3 -0')
    expect(why({ a: 'Penryn Intel' }, { onModel: 'Nehalem' })).toBe('Nehalem asked +0 -2')
  })
})

test('security that some hosts lack is noted, when explained', () => {
  const hosts = { a: 'Haswell-IBRS Intel +ssbd', b: 'Haswell Intel +vmx', c: 'Haswell-IBRS Intel' }
  expect(notes(pool(hosts))).toEqual([])
  expect(notes(pool(hosts, { explain: true }))).toEqual([
    'security features that only some hosts have are not in the answer: spec-ctrl (not on b); ssbd (not on b, c)',
  ])
})

test('where libvirt goes by names alone, what is lost is looked for all the same', () => {
  const names = 'fp asimd aes sve jscvt ssbs'.split(' ')
  const some = fc.array(fc.subarray(names), { minLength: 1, maxLength: 4 })
  const lostBy = (lists: readonly (readonly string[])[], best: boolean) => {
    const made = new Pool(undefined, { explain: true, best })
    for (const [i, list] of lists.entries()) {
      const features = list.map(name => ({ name, policy: 'require' as const }))
      made.add({ type: 'host', arch: 'aarch64', model: 'Neoverse-N1', vendor: 'ARM', features }, `h${i}`)
    }
    return made.lost().map(({ feature, hosts }) => [feature, hosts])
  }
  fc.assert(
    fc.property(some, lists => {
      const mixed = names.filter(name => new Set(lists.map(list => list.includes(name))).size > 1)
      expect(lostBy(lists, false).map(([feature]) => feature)).toEqual(expect.arrayContaining(mixed))
      expect(lostBy(lists, false)).toEqual(lostBy(lists, true))
    }),
    { numRuns: 40 },
  )
})
