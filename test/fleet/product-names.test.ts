import { describe, expect, test } from 'vitest'
import { hosts } from '../../src/index.ts'
import { builtinGenerations } from '../../src/map/generations.ts'
import { db } from './notation.ts'

const generations = builtinGenerations(db)

/** The titles of the generations whose products are called so. */
const titlesOf = (vendor: string, brand: string): string =>
  [...new Set(generations.called(vendor, brand).map(({ title }) => title))].join(' or ')

test.each([
  ['Intel', 'Intel(R) Xeon(R) Silver 4214R CPU @ 2.40GHz', 'Cascade Lake'],
  ['Intel', 'Intel(R) Xeon(R) Platinum 8380H CPU @ 2.90GHz', 'Cooper Lake'],
  ['Intel', 'Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz', 'Ice Lake-SP'],
  ['Intel', 'INTEL(R) XEON(R) PLATINUM 8462Y+', 'Sapphire Rapids'],
  ['Intel', 'Intel® Xeon® E5-2630L v3', 'Haswell'],
  ['Intel', 'Intel(R) Xeon(R) CPU E5-2690 0 @ 2.90GHz', 'Sandy Bridge'],
  ['Intel', 'Intel(R) Xeon(R) CPU           X5650  @ 2.67GHz', 'Westmere'],
  ['AMD', 'AMD EPYC 7543 32-Core Processor', 'Zen 3'],
  ['AMD', 'AMD EPYC 7R13 Processor', 'Zen 3'],
  ['AMD', 'AMD Ryzen 7 5800X3D 8-Core Processor', 'Zen 3'],
  ['AMD', 'AMD Ryzen 5 PRO 5500U with Radeon Graphics', 'Zen 2'],
])('%s %s is %s', (vendor, brand, title) => {
  expect(titlesOf(vendor, brand)).toBe(title)
})

test.each([
  ['Intel', 'Intel(R) Xeon(R) CPU @ 2.20GHz'],
  ['Intel', 'Intel Xeon E312xx (Sandy Bridge)'],
  ['AMD', 'AMD EPYC-Rome Processor'],
  ['AMD', 'Intel(R) Xeon(R) Silver 4214R CPU @ 2.40GHz'],
])('of %s, %s tells nothing', (vendor, brand) => {
  expect(titlesOf(vendor, brand)).toBe('')
})

describe('a host whose kernel shows no family', () => {
  const hostOf = (flags: string): string | null | undefined => {
    const text = `model name\t: Intel(R) Xeon(R) Silver 4214R CPU @ 2.40GHz\nflags\t\t: fpu sse sse2 ${flags} lm nx\n`
    return hosts({ documents: [{ path: 'a.txt', text }] }).hosts[0]?.silicon
  }

  test('is of the generation that its name tells', () => {
    expect(hostOf('avx512f avx512_vnni')).toBe('Cascade Lake (by its name)')
  })

  test('is not where it has what that generation never had', () => {
    expect(hostOf('avx512f avx512vbmi')).toBeNull()
  })
})

describe('a CPU that does not fit together', () => {
  const kindsOf = (lines: string) =>
    hosts({
      documents: [
        { path: 'a.txt', text: `processor : 0\nvendor_id : GenuineIntel\n${lines}\nbogomips : 1\n` },
      ],
    })
      .notes.map(({ kind }) => kind)
      .filter(kind => kind === 'called-otherwise' || kind === 'half-hidden')
  const xeon = (family: number, model: number, flags: string) =>
    kindsOf(
      `cpu family : ${family}\nmodel : ${model}\nmodel name : Intel(R) Xeon(R) Gold 5120 CPU @ 2.20GHz\nstepping : 4\nflags : ${flags}`,
    )

  test('is told: a name of another silicon, a feature without what it needs', () => {
    expect(xeon(15, 6, 'fpu sse sse2 xsave avx f16c lm')).toEqual(['called-otherwise'])
    expect(xeon(6, 63, 'fpu sse sse2 xsave avx f16c lm')).toEqual(['called-otherwise'])
    expect(xeon(6, 85, 'fpu sse sse2 f16c lm')).toEqual(['half-hidden'])
    expect(xeon(6, 85, 'fpu sse sse2 xsave avx f16c lm')).toEqual([])
  })
})
