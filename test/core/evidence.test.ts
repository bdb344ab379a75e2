import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allOf, Evidence, type Verdict } from '../../src/core/evidence.ts'
import { FeatureSet } from '../../src/core/feature-set.ts'

const ALL = FeatureSet.of([0xff])
const sets = fc.integer({ min: 0, max: 0xff }).map(word => FeatureSet.of([word]))
const recorded = fc.tuple(sets, sets).map(([has, known]) => Evidence.recorded(has.meet(known), known))
const evidence = fc.tuple(recorded, sets).map(([known, more]) => known.assuming(more))
const twoValued = sets.map(has => Evidence.recorded(has, ALL))

const same = (a: Evidence, b: Evidence): boolean =>
  a.present.eq(b.present) && a.absent.eq(b.absent) && a.assumed.eq(b.assumed)

describe('evidence', () => {
  test('no feature is in two of its three sets', () => {
    fc.assert(
      fc.property(evidence, evidence, (a, b) => {
        for (const { present, absent, assumed } of [a, a.meet(b), a.refinedBy(b)]) {
          expect(present.meets(absent) || present.meets(assumed) || absent.meets(assumed)).toBe(false)
        }
      }),
    )
  })

  test('meet is idempotent, commutative and associative', () => {
    fc.assert(
      fc.property(evidence, evidence, evidence, (a, b, c) => {
        expect(same(a.meet(a), a)).toBe(true)
        expect(same(a.meet(b), b.meet(a))).toBe(true)
        expect(same(a.meet(b).meet(c), a.meet(b.meet(c)))).toBe(true)
      }),
    )
  })

  test('a pool gives what each of its hosts gives', () => {
    fc.assert(
      fc.property(evidence, evidence, sets, (a, b, need) => {
        const verdict = a.meet(b).gives(need)
        expect(verdict === 'no').toBe([a, b].some(host => host.gives(need) === 'no'))
        if (verdict !== 'no') expect(verdict).toBe(allOf([a.gives(need), b.gives(need)]))
      }),
    )
  })

  test('more recorded evidence turns only `unknown` and `assumed` into something else', () => {
    fc.assert(
      fc.property(evidence, sets, sets, (a, has, known) => {
        const more = Evidence.recorded(has.minus(a.absent).join(a.present.meet(known)), known)
        for (const need of [has, known]) {
          const [before, after] = [a.gives(need), a.refinedBy(more).gives(need)]
          const settled: readonly Verdict[] = ['yes', 'no']
          if (settled.includes(before)) expect(after).toBe(before)
        }
      }),
    )
  })

  test('two-valued evidence is a set of features', () => {
    fc.assert(
      fc.property(twoValued, twoValued, sets, (a, b, need) => {
        expect(a.meet(b).present.eq(a.present.meet(b.present))).toBe(true)
        expect(a.gives(need)).toBe(need.leq(a.present) ? 'yes' : 'no')
      }),
    )
  })

  test('an assumption never makes an answer `no`, and what was recorded overturns it', () => {
    fc.assert(
      fc.property(evidence, sets, sets, (a, more, need) => {
        expect(a.assuming(more).gives(need) === 'no').toBe(a.gives(need) === 'no')
        const settled = a.refinedBy(Evidence.recorded(FeatureSet.empty, need.minus(a.present)))
        expect(settled.gives(need)).toBe(need.leq(a.present) ? 'yes' : 'no')
      }),
    )
  })

  test('a record that proved wrong is no record: nothing else changes', () => {
    fc.assert(
      fc.property(evidence, sets, sets, (known, wrong, need) => {
        const doubted = known.doubting(wrong)
        expect(doubted.absent.meets(wrong)).toBe(false)
        expect([doubted.present.eq(known.present), doubted.assumed.eq(known.assumed)]).toEqual([true, true])
        if (doubted.gives(need) !== known.gives(need)) expect(known.gives(need)).toBe('no')
      }),
    )
  })

  test('of two documents about one machine the more direct one decides', () => {
    fc.assert(
      fc.property(evidence, recorded, (a, direct) => {
        const both = a.refinedBy(direct)
        expect(direct.present.leq(both.present) && direct.absent.leq(both.absent)).toBe(true)
        expect(a.contradictions(direct).leq(direct.recorded)).toBe(true)
      }),
    )
  })
})
