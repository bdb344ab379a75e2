import { describe, expect, test } from 'vitest'
import { Evidence } from '../../src/core/evidence.ts'
import { CauseFinder } from '../../src/fleet/causes/cause-of.ts'
import { findOutliers, Losses } from '../../src/fleet/causes/lost.ts'
import { groupHosts } from '../../src/fleet/groups.ts'
import { builtinCauses, CAUSES, covers, parseCauses } from '../../src/map/cause-table.ts'
import { bits, cpus, db, hosts } from './notation.ts'

const causes = builtinCauses()

/** `FEATURE: CAUSE CONFIDENCE (hosts)` for everything the fleet loses. */
function lost(text: string, guest?: string): string[] {
  const groups = groupHosts(hosts(text))
  const finder = new CauseFinder(cpus, causes, groups)
  const losses = new Losses(db.features, causes, finder, groups)
  const found = losses.find(groups, guest === undefined ? undefined : bits(guest))
  return found.map(({ feature, because }) => {
    const reasons = because.map(({ finding, groups: some }) => {
      const behind = finding.behind ? ` behind ${finding.behind.name}` : ''
      const names = some.flatMap(group => group.hosts.map(({ name }) => name)).join(' ')
      return `${finding.cause} ${finding.confidence}${behind} (${names})`
    })
    return `${feature.name}: ${reasons.join(', ')}`
  })
}

describe('causes', () => {
  test('older microcode of the same silicon', () => {
    const fleet = `new vendor=Intel sig=6.85.4 ucode=9 : Skylake-Server-IBRS md-clear
                   old vendor=Intel sig=6.85.4 ucode=3 : Skylake-Server-IBRS`
    expect(lost(fleet)).toEqual(['md-clear: microcode high (old)'])
  })

  test('TSX off on one of two equal blades is the kernel, whatever the microcode', () => {
    const fleet = `a vendor=Intel sig=6.85.7 ucode=5 kernel=6.1 : Cascadelake-Server
                   b vendor=Intel sig=6.85.7 ucode=5 kernel=6.8 : Cascadelake-Server -hle -rtm`
    expect(lost(fleet)).toEqual(['hle: kernel high (b)', 'rtm: kernel high (b)'])
  })

  test('where only some products have it, an equal signature is not an equal product', () => {
    const fleet = (brand: string) => `
      a vendor=Intel sig=6.94.3 brand=i7-6700 : Skylake-Client-noTSX-IBRS smx
      b vendor=Intel sig=6.94.3 brand=${brand} : Skylake-Client-noTSX-IBRS`
    expect(lost(fleet('i7-6700'))).toEqual(['smx: firmware high (b)'])
    expect(lost(fleet('i5-6600K'))).toEqual(['smx: firmware medium (b)'])
    expect(lost(fleet('i3-6100'))).toEqual(['smx: silicon high (b)'])
  })

  test('virtualization off in firmware; details of nesting are not counted', () => {
    const fleet = `a vendor=Intel sig=6.85.7 : Cascadelake-Server vmx vmx-ept
                   b vendor=Intel sig=6.85.7 : Cascadelake-Server`
    expect(lost(fleet)).toEqual(['vmx: firmware high (b)'])
  })

  test('a newer generation is silicon, by the models of the signature', () => {
    const fleet = `new vendor=Intel sig=6.106.6 : Icelake-Server
                   old vendor=Intel sig=6.85.7 : Cascadelake-Server`
    expect(lost(fleet)).toContain('vaes: silicon high (old)')
    expect(lost(fleet)).toContain('la57: silicon high (old)')
  })

  test('what the model of the signature has was switched off', () => {
    const fleet = `ice vendor=Intel sig=6.106.6 : Icelake-Server
                   clx vendor=Intel sig=6.85.7 : Cascadelake-Server -aes -pku`
    expect(lost(fleet)).toContain('aes: firmware medium (clx)')
    expect(lost(fleet)).toContain('pku: unknown low (clx)')
  })

  test('a control without any peer is microcode, a promise silicon', () => {
    const fleet = `new vendor=Intel sig=6.106.6 : Icelake-Server md-clear arch-capabilities mds-no rdctl-no
                   old vendor=Intel sig=6.63.2 : Haswell-noTSX arch-capabilities rdctl-no`
    expect(lost(fleet)).toContain('md-clear: microcode medium (old)')
    expect(lost(fleet)).toContain('mds-no: silicon high (old)')
  })

  test('what only the other vendor makes', () => {
    const fleet = 'a vendor=AMD sig=25.1.1 : EPYC-Milan\n b vendor=Intel sig=6.106.6 : Icelake-Server'
    expect(lost(fleet)).toContain('sse4a: vendor high (b)')
    expect(lost(fleet)).toContain('svm: vendor high (b)')
  })

  test('no MSRs read is not the same as absent', () => {
    const fleet = `a vendor=Intel sig=6.106.6 : Icelake-Server arch-capabilities rdctl-no vmx vmx-ept
                   b vendor=Intel sig=6.85.7 : Icelake-Server arch-capabilities vmx`
    expect(lost(fleet)).toEqual(['rdctl-no: not-read high (b)'])
  })

  test('a host that is itself a guest', () => {
    const fleet = `a vendor=AMD sig=25.1.1 hv=x : EPYC-Milan hypervisor -svm
                   b vendor=AMD sig=23.49.0 : EPYC-Rome svm`
    expect(lost(fleet)).toContain('svm: hypervisor medium (a)')
  })

  test('the guest’s own faults: not migratable, not in the model', () => {
    const fleet = 'a vendor=Intel : Skylake-Server xsaves avx512ifma invtsc'
    expect(lost(fleet, 'Skylake-Server')).toEqual([
      'avx512ifma: model high ()',
      'xsaves: model high ()',
      'invtsc: not-migratable high ()',
    ])
  })

  test('what KVM judges by itself is silicon where the CPU is affected', () => {
    const fleet = `a vendor=Intel sig=6.85.7 : Cascadelake-Server arch-capabilities rdctl-no mds-no
                   b vendor=Intel sig=6.85.4 : Skylake-Server arch-capabilities skip-l1dfl-vmentry`
    const unsure = bits('rdctl-no mds-no')
    const groups = groupHosts(hosts(fleet).map(host => ({ ...host, unsure, evidence: Evidence.none })))
    const losses = new Losses(db.features, causes, new CauseFinder(cpus, causes, groups), groups)
    const found = losses
      .find(groups, bits('Skylake-Server'))
      .filter(({ feature }) => feature.name.endsWith('s-no'))
    expect(found.map(({ because: [first] }) => [first?.finding.cause, first?.hosts])).toEqual([
      ['silicon', 1],
    ])
  })

  test('every loss of a mixed fleet has a cause and a remedy', () => {
    const fleet = db.models
      .map((model, i) => `h${i} vendor=${model.vendor?.name ?? 'x'} : ${model.name}`)
      .join('\n')
    const groups = groupHosts(hosts(fleet))
    const finder = new CauseFinder(cpus, causes, groups)
    const all = new Losses(db.features, causes, finder, groups).find(groups)
    expect(all.length).toBeGreaterThan(200)
    for (const { because } of all) {
      expect(because.length).toBeGreaterThan(0)
      for (const { finding } of because) expect(finding.remedy).not.toBe('')
    }
  })
})

