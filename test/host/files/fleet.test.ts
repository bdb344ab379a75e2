import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FeatureSet } from '../../../src/core/feature-set.ts'
import type { FleetHost } from '../../../src/fleet/host.ts'
import { readFleet } from '../../../src/host/files/fleet.ts'
import { contextOf } from '../../../src/questions/context.ts'
import { fleetOfInput } from '../../../src/questions/input/fleet/open-fleet.ts'
import { describeNote } from '../../../src/questions/words/describe.ts'
import { folderOf, hostXml } from '../../cli/virt-cpu.ts'

const context = contextOf()

/** A folder with these files, by path below it. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = folderOf({})
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

const read = async (files: Readonly<Record<string, string>>, ...more: string[]) => {
  const root = tree(files)
  const { fleet, notes } = await readFleet(context, [root, ...more])
  const short = (text: string) => text.replaceAll(`${root}/`, '')
  return { ...fleet, notes: notes.map(note => short(describeNote(note))), short }
}

const refused = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const root = tree(files)
  return readFleet(context, [root]).then(
    () => 'accepted',
    (error: Error) => error.message.replaceAll(`${root}/`, ''),
  )
}

const names = (set: FeatureSet | undefined): string[] =>
  set ? context.db.features.in(set).map(({ name }) => name) : ['no set']

const haswell = hostXml('Haswell')
const skylake = hostXml('Skylake-Server')

const domain = (name: string, cpu: string): string =>
  `<domain type='kvm'><name>${name}</name><uuid>1f</uuid><vcpu>4</vcpu>${cpu}</domain>`

const domcaps = (model: string, features = ''): string =>
  `<domainCapabilities><path>/usr/bin/qemu-kvm</path><cpu>
     <mode name='host-model' supported='yes'><model>${model}</model><vendor>Intel</vendor>
       <maxphysaddr mode='passthrough' limit='46'/>${features}</mode>
     <mode name='custom' supported='yes'><model usable='yes'>Haswell</model>
       <model usable='no'>Broadwell</model><blockers model='Broadwell'><feature name='adx'/></blockers></mode>
   </cpu></domainCapabilities>`

describe('a directory', () => {
  test('subfolders are pools; hosts are called as they were typed, and paired by their path below it', async () => {
    const { hosts, pools, short } = await read({
      'blue/a.xml': haswell,
      'blue/rack/b.xml': skylake,
      'c.xml': haswell,
    })
    expect(hosts.map(({ name, path, pool }) => [short(name), path, pool])).toEqual([
      ['blue/a.xml', 'blue/a.xml', 'blue'],
      ['blue/rack/b.xml', 'blue/rack/b.xml', 'blue'],
      ['c.xml', 'c.xml', undefined],
    ])
    expect(pools).toEqual(['', 'blue'])
  })

  test('equal documents share their hash and features; several in one are numbered', async () => {
    const { hosts, short } = await read({ 'a.xml': haswell, 'b.xml': haswell, 'c.xml': haswell + skylake })
    const [a, b, c] = hosts
    expect(hosts.map(({ name }) => short(name))).toEqual(['a.xml', 'b.xml', 'c.xml#1', 'c.xml#2'])
    expect(a?.documentHash).toBe(b?.documentHash)
    expect(a?.features).toBe(b?.features)
    expect(a?.features).toBe(c?.features)
    expect(c?.documentHash).toBeUndefined()
  })

  test('what capabilities say of their host', async () => {
    const cpu = `<cpu><arch>x86_64</arch><model>Haswell</model><vendor>Intel</vendor><microcode version='7'/>
      <signature family='6' model='63' stepping='2'/><counter name='tsc' frequency='2000000000' scaling='yes'/>
      <maxphysaddr mode='emulate' bits='46'/><feature name='vmx'/></cpu>`
    const cells = `<topology><cells><cell id='0'><cpus num='8'/></cell><cell id='1'><cpus num='8'/></cell></cells></topology>`
    const { hosts } = await read({
      'a.xml': `<capabilities><host><uuid>u-1</uuid>${cpu}${cells}</host></capabilities>`,
    })
    expect(hosts[0]).toMatchObject({
      uuid: 'u-1',
      cpus: 16,
      vendor: 'Intel',
      model: 'Haswell',
      microcode: 7,
      signature: { family: 6, model: 63, stepping: 2 },
      physBits: 46,
      tscHz: 2_000_000_000n,
      tscScaling: true,
    })
  })

  test('the axes of a dump', async () => {
    const rows = [
      [0, 0, 0x16, 0x756e6547, 0x6c65746e, 0x49656e69],
      [1, 0, 0x50657, 0x0800, 0, 0],
      [0xd, 0, 0, 0, 0xa88, 0],
      [0x15, 0, 2, 168, 25_000_000, 0],
      [0x80000008, 0, 0x302e, 0, 0, 0],
    ]
    const { hosts } = await read({ 'a.json': JSON.stringify({ cpuid: rows }) })
    expect(hosts[0]).toMatchObject({
      vendor: 'Intel',
      physBits: 46,
      lineSize: 64,
      xsaveSize: 2696,
      tscHz: 2_100_000_000n,
    })
  })

  test('an unknown feature is left out and noted, so is a host of an unknown model, with a remedy', async () => {
    const { notes } = await read({ 'a.xml': hostXml('Haswell', ['foo']) })
    expect(notes).toContain('a.xml: unknown feature foo is left out')
    const without = await read({ 'a.xml': hostXml('Nonesuch') })
    expect([without.hosts, without.notes]).toEqual([
      [],
      [
        'a.xml: skipped: internal error: Unknown CPU model Nonesuch; where a newer libvirt described it, give its CPU map with --cpu-map DIR (looks like <cpu>)',
      ],
    ])
  })

  test('what holds no CPU is passed over and noted', async () => {
    const { hosts, notes } = await read({ 'a.xml': haswell, README: 'hello' })
    expect(hosts.length).toBe(1)
    expect(notes).toContain('README: passed over: holds no CPU (looks like documentation)')
  })
})

describe('a hypervisor’s description', () => {
  test.each(['n1.domcaps.xml', 'n1-hypervisor.xml'])(
    '%s belongs to n1.xml: its guests get what it gives',
    async name => {
      const { hosts } = await read({
        'n1.xml': hostXml('Haswell', ['vmx', 'monitor']),
        [name]: domcaps('Haswell'),
      })
      const [host] = hosts
      expect(hosts.length).toBe(1)
      expect(host?.features.eq(context.db.model('Haswell')?.features ?? host.features)).toBe(true)
      expect(names(host?.hardwareFeatures?.minus(host.features))).toEqual(['monitor', 'vmx'])
      expect(host?.models?.get('Broadwell')).toEqual(['adx'])
      expect(host?.physBits).toBe(46)
      expect(host?.hypervisor).toBe('qemu-kvm')
    },
  )

  test('alone it stands for its host, and that is noted', async () => {
    const { hosts, notes } = await read({
      'n1.xml': domcaps('Haswell', "<feature policy='disable' name='hle'/>"),
    })
    expect(hosts.map(({ vendor, hardwareFeatures: silicon }) => [vendor, silicon])).toEqual([
      ['Intel', undefined],
    ])
    expect(notes[0]).toMatch(/^n1.xml: known by its hypervisor alone/)
  })

  test('a recorded conversation with QEMU', async () => {
    const replies = [
      { return: { qemu: { major: 10, minor: 0, micro: 2 } }, id: '1' },
      { return: [{ name: 'Haswell', static: false, 'unavailable-features': ['hle'] }], id: '2' },
      {
        return: { model: { name: 'base', props: { avx: true, hle: false, vendor: 'GenuineIntel' } } },
        id: '3',
      },
    ]
    const text = replies.map(reply => JSON.stringify(reply, null, 2)).join('\n\n')
    const { hosts } = await read({ 'n1.xml': haswell, 'n1.replies': text })
    expect(names(hosts[0]?.features)).toEqual(['avx'])
    expect(hosts[0]?.models?.get('Haswell')).toEqual(['hle'])
    expect(hosts[0]?.hypervisor).toBe('QEMU 10.0.2')
  })
})

describe('guests', () => {
  test('a domain is a guest, on the host that its folder is called after', async () => {
    const cpu = `<cpu mode='custom' match='exact'><model>Haswell</model><vendor>Intel</vendor>
                 <feature policy='disable' name='hle'/></cpu>`
    const { guests } = await read({ 'blue/n1.xml': haswell, 'guests/n1/web.xml': domain('web', cpu) })
    expect(guests[0]).toMatchObject({
      name: 'web',
      uuid: '1f',
      vcpus: 4,
      model: 'Haswell',
      vendor: 'Intel',
      pool: 'blue',
      physBits: 40,
    })
    expect(guests[0]?.host).toMatch(/blue\/n1.xml$/)
    const model = context.db.model('Haswell')?.features
    expect(names(guests[0] && model?.minus(guests[0].features))).toEqual(['hle'])
  })

  test('host-passthrough has what its host gives, without what cannot be migrated', async () => {
    const { guests, hosts } = await read({
      'n1.xml': hostXml('Haswell', ['invtsc']),
      'n1/web.xml': domain('web', "<cpu mode='host-passthrough'/>"),
    })
    expect(names(guests[0] && hosts[0]?.features.minus(guests[0].features))).toEqual(['invtsc'])
  })

  test('what cannot be told is noted', async () => {
    const { guests, notes } = await read({
      'n1.xml': haswell,
      'x/web.xml': domain('web', "<cpu mode='host-passthrough'/>"),
      'x/old.xml': domain('old', ''),
    })
    expect(guests.map(({ name, host, features }) => [name, host, features.size > 0])).toEqual([
      ['old', undefined, true],
      ['web', undefined, false],
    ])
    expect(notes.map(note => note.slice(0, 40))).toEqual([
      'x/old.xml: its definition has no <cpu>: ',
      'x/web.xml: its CPU is host-passthrough a',
      'what KVM gives guests is assumed from th',
    ])
  })
})

describe('a fleet file', () => {
  const three = { 'blue/n1.xml': haswell, 'blue/n2.xml': skylake, 'green/n3.xml': skylake }

  test('without hosts, its folder is read; names are short', async () => {
    const { hosts, requirements } = await read({ ...three, 'fleet.yaml': 'requirements:\n- level: v3\n' })
    expect(hosts.map(({ name, pool }) => [name, pool])).toEqual([
      ['n1', 'blue'],
      ['n2', 'blue'],
      ['n3', 'green'],
    ])
    expect(requirements).toMatchObject([{ name: 'requirement 1', level: { name: 'x86-64-v3' } }])
  })

  test.each([
    'hosts: [{ files: *.xml }]',
    'hosts:\n- *.xml',
    'hosts:\n- files: *.xml  # all\n  weight: 2',
    'hosts: [&a n1.xml, *a, *2.xml]',
  ])('a pattern without quotes is no alias: %j', async yaml => {
    const { hosts, notes } = await read({ 'n1.xml': haswell, 'n2.xml': skylake, 'fleet.yaml': `${yaml}\n` })
    expect(hosts.map(({ name }) => name)).toEqual(['n1', 'n2'])
    expect(notes.filter(note => note.includes('fleet.yaml'))).toEqual([])
  })

  test('what no pattern is says to be quoted, at its place', async () => {
    const yaml = 'hosts: [n1.xml]\nrequirements:\n- name: @all\n'
    expect(await refused({ 'n1.xml': haswell, 'fleet.yaml': yaml })).toMatch(
      /^fleet\.yaml:3:9: .*put quotes around it: '@all'/,
    )
  })

  test('rules: names, pools, weights, facts; the later counts', async () => {
    const yaml = `
hosts:
- blue
- { files: green/*.xml, pool: '*', weight: 8 }
- files: blue/n2.xml
  name: db
  kernel: 6.12.9
  microcode: 0x2007006
  vulnerabilities: { mds: Vulnerable }
pools: { x: [n1, d?] }
weights: { hosts: cpus, classes: { nested: 1 } }
constraints: { pools: 3, level: x86-64-v2, must-have: [aes, sse4_1], pin: { p: n* }, smallest: 2 }
`
    const fleet = await read({ ...three, 'fleet.yaml': yaml })
    expect(fleet.hosts.map(({ name, pool, weight }) => [name, pool, weight])).toEqual([
      ['db', 'x', undefined],
      ['n1', 'x', undefined],
      ['n3', 'green', 8],
    ])
    expect(fleet.hosts[0]).toMatchObject({
      kernel: '6.12.9',
      microcode: 0x2007006,
      vulnerabilities: { mds: 'Vulnerable' },
    })
    expect(fleet.weights?.nested).toBe(1)
    expect(fleet.weights?.security).toBe(4)
    expect(fleet.mostPools).toBe(3)
    expect([...(fleet.constraints.pins ?? [])]).toEqual([
      ['n1', 'p'],
      ['n3', 'p'],
    ])
    expect(names(fleet.constraints.mustHave)).toEqual(expect.arrayContaining(['aes', 'sse4.1', 'popcnt']))
  })

  test.each([
    ['wieghts: {}', 'fleet.yaml:1:1: wieghts: no such key; did you mean weights?\n  wieghts: {}\n  ^'],
    ['hosts:\n- file: a', 'fleet.yaml:2:3: hosts[0].files: is missing\n  - file: a\n    ^'],
    ['hosts:\n- pool: a', 'fleet.yaml:2:3: hosts[0].files: is missing\n  - pool: a\n    ^'],
    ['hosts: 5', 'fleet.yaml:1:8: hosts: must be a list\n  hosts: 5\n         ^'],
    [
      'hosts: [x.xml]',
      'fleet.yaml:1:9: hosts[0].files[0]: no file is called x.xml\n  hosts: [x.xml]\n          ^',
    ],
    [
      'constraints:\n  level: v9',
      'fleet.yaml:2:10: constraints.level: no level is called v9; there are x86-64-v1, x86-64-v2, x86-64-v3, x86-64-v4\n    level: v9\n           ^',
    ],
    [
      'constraints:\n  must-have: [aes, avx3]',
      'fleet.yaml:2:20: constraints.must-have[1]: no feature is called avx3; did you mean avx?\n    must-have: [aes, avx3]\n                     ^',
    ],
    [
      'hosts: [blue, {files: blue/n1.xml, name: n2}]',
      'fleet.yaml:1:42: hosts[1].name: a second host is called n2: blue/n2.xml',
    ],
    [
      'hosts: [{files: blue, name: n}]',
      'fleet.yaml:1:29: hosts[0].name: one name for 2 hosts: give each an entry of its own',
    ],
    ['pools: {a: [n1, n9]}', 'fleet.yaml:1:12: pools.a: no host is called n9'],
    [
      'hosts: [{files: blue, weight: 1.5}]',
      'fleet.yaml:1:31: hosts[0].weight: must be a whole number from 0 to 1000000000',
    ],
    ['a: [', 'fleet.yaml:1:5: unexpected end of the stream within a flow collection'],
    ['a: 1\na: 2', 'fleet.yaml:2:1: duplicated mapping key'],
    ['pools: {}\n---\npools: {}', 'fleet.yaml: several documents in one file'],
    ['\uFEFFpools:\n  "a": \'n9\'', 'fleet.yaml:2:8: pools.a: no host is called n9'],
    ['hosts:\n- &x blue\n- *x\n- *y', 'fleet.yaml:4:'],
    [`pools:\n  a: &x n1\n  b: [${Array(101).fill('*x')}]`, 'fleet.yaml:3:'],
    ['hosts:\n- blue\n-', 'fleet.yaml:2:1: hosts[1]: must be a mapping'],
  ])('%j is refused with place and remedy', async (yaml, message) => {
    expect(await refused({ ...three, 'fleet.yaml': yaml })).toContain(message)
  })
})

test('YAML that is named is read by what it holds', async () => {
  const node = [
    'apiVersion: v1',
    'kind: Node',
    'metadata:',
    '  name: w1',
    '  labels:',
    '    cpu-feature.node.kubevirt.io/avx2: "true"',
    '    cpu-vendor.node.kubevirt.io/Intel: "true"',
  ].join('\n')
  const root = tree({ 'n.yaml': `${node}\n`, 'two.yml': `---\n${node}\n---\n${node.replace('w1', 'w2')}\n` })
  expect((await readFleet(context, [join(root, 'n.yaml')])).fleet.hosts).toHaveLength(1)
  expect((await readFleet(context, [join(root, 'two.yml')])).fleet.hosts).toHaveLength(2)
})

/** Definitions of few CPUs, by themselves or in capabilities, as libvirt prints them. */
const printedHosts = fc.record({
  model: fc.constantFrom('Haswell', 'Skylake-Server'),
  vendor: fc.constantFrom('', '<vendor>Intel</vendor>'),
  microcode: fc.constantFrom('', "<microcode version='7'/>"),
  tsc: fc.constantFrom('', "<counter name='tsc' frequency='2112000000' scaling='no'/>"),
  features: fc.subarray(['vmx', 'invtsc', 'unheard-of']),
  around: fc.option(fc.record({ uuid: fc.uuid({ version: 4 }), iommu: fc.constantFrom('yes', 'no') })),
})

