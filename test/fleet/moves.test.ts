import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Evidence } from '../../src/core/evidence.ts'
import { FeatureSet } from '../../src/core/feature-set.ts'
import {
  findTermObstacles,
  type GuestTerms,
  isOpenTerm,
  partingKeyOf,
  termsOfStart,
} from '../../src/fleet/guest-terms.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import {
  type CpuFacts,
  CpuKinds,
  canMove,
  findMoveVerdict,
  findObstacles,
  isAllowedByLibvirt,
  isOpen,
} from '../../src/fleet/obstacles.ts'
import { runs } from '../effort.ts'
import { bits, db } from './notation.ts'

/** Whether a guest may move, by all that it asks and all that hosts tell: what is absent is not known, or not asked. */

const sets = fc.subarray(['sse2', 'avx', 'avx2', 'vmx']).map(names => bits(names.join(' ')))
const one = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const setOf = (...names: string[]): fc.Arbitrary<ReadonlySet<string>> =>
  fc.subarray(names).map(list => new Set(list))

const evidence = fc
  .tuple(sets, sets, sets)
  .map(([present, known, assumed]) => Evidence.recorded(present, known.join(present)).assuming(assumed))

const host: fc.Arbitrary<FleetHost> = fc
  .record(
    {
      name: one('h'),
      features: sets,
      evidence,
      hardwareFeatures: sets,
      vendor: one('Intel', 'AMD'),
      core: one('a', 'b'),
      physBits: one(39, 46),
      machines: setOf('q35', 'pc'),
      emulators: setOf('/usr/bin/e'),
      handsOver: fc.boolean(),
      labels: setOf('x', 'y'),
      tscHz: one(2_000_000_000n, 2_000_400_000n, 2_000_600_000n),
      tscScaling: fc.boolean(),
      signature: one({ family: 6, model: 85, stepping: 4 }, { family: 6, model: 85, stepping: 7 }),
      microcode: one(1, 2),
      kernel: one('6.1', '6.2'),
      xsaveSize: one(832, 2696),
      lineSize: one(64, 32),
    },
    { requiredKeys: ['name', 'features'] },
  )
  // Whose core is known, its vendor is too.
  .map(made => (made.core === undefined ? made : { vendor: 'Intel', ...made }))

const terms: fc.Arbitrary<GuestTerms> = fc.record(
  {
    excluded: sets,
    bonds: one([], ['hostdev'], ['invtsc', 'protected']),
    machine: one('q35', 'pc'),
    emulator: one('/usr/bin/e', '/usr/bin/f'),
    pciDevice: one(true),
    selectors: fc.subarray(['x', 'y', 'z']),
    tscHz: one(2_000_000_000n, 2_000_400_000n),
    passed: fc.option(host),
  },
  { requiredKeys: [] },
)

const guest: fc.Arbitrary<CpuFacts> = fc.record(
  {
    features: sets,
    unread: sets,
    vendor: one('Intel', 'AMD'),
    core: one('a', 'b'),
    physBits: one(39, 46),
    unknownModel: one('m', 'n'),
    terms,
  },
  { requiredKeys: ['features'] },
)

/** One of these, and the same with one of its parts as another has it, or without it. */
const variants = <T extends object>(
  of: fc.Arbitrary<T>,
  parts?: fc.Arbitrary<GuestTerms>,
): fc.Arbitrary<T[]> =>
  fc.tuple(of, of, parts ?? fc.constant({}), parts ?? fc.constant({})).map(([base, other, mine, theirs]) => {
    const plain = parts ? { ...base, terms: mine } : base
    const inTerms = changed(mine, theirs).map(terms => ({ ...plain, terms }))
    return [plain, ...changed(plain, other), ...(parts ? inTerms : [])]
  })

const changed = <T extends object>(base: T, other: T): T[] =>
  Object.keys({ ...base, ...other })
    .filter(key => key !== 'name')
    .map(key => ({ ...base, [key]: Object.entries(other).find(([name]) => name === key)?.[1] }))
    .filter(one => 'features' in one === false || one.features !== undefined)

