import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contextOf } from '../../src/questions/context.ts'
import { fleetOfInput } from '../../src/questions/input/fleet/open-fleet.ts'
import { viewOf } from '../../src/questions/input/fleet/view.ts'
import { guestPlaces } from '../../src/questions/migrate/compute.ts'
import { runs } from '../effort.ts'

/** Which documents are of one host. */

const context = contextOf()

type Document = readonly [path: string, text: string]

function read(documents: readonly Document[]) {
  const { fleet, notes } = fleetOfInput(context, {
    documents: documents.map(([path, text]) => ({ path, text })),
  })
  const hosts = fleet.hosts.map(({ name, pool, readFrom = [] }) => [
    name,
    pool,
    readFrom.map(({ layer }) => layer).join(),
  ])
  const about = notes.filter(({ kind }) => kind === 'hosts-not-joined' || kind === 'recorded-again')
  return { hosts, notes: about, fleet }
}

const capabilities = (model: string, uuid = '', more = ''): string =>
  `<capabilities><host>${uuid && `<uuid>${uuid}</uuid>`}<cpu><arch>x86_64</arch><model>${model}</model><vendor>Intel</vendor>${more}</cpu></host></capabilities>`

const signature = (model: number): string => `<signature family='6' model='${model}' stepping='1'/>`

const domcaps = (model: string): string =>
  `<domainCapabilities><path>/usr/bin/qemu-kvm</path><cpu><mode name='host-model' supported='yes'><model>${model}</model><vendor>Intel</vendor></mode></cpu></domainCapabilities>`

const cpuinfo = (model = 60): string =>
  `processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: ${model}\nstepping\t: 1\nmicrocode\t: 0x28\nflags\t\t: fpu vme de pse tsc msr pae lm constant_tsc avx2\nbogomips\t: 1\n`

const at = (host: string, text: string): string => `root@${host}:~# cat it\n${text}`

const ALL = 'hardware,kernel,offered'
const uuid = (n: number): string => `b0b5c1de-0000-4000-8000-00000000000${n}`

describe('one host', () => {
  test.each<[string, readonly Document[], string]>([
    [
      'a folder',
      [
        ['blue/n1/capabilities.xml', capabilities('Haswell')],
        ['blue/n1/domcapabilities.xml', domcaps('Haswell')],
        ['blue/n1/cpuinfo', cpuinfo()],
      ],
      'blue/n1',
    ],
    [
      "Ansible's folders",
      [
        ['blue/n1/tmp/capabilities.xml', capabilities('Haswell')],
        ['blue/n1/tmp/domcapabilities.xml', domcaps('Haswell')],
        ['blue/n1/proc/cpuinfo', cpuinfo()],
      ],
      'blue/n1',
    ],
    [
      'a stem',
      [
        ['blue/n1.xml', capabilities('Haswell')],
        ['blue/n1.domcaps.xml', domcaps('Haswell')],
        ['blue/n1-cpuinfo.txt', cpuinfo()],
      ],
      'blue/n1.xml',
    ],
    [
      'a name inside',
      [
        ['blue/a.txt', at('n1', capabilities('Haswell'))],
        ['blue/b.txt', at('n1', domcaps('Haswell'))],
        ['blue/c.txt', at('n1', cpuinfo())],
      ],
      'blue/a.txt',
    ],
    [
      'a name inside, and a file that is called so',
      [
        ['blue/n1.xml', capabilities('Haswell')],
        ['blue/b.txt', at('n1', domcaps('Haswell'))],
        ['blue/c.txt', at('n1', cpuinfo())],
      ],
      'blue/n1.xml',
    ],
  ])('%s', (_, documents, name) => {
    for (const order of [documents, documents.toReversed()]) {
      const { hosts, notes, fleet } = read(order)
      expect(hosts).toEqual([[name, 'blue', ALL]])
      expect(fleet.hosts[0]).toMatchObject({ signature: { family: 6, model: 60 }, model: 'Haswell' })
      expect(notes).toEqual([])
    }
  })

  test('one uuid; where it was recorded again, that is told', () => {
    const { hosts, notes } = read([
      ['old/n1.xml', capabilities('Haswell-noTSX', uuid(1))],
      ['new/n1.xml', capabilities('Haswell', uuid(1))],
    ])
    expect(hosts).toEqual([['old/n1.xml', 'old', 'hardware,hardware']])
    expect(notes).toMatchObject([{ kind: 'recorded-again', source: 'old/n1.xml', other: 'new/n1.xml' }])
  })
})

