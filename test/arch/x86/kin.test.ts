import { expect, test } from 'vitest'
import { readCpuid } from '../../../src/arch/x86/cpuid.ts'
import { findClosestCpu } from '../../../src/arch/x86/decode.ts'
import { Cpuid } from '../../../src/core/cpuid.ts'
import { parseModels } from '../../../src/map/text/parse-models.ts'
import { builtin } from '../../built-in.ts'

/** Signatures that stand for a family though libvirt does not say so: `also` in the data. */

const db = builtin()
const CLIENTS = { arrow: [6, 198], lunar: [6, 189], panther: [6, 204] } as const

function named(like: string, [family, model]: readonly [number, number], best: boolean): string {
  const features = db.model(like)?.features
  if (!features) throw new RangeError(like)
  const bits = { features, vendor: db.vendor('Intel'), signature: { family, model, stepping: 0 } }
  return findClosestCpu(db, bits, { as: 'host', fallback: 'forbid', best }).model ?? ''
}

test.each(Object.entries(CLIENTS))(
  '--best: %s lake is of a client family, or of one with its cores',
  (_, signature) => {
    // Without MSRs a client part has no feature of those that SierraForest has there.
    expect(named('Skylake-Client-noTSX-IBRS', signature, true)).toMatch(/^Skylake-Client/)
    expect(named('ClearwaterForest-v3', signature, true)).toMatch(/^SierraForest/)
    expect(named('ClearwaterForest-v3', signature, false)).toBe('ClearwaterForest-v3')
  },
)

test('a guest of QEMU has QEMU’s signature: 6.134 is Snowridge’s and Icelake-Server’s', () => {
  expect(named('Icelake-Server-v1', [6, 134], true)).toBe('Icelake-Server-v1')
  expect(named('Snowridge-v4', [6, 134], true)).toBe('Snowridge-v4')
})

test('stands behind libvirt’s signatures in the grammar', () => {
  const { families } = parseModels('model A   sig 6.1   also 6.2.3 7.4   gone x\n  v1\n', 'a')
  expect(families[0]?.also).toEqual([
    { family: 6, model: 2, steppings: 8 },
    { family: 7, model: 4 },
  ])
  expect(() => parseModels('model A   also six\n', 'a')).toThrow('a signature is `FAMILY.MODEL[.STEPPINGS]`')
})

test('DiamondRapids is family 19: its signature as CPUID has it, and its model', () => {
  const eax = 0x0040_0f10
  const rows = [
    [0, 0, 0x0d, 0x756e6547, 0x6c65746e, 0x49656e69],
    [1, 0, eax, 0, 0, 0],
  ] as const
  const bits = readCpuid(db, Cpuid.of(rows))
  expect([bits.vendor?.name, bits.signature]).toEqual(['Intel', { family: 19, model: 1, stepping: 0 }])
  expect(named('DiamondRapids-v1', [19, 1], false)).toBe('DiamondRapids-v1')
  expect(named('DiamondRapids-v1', [19, 1], true)).toMatch(/^DiamondRapids/)
})
