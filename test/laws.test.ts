import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BaselineFold } from '../src/arch/x86/baseline.ts'
import { compareByFeatures } from '../src/arch/x86/compare.ts'
import { readCpuid } from '../src/arch/x86/cpuid.ts'
import { findClosestCpu } from '../src/arch/x86/decode.ts'
import { featuresOf } from '../src/arch/x86/definition.ts'
import { dropBlockers } from '../src/arch/x86/update.ts'
import type { Cpu } from '../src/core/cpu.ts'
import { Cpuid } from '../src/core/cpuid.ts'
import { FeatureSet } from '../src/core/feature-set.ts'
import { safeLeq, safeMeet } from '../src/core/feature-table.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { printCpu } from '../src/formats/libvirt/print-cpu.ts'
import { parseXml } from '../src/xml/reader.ts'
import { builtin } from './built-in.ts'
import { hostsOfIntel } from './hosts-of-intel.ts'
import { expand, update } from './x86.ts'

/** What the product is, as laws: the code is a consequence. A failure prints the counterexample and its seed. */

const db = builtin()
const word = fc.integer({ min: 0, max: 0xffff_ffff })
const sets = fc.array(word, { maxLength: 5 }).map(FeatureSet.of)

/** Sets of features of the database, dense enough to meet in something. */
const known = fc
  .array(word, { minLength: db.features.words.length, maxLength: db.features.words.length })
  .map(words => FeatureSet.of(words).meet(db.features.all))

const hosts: fc.Arbitrary<Cpu> = hostsOfIntel(40)
const pools = fc.array(hosts, { minLength: 1, maxLength: 5 })

const baseline = (pool: readonly Cpu[]): Cpu => fold(pool).result()
const bits = (cpu: Cpu): FeatureSet => featuresOf(db, cpu)

function fold(pool: readonly Cpu[]): BaselineFold {
  const made = new BaselineFold(db)
  for (const host of pool) made.add(host)
  return made
}