describe('several hosts', () => {
  test('files that all hosts have, in folders of their own', () => {
    const { hosts } = read([
      ['n1/capabilities.xml', capabilities('Haswell')],
      ['n2/capabilities.xml', capabilities('Haswell')],
      ['n2/domcapabilities.xml', domcaps('Haswell')],
    ])
    expect(hosts).toEqual([
      ['n1', undefined, 'hardware'],
      ['n2', undefined, 'hardware,offered'],
    ])
  })

  test.each<[string, readonly Document[], object]>([
    [
      'the name inside',
      [
        ['a.txt', at('n1', capabilities('Haswell', '', signature(60)))],
        ['b.txt', at('n1', capabilities('Haswell', '', signature(61)))],
      ],
      { what: 'name', against: 'signature', source: 'a.txt', others: ['b.txt'] },
    ],
    [
      "the file's name",
      [
        ['n1/capabilities.xml', capabilities('Haswell', '', signature(61))],
        ['n1/cpuinfo', cpuinfo()],
      ],
      { what: 'file', against: 'signature' },
    ],
    [
      'a uuid, as clones have',
      [
        ['n1.xml', capabilities('Haswell', uuid(1))],
        ['n2.xml', capabilities('Haswell', uuid(1))],
      ],
      { what: 'uuid', against: 'file' },
    ],
  ])('that contradict each other in spite of %s', (_, documents, note) => {
    const { hosts, notes } = read(documents)
    expect(new Set(hosts.map(([name]) => name)).size).toBe(2)
    expect(notes).toMatchObject([{ kind: 'hosts-not-joined', ...note }])
  })

  test('in two forms that nothing ties but their names: two hosts, and a note', () => {
    const alike = (first: string, second: string, path = 'fl/rack-a1.txt') =>
      fleetOfInput(context, {
        documents: [
          { path: 'old-rack-a1.xml', text: first },
          { path, text: second },
        ],
      }).notes.filter(({ kind }) => kind === 'hosts-alike')
    const host = capabilities('Haswell', '', signature(60))
    expect(alike(host, cpuinfo(60))).toMatchObject([{ source: 'old-rack-a1.xml', other: 'fl/rack-a1.txt' }])
    expect(alike(host, cpuinfo(61))).toEqual([])
    expect(alike(host, cpuinfo(60), 'fl/rack-a2.txt')).toEqual([])
    expect(alike(host, host, 'fl/rack-a1.xml')).toEqual([])
  })

  test("firmware's placeholders and names of no machine join nothing", () => {
    const none = '03000200-0400-0500-0006-000700080009'
    const { hosts, notes } = read([
      ['a.xml', at('localhost', capabilities('Haswell', none))],
      ['b.xml', at('localhost', capabilities('Haswell', none))],
    ])
    expect([hosts.length, notes]).toEqual([2, []])
  })
})

/** How a host's documents are called, and whether its name stands in them. */
const LAYOUTS = {
  stem: ['p/NAME.xml', 'p/NAME.domcaps.xml', 'p/NAME-cpuinfo.txt'],
  folder: ['p/NAME/capabilities.xml', 'p/NAME/domcapabilities.xml', 'p/NAME/cpuinfo'],
  ansible: ['NAME/tmp/capabilities.xml', 'NAME/tmp/domcapabilities.xml', 'NAME/proc/cpuinfo'],
  inside: ['x/NUMBER1.txt', 'y/NUMBER2.txt', 'z/NUMBER3.txt'],
} as const

const hostArbitrary = fc.record({
  layout: fc.constantFrom(...(Object.keys(LAYOUTS) as (keyof typeof LAYOUTS)[])),
  model: fc.constantFrom('Haswell', 'Skylake-Server', 'Penryn'),
  which: fc.subarray([0, 1, 2], { minLength: 1 }),
})

