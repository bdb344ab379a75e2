import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Evidence } from '../../src/core/evidence.ts'
import { FleetFacts } from '../../src/fleet/causes/cpu-facts.ts'
import { compareGuests, comparePools } from '../../src/fleet/change/delta.ts'
import { findGuestRestarts } from '../../src/fleet/change/drain.ts'
import {
  applyEffect,
  changeFleet,
  dropEffect,
  type FleetChange,
  parseFeatureEffect,
} from '../../src/fleet/change/what-if.ts'
import { baselineOf, groupHosts, splitIntoPools } from '../../src/fleet/groups.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { builtinEffects, isAffected, parseEffects } from '../../src/map/effects.ts'
import { fs, names, refusal } from '../notation.ts'
import { db, fleets, guests, hosts, levels, valuation } from './notation.ts'

const effects = builtinEffects(db)

const effect = (name: string) => {
  const found = effects.find(one => one.name === name) ?? parseFeatureEffect(db, name)
  if (!found) throw new RangeError(`no effect ${name}`)
  return found
}

const one = (text: string): FleetHost => {
  const [host] = hosts(text)
  if (!host) throw new RangeError('a host')
  return host
}

const dropped = (name: string, host: FleetHost, ...others: FleetHost[]) => {
  const groups = groupHosts([host, ...others])
  const group = groups.find(({ hosts: of }) => of.includes(host))
  if (!group) throw new RangeError('a group')
  return dropEffect(new FleetFacts(db, groups), effect(name), group, host)
}

describe('effects', () => {
  test('every effect of the table says where it comes from and names features that exist', () => {
    expect(effects.length).toBeGreaterThan(25)
    const pages = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'sources.md'), 'utf8')
    for (const { name, sources, title } of effects) {
      expect([sources.length > 0, title !== ''], name).toEqual([true, true])
      for (const key of sources) expect(pages, name).toContain(`| \`${key}\` |`)
    }
    for (const name of ['tsx-off', 'mds', 'avx512-off', 'nested-off', 'la57-off'])
      expect(effect(name).gives.isEmpty && effect(name).takes.isEmpty, name).toBe(false)
  })

  test('what needs a feature goes with it', () => {
    const after = applyEffect(
      effect('gds-force'),
      one('a vendor=Intel sig=6.85.7 : avx2 aes sse4.2 avx avx512f'),
    )
    expect(names(after.features, db)).toBe('sse4.2 aes')
    expect(
      names(applyEffect(effect('nested-off'), one('a vendor=Intel : avx vmx vmx-ept')).features, db),
    ).toBe('avx')
  })

  test('SMT changes nothing that a guest sees, and that is the answer', () => {
    const host = one('a vendor=Intel : avx ht')
    expect(applyEffect(effect('smt-off'), host)).toBe(host)
  })

  test.each([
    ['mds', 'vendor=Intel sig=6.85.4', true],
    ['mds', 'vendor=Intel sig=6.143.8', false],
    ['mds', 'vendor=Intel', true],
    ['mds', 'vendor=AMD sig=23.1.2', false],
    ['tsx-haswell', 'vendor=Intel sig=6.63.2', true],
    ['tsx-haswell', 'vendor=Intel sig=6.63.4', false],
  ])('%s on a host of %s: %s', (name, keys, expected) => {
    expect(isAffected(effect(name), one(`a ${keys} : avx`))).toBe(expected)
  })

  test('dropped: what it took comes back where the silicon is known to have it', () => {
    const cascade = 'vendor=Intel sig=6.85.7'
    expect(names(dropped('tsx-off', one(`a ${cascade} : avx`)).features, db)).toBe('avx hle rtm')
    expect(names(dropped('tsx-off', one('a vendor=Intel sig=6.143.8 : avx')).features, db)).toBe(
      'avx hle rtm tsx-ldtrk',
    )
    expect(names(dropped('tsx-off', one('a vendor=Intel : avx')).features, db)).toBe('avx')
    expect(names(dropped('tsx-off', one('a vendor=Intel model=Haswell : avx')).features, db)).toBe(
      'avx hle rtm',
    )
    expect(names(dropped('mds', one(`a ${cascade} : avx md-clear`)).features, db)).toBe('avx')
  })

  test('given ones are spelt with signs', () => {
    const { features } = applyEffect(effect('+md-clear,-hle,-rtm'), one('a : avx hle rtm'))
    expect(names(features, db)).toBe('md-clear avx'.split(' ').reverse().join(' '))
    for (const bad of ['md-clear', '+nonsense', '', '+'])
      expect(parseFeatureEffect(db, bad), bad).toBeUndefined()
  })

  test.each([
    ['   takes hle', 'this stands under its effect, and no effect is above (line 1, column 4)'],
    ['effect x bios : y [sdm4]', 'expected `effect NAME microcode|firmware|kernel : what it is [SOURCE …]`'],
    ['effect x kernel : y [sdm4]\n   makes hle', 'expected `on`, `gives`, `takes`'],
    ['effect x kernel : y [sdm4]\n   on', '`on` of what?'],
    ['effect x kernel : y [sdm4]\n   on Intel 6', 'a signature is'],
    ['effect x kernel : y [sdm4]\neffect x kernel : z [sdm4]', '`x` is above already'],
  ])('%j is refused', (text, message) => {
    expect(refusal(() => parseEffects({ name: 'f', text }, db))).toContain(message.replace(/ \(line.*/, ''))
  })
})

