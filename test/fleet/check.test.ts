import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CauseFinder } from '../../src/fleet/causes/cause-of.ts'
import { baselineOf, groupHosts } from '../../src/fleet/groups.ts'
import type { FleetGuest } from '../../src/fleet/guest.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import type { Requirement, RequirementFailure } from '../../src/fleet/requirements/requirement.ts'
import { checkFleet, type RequirementResult } from '../../src/fleet/requirements/requirement-checks.ts'
import { builtinCauses } from '../../src/map/cause-table.ts'
import { modelOf } from '../notation.ts'
import { bits, cpus, db, fleets, guests, hosts, levels } from './notation.ts'

function check(
  fleet: readonly FleetHost[],
  requirement: Omit<Requirement, 'name'>,
  running: string | readonly FleetGuest[] = '',
  now?: number,
): RequirementResult[] {
  const groups = groupHosts(fleet)
  return checkFleet({
    db,
    cpus,
    levels,
    groups,
    now,
    needsOf: ({ fault, name }) => {
      throw fault(name)
    },
    finder: new CauseFinder(cpus, builtinCauses(), groups),
    fleet: {
      arch: 'x86_64',
      hosts: fleet,
      guests: typeof running === 'string' ? guests(running) : running,
      pools: [],
      constraints: {},
      requirements: [{ name: 'r', ...requirement }],
    },
  })
}

/** `DEMAND pool: failure, …` for each verdict. */
const verdicts = (fleet: string, requirement: Omit<Requirement, 'name'>, running?: string): string[] =>
  check(hosts(fleet), requirement, running).map(
    ({ kind: demand, pool, failures }) => `${demand} ${pool}: ${failures.map(show).join(', ')}`,
  )

function show(failure: RequirementFailure): string {
  switch (failure.kind) {
    case 'lacks':
      return `${failure.feature.name} (${failure.lacking.map(({ group, finding }) => `${group.name} ${finding.cause}`).join(' ')})`
    case 'has':
      return `has ${failure.feature.name}`
    case 'lost':
      return `${failure.features.length} ${failure.class} > ${failure.most}`
    case 'hosts':
      return `${failure.hosts} < ${failure.least}`
    case 'phys-bits':
    case 'microcode':
      return `${failure.host.name} ${failure.is} < ${failure.least}`
    case 'vendor':
      return `${failure.host.name} ${failure.is}`
    case 'older-microcode':
      return `${failure.hosts.map(({ name }) => name).join(' ')} < ${failure.newest}`
    case 'odd':
      return `${failure.odd.group.name} is odd`
    case 'vulnerable':
      return `${failure.host.name} ${failure.name} ${failure.status}`
    case 'silent':
      return `${failure.host.name} silent`
    case 'stuck':
      return `${failure.stuck.guest.name} is stuck`
    case 'guest-lacks':
      return `${failure.guest.name} lacks ${failure.features.map(({ name }) => name).join(' ')}`
    case 'kept-lacks':
      return `kept lacks ${failure.features.map(({ name }) => name).join(' ')}`
    case 'unsafe':
      return `${failure.feature.name} ${failure.why} ${failure.having.map(({ name }) => name).join(' ')}`
    case 'guest-blind':
      return `${failure.guest.name} blind to ${failure.features.map(({ name }) => name).join(' ')}`
    case 'no-pool':
      return `no ${failure.labels.join(' ')}`
    case 'unknown-feature':
      return `${failure.name}?`
  }
}

const V3 = levels.find(({ name }) => name === 'x86-64-v3')