test('hosts in, hosts out, in any order', () => {
  const arbitrary = fc.array(hostArbitrary, { minLength: 1, maxLength: 8 }).chain(hosts => {
    const documents = hosts.flatMap(({ layout, model, which }, n) => {
      const texts = [capabilities(model), domcaps(model), cpuinfo()]
      return which.map((i): Document => {
        const path = LAYOUTS[layout][i]?.replace('NAME', `kvm-${n}`).replace('NUMBER', `${n}`) ?? ''
        return [path, layout === 'inside' ? at(`kvm-${n}`, texts[i] ?? '') : (texts[i] ?? '')]
      })
    })
    return fc.record({
      hosts: fc.constant(hosts),
      documents: fc.constant(documents),
      shuffled: fc.shuffledSubarray(documents, { minLength: documents.length }),
    })
  })
  fc.assert(
    fc.property(arbitrary, ({ hosts, documents, shuffled }) => {
      const one = read(documents)
      expect(one.hosts.length).toBe(hosts.length)
      const other = read(shuffled)
      expect(other.hosts).toEqual(one.hosts)
      expect(other.fleet.hosts.map(({ features, evidence }) => [features, evidence])).toEqual(
        one.fleet.hosts.map(({ features, evidence }) => [features, evidence]),
      )
    }),
    { numRuns: runs(60) },
  )
})

test('entries of a fleet file with one name are one host, unless two speak of the same', () => {
  const documents = [
    { path: 'caps-0231.xml', text: capabilities('Haswell') },
    { path: 'offers-77.xml', text: domcaps('Haswell') },
    { path: 'more.xml', text: capabilities('Haswell') },
  ]
  const entry = (files: string) => ({ files, name: 'n1' })
  const hosts = (...files: string[]) =>
    fleetOfInput(context, {
      documents: documents.filter(({ path }) => files.includes(path)),
      fleet: { hosts: files.map(entry) },
    }).fleet.hosts
  expect(hosts('caps-0231.xml', 'offers-77.xml').map(({ name, models }) => [name, models?.size])).toEqual([
    ['n1', 0],
  ])
  expect(() => hosts('caps-0231.xml', 'more.xml')).toThrow(/a second host is called n1/)
})

/** Two equal hosts and another, and a guest of the first that has what its host's record denies. */
function contradicted(attributes: string) {
  const amd = (model: string) => capabilities(model).replaceAll('Intel', 'AMD')
  const { fleet, notes } = fleetOfInput(context, {
    documents: [
      { path: 'n1.xml', text: amd('EPYC') },
      { path: 'n2.xml', text: amd('EPYC') },
      { path: 'n3.xml', text: amd('EPYC-Rome') },
      {
        path: 'n1/db.xml',
        text: `<domain type='kvm'${attributes}><name>db</name><cpu mode='custom'><model>EPYC</model><feature policy='require' name='ibpb'/></cpu></domain>`,
      },
    ],
  })
  expect(notes.some(({ kind }) => kind === 'guest-contradicts')).toBe(true)
  const ibpb = context.db.features.setOfNames(['ibpb'])
  const told = fleet.hosts.map(({ name, evidence }) => [name, evidence?.presenceOf(ibpb)])
  return { told, ...guestPlaces(viewOf(context, fleet)) }
}

test('what a guest disproves of its host’s record is unknown of equal hosts', () => {
  const {
    told,
    groups,
    guests: [db],
  } = contradicted('')
  expect(told).toEqual([
    ['n1.xml', 'unknown'],
    ['n2.xml', 'unknown'],
    ['n3.xml', 'assumed'],
  ])
  expect(groups.map(({ name }) => name)).toEqual(['n1.xml', 'n3.xml'])
  expect(db).toMatchObject({ startsInGroups: [0, 1], movesToGroups: [1], others: 1 })
})

test('what a guest disproves of its host’s record as it runs is assumed of equal hosts', () => {
  const {
    told,
    guests: [db],
  } = contradicted(" id='3'")
  expect(told).toEqual([
    ['n1.xml', 'assumed'],
    ['n2.xml', 'assumed'],
    ['n3.xml', 'assumed'],
  ])
  expect(db).toMatchObject({ startsInGroups: [0, 1], movesToGroups: [0, 1], others: 2 })
})