describe('what if', () => {
  const fleet = hosts('a pool=x weight=2 : avx avx2 aes\n b pool=x : avx aes\n c pool=y : avx2')
  const changed = (...changes: FleetChange[]) => changeFleet(db, fleet, changes)

  test('hosts come, go and are replaced, in order', () => {
    const added = one('d pool=y : avx')
    const by = one('z pool=elsewhere weight=9 : avx2')
    const { hosts: now, touched } = changed(
      { kind: 'add', host: added },
      { kind: 'remove', name: 'b' },
      { kind: 'replace', name: 'a', by },
      { kind: 'apply', effect: effect('-avx2'), hosts: new Set(['a']) },
    )
    expect(now.map(({ name, pool, weight }) => `${name} ${pool} ${weight}`)).toEqual([
      'a x 2',
      'c y undefined',
      'd y undefined',
    ])
    expect(touched).toEqual([['d'], ['b'], ['a'], ['a']])
    expect(() => changed({ kind: 'remove', name: 'q' })).toThrow('no host is called q')
  })

  const show = (before: readonly FleetHost[], now: readonly FleetHost[]) =>
    comparePools(valuation, levels, before, now).map(
      ({ label, gained, lost, before: was, after: is }) =>
        `${label} +[${names(gained, db)}] -[${names(lost, db)}] ${was?.value ?? 'none'} ${is?.value ?? 'none'}`,
    )

  test('a host that leaves raises its pool; a pool may come to an end', () => {
    expect(show(fleet, changed({ kind: 'remove', name: 'b' }).hosts)).toEqual([
      'x +[avx2] -[] 6 6',
      'y +[] -[] 1 1',
    ])
    expect(show(fleet, changed({ kind: 'remove', name: 'c' }).hosts)).toEqual([
      'x +[] -[] 6 6',
      'y +[] -[] 1 none',
    ])
  })

  const changes: fc.Arbitrary<(fleet: readonly FleetHost[]) => FleetChange> = fc.oneof(
    fleets.map(
      ([host]) =>
        () =>
          ({ kind: 'add', host: { ...(host ?? one('x : avx')), name: 'new' } }) as const,
    ),
    fc
      .nat()
      .map(
        n => (all: readonly FleetHost[]) =>
          ({ kind: 'remove', name: all[n % all.length]?.name ?? '' }) as const,
      ),
    fc
      .constantFrom(...effects)
      .chain(found => fc.constantFrom('apply', 'drop').map(kind => () => ({ kind, effect: found }) as const)),
  )

  test('the delta is what recomputing from scratch says', () => {
    fc.assert(
      fc.property(fleets, changes, (before, change) => {
        const { hosts: now } = changeFleet(db, before, [change(before)])
        for (const delta of comparePools(valuation, levels, before, now)) {
          if (!delta.before || !delta.after) continue
          const fresh = splitIntoPools(groupHosts(now)).find(({ label }) => label === delta.label)
          const told = delta.before.baseline.minus(delta.lost).minus(delta.unknown).join(delta.gained)
          expect(told.eq(baselineOf(fresh?.groups ?? []))).toBe(true)
          expect(delta.gained.meets(delta.lost)).toBe(false)
          expect(delta.after.value).toBe(valuation.valueOfPool(fresh?.groups ?? []))
        }
      }),
    )
  })

  test('a host that joins never raises a pool, one that leaves never lowers it', () => {
    fc.assert(
      fc.property(fleets, fleets, fc.nat(), (before, [extra], n) => {
        const joined = [...before, { ...(extra ?? one('x : avx')), name: 'new' }]
        const left = before.filter((_, i) => i !== n % before.length)
        for (const { gained } of comparePools(valuation, levels, before, joined))
          expect(gained.isEmpty).toBe(true)
        for (const { lost, unknown } of comparePools(valuation, levels, before, left))
          expect([lost.isEmpty, unknown.isEmpty]).toEqual([true, true])
      }),
    )
  })

  test('what is not known of a new host is not lost', () => {
    const [old, by] = hosts('old pool=x : avx avx2 f16c aes\nnew : avx avx2')
    if (!old || !by) throw new RangeError('two hosts')
    const evidence = Evidence.recorded(fs('avx'), fs('avx f16c')).assuming(fs('avx2'))
    const withheld = fs('aes')
    const of = (host: FleetHost) => {
      const [delta] = comparePools(valuation, levels, [old], [{ ...host, pool: 'x' }])
      return delta && `-[${names(delta.lost, db)}] ?[${names(delta.unknown, db)}]`
    }
    expect(of({ ...by, evidence })).toBe('-[f16c] ?[aes]')
    expect(of({ ...by, evidence, withheld })).toBe('-[aes f16c] ?[]')
    expect(of({ ...by, unsure: fs('f16c') })).toBe('-[aes] ?[f16c]')
    expect(of(by)).toBe('-[aes f16c] ?[]')
  })

  test('a feature is lost if and only if some host is known not to give it, else it is unknown', () => {
    const known = fleets.chain(all =>
      fc.tuple(...all.map(() => fleets)).map(lists =>
        all.map((host, i): FleetHost => {
          const [spoken] = lists[i] ?? []
          const evidence = Evidence.recorded(host.features, spoken?.features ?? db.features.all)
          return { ...host, features: evidence.possible, evidence }
        }),
      ),
    )
    fc.assert(
      fc.property(fleets, known, (before, now) => {
        for (const { before: was, after: is, lost, unknown } of comparePools(
          valuation,
          levels,
          before,
          now,
        )) {
          if (!was || !is) continue
          const all = now.map(({ evidence }) => evidence ?? Evidence.none)
          const pool = all.reduce((one, other) => one.meet(other))
          expect(names(lost, db)).toBe(names(pool.missing(was.baseline), db))
          expect(names(unknown, db)).toBe(names(pool.unknown(was.baseline), db))
        }
      }),
    )
  })

  test('an effect applied twice is applied once', () => {
    fc.assert(
      fc.property(fleets, fc.constantFrom(...effects), (before, found) => {
        const applied = changeFleet(db, before, [{ kind: 'apply', effect: found }]).hosts
        const again = changeFleet(db, applied, [{ kind: 'apply', effect: found }]).hosts
        expect(again).toEqual(applied)
      }),
    )
  })
})

