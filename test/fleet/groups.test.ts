import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FeatureSet } from '../../src/core/feature-set.ts'
import { bytewise } from '../../src/core/text.ts'
import { groupHosts, splitIntoPools } from '../../src/fleet/groups.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { fleets, hosts } from './notation.ts'

const shape = (text: string) =>
  groupHosts(hosts(text)).map(group => group.hosts.map(({ name }) => name).join(' '))

describe('groups', () => {
  test('hosts of one CPU fall together, in the order of names', () => {
    expect(shape('c : avx\n b : avx avx2\n a : avx\n')).toEqual(['a c', 'b'])
  })

  test('signature, vendor and address width part hosts; microcode, kernel and clock do not', () => {
    expect(shape('a sig=6.85.4 : avx\n b sig=6.85.7 : avx')).toEqual(['a', 'b'])
    expect(shape('a vendor=AMD : avx\n b vendor=Intel : avx\n c : avx')).toEqual(['a', 'b', 'c'])
    expect(shape('a phys=39 : avx\n b phys=46 : avx')).toEqual(['a', 'b'])
    expect(shape('a ucode=1 kernel=5 tsc=7 : avx\n b ucode=2 : avx')).toEqual(['a b'])
  })

  test('equal hashes are equal CPUs, but for the address width, which no document tells', () => {
    expect(shape('a hash=x : avx\n b hash=x : avx')).toEqual(['a b'])
    expect(shape('a hash=x phys=39 : avx\n b hash=x phys=46 : avx')).toEqual(['a', 'b'])
  })

  test('weights add up; a weight that is not a whole number is refused', () => {
    expect(groupHosts(hosts('a weight=3 : avx\n b : avx'))[0]?.weight).toBe(4)
    expect(() => groupHosts(hosts('a weight=0.5 : avx'))).toThrow('the weight of a is not a whole number')
    expect(() => groupHosts(hosts('a weight=-1 : avx'))).toThrow(RangeError)
  })

  test('every host is in one group, whose features are its own; input order does not matter', () => {
    fc.assert(
      fc.property(fleets, fleet => {
        const groups = groupHosts(fleet)
        expect(
          groups
            .flatMap(group => group.hosts)
            .map(({ name }) => name)
            .sort(),
        ).toEqual(fleet.map(({ name }) => name).sort())
        for (const group of groups) {
          for (const host of group.hosts) expect(host.features.eq(group.features)).toBe(true)
        }
        expect(groupHosts([...fleet].reverse())).toEqual(groups)
      }),
    )
  })

  test('hosts that share the objects of others are grouped as those with objects of their own', () => {
    const copy = (set: FeatureSet) => set.join(FeatureSet.empty)
    fc.assert(
      fc.property(fleets, fc.integer({ min: 1, max: 3 }), (fleet, times) => {
        const shared = fleet.flatMap(host =>
          Array.from({ length: times }, (_, i) => ({ ...host, name: `${host.name}.${i}` })),
        )
        const own = shared.map(({ evidence, signature, ...host }) => ({
          ...host,
          features: copy(host.features),
          ...(evidence && { evidence: evidence.doubting(FeatureSet.empty) }),
          ...(signature && { signature: { ...signature } }),
        }))
        const names = (hosts: readonly FleetHost[]) =>
          groupHosts(hosts).map(group => group.hosts.map(({ name }) => name))
        expect(names(shared)).toEqual(names(own))
      }),
    )
  })
})

describe('pools', () => {
  test('labels part groups; no label is a pool too', () => {
    const fleet = hosts('a pool=x : avx\n b pool=y : avx\n c : avx2\n d pool=x : avx2')
    const pools = splitIntoPools(groupHosts(fleet))
    expect(pools.map(({ label, groups }) => [label, groups.map(({ name }) => name)])).toEqual([
      ['', ['c']],
      ['x', ['a', 'd']],
      ['y', ['b']],
    ])
  })
})

test('names are ordered by their bytes', () => {
  const names = ['esx10', 'esx2', 'Ä', 'z', '\u{1f600}', '\uffee', 'esx', '']
  const bytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect([...names].sort(bytewise)).toEqual(bytes)
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(bytewise(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
})
