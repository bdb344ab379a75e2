import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Evidence } from '../../src/core/evidence.ts'
import { compareGuests } from '../../src/fleet/change/delta.ts'
import { FlightPlan, upgradeHost } from '../../src/fleet/change/upgrade.ts'
import type { FleetGuest } from '../../src/fleet/guest.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { builtinReleases } from '../../src/map/releases.ts'
import { parseUpgradeFacts } from '../../src/map/upgrades.ts'
import { contextOf } from '../../src/questions/context.ts'
import { versionedOffersOf } from '../../src/questions/input/fleet/host-evidence.ts'
import { runs } from '../effort.ts'
import { names, refusal } from '../notation.ts'
import { bits, db, guests, hosts } from './notation.ts'

const offerOf = versionedOffersOf(contextOf())
const x86 = { db, arch: 'x86_64' }
const upgraded = (host: FleetHost, to: Parameters<typeof upgradeHost>[2]) =>
  upgradeHost(x86, host, to, offerOf)

/** What QEMUs of one Ryzen 9 3900X were recorded to give, each under the kernel that it ran on, as far as they differ. */
const RECORDED = `
6.2 5.15 : xsaves
7.0 5.16 : xsaves tsc-scale
7.1 5.17 : xsaves tsc-scale vmcb-clean
7.2 5.19 : xsaves lbrv tsc-scale vmcb-clean pause-filter pfthreshold v-vmsave-vmload vgif
8.0 5.19 : xsaves lbrv tsc-scale vmcb-clean pause-filter pfthreshold v-vmsave-vmload vgif
8.2 6.5 : lbrv tsc-scale vmcb-clean pause-filter pfthreshold v-vmsave-vmload vgif lfence-always-serializing null-sel-clr-base gds-no
9.1 6.9 : overflow-recov succor lbrv tsc-scale vmcb-clean flushbyasid pause-filter pfthreshold v-vmsave-vmload vgif lfence-always-serializing null-sel-clr-base gds-no rfds-no
10.0 6.9 : overflow-recov succor lbrv tsc-scale vmcb-clean flushbyasid pause-filter pfthreshold v-vmsave-vmload vgif lfence-always-serializing null-sel-clr-base ibpb-brtype gds-no rfds-no`

const ALWAYS = `EPYC-Rome x2apic tsc-deadline hypervisor tsc_adjust stibp arch-capabilities ssbd cmp_legacy amd-ssbd
  virt-ssbd svme-addr-chk rdctl-no skip-l1dfl-vmentry mds-no pschange-mc-no`
const HARDWARE =
  bits(`EPYC-Rome cmp_legacy amd-ssbd monitor ht xsaves overflow-recov succor invtsc lbrv tsc-scale vmcb-clean
  flushbyasid pause-filter pfthreshold v-vmsave-vmload vgif topoext perfctr_nb`)

const recorded = RECORDED.trim()
  .split('\n')
  .map(line => {
    const [head = '', features = ''] = line.split(' : ')
    const [qemu = '', kernel = ''] = head.split(' ')
    const given = bits(`${ALWAYS} ${features}`)
    const host: FleetHost = {
      name: 'n1',
      vendor: 'AMD',
      hypervisor: `QEMU ${qemu}.0`,
      kernel,
      features: given,
      hardwareFeatures: HARDWARE,
      evidence: Evidence.recorded(given, db.features.all.minus(bits('topoext monitor'))),
    }
    return { qemu, kernel, host }
  })

describe('what is foretold is what was recorded', () => {
  const pairs = recorded.flatMap(from => recorded.map(to => [from.qemu, to.qemu, from, to] as const))
  test.each(pairs.filter(([from, to]) => from !== to))('QEMU %s to %s', (_, __, from, to) => {
    const { evidence } = upgraded(from.host, to)
    const is = to.host.evidence
    if (!evidence || !is) throw new RangeError('a host with evidence')
    expect(names(evidence.absent.meet(is.present), db)).toBe('')
    expect(names(evidence.possible.meet(is.absent), db)).toBe('')
    expect(db.features.count(is.recorded.minus(evidence.recorded).minus(evidence.assumed))).toBeLessThan(12)
  })

  test('an upgrade of AMD to QEMU 10.1 leaves arch-capabilities open, not given unasked', () => {
    const host = upgraded(recorded.at(-1)?.host ?? raise(), { qemu: '10.1' })
    expect(host.evidence?.presenceOf(bits('arch-capabilities'))).toBe('unknown')
    expect(names(host.unsure?.meet(bits('arch-capabilities')) ?? bits(''), db)).toBe('arch-capabilities')
  })
})

const raise = (): never => {
  throw new RangeError('nothing was recorded')
}

const QEMUS = builtinReleases().versions('qemu')
const version = fc.constantFrom(...QEMUS)