describe('guests after a change', () => {
  const deltas = (before: string, now: string, running: string) =>
    compareGuests(db.features, guests(running), hosts(before), hosts(now)).map(
      ({ guest, own, before: had, after, stuck, freed, why }) =>
        [
          guest.name,
          own,
          had,
          after,
          stuck && 'stuck',
          freed && 'freed',
          ...why.map(o => (o.kind === 'feature' ? o.feature.name : o.kind)),
        ]
          .filter(part => part !== false)
          .join(' '),
    )

  test('stuck where the others lost what it uses, closed out where its own host did', () => {
    const before = 'a : avx hle\n b : avx hle'
    expect(deltas(before, 'a : avx hle\n b : avx', 'vm1 a : avx hle\nvm2 a : avx')).toEqual([
      'vm1 stays 1 0 stuck hle',
    ])
    expect(deltas(before, 'a : avx\n b : avx hle', 'vm1 a : avx hle')).toEqual(['vm1 closed 1 1 hle'])
    expect(deltas(before, 'b : avx hle', 'vm1 a : avx hle')).toEqual(['vm1 gone 1 1'])
    // What documents said against it before is no change.
    expect(deltas('a : avx\n b : avx hle\n c : avx', 'a : avx\n b : avx hle', 'vm1 a : avx hle')).toEqual([])
    expect(deltas('a : avx hle', before, 'vm1 a : avx hle')).toEqual(['vm1 stays 0 1 freed'])
  })

  test('another pool is no place to go', () => {
    expect(
      deltas('a pool=x : avx\n b pool=x : avx', 'a pool=x : avx\n b pool=y : avx', 'vm1 a : avx'),
    ).toEqual(['vm1 stays 1 0 stuck'])
  })
})

describe('raising guests', () => {
  const order = (fleet: string, running: string) =>
    findGuestRestarts(valuation, { hosts: hosts(fleet), guests: guests(running) }).map(
      ({ guest, gains, beyond }) =>
        `${guest.name} +[${gains.map(({ name }) => name).join(' ')}] -[${beyond.map(({ name }) => name).join(' ')}]`,
    )

  test('first what is beyond its pool, then by what it gains, security above speed', () => {
    const fleet = 'a : avx avx2 ssbd vmx\n b : avx avx2 ssbd vmx hle'
    expect(
      order(
        fleet,
        'old a : avx ssbd\nbare a : avx avx2\nstray b : avx avx2 ssbd hle\nfine b : avx avx2 ssbd\noff : avx',
      ),
    ).toEqual(['stray +[] -[hle]', 'off +[avx2 ssbd] -[]', 'bare +[ssbd] -[]', 'old +[avx2] -[]'])
  })
})
