import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { detectGeneration, GenerationFold } from '../../../src/arch/s390x/best.ts'
import { Generations, readGenerations, withGroups } from '../../../src/arch/s390x/models.ts'
import { FeatureSet } from '../../../src/core/feature-set.ts'
import { CpuMap } from '../../../src/map/cpu-map.ts'
import { guest, host, refusal, show } from '../../notation.ts'

const known = new Generations(CpuMap.builtIn().of('s390x'))
const { db, machines } = known
const folded = (...texts: string[]) => {
  const fold = new GenerationFold(known)
  for (const text of texts) fold.add(guest(text))
  return fold.result()
}

describe('the data', () => {
  test('each model is of a machine, and has what that can be given and no more', () => {
    for (const { name, features } of db.models) {
      expect(features.leq(known.machineOf(name)?.possible ?? FeatureSet.empty), name).toBe(true)
    }
    expect([...machines.keys()]).toEqual(
      db.models.map(({ name }) => name).filter(name => !name.endsWith('-base')),
    )
  })

  test('a base is below its model, and below every later base but for what is spared', () => {
    const { spared } = known
    const bases = db.models.filter(({ name }) => name.endsWith('-base'))
    for (const [i, base] of bases.entries()) {
      expect(base.features.leq(db.model(base.name.slice(0, -5))?.features ?? FeatureSet.empty)).toBe(true)
      for (const later of bases.slice(i)) expect(base.features.minus(spared).leq(later.features)).toBe(true)
    }
  })

  test('levels never fall by a generation, and a type is of one', () => {
    const list = [...machines.values()]
    list.forEach((machine, i) => {
      expect(machine.generation).toBeGreaterThanOrEqual(list[i - 1]?.generation ?? 0)
      expect(new Set(list.filter(({ type }) => type === machine.type).map(one => one.generation)).size).toBe(
        1,
      )
    })
  })

  test('groups have titles, share no feature, and stand for what is in them', () => {
    const groups = db.features.list.filter(({ bits }) => bits.size > 1)
    expect(groups).toHaveLength(24)
    for (const [i, { bits, title }] of groups.entries()) {
      expect(title).not.toBe('')
      expect(groups.slice(i + 1).some(other => other.bits.meets(bits))).toBe(false)
    }
    expect(db.features.list.map(({ index }) => index)).toEqual(db.features.list.map((_, i) => i))
  })

  test.each([
    ['model a type 2064 level 7.1 new nosuch', /no feature and no set is called `nosuch`/],
    ['model a type 2064 level 7.1 new vx\nmodel b type 2066 level 7.2 new vx', /`vx` is not new here/],
    ['model a level 7.1', /a machine has one `type`/],
    ['model a type 2064 level 7', /a level is `GENERATION.GA`/],
    ['model a type 2064 level 7.1 7.2', /a machine has one `level`/],
  ])('a list of machines that says %s is refused', (text, message) => {
    const read = () =>
      readGenerations(`vendor V\n${text}\n`, 'machines.txt', name => db.features.get(name)?.bits)
    expect(read).toThrow(message)
  })

  test('a group of nothing has no name', () => {
    expect(
      withGroups(db.features, [{ name: 'g', features: FeatureSet.empty, title: 't' }]).get('g'),
    ).toBeUndefined()
  })
})

describe('a definition', () => {
  test('has its model’s features, and of a group what is left of it', () => {
    const { features } = known.cpuOf(guest('exact z13 disable:km-dea disable:msa5 require:sthyi'))
    const all = db.features.in(features).map(({ name }) => name)
    expect(all).toContain('kmac-dea')
    expect(all).toContain('sthyi')
    expect(all).toContain('msa1')
    for (const gone of ['msa', 'km-dea', 'msa5', 'msa5-base']) expect(all).not.toContain(gone)
  })

  test.each([
    ['exact max', 'internal error: Unknown CPU model max'],
    ['exact z13 require:avx', 'internal error: Unknown CPU feature avx'],
  ])('%s is refused: %s', (text, message) => {
    expect(refusal(() => known.cpuOf(guest(text)))).toBe(message)
  })
})

