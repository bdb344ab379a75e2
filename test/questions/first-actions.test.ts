import { expect, test } from 'vitest'
import { reportAudit } from '../../src/questions/audit/report.ts'
import type { MigrateAnswer } from '../../src/questions/migrate/answer.ts'
import { reportMigrate } from '../../src/questions/migrate/report.ts'
import type { WhatIfAnswer } from '../../src/questions/what-if/answer.ts'
import { reportWhatIf } from '../../src/questions/what-if/report.ts'
import { hostsAt } from '../../src/questions/words/cells.ts'
import { Report } from '../../src/report/report.ts'
import { askNow as ask } from '../ask-now.ts'

// What an answer tells people to do must be what helps, and all of it.

interface Document {
  readonly path: string
  readonly text: string
}

const host = (path: string, model: string, more = '', vendor = 'Intel'): Document => ({
  path,
  text: `<cpu><arch>x86_64</arch><model>${model}</model><vendor>${vendor}</vendor>${more}</cpu>`,
})

const guest = (path: string, cpu: string, more = ''): Document => ({
  path,
  text:
    `<domain type='kvm'><name>web</name><memory>1</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>` +
    `${cpu}${more}</domain>`,
})

// biome-ignore lint/suspicious/noExplicitAny: answers of several questions
const put = (verb: string, ...documents: readonly Document[]): any => ask({ verb, documents })

/** The lines about what to do. */
function actions(...documents: readonly Document[]): string[] {
  const report = new Report()
  reportMigrate(report, put('migrate', ...documents) as MigrateAnswer)
  const text = report.text({ width: 10_000, paint: shown => shown })
  return text.split('\n').filter(line => line.startsWith('do: '))
}

const custom = (model: string, features = '') =>
  `<cpu mode='custom' match='exact'><model fallback='forbid'>${model}</model>${features}</cpu>`

