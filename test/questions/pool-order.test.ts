import { describe, expect, test } from 'vitest'
import { Pool } from '../../src/questions/baseline/pool.ts'
import { host, refusal, show } from '../notation.ts'

/** Whether the order of the hosts matters, told by the note and found out by trying every order. */

function permutations<T>(all: readonly T[]): T[][] {
  if (all.length < 2) return [[...all]]
  return all.flatMap((one, i) =>
    permutations([...all.slice(0, i), ...all.slice(i + 1)]).map(rest => [one, ...rest]),
  )
}

/** What a Penryn has, on a model of no vendor. */
const BARE_PENRYN = 'kvm64 +ssse3 +sse4.1 +lahf_lm'

/** Every multiset of `size` of `all`. */
function multisets<T>(all: readonly T[], size: number): T[][] {
  if (size === 0) return [[]]
  return all.flatMap((one, i) => multisets(all.slice(i), size - 1).map(rest => [one, ...rest]))
}

function pool(hosts: readonly string[]): Pool {
  const made = new Pool()
  for (const [i, text] of hosts.entries()) made.add(host(text), `h${i}`)
  return made
}

const told = (hosts: readonly string[]): boolean =>
  pool(hosts)
    .notes()
    .some(({ kind }) => kind === 'order-matters')

/** The answers and refusals over all orders. */
const outcomes = (hosts: readonly string[]): Set<string> => new Set(permutations(hosts).map(answerOf))

function answerOf(hosts: readonly string[]): string {
  const made = pool(hosts)
  const refused = refusal(() => made.result())
  return refused === 'no refusal' ? show(made.result()) : refused
}

describe('cases', () => {
  test.each([
    [['EPYC', 'Penryn'], true],
    [['Penryn', 'EPYC'], true],
    [['Penryn Intel', 'Nehalem Intel'], false],
    [['Penryn Intel', 'kvm64'], false],
    [['kvm64', 'qemu64'], false],
    [['Penryn', 'Penryn'], false],
    // The vendor would be another, the answer would not.
    [['EPYC', 'kvm64'], false],
    [['pentium3', 'phenom'], false],
    // With a second EPYC the vendor is AMD whichever comes first.
    [['EPYC', BARE_PENRYN], true],
    [['EPYC', 'EPYC', BARE_PENRYN], false],
    [['Penryn', 'Nehalem', 'Westmere'], false],
    [['Penryn'], false],
  ])('%o: %s', (hosts, expected) => {
    expect(told(hosts)).toBe(expected)
  })

  test('the answers do differ', () => {
    expect([...outcomes(['EPYC', 'Penryn'])].sort()).toEqual([
      'exact Penryn',
      'exact kvm64 require:ssse3 require:sse4.1 require:lahf_lm',
    ])
  })
})

describe('whenever the answer differs over the orders, the note is there', () => {
  const kinds = ['EPYC', 'Penryn', 'kvm64', 'EPYC AMD', 'Penryn Intel', 'kvm64 Intel', BARE_PENRYN]

  test.each([1, 2, 3, 4])('pools of %i', size => {
    const silent = multisets(kinds, size).filter(
      hosts => outcomes(hosts).size > 1 && !permutations(hosts).some(told),
    )
    expect(silent).toEqual([])
  })

  test('the note does not depend on the order, in pools that have an answer', () => {
    const wavering = [2, 3]
      .flatMap(size => multisets(kinds, size))
      .filter(hosts => {
        const answered = permutations(hosts).filter(
          order => refusal(() => pool(order).result()) === 'no refusal',
        )
        return new Set(answered.map(told)).size > 1
      })
    expect(wavering).toEqual([])
  })

  test('and where it is there, the answer does differ', () => {
    const answered = [2, 3]
      .flatMap(size => multisets(kinds, size))
      .filter(hosts => answerOf(hosts).startsWith('exact'))
    const alarm = answered.filter(hosts => told(hosts) && outcomes(hosts).size === 1)
    expect(answered.filter(told).length).toBeGreaterThan(3)
    expect(alarm).toEqual([])
  })
})

test('asked for on a model, the answer no longer depends on the order', () => {
  const made = pool(['EPYC', 'Penryn'])
  expect(made.notes({ onModel: 'kvm64' })).toEqual([])
  expect(made.notes({ onModel: 'Penryn' }).map(({ kind }) => kind)).toEqual(['order-matters'])
})
