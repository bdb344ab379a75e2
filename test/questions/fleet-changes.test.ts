import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NEVER_OFFERED } from '../../src/arch/operations.ts'
import { check, compare, drain, drift, models } from '../../src/index.ts'
import type { ModelVerdicts } from '../../src/questions/models/answer.ts'
import { hostsAt } from '../../src/questions/words/cells.ts'
import { builtin } from '../built-in.ts'
import { single } from '../notation.ts'
import { migrate, move, whatIf } from './narrowed.ts'

const host = (model: string, vendor = 'Intel', features: readonly string[] = []) =>
  `<cpu><arch>x86_64</arch><model>${model}</model><vendor>${vendor}</vendor>${features
    .map(name => `<feature name='${name}'/>`)
    .join('')}</cpu>`
const guest = (name: string, model: string) =>
  `<domain><name>${name}</name><cpu mode='custom'><model>${model}</model></cpu></domain>`

const documents = [
  { path: 'blue/a.xml', text: host('Haswell') },
  { path: 'blue/b.xml', text: host('Haswell-noTSX') },
  { path: 'green/c.xml', text: host('Haswell') },
  { path: 'blue/a/vm.xml', text: guest('vm', 'Haswell') },
]

/** The message of whatever error of the request is thrown. */
const complaint = (ask: () => unknown): string => {
  try {
    ask()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return 'none'
}

describe('in JSON, as the commands answer', () => {
  test('what-if', () => {
    const { groups, changes, pools, guests } = whatIf({
      documents,
      replace: [{ host: 'b', text: host('Haswell') }],
      add: [{ pool: 'new', path: 'd.xml', text: host('Broadwell') }],
      apply: ['tsx-off@green/*'],
    })
    expect(changes.map(({ kind, inGroups }) => [kind, ...hostsAt(groups, inGroups)])).toEqual([
      ['replace', 'blue/b.xml'],
      ['add', 'd.xml'],
      ['apply', 'green/c.xml'],
    ])
    expect(pools.map(({ pool, gained, lost }) => [pool, gained.length, lost.length])).toEqual([
      ['blue', 2, 0],
      ['green', 0, 2],
      ['new', 0, 0],
    ])
    expect(guests).toMatchObject([{ guest: 'vm', freed: true }])
  })

  test('what-if: an upgrade, of hosts by name or pool', () => {
    const versioned = documents.map(one =>
      one.path.endsWith('vm.xml')
        ? {
            ...one,
            text: one.text.replace('<cpu', "<os><type machine='pc-i440fx-2.12'>hvm</type></os><cpu"),
          }
        : one,
    )
    const fleet = { hosts: [{ files: '**', hypervisor: 'QEMU 8.2.2', kernel: '6.8' }], guests: ['**/vm.xml'] }
    const asked = {
      documents: versioned,
      upgrade: ['qemu=11.1,libvirt=12.8@blue'],
      kernel: ['6.12@blue/a.xml'],
    }
    const { groups, changes, preflight, guests } = whatIf(asked)
    const hostsOf = ({ inGroups }: { readonly inGroups: readonly number[] }) => hostsAt(groups, inGroups)
    expect(changes.map(one => [one.kind, one.title, hostsOf(one)])).toEqual([
      ['upgrade', 'qemu 11.1, libvirt 12.8', ['blue/a.xml', 'blue/b.xml']],
      ['upgrade', 'kernel 6.12', ['blue/a.xml']],
    ])
    expect(preflight?.steps.map(one => [hostsOf(one), one.versionsAfter.kernel])).toEqual([
      [['blue/a.xml'], '6.12'],
      [['blue/b.xml'], null],
    ])
    expect(preflight?.steps[0]?.unknownVersions.map(({ tool }) => tool)).toEqual([
      'qemu',
      'libvirt',
      'kernel',
    ])
    expect(preflight?.steps[0]?.addedModels).toEqual([])
    expect(preflight?.guests).toMatchObject([
      { guest: 'vm', machine: 'pc-i440fx-2.12', move: { verdict: 'no', reasons: [0] } },
    ])
    expect(preflight?.obstacles[0]).toMatchObject({ kind: 'machine', machine: 'pc-i440fx-2.12' })
    expect(guests).toMatchObject([{ guest: 'vm', own: 'closed' }])
    const known = whatIf({ ...asked, fleet, upgrade: ['qemu=11.1@*'], machine: ['pc-q35-11.1@vm'] })
    expect(known.preflight?.steps[0]?.addedModels).toContain('SapphireRapids-v3')
    expect(known.preflight?.guests[0]).toMatchObject({
      move: { verdict: 'no' },
      atStart: { start: { verdict: 'assumed' }, return: { verdict: 'no' } },
    })
  })

  test.each([
    [
      { upgrade: ['qemu-11.1'] },
      "upgrade: 'qemu-11.1' is not qemu=VERSION, libvirt=VERSION or kernel=VERSION",
    ],
    [{ upgrade: ['qemu=5.2'] }, 'upgrade: QEMU 5.2 is older than 6.2, the oldest that is recorded'],
    [{ upgrade: ['qemu=11.1@red'] }, 'no host is called red'],
    [{ upgrade: ['qemu=11.1@blue,'] }, "a name is missing behind @ in 'qemu=11.1@blue,'"],
    [{ kernel: ['new'] }, "kernel: 'new' is no version such as 6.18"],
    [{ machine: ['pc q35'] }, "machine: 'pc q35' is no machine type such as pc-q35-11.1"],
    [{ machine: ['pc-q35-11.1@db'] }, 'no guest is called db'],
  ])('what-if: %j is refused', (change, message) => {
    expect(complaint(() => whatIf({ documents, ...change }))).toContain(message)
  })

  test('migrate keeps to pools, unless it is to look across', () => {
    const whole = (across: boolean) => {
      const { arrows, groups } = migrate({ documents, across })
      return arrows.map(({ fromGroup, toGroup, kind }) => [
        ...[fromGroup, toGroup].map(place => groups[place]?.hosts[0]),
        kind,
      ])
    }
    expect(whole(false)).toEqual([['blue/b.xml', 'blue/a.xml', 'one-way']])
    expect(whole(true)).toEqual([
      ['blue/b.xml', 'blue/a.xml', 'one-way'],
      ['blue/a.xml', 'green/c.xml', 'both-ways'],
      ['blue/b.xml', 'green/c.xml', 'one-way'],
    ])
    expect(move({ documents, guest: 'vm', to: 'c' })).toMatchObject({ canMove: true, obstacles: [] })
  })

  test('drain', () => {
    expect(single(drain({ documents, hosts: ['a'] })).steps).toMatchObject([
      { host: 'blue/a.xml', powerOffs: [{ guest: 'vm' }] },
    ])
    expect(single(drain({ documents })).unmovable).toMatchObject([{ guest: 'vm', nearestHost: 'blue/b.xml' }])
  })

  test('drift', () => {
    const after = documents.map(({ path, text }) => ({
      path,
      text: path === 'blue/a.xml' ? host('Haswell-noTSX') : text,
    }))
    const answer = single(drift({ before: { documents }, after: { documents: after } }))
    expect(answer).toMatchObject({ drifted: true, hasLost: true, same: 2, changed: [{ host: 'blue/a.xml' }] })
    expect(answer.guests).toMatchObject([
      { guest: 'vm', own: 'closed', obstacles: [{ feature: 'hle' }, { feature: 'rtm' }] },
    ])
    expect(single(drift({ before: { documents }, after: { documents } })).drifted).toBe(false)
  })

  test('a host that moves takes its guests to the other pool', () => {
    const moved = whatIf({ documents, move: [{ host: 'blue/a.xml', pool: 'green' }] })
    const { groups, changes, pools, guests } = moved
    expect(groups).toEqual([{ hosts: ['blue/a.xml'] }])
    expect(changes).toEqual([{ kind: 'move', title: 'green', inGroups: [0] }])
    expect(pools.map(({ pool, before, after }) => [pool, before?.hostCount, after?.hostCount])).toEqual([
      ['blue', 2, 1],
      ['green', 1, 2],
    ])
    // It had nowhere to go, and has green/c.xml now.
    expect(guests).toMatchObject([
      { guest: 'vm', own: 'stays', othersBefore: 0, othersAfter: 1, freed: true },
    ])
    expect(complaint(() => whatIf({ documents, move: [{ host: 'zzz', pool: 'green' }] }))).toContain('zzz')
  })

  test('a model that a pool takes: who has more must be powered off, who has less gains it then', () => {
    const more = [...documents, { path: 'blue/b/old.xml', text: guest('old', 'Nehalem') }]
    const { guestGroups: guests, models: verdicts } = models({ documents: more }) as ModelVerdicts
    const fatesOf = (model: string) => {
      const { restartsInGuestGroups: restarts = [], raisesInGuestGroups: raises = [] } =
        verdicts.find(({ name }) => name === model) ?? {}
      return [restarts, raises].map(places => places.flatMap(place => guests[place] ?? []))
    }
    expect(fatesOf('SandyBridge')).toEqual([['vm'], ['old']])
    expect(fatesOf('Nehalem')).toEqual([['vm'], []])
    // vm's own host gives it; that of old cannot, so it falls out.
    expect(fatesOf('Haswell')).toEqual([[], []])
    expect(fatesOf('EPYC')).toEqual([[], []])
  })

  test('check', () => {
    const fleet = { requirements: [{ pools: 'blue', 'must-have': 'rtm' }, { movable: true }] }
    const { passed, verdicts } = single(check({ documents, fleet }))
    expect([passed, verdicts.map(({ pool, passed: kept }) => [pool, kept])]).toEqual([
      false,
      [
        ['blue', false],
        ['blue', false],
        ['green', false],
      ],
    ])
  })

  test.each([
    [() => single(check({ documents })), 'nothing to check'],
    [() => whatIf({ documents, remove: ['zzz'] }), 'no host is called zzz'],
    [() => migrate({ documents, from: 'a' }), 'to goes with either from or guest'],
    [() => move({ documents, guest: 'wm', to: 'a' }), 'no guest is called wm; did you mean vm?'],
    [() => single(drift({ before: { documents }, after: { documents }, by: 'uuid' })), 'has no UUID'],
    [
      () => single(check({ documents, fleet: { requirements: [{ model: 'Hasswell' }] } })),
      'did you mean Haswell?',
    ],
  ])('what is wrong is named: %#', (ask, message) => {
    expect(complaint(ask)).toContain(message)
  })
})

describe('moving agrees with comparing', () => {
  const db = builtin()
  const models = db.models.filter(({ vendor }) => vendor?.name === 'Intel' || vendor?.name === 'AMD')
  const cpus = fc
    .record({
      model: fc.constantFrom(...models),
      extra: fc.subarray(['hle', 'avx512f', 'svm', 'vmx', 'md-clear', 'abm', 'aes'], { maxLength: 3 }),
    })
    .map(({ model, extra }) => host(model.name, model.vendor?.name, extra))

  test('a guest with all of a host goes where cpu-compare says its CPU runs', () => {
    fc.assert(
      fc.property(cpus, cpus, (a, b) => {
        const both = [
          { path: 'a.xml', text: a },
          { path: 'b.xml', text: b },
        ]
        const { obstacles, canMove: moves } = move({ documents: both, from: 'a', to: 'b' })
        const answer = compare({ host: b, cpu: a })
        const vendors = obstacles.filter(({ kind }) => kind === 'vendor')
        if (answer.result === 'incompatible' && answer.missing.length === 0) {
          expect(vendors.length).toBe(1)
          return
        }
        // What no guest is given stands in the way of a comparison alone, as does what KVM gives whatever the CPU has.
        const missing = new Set(answer.missing.map(({ feature }) => feature))
        expect(vendors).toEqual([])
        for (const one of obstacles)
          if ('feature' in one && one.kind !== 'unknown') expect(missing).toContain(one.feature)
        const given = answer.missing.filter(
          ({ feature }) => db.features.get(feature)?.class === 'performance' && !NEVER_OFFERED.has(feature),
        )
        const found = new Set(obstacles.flatMap(one => ('feature' in one ? one.feature : [])))
        for (const { feature } of given) if (feature.startsWith('avx')) expect(found).toContain(feature)
        if (answer.result !== 'incompatible') expect(moves).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})