test('what no CPU of the vendor has is to leave the guest, not the guest the pool', () => {
  const cpu = custom('Nehalem', "<feature policy='require' name='svm'/>")
  const [first, ...more] = actions(host('n1.xml', 'Skylake-Server'), guest('g.xml', cpu))
  expect(first).toMatch(/^do: take svm out of the guest's CPU: .* web may then go to n1/)
  expect(more).toEqual([])
})

test('a model’s name in other capitals is to be written right', () => {
  const [first] = actions(host('n1.xml', 'Skylake-Server'), guest('g.xml', custom('sandybridge')))
  expect(first).toMatch(/^do: write SandyBridge for sandybridge/)
})

test('hosts of two vendors are not promised to be one pool', () => {
  const [first, ...more] = actions(host('a.xml', 'EPYC', '', 'AMD'), host('i.xml', 'Skylake-Server'))
  expect(first).toMatch(/^do: keep guests of AMD, Intel apart, a pool for each/)
  expect(more).toEqual([])
})

test('a guest that never moves live is powered off, and nothing is to be recorded for it', () => {
  const passed = "<cpu mode='host-passthrough' migratable='off'/>"
  const hosts = [host('n1.xml', 'Skylake-Server'), host('n2.xml', 'Skylake-Server')]
  const [first] = actions(...hosts, guest('g/n1/web.xml', passed))
  expect(first).toMatch(/^do: power the guest off and start it there: web may then go to /)
})

test('a rate that a host cannot give is asked of none like it', () => {
  const tsc = "<counter name='tsc' frequency='2100000000' scaling='no'/>"
  const clock = "<clock offset='utc'><timer name='tsc' frequency='2400000000'/></clock>"
  const hosts = ['n1', 'n2'].map(name => host(`${name}.xml`, 'Nehalem', tsc))
  const documents = [...hosts, guest('g/n1/web.xml', custom('Nehalem'), clock)]
  expect(put('migrate', ...documents).guests[0]).toMatchObject({
    host: 'n1.xml',
    startsInGroups: [],
    others: 0,
  })
  expect(actions(...documents)[0]).toMatch(/^do: take the frequency out of the guest's timer/)
})

test('of hosts that tell of some flags alone nobody knows whether guests move', () => {
  const flags = JSON.stringify([
    { name: 'aes', description: '', 'supported-on': ['pve1', 'pve2'] },
    { name: 'md-clear', description: '', 'supported-on': ['pve1'] },
  ])
  const { arrows, groups, obstacles } = put('migrate', { path: 'cpu-flags.json', text: flags })
  const kinds = (places: readonly number[]) => [...new Set(places.map(place => obstacles[place].kind))]
  expect(groups).toMatchObject([{ hosts: ['pve1'] }, { hosts: ['pve2'] }])
  expect(arrows).toMatchObject([{ fromGroup: 0, toGroup: 1, kind: 'none' }])
  expect([kinds(arrows[0].there), kinds(arrows[0].back)]).toEqual([['feature', 'unknown'], ['unknown']])
})

const MSRS = ['rdctl-no', 'ibrs-all', 'mds-no'].map(name => `<feature name='${name}'/>`).join('')
const GATE = "<feature name='arch-capabilities'/>"

test('what stands in registers that nobody read counts as unknown, and is to be recorded', () => {
  const good = ['a', 'b', 'c', 'd'].map(name => host(`${name}.xml`, 'Icelake-Server-v1', GATE + MSRS))
  const documents = [...good, host('noroot.xml', 'Icelake-Server-v1', GATE)]
  const [pool] = put('explain', ...documents).pools
  expect(pool.lost.map(({ feature }: { feature: string }) => feature)).not.toContain('rdctl-no')
  const advice = put('advise', ...documents)
  expect(advice.take).toBe('common')
  expect(advice.first).toMatchObject([{ do: 'record' }])
  expect(hostsAt(advice.groups, advice.first[0].inGroups)).toEqual(['noroot.xml'])
})

test('a few odd hosts are to be seen to first', () => {
  const good = ['a', 'b', 'c', 'd'].map(name => host(`${name}.xml`, 'Westmere'))
  const { groups, first } = put('advise', ...good, host('odd.xml', 'Nehalem'))
  expect(first).toMatchObject([{ gains: [{ feature: 'aes' }] }])
  expect(hostsAt(groups, first[0].inGroups)).toEqual(['odd.xml'])
})

const machine = (name: string, rest: string, emulator = '/usr/bin/qemu-system-x86_64') => ({
  path: `${name}.xml`,
  text: `<capabilities><host><cpu><arch>x86_64</arch><model>Haswell</model><vendor>Intel</vendor></cpu>${rest}</host>
    <guest><os_type>hvm</os_type><arch name='x86_64'><emulator>${emulator}</emulator><domain type='kvm'/></arch></guest></capabilities>`,
})

test('a PCI device starts on no host without an IOMMU', () => {
  const hosts = [machine('n1', "<iommu support='yes'/>"), machine('n2', "<iommu support='no'/>")]
  const device = "<devices><hostdev mode='subsystem' type='pci'/></devices>"
  const [web] = put('migrate', ...hosts, guest('web.xml', custom('Haswell'), device)).guests
  expect(web).toMatchObject({ startsInGroups: [0], movesToGroups: [] })
})

test('emulators that only some hosts have are told, and keep guests that name them', () => {
  const hosts = [machine('n1', '', '/usr/bin/kvm-spice'), machine('n2', '', '/usr/bin/kvm')]
  const asks = (path: string) =>
    guest('web.xml', custom('Haswell'), `<devices><emulator>${path}</emulator></devices>`)
  const { guests, notes } = put('migrate', ...hosts, asks('/usr/bin/kvm-spice'))
  expect(guests[0]).toMatchObject({ startsInGroups: [0], movesToGroups: [0] })
  expect(notes.map(({ kind }: { kind: string }) => kind)).toContain('emulators-differ')
  // Capabilities name one emulator of those that are there.
  expect(put('migrate', ...hosts, asks('/opt/qemu')).guests[0]).toMatchObject({ others: 2 })
})

test('a guest’s model that its own host’s QEMU does not know is told', () => {
  const guests = ['EPYC-Turin', 'EPYC-Genoa'].map(model => guest(`n1/${model}.xml`, custom(model)))
  const documents = [host('n1.xml', 'EPYC-Turin-v1', '', 'AMD'), ...guests]
  const found = (hypervisor: string) => {
    const answer = ask({ verb: 'migrate', documents, fleet: { hosts: [{ files: 'n1.xml', hypervisor }] } })
    const notes = answer.notes as readonly { readonly kind: string }[]
    return notes.filter(({ kind }) => kind === 'guest-model-newer')
  }
  expect(found('QEMU 10.0.2')).toMatchObject([{ qemu: '10.0', model: 'EPYC-Turin' }])
  expect(found('QEMU 10.1.0')).toEqual([])
})

test('a guest with another host’s CPU is given a model that both have, and no host is replaced for it', () => {
  const host1 = host('n1.xml', 'Cascadelake-Server', "<signature family='6' model='85' stepping='7'/>")
  const host2 = host('n2.xml', 'Skylake-Server', "<signature family='6' model='85' stepping='4'/>")
  const [first] = actions(host1, host2, guest('g/n1/web.xml', "<cpu mode='host-passthrough'/>"))
  expect(first).toMatch(/^do: power the guest off and give it a named model that both hosts have/)
})

test('of CPUs of an unknown kind a switch is blamed only where nothing that it takes is there', () => {
  const flags = (more: string) =>
    `{"architecture":"x86_64","sockets":[{"vendor":"GenuineIntel","name":"X","cores":[{"flags":[${`fpu tsc msr cx8 sep cmov mmx fxsr sse sse2 syscall nx lm pni ssse3 cx16 sse4_1 sse4_2 popcnt aes xsave avx ${more}`
      .trim()
      .split(' ')
      .map(word => `"${word}"`)
      .join()}]}]}]}`
  const documents = [
    { path: 'a.json', text: flags('avx512f avx512ifma vaes') },
    { path: 'b.json', text: flags('') },
  ]
  const [pool] = put('explain', ...documents).pools
  const remedies = pool.lost.flatMap(({ causes }: { causes: { remedy: string }[] }) =>
    causes.map(({ remedy }) => remedy),
  )
  expect(pool.lost.length).toBeGreaterThan(0)
  expect(remedies.join('\n')).not.toMatch(/noxsave|AES-NI/)
})

/** The report of an answer, as its question writes it. */
function textOf(add: (report: Report) => void): string {
  const report = new Report()
  add(report)
  return report.text({ width: 10_000, paint: shown => shown })
}

test('what keeps a guest from an upgraded host is to be done together, and nothing is no action', () => {
  const capabilities = (name: string, model: string) => host(`${name}.xml`, model)
  const fleet = { hosts: [{ files: '*.xml', kernel: '6.1', hypervisor: 'QEMU 10.0' }] }
  const documents = [capabilities('n1', 'Icelake-Server-v1'), capabilities('n2', 'Nehalem')]
  const web = guest('g/n1/web.xml', custom('Icelake-Server-v1'))
  const answer = ask({
    verb: 'what-if',
    documents: [...documents, web],
    fleet,
    upgrade: ['qemu=11.1@n2.xml'],
  }) as WhatIfAnswer
  const lines = textOf(report => reportWhatIf(report, answer)).split('\n')
  const about = lines.filter(line => line.startsWith('do: ') && line.includes('can move there and back'))
  expect(answer.preflight?.guests[0]?.move.verdict).toBe('no')
  expect(about.length).toBeLessThanOrEqual(1)
  expect(lines.filter(line => /^do: no known remedy/.test(line))).toEqual([])
})

test('a machine type alone is judged by the next start, and hosts that are alike are one row', () => {
  const documents = ['n1', 'n2'].map(name => host(`${name}.xml`, 'Skylake-Server'))
  const guests = ['a', 'b'].map(name => ({
    ...guest(`g/n1/${name}.xml`, custom('Skylake-Server')),
    text: guest('', custom('Skylake-Server')).text.replace('<name>web', `<name>${name}`),
  }))
  const fleet = { hosts: [{ files: 'n*.xml', hypervisor: 'QEMU 10.0' }] }
  const answer = ask({
    verb: 'what-if',
    documents: [...documents, ...guests],
    fleet,
    machine: ['pc-q35-11.1'],
  }) as WhatIfAnswer
  const text = textOf(report => reportWhatIf(report, answer))
  expect(text).toMatch(/^machine pc-q35-11\.1: 0 of 2 guests start then, a, b do not/)
  expect(text).toMatch(/a, b +does not start: has a QEMU without the machine type/)
  expect(text).not.toMatch(/no host|there {2}back/)
})

test('of hosts of which nothing is known nothing was found, and audit says so', () => {
  const arm = {
    path: 'arm.xml',
    text: '<cpu><arch>aarch64</arch><model>Neoverse-N1</model><vendor>ARM</vendor></cpu>',
  }
  const text = textOf(report => reportAudit(report, put('audit', arm)))
  expect(text).toMatch(/^nothing found in 1 host\nof arm\.xml nothing is known\ndo: record what/)
})
