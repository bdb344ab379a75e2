import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareByFeatures } from '../../src/arch/x86/compare.ts'
import { featuresOf } from '../../src/arch/x86/definition.ts'
import type { Cpu } from '../../src/core/cpu.ts'
import { safeLeq, safeMeet } from '../../src/core/feature-table.ts'
import { findArrows } from '../../src/fleet/arrows.ts'
import { type DrainOptions, planDrain } from '../../src/fleet/change/drain.ts'
import { groupHosts } from '../../src/fleet/groups.ts'
import { findUnsafe, relianceOn, weighObstacles } from '../../src/fleet/interest.ts'
import {
  canMove,
  findHazards,
  findObstacles,
  isAllowedByLibvirt,
  type Obstacle,
} from '../../src/fleet/obstacles.ts'
import { findPlaces, findStuckGuests } from '../../src/fleet/places.ts'
import { bits, db, fleets, guests, hosts } from './notation.ts'

const say = (obstacles: readonly Obstacle[]): string =>
  obstacles.map(one => (one.kind === 'feature' ? one.feature.name : one.kind)).join(' ')

describe('obstacles', () => {
  const on = (guest: string, host: string) => {
    const [g, h] = hosts(`g ${guest}\nh ${host}`)
    if (!g || !h) throw new RangeError('a guest and a host')
    return {
      why: say(findObstacles(db.features, g, h)),
      may: canMove(g, h),
      libvirt: isAllowedByLibvirt(g, h),
    }
  }

  test('missing features are named', () => {
    expect(on(': avx avx2 vaes', ': avx')).toEqual({ why: 'avx2 vaes', may: false, libvirt: false })
    expect(on(': avx', ': avx avx2')).toEqual({ why: '', may: true, libvirt: true })
  })

  test('a guest of a vendor does not go to another’s host, one of none goes to any', () => {
    expect(on('vendor=AMD : avx', 'vendor=Intel : avx')).toEqual({
      why: 'vendor',
      may: false,
      libvirt: false,
    })
    expect(on(': avx', 'vendor=Intel : avx').may).toBe(true)
  })

  test('the 39-bit host: libvirt lets the guest go, and it dies', () => {
    expect(on('phys=40 : avx', 'phys=39 : avx')).toEqual({ why: 'phys-bits', may: false, libvirt: true })
    expect(on('phys=39 : avx', 'phys=46 : avx').may).toBe(true)
  })

  test('moving agrees with cpu-compare, and its obstacles are what is missing', () => {
    const cpus: fc.Arbitrary<Cpu> = fc
      .record({
        model: fc.constantFrom(...db.models.filter(({ vendor }) => vendor !== undefined)),
        extra: fc.subarray([...db.features.list], { maxLength: 10 }),
      })
      .map(({ model, extra }) => ({
        type: 'host',
        detected: true,
        arch: 'x86_64',
        model: model.name,
        vendor: model.vendor?.name,
        features: extra.map(({ name }) => ({ name })),
      }))
    fc.assert(
      fc.property(cpus, cpus, (a, b) => {
        const facts = (cpu: Cpu) => ({ features: featuresOf(db, cpu), vendor: cpu.vendor })
        const answer = compareByFeatures(db, b, a)
        expect(isAllowedByLibvirt(facts(a), facts(b))).toBe(answer.result !== 'incompatible')
        if (answer.result !== 'incompatible' || a.vendor !== b.vendor) return
        expect(findObstacles(db.features, facts(a), facts(b))).toEqual(
          answer.missing.map(feature => expect.objectContaining({ kind: 'feature', feature })),
        )
      }),
    )
  })

  test('there is an obstacle exactly where a guest may not move', () => {
    fc.assert(
      fc.property(fleets, ([a, b = a]) => {
        if (a && b) expect(findObstacles(db.features, a, b).length === 0).toBe(canMove(a, b))
      }),
    )
  })
})