describe('laws', () => {
  test('it may move where there is no obstacle; the verdict is no for what is known alone', () => {
    fc.assert(
      fc.property(guest, host, (of, to) => {
        const obstacles = findObstacles(db.features, of, to)
        expect(canMove(of, to)).toBe(obstacles.length === 0)
        const verdict = findMoveVerdict(of, to)
        if (obstacles.length === 0) expect(['yes', 'assumed']).toContain(verdict)
        else expect(verdict).toBe(obstacles.every(isOpen) ? 'unknown' : 'no')
        if (canMove(of, to)) expect(isAllowedByLibvirt(of, to)).toBe(true)
      }),
      { numRuns: runs(40_000) },
    )
  })

  test('CPUs of one kind move alike', () => {
    fc.assert(
      fc.property(variants(guest, terms), variants(host), (guests, hosts) => {
        const kinds = new CpuKinds()
        for (const of of guests)
          for (const to of hosts) {
            const [a, b] = [kinds.numberOf(of), kinds.numberOf(to)]
            expect(kinds.canMove(a, b)).toBe(canMove(of, to))
            expect(kinds.canMove(a, b)).toBe(canMove(of, to))
          }
      }),
      { numRuns: runs(8000) },
    )
  })

  test('hosts of one key are alike for terms', () => {
    fc.assert(
      fc.property(fc.array(terms, { minLength: 1, maxLength: 3 }), host, host, (asked, a, b) => {
        const own = asked.map(({ passed: _, excluded: __, ...rest }) => ({ terms: rest }))
        const keyOf = partingKeyOf(own)
        if (keyOf && keyOf(a) !== keyOf(b)) return
        for (const { terms } of own) expect(findTermObstacles(terms, a)).toEqual(findTermObstacles(terms, b))
      }),
      { numRuns: runs(40_000) },
    )
  })
})