test('odd ones out: same signature, other bits', () => {
  const fleet = `a vendor=Intel sig=6.85.7 : Cascadelake-Server
                 b vendor=Intel sig=6.85.7 : Cascadelake-Server
                 c vendor=Intel sig=6.85.7 : Cascadelake-Server -aes md-clear
                 d vendor=Intel sig=6.63.2 : Haswell`
  const groups = groupHosts(hosts(fleet))
  const odd = findOutliers(db.features, new CauseFinder(cpus, causes, groups), groups)
  expect(odd.map(({ group, norm }) => [group.name, norm.name])).toEqual([['c', 'a']])
  expect(odd[0]?.lacks.map(({ feature, finding }) => [feature.name, finding.cause])).toEqual([
    ['aes', 'firmware'],
  ])
  expect(odd[0]?.has.map(({ feature, finding }) => [feature.name, finding.cause])).toEqual([
    ['md-clear', 'microcode'],
  ])
})

describe('causes.txt', () => {
  test('every cause has a meaning, every name a feature', () => {
    const all = [...db.features.list, ...db.beyond]
    for (const cause of CAUSES) expect(causes.meaning(cause)).not.toBe('')
    const named = causes.rows.flatMap(row => row.names).filter(name => !name.startsWith('@'))
    for (const name of named) {
      expect([name, all.some(feature => covers(name, feature.name))]).toEqual([name, true])
    }
  })

  test('faults point at the line', () => {
    const parse = (text: string) => () => parseCauses({ name: 'c', text })
    expect(parse('  avx : x\n')).toThrow('no cause is above')
    expect(parse('cause moon : x\n')).toThrow('c:1:7: a cause is one of')
    expect(parse('cause vendor\n')).toThrow('expected `cause CAUSE')
    expect(parse('cause vendor : a\ncause vendor : b\n')).toThrow('above already')
  })
})