describe('orders', () => {
  const hazards = (guest: string, to: string, from?: string) => {
    const [g, target, source] = hosts(`g : ${guest}\nt : ${to}\n${from === undefined ? '' : `f : ${from}`}`)
    if (!g || !target) throw new RangeError('a guest and a host')
    return db.features.in(findHazards(db.features, g, target, source)).map(({ name }) => name)
  }

  test('what guests of the target must see, and did not need to where they ran', () => {
    expect(hazards('avx', 'avx md-clear rsba', 'avx')).toEqual(['md-clear', 'rsba'])
    expect(hazards('avx md-clear', 'avx md-clear')).toEqual([])
    expect(hazards('avx', 'avx md-clear', 'avx md-clear')).toEqual([])
    expect(hazards('avx', 'avx fdp-excptn-only', 'avx')).toEqual(['fdp-excptn-only'])
  })

  test('a hazard never keeps a guest from a host', () => {
    fc.assert(
      fc.property(fleets, fleets, ([guest], [host]) => {
        if (!guest || !host) return
        const features = host.features.join(findHazards(db.features, guest, host))
        expect(canMove(guest, { ...host, features })).toBe(canMove(guest, host))
      }),
    )
  })

  test.each([
    ['erms', 'hint'],
    ['fsrm', 'hint'],
    ['mds-no', 'promise'],
    ['rdctl-no', 'promise'],
    ['amd-no-ssb', 'promise'],
    ['md-clear', 'promise'],
    ['rsba', 'hint'],
    ['fdp-excptn-only', 'needed'],
    ['avx2', 'needed'],
  ])('to a guest that lands without it, %s is %s', (name, reliance) => {
    expect(relianceOn(db.features.get(name) ?? { name: '', order: '&' })).toBe(reliance)
  })

  test('clearing buffers is harmless to lose where there is nothing to clear', () => {
    const lost = (guest: string, host: string) => {
      const [g, h] = hosts(`g : ${guest}\nh : ${host}`)
      return g && h && weighObstacles(findObstacles(db.features, g, h), 0)
    }
    expect(lost('avx md-clear', 'avx')).toEqual({ allowed: 'no', safe: 'no' })
    expect(lost('avx md-clear', 'avx mds-no')).toEqual({ allowed: 'no', safe: 'yes' })
    expect(lost('avx erms', 'avx')).toEqual({ allowed: 'no', safe: 'yes' })
    expect(lost('avx mds-no', 'avx')).toEqual({ allowed: 'no', safe: 'no' })
  })

  /** Sets that differ in a few features of every order. */
  const ordered = fc
    .subarray(db.features.list.filter(({ order, index }) => order !== '&' || index % 23 === 0))
    .map(list => ({ features: db.features.setOf(list) }))

  test('a move is safe to the guest exactly where the safe order says so, but for promises', () => {
    fc.assert(
      fc.property(ordered, ordered, (guest, host) => {
        const hazards = findHazards(db.features, guest, host, guest)
        const obstacles = findObstacles(db.features, guest, host)
        const isPromise = (one: Obstacle) => one.kind === 'feature' && one.reliance === 'promise'
        const { allowed, safe } = weighObstacles(obstacles, db.features.count(hazards))
        const isSafe = safeLeq(db.features, guest.features, host.features) && !obstacles.some(isPromise)
        expect(safe).toBe(isSafe ? 'yes' : 'no')
        expect(allowed).toBe(guest.features.leq(host.features) ? 'yes' : 'no')
      }),
    )
  })

  test('a pool is unsafe in what its safe meet has beyond the bits, and where hosts disagree', () => {
    fc.assert(
      fc.property(fc.array(ordered, { minLength: 1, maxLength: 4 }), list => {
        const groups = groupHosts(list.map((host, i) => ({ name: `h${i}`, ...host })))
        const common = groups.reduce((set, { features }) => set.meet(features), db.features.all)
        const { features, conflicts } = safeMeet(
          db.features,
          groups.map(group => group.features),
        )
        const found = findUnsafe(db.features, groups, common)
        const named = (why: string) => found.filter(one => one.why === why).map(one => one.feature)
        expect(named('disagree')).toEqual(conflicts)
        expect(named('hazard')).toEqual(db.features.in(features.minus(common)))
        for (const { having, lacking } of found) expect(having.length + lacking.length).toBe(groups.length)
      }),
    )
  })
})