describe('terms of a definition', () => {
  const features = bits('sse2 avx')
  const plain: FleetHost = { name: 'h', features }
  const shown = (asked: GuestTerms, to: Partial<FleetHost>): string[] =>
    findTermObstacles(asked, { ...plain, ...to }).map(found => `${found.kind}${isOpenTerm(found) ? '?' : ''}`)
  const home: FleetHost = {
    ...plain,
    signature: { family: 6, model: 85, stepping: 4 },
    microcode: 1,
    kernel: '6.1',
    xsaveSize: 832,
    lineSize: 64,
  }

  test.each<[asked: GuestTerms, to: Partial<FleetHost>, found: string[]]>([
    [{}, {}, []],
    [{ bonds: ['hostdev', 'invtsc'] }, {}, ['bond', 'bond']],
    [{ excluded: bits('avx') }, {}, ['excess']],
    [{ excluded: bits('avx') }, { hardwareFeatures: bits('sse2') }, []],
    [{ excluded: bits('avx2') }, {}, []],
    [{ machine: 'q35' }, {}, []],
    [{ machine: 'q35' }, { machines: new Set(['q35']) }, []],
    [{ machine: 'q35' }, { machines: new Set(['pc']) }, ['machine']],
    [{ emulator: '/e' }, {}, []],
    [{ emulator: '/e' }, { emulators: new Set(['/e']) }, []],
    [{ emulator: '/e' }, { emulators: new Set(['/f']) }, ['emulator?']],
    [{ pciDevice: true }, {}, []],
    [{ pciDevice: true }, { handsOver: true }, []],
    [{ pciDevice: true }, { handsOver: false }, ['devices']],
    [{}, { handsOver: false }, []],
    [{ selectors: ['x'] }, {}, []],
    [{ selectors: ['x'] }, { labels: new Set(['x', 'y']) }, []],
    [{ selectors: ['x', 'z'] }, { labels: new Set(['x']) }, ['labels']],
    [{ tscHz: 2n }, {}, ['tsc?']],
    [{ tscHz: 2n }, { tscHz: 2n }, ['tsc?']],
    [{ tscHz: 2n }, { tscScaling: false }, ['tsc?']],
    [{ tscHz: 2n }, { tscScaling: true }, []],
    [{ tscHz: 2_000_000n }, { tscHz: 2_000_000n, tscScaling: false }, []],
    [{ tscHz: 2_000_500n }, { tscHz: 2_000_000n, tscScaling: false }, []],
    [{ tscHz: 2_000_501n }, { tscHz: 2_000_000n, tscScaling: false }, ['tsc']],
    [{ tscHz: 1_999_500n }, { tscHz: 2_000_000n, tscScaling: false }, []],
    [{ tscHz: 1_999_499n }, { tscHz: 2_000_000n, tscScaling: false }, ['tsc']],
    [{ passed: null }, home, ['passed?']],
    [{ passed: home }, home, []],
    [{ passed: home }, { ...home, signature: { family: 6, model: 85, stepping: 7 } }, ['passed']],
    [{ passed: home }, { ...home, signature: undefined }, ['passed?']],
    [{ passed: home }, { ...home, features: bits('sse2') }, ['passed']],
    [{ passed: home }, { ...home, xsaveSize: 831 }, ['passed']],
    [{ passed: home }, { ...home, xsaveSize: 900 }, []],
    [{ passed: home }, { ...home, xsaveSize: undefined }, []],
    [{ passed: home }, { ...home, lineSize: 32 }, ['passed']],
    [{ passed: home }, { ...home, lineSize: undefined }, []],
    [{ passed: { ...home, lineSize: undefined } }, home, []],
    [{ passed: home }, { ...home, microcode: 2 }, ['passed?']],
    [{ passed: home }, { ...home, kernel: undefined }, ['passed?']],
  ])('%o of a host with %o: %j', (asked, to, found) => {
    expect(shown(asked, to)).toEqual(found)
  })

  test('what differs is said, a signature first', () => {
    const what = (to: Partial<FleetHost>) =>
      findTermObstacles({ passed: home }, { ...home, ...to }).map(one => one.kind === 'passed' && one.what)
    expect([
      what({ signature: { family: 6, model: 86, stepping: 4 }, features: FeatureSet.empty }),
      what({ signature: undefined, features: FeatureSet.empty }),
      what({ signature: undefined, kernel: '6.2' }),
      what({ xsaveSize: 100, lineSize: 1 }),
      what({ lineSize: 1, kernel: '6.2' }),
      what({ microcode: 3, kernel: '6.2' }),
      what({ kernel: '6.2' }),
    ]).toEqual([
      ['signature'],
      ['features'],
      ['signature'],
      ['xsave-size'],
      ['line-size'],
      ['microcode'],
      ['kernel'],
    ])
    const labelled: FleetHost = { ...plain, labels: new Set(['x']) }
    const missing = findTermObstacles({ selectors: ['x', 'z', 'w'] }, labelled)
    expect(missing).toEqual([{ kind: 'labels', labels: ['z', 'w'] }])
  })

  test('of several hosts one that does not keep them is enough', () => {
    const hosts = [
      plain,
      { ...plain, handsOver: false, labels: new Set<string>(), machines: new Set<string>() },
    ]
    const asked: GuestTerms = { pciDevice: true, selectors: ['x'], machine: 'q35' }
    expect(findTermObstacles(asked, { features, hosts }).map(({ kind }) => kind)).toEqual([
      'machine',
      'devices',
      'labels',
    ])
    expect(findTermObstacles(asked, { features, hosts: [plain] })).toEqual([])
  })

  test('a start asks for less', () => {
    const start = termsOfStart({ bonds: ['hostdev'], selectors: ['x'], passed: home, machine: 'q35' })
    expect(start).toEqual({ machine: 'q35' })
  })

  test('hosts are parted by what terms look at, and by nothing else', () => {
    expect(partingKeyOf([{}, { terms: { bonds: ['hostdev'] } }])).toBeUndefined()
    const keyOf = partingKeyOf([{ terms: { selectors: ['x'] } }, { terms: { tscHz: 1n } }])
    const key = (more: Partial<FleetHost>) => keyOf?.({ ...plain, ...more })
    const base = key({ labels: new Set(['a', 'b']), tscHz: 1n })
    expect(key({ labels: new Set(['b', 'a']), tscHz: 1n, handsOver: true })).toBe(base)
    expect(key({ labels: new Set(['a']), tscHz: 1n })).not.toBe(base)
    expect(key({ labels: new Set(['a', 'b']), tscHz: 2n })).not.toBe(base)
    expect(key({ labels: new Set(['a', 'b']), tscHz: 1n, tscScaling: true })).not.toBe(base)
  })
})
