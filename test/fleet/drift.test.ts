import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Evidence } from '../../src/core/evidence.ts'
import { type Change, compareFleets, hasDrifted, hasLost } from '../../src/fleet/change/drift.ts'
import { fs, names } from '../notation.ts'
import { db, fleets, hosts } from './notation.ts'

const show = (change: Change): string => {
  switch (change.field) {
    case 'features':
      return `+${names(change.gained, db)} -${names(change.lost, db)}`
    case 'vulnerability':
      return `${change.name}: ${change.from} > ${change.to}`
    case 'signature':
      return `signature ${change.from?.stepping} > ${change.to?.stepping}`
    default:
      return `${change.field} ${change.from} > ${change.to}`
  }
}

const changes = (before: string, after: string): string[] =>
  compareFleets(hosts(before), hosts(after)).changed.flatMap(({ changes: all }) => all.map(show))

describe('drift', () => {
  test('hosts go, come, stay and change', () => {
    const drift = compareFleets(hosts('a : avx\n b : avx\n c : avx'), hosts('b : avx\n c : avx2\n d : avx'))
    expect(drift.gone.map(({ name }) => name)).toEqual(['a'])
    expect(drift.added.map(({ name }) => name)).toEqual(['d'])
    expect(drift.changed.map(({ before }) => before.name)).toEqual(['c'])
    expect(drift.same).toBe(1)
  })

  test.each([
    ['a : avx hle rtm', 'a : avx md-clear', ['+md-clear -hle rtm']],
    ['a vendor=AMD : avx', 'a vendor=Intel : avx', ['vendor AMD > Intel']],
    ['a model=Haswell : avx', 'a model=Broadwell : avx', ['model Haswell > Broadwell']],
    ['a sig=6.85.4 : avx', 'a sig=6.85.7 : avx', ['signature 4 > 7']],
    ['a ucode=47 phys=46 : avx', 'a ucode=58 phys=39 : avx', ['microcode 47 > 58', 'physBits 46 > 39']],
    ['a : avx', 'a ucode=58 : avx', ['microcode undefined > 58']],
  ])('%s, then %s', (before, after, expected) => {
    expect(changes(before, after)).toEqual(expected)
  })

  test('a clock within 250 parts in a million is the same clock', () => {
    expect(changes('a tsc=2000000000 : avx', 'a tsc=2000500000 : avx')).toEqual([])
    expect(changes('a tsc=2000000000 : avx', 'a tsc=1999500000 : avx')).toEqual([])
    expect(changes('a tsc=2000000000 : avx', 'a tsc=2000501000 : avx')).toEqual([
      'tscHz 2000000000 > 2000501000',
    ])
    expect(changes('a : avx', 'a tsc=2000501000 : avx')).toEqual([])
  })

  test('kernel, hypervisor, pool and weight do not count by themselves', () => {
    expect(changes('a kernel=5 hv=8 pool=x weight=1 : avx', 'a kernel=6 hv=9 pool=y weight=2 : avx')).toEqual(
      [],
    )
  })

  test('vulnerabilities count', () => {
    const [host] = hosts('a : avx')
    if (!host) throw new RangeError('a host')
    const before = { ...host, vulnerabilities: { mds: 'Vulnerable', l1tf: 'Not affected' } }
    const after = { ...host, vulnerabilities: { mds: 'Mitigation: Clear CPU buffers', l1tf: 'Not affected' } }
    const [changed] = compareFleets([before], [after]).changed
    expect(changed?.changes.map(show)).toEqual(['mds: Vulnerable > Mitigation: Clear CPU buffers'])
  })

  test('hosts may pair by something else than their names', () => {
    const [a, b] = [hosts('a model=uuid1 : avx'), hosts('b model=uuid1 : avx')]
    expect(hasDrifted(compareFleets(a, b))).toBe(true)
    expect(hasDrifted(compareFleets(a, b, host => host.model ?? ''))).toBe(false)
  })

  test('a lost feature or host counts as lost, a gained one does not', () => {
    const lost = (before: string, after: string) => hasLost(compareFleets(hosts(before), hosts(after)))
    expect(lost('a : avx', 'a : avx avx2\n b : avx')).toBe(false)
    expect(lost('a : avx avx2', 'a : avx')).toBe(true)
    expect(lost('a : avx\n b : avx', 'a : avx')).toBe(true)
  })

  test('nothing drifts from itself; there and back are mirror images', () => {
    fc.assert(
      fc.property(fleets, fleets, (a, b) => {
        expect(hasDrifted(compareFleets(a, a))).toBe(false)
        const [there, back] = [compareFleets(a, b), compareFleets(b, a)]
        expect(back.gone).toEqual(there.added)
        expect(back.changed.length).toBe(there.changed.length)
        expect(there.same + there.changed.length + there.gone.length).toBe(a.length)
      }),
    )
  })
})

test('what a document of another kind does not tell has not changed', () => {
  const [host] = hosts('a : avx avx2 aes')
  if (!host) throw new RangeError('a host')
  const whole = { ...host, readFrom: [{ layer: 'hardware', document: 'capabilities' } as const] }
  const evidence = Evidence.recorded(fs('avx'), fs('avx avx2'))
  const labels = {
    ...whole,
    features: fs('avx'),
    evidence,
    readFrom: [{ layer: 'offered', document: 'labels' } as const],
  }
  const { changed } = compareFleets([whole], [labels])
  const [change] = changed[0]?.changes ?? []
  expect(change && show(change)).toBe('+ -avx2')
  expect(compareFleets([labels], [{ ...labels, features: fs('aes') }]).changed).toHaveLength(1)
})