describe('plain bits', () => {
  test('meet and join are commutative, associative and absorb each other', () => {
    fc.assert(
      fc.property(sets, sets, sets, (a, b, c) => {
        expect(a.meet(b).eq(b.meet(a))).toBe(true)
        expect(a.join(b).eq(b.join(a))).toBe(true)
        expect(
          a
            .meet(b)
            .meet(c)
            .eq(a.meet(b.meet(c))),
        ).toBe(true)
        expect(
          a
            .join(b)
            .join(c)
            .eq(a.join(b.join(c))),
        ).toBe(true)
        expect(a.meet(a.join(b)).eq(a)).toBe(true)
        expect(a.join(a.meet(b)).eq(a)).toBe(true)
      }),
    )
  })

  test('leq is the order that meet and join make, with empty at the bottom', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        expect(a.leq(b)).toBe(a.meet(b).eq(a))
        expect(a.leq(b)).toBe(a.join(b).eq(b))
        expect(FeatureSet.empty.leq(a)).toBe(true)
        expect(a.leq(b) && b.leq(a)).toBe(a.eq(b))
      }),
    )
  })

  test('minus is what is left of the meet; sizes add up', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        expect(a.minus(b).join(a.meet(b)).eq(a)).toBe(true)
        expect(a.minus(b).meet(b).isEmpty).toBe(true)
        expect(a.sizeWithout(b)).toBe(a.minus(b).size)
        expect(a.minus(b).size + a.meet(b).size).toBe(a.size)
        expect(a.meets(b)).toBe(!a.meet(b).isEmpty)
      }),
    )
  })

  test('the features in two sets, or in one alone, are found without making the set', () => {
    fc.assert(
      fc.property(known, known, (a, b) => {
        expect(db.features.inBoth(a, b)).toEqual(db.features.in(a.meet(b)))
        expect(db.features.inWithout(a, b)).toEqual(db.features.in(a.minus(b)))
        expect(db.features.inWithout(a, FeatureSet.empty)).toEqual(db.features.in(a))
      }),
    )
  })

  test('the features in a set are those whose bits are in it, in map order', () => {
    fc.assert(
      fc.property(known, set => {
        const found = db.features.in(set)
        expect(found).toEqual(db.features.list.filter(feature => feature.bits.leq(set)))
        expect(db.features.count(set)).toBe(found.length)
        expect(db.features.setOf(found).eq(set)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

describe('usable and blockers', () => {
  test('without its blockers a model is usable, and no fewer will do', () => {
    fc.assert(
      fc.property(known, known, (model, host) => {
        const blockers = model.minus(host)
        expect(model.minus(blockers).leq(host)).toBe(true)
        expect(model.leq(host)).toBe(blockers.isEmpty)
        for (const feature of db.features.in(blockers)) {
          expect(model.minus(blockers.minus(feature.bits)).leq(host)).toBe(false)
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('baseline', () => {
  test('its bits are on every host, and no greater set is', () => {
    fc.assert(
      fc.property(pools, pool => {
        const { common } = fold(pool)
        for (const host of pool) expect(common.leq(bits(host))).toBe(true)
        for (const feature of db.features.list) {
          const onAll = pool.every(host => feature.bits.leq(bits(host)))
          expect(feature.bits.leq(common)).toBe(onAll)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('the named CPU has exactly the common bits', () => {
    fc.assert(
      fc.property(pools, pool => {
        expect(bits(baseline(pool)).eq(fold(pool).common)).toBe(true)
      }),
    )
  })

  test('every host runs it', () => {
    fc.assert(
      fc.property(pools, pool => {
        const cpu = baseline(pool)
        for (const host of pool) expect(compareByFeatures(db, host, cpu).result).not.toBe('incompatible')
      }),
    )
  })

  test('does not depend on the order of hosts that name their vendor', () => {
    const shuffled = pools.chain(pool =>
      fc.tuple(fc.constant(pool), fc.shuffledSubarray(pool, { minLength: pool.length })),
    )
    fc.assert(
      fc.property(shuffled, ([pool, other]) => {
        expect(printCpu(baseline(other))).toBe(printCpu(baseline(pool)))
        expect(fold(pool).dependsOnOrder()).toBe(false)
      }),
    )
  })

  test('of one host has that host’s bits; of a host twice is the same', () => {
    fc.assert(
      fc.property(hosts, host => {
        expect(bits(baseline([host])).eq(bits(host))).toBe(true)
        expect(printCpu(baseline([host, host]))).toBe(printCpu(baseline([host])))
      }),
    )
  })

  test('another host never adds a bit', () => {
    fc.assert(
      fc.property(pools, hosts, (pool, host) => {
        expect(fold([...pool, host]).common.leq(fold(pool).common)).toBe(true)
      }),
    )
  })
})

describe('compare', () => {
  test('a host is identical to itself', () => {
    fc.assert(
      fc.property(hosts, host => {
        expect(compareByFeatures(db, host, host).result).toBe('identical')
      }),
    )
  })

  test('says incompatible exactly when bits are missing, and names exactly those', () => {
    fc.assert(
      fc.property(hosts, hosts, (host, cpu) => {
        const comparison = compareByFeatures(db, host, cpu)
        const missing = bits(cpu).minus(bits(host))
        expect(comparison.result === 'incompatible').toBe(!missing.isEmpty)
        if (comparison.result === 'incompatible') expect(comparison.missing).toEqual(db.features.in(missing))
      }),
    )
  })
})

describe('decode', () => {
  test('loses and invents nothing, for hosts and guests', () => {
    fc.assert(
      fc.property(known, features => {
        const guest = findClosestCpu(db, { features }, { as: 'guest', fallback: 'forbid' })
        expect(bits(guest).eq(features)).toBe(true)
      }),
    )
  })

  test('reads the same features whatever the order of the rows', () => {
    const rows = fc.array(
      fc.tuple(fc.constantFrom(1, 7, 0xd, 0x8000_0001), fc.constantFrom(0, 1), word, word, word, word),
    )
    const shuffled = rows.chain(all =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    fc.assert(
      fc.property(shuffled, ([a, b]) => {
        const read = (rows: typeof a) => readCpuid(db, Cpuid.of(rows))
        expect(read(a).features.eq(read(b).features)).toBe(true)
        expect(read(a).signature).toEqual(read(b).signature)
      }),
    )
  })
})

describe('definitions', () => {
  test('expanding keeps the bits and is done once', () => {
    fc.assert(
      fc.property(hosts, host => {
        const once = expand(db, host)
        expect(bits(once).eq(bits(host))).toBe(true)
        expect(expand(db, once)).toEqual(once)
      }),
    )
  })

  test('migratable twice is migratable once, and lists no blocker', () => {
    fc.assert(
      fc.property(hosts, host => {
        const once = dropBlockers(db, host)
        expect(dropBlockers(db, once)).toEqual(once)
        expect(once.features.every(({ name }) => db.features.get(name)?.migratable)).toBe(true)
      }),
    )
  })

  test('host-model is the host: updated on a host it has the host’s bits', () => {
    fc.assert(
      fc.property(hosts, host => {
        const guest: Cpu = {
          type: 'guest',
          mode: 'host-model',
          match: 'exact',
          fallback: 'allow',
          features: [],
        }
        expect(bits(update(db, guest, host)).eq(bits(host))).toBe(true)
      }),
    )
  })

  test('what is printed reads back to itself', () => {
    fc.assert(
      fc.property(pools, pool => {
        const text = printCpu(baseline(pool))
        expect(printCpu(parseCpu(parseXml(text), 'auto'))).toBe(text)
      }),
    )
  })
})

describe('safe order', () => {
  test('is a preorder that the safe meet goes below', () => {
    fc.assert(
      fc.property(known, known, (a, b) => {
        expect(safeLeq(db.features, a, a)).toBe(true)
        const { features, conflicts } = safeMeet(db.features, [a, b])
        if (conflicts.length === 0) {
          expect(safeLeq(db.features, features, a)).toBe(true)
          expect(safeLeq(db.features, features, b)).toBe(true)
        }
      }),
    )
  })

  test('is transitive', () => {
    fc.assert(
      fc.property(known, known, known, fc.nat(2), (a, b, c, closer) => {
        // Random sets are seldom comparable: sets above each other by abilities are.
        const [x, y, z] = closer === 0 ? [a, b, c] : [a.meet(b).meet(c), a.meet(b), a]
        const leq = (p: FeatureSet, q: FeatureSet) => safeLeq(db.features, p, q)
        if (leq(x, y) && leq(y, z)) expect(leq(x, z)).toBe(true)
      }),
    )
  })

  test('hazards accumulate, abilities do not, and disagreement is told', () => {
    const named = (...names: string[]) =>
      db.features.setOf(names.flatMap(name => db.features.get(name) ?? []))
    const [old, young] = [named('avx', 'rsba', 'fdp-excptn-only'), named('avx', 'avx2')]
    const { features, conflicts } = safeMeet(db.features, [old, young])
    expect(db.features.in(features).map(({ name }) => name)).toEqual(['avx', 'rsba'])
    expect(conflicts.map(({ name }) => name)).toEqual(['fdp-excptn-only'])
    expect(safeLeq(db.features, named('avx'), old)).toBe(false)
  })
})