describe('demands', () => {
  test.each<[string, Omit<Requirement, 'name'>, string[]]>([
    ['a : Haswell abm f16c\n b : Haswell abm', { level: V3 }, ['level : f16c (b unknown)']],
    ['a : Haswell abm f16c', { level: V3 }, ['level : ']],
    [
      'a vendor=Intel sig=6.85.7 : avx aes\n b vendor=Intel sig=6.85.7 : avx',
      { mustHave: bits('avx aes') },
      ['must-have : aes (b firmware)'],
    ],
    ['a : avx hle\n b : avx hle rtm', { mustNot: bits('hle rtm') }, ['must-not : has hle']],
    ['a : Haswell -aes', { model: modelOf('Haswell') }, ['model : aes (a unknown)']],
    ['a vendor=AMD : avx\n b : avx', { vendor: 'AMD' }, ['vendor : b undefined']],
    ['a : ssbd avx\n b : ssbd', { lost: { security: 0, performance: 0 } }, ['lost : 1 performance > 0']],
    ['a : avx', { hosts: 2 }, ['hosts : 1 < 2']],
    ['a phys=46 : avx\n b : avx', { physBits: 46 }, ['phys-bits : b undefined < 46']],
    [
      'a sig=6.85.7 ucode=5 : avx\n b sig=6.85.4 ucode=5 : avx\n c sig=6.85.7 : avx',
      { microcode: [{ of: { family: 6, model: 85, steppings: 1 << 7 }, least: 6 }] },
      ['microcode : a 5 < 6, c undefined < 6'],
    ],
    [
      'a sig=6.85.7 ucode=5 : avx\n b sig=6.85.7 ucode=6 : avx\n c sig=6.1.1 ucode=1 : avx',
      { sameMicrocode: true },
      ['same-microcode : a < 6'],
    ],
    ['a sig=6.85.7 : avx\n b sig=6.85.7 : avx\n c sig=6.85.7 : aes', { alike: true }, ['alike : c is odd']],
    ['a pool=x : avx\n b pool=y : aes', { pools: ['x*'], mustHave: bits('avx') }, ['must-have x: ']],
    ['a pool=x : avx', { pools: ['nowhere'], hosts: 1 }, ['pools nowhere: no nowhere']],
    ['a : avx md-clear\n b : avx', { safe: true }, ['safe : md-clear hazard a']],
    ['a : avx fdp-excptn-only\n b : avx', { safe: true }, ['safe : fdp-excptn-only disagree a']],
    ['a : avx md-clear erms\n b : avx md-clear', { safe: true }, ['safe : ']],
    ['a : avx', { alike: false, movable: false }, []],
  ])('%#: %s', (fleet, requirement, expected) => {
    expect(verdicts(fleet, requirement)).toEqual(expected)
  })

  test('N+1: a second host at least, and every guest another one to go to', () => {
    expect(verdicts('a : avx', { movable: true })).toEqual(['movable : 1 < 2'])
    expect(verdicts('a : avx hle\n b : avx', { movable: true }, 'vm1 a : avx hle\nvm2 a : avx')).toEqual([
      'movable : vm1 is stuck',
    ])
  })

  test('a guest that does not see the hazards of its pool is named', () => {
    const fleet = 'a : avx arch-capabilities rsba\n b : avx arch-capabilities rsba'
    expect(verdicts(fleet, { safe: true }, 'old a : avx\nnew a : avx rsba')).toEqual(['safe : '])
    const off = guests('old - : avx\nnew - : avx rsba').map(guest => ({ ...guest, host: undefined }))
    const [one] = check(hosts(fleet), { safe: true }, off)
    expect(one?.failures.map(show)).toEqual(['old blind to rsba'])
  })

  test('a guest is held to what its pool must have, by what is known of it', () => {
    const fleet = hosts('a : avx aes\n b : avx aes')
    const cpu = (more: Partial<FleetGuest>): FleetGuest => ({ name: 'vm', features: bits('avx'), ...more })
    const verdict = (guest: FleetGuest) => {
      const [one] = check(fleet, { mustHave: bits('avx aes') }, [guest])
      return [one?.failures.map(show), one?.unknown.map(({ feature }) => feature.name)]
    }
    expect(verdict(cpu({ model: 'Old' }))).toEqual([['vm lacks aes'], []])
    expect(verdict(cpu({ model: 'Old', features: bits('avx aes') }))).toEqual([[], []])
    expect(verdict(cpu({}))).toEqual([[], ['aes']])
    expect(verdict(cpu({ model: 'Odd', unknownModel: 'Odd' }))).toEqual([[], ['aes']])
    expect(verdict(cpu({ mode: 'host-passthrough', host: 'a' }))).toEqual([[], []])
    expect(verdict(cpu({ mode: 'host-passthrough', without: bits('aes') }))).toEqual([['vm lacks aes'], []])
  })

  test('a guest that is in no pool is held to what every pool must have', () => {
    const fleet = hosts('a pool=x : avx\n b pool=y : avx')
    const guest: FleetGuest = { name: 'vm', features: bits('aes'), model: 'Old' }
    const failures = (pools?: readonly string[]) =>
      check(fleet, { mustHave: bits('avx'), pools }, [guest]).flatMap(one => one.failures.map(show))
    expect(failures()).toEqual(['vm lacks avx'])
    expect(failures(['x'])).toEqual([])
    expect(check(fleet, { hosts: 1 }, [guest]).map(({ pool }) => pool)).toEqual(['x', 'y'])
  })

  test('what calls itself vulnerable, or tells nothing, is not safe', () => {
    const [a, b, c] = hosts('a : avx\n b : avx\n c : avx')
    if (!a || !b || !c) throw new RangeError('three hosts')
    const fleet = [
      { ...a, vulnerabilities: { mds: 'Vulnerable: no microcode', l1tf: 'Not affected' } },
      {
        ...b,
        vulnerabilities: {
          mds: 'Mitigation: Clear CPU buffers; SMT vulnerable',
          l1tf: 'Mitigation: PTE Inversion; VMX: conditional cache flushes, SMT vulnerable',
          spectre_v2: 'Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; BHI: Vulnerable',
        },
      },
      c,
    ]
    const [verdict] = check(fleet, { notVulnerable: true })
    expect(verdict?.failures.map(show)).toEqual([
      'a mds Vulnerable: no microcode',
      'b spectre_v2 Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; BHI: Vulnerable',
      'c  undefined',
    ])
  })

  test('exactly those hosts are late that did not report within the time, or of which that is not known', () => {
    const times = fc.array(fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }), { minLength: 1 })
    fc.assert(
      fc.property(
        times,
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        (all, now, within) => {
          const fleet = all.map((at, i) => ({
            ...{ name: `n${i}`, features: bits('avx') },
            reported: at === undefined ? undefined : new Date(at * 1000).toISOString(),
          }))
          const [verdict] = check(fleet, { reportedWithin: within }, '', now * 1000)
          const late = fleet.filter((_, i) => now - (all[i] ?? -1000) > within)
          expect(verdict?.failures.map(show).sort()).toEqual(late.map(({ name }) => `${name} silent`).sort())
        },
      ),
    )
  })

  test('must-have holds exactly where the baseline has it all', () => {
    fc.assert(
      fc.property(fleets, fc.subarray(['avx', 'aes', 'ssbd', 'hle']), (fleet, names) => {
        const mustHave = bits(names.join(' '))
        const [verdict] = check(fleet, { mustHave })
        expect(verdict?.failures.length === 0).toBe(mustHave.leq(baselineOf(groupHosts(fleet))))
      }),
    )
  })
})