describe('arrows', () => {
  const arrows = (text: string) =>
    findArrows(db, groupHosts(hosts(text))).map(
      ({ from, to, kind, there, back }) => `${from.name} ${to.name} ${kind} [${say(there)}] [${say(back)}]`,
    )

  test('one way from the older to the newer, with what keeps guests from coming back', () => {
    expect(arrows('a : avx avx2 vaes\n b : avx')).toEqual(['b a one-way [] [avx2 vaes]'])
  })

  test('both ways where only what cannot be migrated differs; none where each has something', () => {
    expect(arrows('a : avx invtsc\n b : avx')).toEqual(['a b both-ways [] []'])
    expect(arrows('a : avx hle\n b : avx vaes')).toEqual(['a b none [hle] [vaes]'])
  })
})

describe('stuck guests', () => {
  const fleet = groupHosts(hosts('a : avx avx2\n b : avx\n c phys=39 : avx'))

  test('a guest is stuck where no other host takes it, and it is said what keeps it', () => {
    const [stuck, ...rest] = findStuckGuests(
      db.features,
      guests('vm1 a : avx avx2\nvm2 a : avx\nvm3 b : avx'),
      fleet,
    )
    expect(rest).toEqual([])
    expect(stuck?.guest.name).toBe('vm1')
    expect(stuck?.why.map(({ group, obstacles }) => `${group.name} ${say(obstacles)}`)).toEqual([
      'b avx2',
      'c avx2',
    ])
  })

  test('a guest that is off may start on every host it fits; one that fits its own host alone is not free', () => {
    const [off, on] = findPlaces(guests('vm1 : avx\nvm2 a : avx avx2'), fleet)
    expect([off?.others, on?.others]).toEqual([3, 0])
    expect(off?.groups.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })
})

describe('drain', () => {
  const order = (fleet: string, running: string, options?: DrainOptions) =>
    planDrain(db.features, hosts(fleet), guests(running), options).map(({ host, moves, stuck }) =>
      [
        host.name,
        ...moves.map(({ guest, to }) => `${guest.name}>${to.name}`),
        ...stuck.map(({ guest, obstacles }) => `${guest.name}!${say(obstacles)}`),
      ].join(' '),
    )

  test('an empty host first, then guests move once, to where the upgrade is done', () => {
    expect(order('a : avx\n b : avx\n c : avx', 'vm1 a : avx\nvm2 b : avx')).toEqual([
      'c',
      'a vm1>c',
      'b vm2>a',
    ])
  })

  test('an upgrade that takes a feature away keeps guests that need it where it still is', () => {
    const after: DrainOptions = {
      after: host => ({ ...host, features: host.features.minus(bits('hle rtm')) }),
    }
    expect(order('a : avx hle\n b : avx hle\n c : avx hle', 'vm1 a : avx hle\nvm2 b : avx', after)).toEqual([
      'c',
      'b vm2>c',
      'a vm1!hle',
    ])
  })

  test('every guest that can leave does, to a host that takes it; the stuck have none', () => {
    fc.assert(
      fc.property(fleets, fc.array(fc.nat(), { maxLength: 8 }), (hosts, picks) => {
        const at = (n: number) => hosts[n % hosts.length] ?? { name: '', features: bits('') }
        const running = picks.map((n, i) => ({
          name: `g${i}`,
          host: at(n).name,
          features: at(n * 7).features,
        }))
        const steps = planDrain(db.features, hosts, running)
        expect(steps.map(({ host }) => host.name).sort()).toEqual(hosts.map(({ name }) => name).sort())
        for (const { host, moves, stuck } of steps) {
          for (const { guest, to } of moves) expect([to !== host, canMove(guest, to)]).toEqual([true, true])
          for (const { guest } of stuck)
            expect(hosts.filter(other => other !== host && canMove(guest, other))).toEqual([])
        }
      }),
    )
  })

  test('only some hosts, and no more guests than there is room for', () => {
    expect(order('a : avx\n b : avx', 'vm1 a : avx', { only: new Set(['a']) })).toEqual(['a vm1>b'])
    expect(order('a : avx\n b : avx', 'vm1 a : avx\nvm2 b : avx', { room: () => 1 })).toEqual([
      'a vm1!',
      'b vm2!',
    ])
  })
})