function printedText({
  around,
  ...cpu
}: typeof printedHosts extends fc.Arbitrary<infer T> ? T : never): string {
  const { model, vendor, microcode, tsc, features } = cpu
  const parts = ['<arch>x86_64</arch>', `<model>${model}</model>`, vendor, microcode, tsc]
  const lines = [...parts, ...features.map(name => `<feature name='${name}'/>`)].filter(line => line !== '')
  const text = (indent: string) =>
    `<cpu>\n${lines.map(line => `${indent}  ${line}\n`).join('')}${indent}</cpu>\n`
  if (!around) return text('')
  const { uuid, iommu } = around
  return `<capabilities>\n\n  <host>\n    <uuid>${uuid}</uuid>\n    ${text('    ')}    <iommu support='${iommu}'/>\n  </host>\n</capabilities>\n`
}

test('hosts of equal definitions in one file are what each of them is in a file of its own', async () => {
  const drawn = fc.array(printedHosts, { minLength: 2, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(drawn, async hosts => {
      const texts = hosts.map(printedText)
      const { fleet } = await readFleet(context, [join(tree({ 'all.xml': texts.join('') }), 'all.xml')])
      const alone = texts.map(text => fleetOfInput(context, { documents: [{ path: 'one.xml', text }] }).fleet)
      const own = (all: readonly FleetHost[]) =>
        all
          .map(({ name, path, documentHash, features, evidence, ...facts }) => ({
            ...{ ...facts, features: names(features), known: names(evidence?.known) },
          }))
          .map(host => JSON.stringify(host, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
          .sort()
      expect(own(fleet.hosts)).toEqual(own(alone.flatMap(one => one.hosts)))
      expect(new Set(fleet.hosts.map(({ name }) => name)).size).toBe(hosts.length)
    }),
    { numRuns: 60 },
  )
})