describe('laws', () => {
  const anyHost = fc.constantFrom(
    ...recorded.map(({ host }) => host),
    ...hosts('a vendor=Intel hv=QEMU-8.2 kernel=6.8 : Cascadelake-Server vmx\n b vendor=AMD : EPYC-Milan'),
  )

  test('a host that has the versions stays as it is', () => {
    fc.assert(
      fc.property(anyHost, version, (host, qemu) => {
        const there = upgraded(host, { qemu, kernel: '6.12', libvirt: '12.8' })
        expect(upgraded(there, { qemu })).toBe(there)
        expect(upgraded(there, { qemu, kernel: '6.12', libvirt: '12.8' })).toBe(there)
      }),
      { numRuns: runs(400) },
    )
  })

  test('what its QEMU does not know is never given, and no machine type is newer than it', () => {
    fc.assert(
      fc.property(anyHost, version, version, (host, qemu, other) => {
        const { evidence, features, machines } = upgraded(host, { qemu })
        const possible = evidence?.possible ?? features
        const unknown = db.features.list.filter(({ name }) => !builtinReleases().knows('qemu', qemu, name))
        expect(names(possible.meet(db.features.setOf(unknown)), db)).toBe('')
        const isOlder = QEMUS.indexOf(other) <= QEMUS.indexOf(qemu)
        expect(machines?.has(`pc-q35-${other}`) ?? isOlder).toBe(isOlder)
      }),
      { numRuns: runs(800) },
    )
  })

  test('a guest keeps its CPU while it runs: it comes back unless something of its own binds it', () => {
    const plan = new FlightPlan(x86)
    const guest = fc.record({
      features: fc.subarray(['avx2', 'xsaves', 'gds-no', 'svm']).map(list => bits(list.join(' '))),
      bound: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.constantFrom(...recorded), version, guest, ({ host }, qemu, { features, bound }) => {
        const one: FleetGuest = {
          name: 'g',
          host: 'n1',
          features,
          ...(bound && { terms: { bonds: ['hostdev'] } }),
        }
        const after = upgraded(host, { qemu })
        const pool = { before: [host], upgraded: after === host ? [] : [after] }
        const { there, back, gained, lost } = plan.of(one, pool)
        if (pool.upgraded.length === 0) expect(there.host).toBeUndefined()
        else expect(back.verdict).toBe(bound ? 'no' : 'assumed')
        expect(gained.isEmpty && lost.leq(features)).toBe(true)
      }),
      { numRuns: runs(400) },
    )
  })
})

describe('guests', () => {
  const [plainHost = raise()] = hosts('n1 vendor=Intel hv=QEMU-9.2 kernel=6.12 : Skylake-Server vmx')
  const old = { ...plainHost, evidence: Evidence.none.assuming(plainHost.features) }
  const flight = (guest: FleetGuest, to: Parameters<typeof upgradeHost>[2], machine?: string) =>
    new FlightPlan(x86).of(guest, { before: [old], upgraded: [upgraded(old, to)] }, machine)
  const [plain = raise()] = guests('g n1 : avx2')

  test.each([
    ['pc-q35-9.2', '11.1', 'assumed'],
    ['pc-i440fx-2.12', '11.1', 'no'],
    ['pc-i440fx-2.12', '10.0', 'assumed'],
    ['pc-q35-rhel9.4.0', '11.1', 'unknown'],
    ['pc-q35-8.0', '12.0', 'unknown'],
  ])('on %s, to QEMU %s: %s', (machine, qemu, verdict) => {
    const { there } = flight({ ...plain, terms: { machine } }, { qemu })
    expect(there.verdict).toBe(verdict)
    expect(there.obstacles.map(({ kind }) => kind)).toEqual(verdict === 'no' ? ['machine'] : [])
  })

  test.each([
    ['11.9', 'no'],
    ['11.10', 'assumed'],
    [undefined, 'unknown'],
  ])('with threads, to QEMU 10.0 and libvirt %s: %s', (libvirt, verdict) => {
    const guest = { ...plain, threads: 2 }
    expect(flight(guest, { qemu: '10.0', libvirt }).there.verdict).toBe(verdict)
    expect(flight(plain, { qemu: '10.0', libvirt }).there.verdict).toBe('assumed')
  })

  test('libvirt that no longer takes the QEMU keeps every guest out', () => {
    expect(flight(plain, { qemu: '7.1', libvirt: '12.8' }).there.verdict).toBe('no')
    expect(flight(plain, { qemu: '7.2', libvirt: '12.8' }).there.verdict).toBe('assumed')
  })

  test('at its next start a guest with vmx gets vmx-mbec, which it cannot take back', () => {
    const { there, back, gained, startBack } = flight(
      { ...plain, features: bits('avx2 vmx') },
      { qemu: '11.1' },
    )
    expect([there.verdict, back.verdict, names(gained, db), startBack.verdict]).toEqual([
      'assumed',
      'assumed',
      'vmx-mbec',
      'no',
    ])
  })

  test('a machine type that is newer than a QEMU keeps the guest from it once it has that', () => {
    const { there, back, start, startBack } = flight(plain, { qemu: '11.1' }, 'pc-q35-11.1')
    expect([there, back, start, startBack].map(({ verdict }) => verdict)).toEqual([
      'assumed',
      'assumed',
      'assumed',
      'no',
    ])
  })

  test('host-model gets what the upgraded host gives, at its next start alone', () => {
    const follower: FleetGuest = { ...plain, mode: 'host-model' }
    const { gained, there } = flight(follower, { qemu: '11.1' })
    expect(names(gained.meet(bits('avx512f')), db)).toBe('avx512f')
    expect(there.verdict).toBe('assumed')
  })

  test('the change is one of the fleet too: its guests are compared with the upgraded hosts', () => {
    const guest = { ...plain, terms: { machine: 'pc-q35-2.12' } }
    const [delta] = compareGuests(
      db.features,
      [guest],
      [{ ...old, machines: new Set(['pc-q35-2.12']) }],
      [upgraded(old, { qemu: '11.1' })],
    )
    expect(delta).toMatchObject({ own: 'closed', why: [{ kind: 'machine' }] })
  })
})

describe('upgrades.txt', () => {
  test.each([
    ['qemu 10.0 parts threads', 'expected `TOOL VERSION gives|parts|needs WHAT : in words [SOURCE; …]`'],
    ['qemu 10.0 parts threads until xen 4 : x [k]', 'expected `qemu VERSION` or `libvirt VERSION`'],
    ['qemu 10.0 gives x : y [k]', '`gives FEATURE … with FEATURE …`'],
  ])('%j is refused', (text, message) => {
    expect(refusal(() => parseUpgradeFacts({ name: 'f', text }))).toContain(message)
  })
})