describe('the meet', () => {
  test.each([
    [['exact z14ZR1', 'exact gen15a'], 'z14-base'],
    [['exact z990.3', 'exact z890.2'], 'z890-base'],
    [['exact z900.3', 'exact z990'], 'z900.3-base'],
    [['exact z13.2', 'exact z13s'], 'z13s-base'],
    [['exact z14 disable:stfle53', 'exact z14'], 'zBC12-base'],
  ])('of %j is on %s', (texts, model) => expect(folded(...texts).model).toBe(model))

  test('lists what is beyond the base, and what is spared of it', () => {
    expect(show(folded('exact z14-base require:vx', 'exact gen15b-base require:vx'))).toBe(
      'exact z14-base fallback:forbid require:vx disable:csske',
    )
  })

  test('leaves out what its model cannot be given', () => {
    expect(show(folded('exact z10EC.2-base disable:ginste', 'exact zBC12-base'))).not.toContain('exrl')
  })

  test('there is none without the oldest machine’s features', () => {
    expect(refusal(() => folded('exact z900 disable:zarch'))).toBe('operation failed: CPUs are incompatible')
    expect(known.newestBase({ generation: 0, ga: 0 }, db.features.all)).toBeUndefined()
  })

  const name = fc.constantFrom(...db.models.map(model => model.name))
  const lacks = fc.subarray(
    db.features.list.map(feature => feature.name),
    { maxLength: 4 },
  )
  const cpu = fc
    .record({ name, lacks })
    .map(one => `exact ${one.name} ${one.lacks.map(f => `disable:${f}`).join(' ')}`)
  const made = (texts: readonly string[]): string => refusalOr(() => show(folded(...texts)))
  const refusalOr = (make: () => string): string => {
    try {
      return make()
    } catch (error) {
      return String(error)
    }
  }

  test('does not depend on the order, nor on one that is there twice', () => {
    fc.assert(
      fc.property(fc.array(cpu, { minLength: 1, maxLength: 4 }), texts => {
        const expected = made(texts)
        expect(made([...texts].reverse())).toBe(expected)
        expect(made([...texts, ...texts.slice(0, 1)])).toBe(expected)
      }),
    )
  })

  test('asks nothing that any of the CPUs lacks', () => {
    fc.assert(
      fc.property(fc.array(cpu, { minLength: 1, maxLength: 4 }), texts => {
        const all = made(texts)
        if (all.startsWith('LibvirtError')) return
        const met = known.cpuOf(folded(...texts)).features
        for (const text of texts) expect(met.leq(known.cpuOf(guest(text)).features)).toBe(true)
      }),
    )
  })
})

describe('detection', () => {
  const stfle = (model: string, more: readonly number[] = []) => {
    const bits = db.features.in(db.model(model)?.features ?? FeatureSet.empty)
    const numbers = bits.flatMap(({ bits }) =>
      db.features.list.flatMap(one =>
        one.bits.leq(bits) && one.place.kind === 'named' && one.place.name === 'STFLE'
          ? one.place.offset + one.bit
          : [],
      ),
    )
    return [...numbers, ...more].reduce((value, bit) => value | (1n << BigInt(bit)), 0n)
  }
  const detected = (machine: bigint, facilities: bigint) =>
    show(
      detectGeneration(
        known,
        's390x',
        new Map([
          ['MACHINE', machine],
          ['STFLE', facilities],
        ]),
      ),
    )

  test.each([
    [0x2964n, 'z13', 'z13 IBM'],
    [0x2964n, 'z13-base', 'z13-base IBM'],
    [0x3907n, 'z14ZR1', 'z14ZR1 IBM'],
    [0x8562n, 'gen15b', 'gen15b IBM'],
    [0x9999n, 'gen17a', 'gen17b IBM'],
  ])('machine %i with the facilities of %s is %s', (machine, model, expected) => {
    expect(detected(machine, stfle(model))).toBe(expected)
  })

  test('lists what is beyond the model, and takes what has no name for nothing', () => {
    expect(detected(0x2964n, stfle('z13', [11, 133, 255]))).toBe('z13 IBM +ctop +gs')
  })

  test('of an older hypervisor’s guest is an older model', () => {
    expect(detected(0x3906n, stfle('z13-base'))).toMatch(/^z13s-base IBM$/)
    expect(refusal(() => detectGeneration(known, 's390x', new Map()))).toBe(
      'internal error: Cannot find suitable CPU model for given data',
    )
  })

  test('a host’s definition can be folded', () => {
    const fold = new GenerationFold(known)
    fold.add(host('z13 +sthyi arch:s390x'))
    expect(fold.result().model).toBe('z13-base')
  })
})
