import { describe, expect, test } from 'vitest'
import { FeatureSet } from '../../src/core/feature-set.ts'
import { findGuestFeatures } from '../../src/formats/express.ts'
import { evcMode, evcModes, greatestEvcMode, leastEvcMode } from '../../src/formats/named-levels.ts'
import { builtin } from '../built-in.ts'
import { guest } from '../notation.ts'

const NONE = FeatureSet.empty
const written = (model: string) => evcMode.print(guest(`exact ${model}`))

test.each([
  ['Penryn', 'intel-penryn'],
  ['Nehalem', 'intel-nehalem'],
  ['Westmere', 'intel-westmere'],
  ['SandyBridge-IBRS', 'intel-sandybridge'],
  ['IvyBridge', 'intel-ivybridge'],
  ['Haswell-noTSX', 'intel-haswell'],
  ['Broadwell-noTSX-IBRS', 'intel-broadwell'],
  ['Skylake-Server-noTSX-IBRS', 'intel-skylake'],
  ['Cascadelake-Server-noTSX', 'intel-cascadelake'],
  ['Icelake-Server-noTSX', 'intel-icelake'],
  ['SapphireRapids', 'intel-sapphirerapids'],
  ['Opteron_G2', 'amd-rev-f'],
  ['Opteron_G4', 'amd-bulldozer'],
  ['Opteron_G5', 'amd-piledriver'],
  ['EPYC', 'amd-zen'],
  ['EPYC-Rome', 'amd-zen2'],
  ['EPYC-Milan', 'amd-zen3'],
  ['EPYC-Genoa', 'amd-zen4'],
])('the nearest mode of %s is %s', (model, key) => expect(written(model).text).toBe(`${key}\n`))

test.each(['kvm64', 'YongFeng', 'Dhyana'])('there is none for %s', model =>
  expect(() => written(model)).toThrow(`models of Intel and AMD alone, not for ${model}`),
)

describe('the highest mode of which a CPU has everything', () => {
  test.each(evcModes().map(mode => [mode.key, mode] as const))(
    '%s, of a CPU that has just that',
    (_, mode) => {
      const found = greatestEvcMode(mode.features, mode.vendor)
      expect(found && evcModes().indexOf(found)).toBeGreaterThanOrEqual(evcModes().indexOf(mode))
      expect(found?.features.leq(mode.features)).toBe(true)
      const least = leastEvcMode(mode.features, mode.vendor)
      expect(least && evcModes().indexOf(least)).toBeLessThanOrEqual(evcModes().indexOf(mode))
      expect(mode.features.leq(least?.features ?? NONE)).toBe(true)
      expect(greatestEvcMode(mode.features, mode.vendor === 'AMD' ? 'Intel' : 'Hygon')?.vendor).not.toBe(
        mode.vendor,
      )
    },
  )

  test('each feature that is missing of a mode makes it a lower one, or none', () => {
    const { features } = builtin()
    for (const mode of evcModes())
      for (const { bits } of features.in(mode.features))
        expect(greatestEvcMode(mode.features.minus(bits), mode.vendor)?.key).not.toBe(mode.key)
  })
})

describe('what guests have otherwise is listed', () => {
  const models = builtin().models.filter(({ vendor }) => vendor && /^(?:Intel|AMD)$/.test(vendor.name))
  test.each(models.map(({ name }) => name))('%s', name => {
    const { text, notExpressed } = written(name)
    const mode = evcModes().find(({ key }) => `${key}\n` === text)
    const namesIn = (word: RegExp) =>
      notExpressed.flatMap(({ features = [], why }) => (word.test(why) ? features : []))
    const { features } = builtin()
    const has = new Set(features.in(findGuestFeatures(guest(`exact ${name}`)) ?? NONE).map(one => one.name))
    for (const lost of namesIn(/does not have|no mode names/)) has.delete(lost)
    for (const gained of namesIn(/besides/)) has.add(gained)
    expect([...has].sort()).toEqual(
      features
        .in(mode?.features ?? NONE)
        .map(one => one.name)
        .sort(),
    )
  })
})
