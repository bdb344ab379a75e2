import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Comparison } from '../../src/arch/driver.ts'
import { compareCpus } from '../../src/arch/operations.ts'
import type { FeatureSet } from '../../src/core/feature-set.ts'
import { parseCpu } from '../../src/formats/libvirt/parse-cpu.ts'
import { hosts, migrate } from '../../src/index.ts'
import { builtinKvmRules } from '../../src/map/kvm-rules.ts'
import { contextOf } from '../../src/questions/context.ts'
import { describeObstacles } from '../../src/questions/migrate/describe.ts'
import { parseXml } from '../../src/xml/reader.ts'
import { runs } from '../effort.ts'

const context = contextOf()
const { db, map } = context

const hostXml = (inner: string): string => `<cpu><arch>x86_64</arch>${inner}</cpu>`

/** A host as capabilities have it, so that its signature, microcode and counter are known. */
const capabilities = (name: string, cpu: string): string =>
  `<capabilities><host><uuid>${name}</uuid><cpu><arch>x86_64</arch>${cpu}</cpu></host></capabilities>`

const domain = (cpu: string, more = '', machine = 'q35'): string =>
  `<domain type='kvm'><name>g</name><vcpu>1</vcpu><os><type arch='x86_64' machine='${machine}'>hvm</type></os>${cpu}${more}</domain>`

const custom = (inner: string, match = 'exact'): string =>
  `<cpu mode='custom' match='${match}'>${inner}</cpu>`

const ask = (hosts: Readonly<Record<string, string>>, guest: string, to: string) => {
  const documents = Object.entries(hosts).map(([name, text]) => ({ path: `${name}.xml`, text }))
  const fleet = { guests: [{ files: 'g.xml', host: 'a' }] }
  const answer = migrate({ documents: [...documents, { path: 'g.xml', text: guest }], fleet, guest: 'g', to })
  if (!('verdict' in answer)) throw new RangeError('a move was asked for')
  return answer
}

const kinds = (answer: ReturnType<typeof ask>): string[] => answer.obstacles.map(({ kind }) => kind)

const SKYLAKE =
  "<model>Skylake-Server</model><vendor>Intel</vendor><microcode version='1'/><signature family='6' model='85' stepping='4'/>"

const pair = (a: string, b = a) => ({ a: capabilities('a', a), b: capabilities('b', b) })

describe('what a definition asks of hosts', () => {
  test.each([
    ["<devices><hostdev mode='subsystem' type='pci'><source/></hostdev></devices>", 'hostdev'],
    ["<devices><interface type='hostdev'><source/></interface></devices>", 'hostdev'],
    ["<launchSecurity type='sev'><policy>1</policy></launchSecurity>", 'protected'],
  ])('%s binds a running guest to its host, and not its start', (more, bond) => {
    const answer = ask(pair(SKYLAKE), domain(custom('<model>Nehalem</model>'), more), 'b')
    expect(answer.obstacles).toEqual([expect.objectContaining({ kind: 'bond', bond })])
    expect([answer.verdict, answer.canStart]).toEqual(['no', true])
  })

  test.each(['host-passthrough', 'host-model', 'maximum'])(
    'where a guest with the CPU of a host that nobody named (%s) moves is not known; it starts',
    mode => {
      const documents = [
        { path: 'b.xml', text: capabilities('b', SKYLAKE) },
        { path: 'g.xml', text: domain(`<cpu mode='${mode}'/>`) },
      ]
      const answer = migrate({ documents, guest: 'g', to: 'b.xml' })
      expect(answer).toMatchObject({ verdict: 'unknown', canMove: false, canStart: true })
      expect(migrate({ documents })).toMatchObject({
        guests: [{ startsInGroups: [0], movesToGroups: [], closed: [{ inGroups: [0], reasons: [0] }] }],
        obstacles: [{ kind: 'passed', what: 'host' }],
      })
    },
  )

  test('what the CPUs of a vendor never have is said to be so', () => {
    const required = ['svm', 'vnmi'].map(name => `<feature policy='require' name='${name}'/>`)
    const documents = [
      { path: 'b.xml', text: capabilities('b', SKYLAKE) },
      { path: 'g.xml', text: domain(custom(`<model>Nehalem</model>${required.join('')}`)) },
    ]
    const { obstacles } = migrate({ documents, guest: 'g', to: 'b.xml' }) as ReturnType<typeof ask>
    expect(describeObstacles(obstacles)).toBe('lacks svm, vnmi, as all CPUs of its vendor do')
  })

  test('a -cpu that is handed to QEMU past libvirt counts', () => {
    const argument = "<qemu:arg value='-cpu'/><qemu:arg value='Penryn,+avx512f'/>"
    const line = `<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>${argument}</qemu:commandline>`
    const documents = [{ path: 'g.xml', text: domain("<cpu mode='host-passthrough'/>", line) }]
    expect(hosts({ documents }).guestsAlone?.guests).toMatchObject([
      { guest: 'g', mode: 'custom', model: 'Penryn' },
    ])
  })

  test('a pod moves only to nodes with the labels that it wants; a new one may start', () => {
    const labels = (...features: string[]) =>
      Object.fromEntries(features.map(name => [`cpu-feature.node.kubevirt.io/${name}`, 'true']))
    const nodes = ['n1', 'n2'].map((name, i) => ({
      path: `${name}.json`,
      text: JSON.stringify({
        kind: 'Node',
        metadata: { name, labels: labels('aes', ...(i ? ['gds-no'] : [])) },
      }),
    }))
    const metadata = { name: 'virt-launcher-vm-abcde' }
    const pod = { kind: 'Pod', metadata, spec: { nodeSelector: labels('aes', 'gds-no') } }
    const documents = [...nodes, { path: 'pod.json', text: JSON.stringify(pod) }]
    expect(migrate({ documents, guest: 'vm', to: 'n1' })).toMatchObject({
      verdict: 'no',
      obstacles: expect.arrayContaining([
        expect.objectContaining({ kind: 'labels', labels: ['cpu-feature.node.kubevirt.io/gds-no'] }),
      ]),
    })
    expect(JSON.stringify(migrate({ documents, guest: 'vm', to: 'n2' }))).not.toContain('"labels"')
  })

  test('invtsc binds unless the rate is said', () => {
    const host = `${SKYLAKE}<counter name='tsc' frequency='2000000000' scaling='no'/><feature name='invtsc'/>`
    const cpu = custom("<model>Nehalem</model><feature policy='require' name='invtsc'/>")
    const rate = (hz: string) => `<clock offset='utc'><timer name='tsc' frequency='${hz}'/></clock>`
    expect(kinds(ask(pair(host), domain(cpu), 'b'))).toContain('bond')
    expect(kinds(ask(pair(host), domain(cpu, rate('2000000000')), 'b'))).not.toContain('bond')
  })

  test('a rate that the host is known not to give keeps the guest out; one that is not known is open', () => {
    const counter = (hz: string, scaling: string) =>
      `${SKYLAKE}<counter name='tsc' frequency='${hz}' scaling='${scaling}'/>`
    const guest = domain(
      custom('<model>Nehalem</model>'),
      "<clock offset='utc'><timer name='tsc' frequency='2000000000'/></clock>",
    )
    const verdict = (b: string) => ask(pair(counter('2000000000', 'no'), b), guest, 'b').verdict
    expect(verdict(counter('2000400000', 'no'))).toBe('assumed')
    expect(verdict(counter('2100000000', 'yes'))).toBe('assumed')
    expect(verdict(counter('2100000000', 'no'))).toBe('no')
    expect(verdict(SKYLAKE)).toBe('unknown')
  })

  test('host-passthrough moves to an equal CPU alone', () => {
    const guest = domain("<cpu mode='host-passthrough'/>")
    const verdict = (b: string) => ask(pair(SKYLAKE, b), guest, 'b')
    expect(verdict(SKYLAKE)).toMatchObject({
      verdict: 'unknown',
      obstacles: [{ kind: 'passed', differs: false, what: 'kernel' }],
    })
    expect(verdict(SKYLAKE.replace("stepping='4'", "stepping='7'")).verdict).toBe('no')
    expect(verdict(`${SKYLAKE}<feature name='avx512vnni'/>`)).toMatchObject({
      verdict: 'no',
      obstacles: [{ kind: 'passed', differs: true, what: 'features' }],
    })
    expect(verdict(SKYLAKE.replace("version='1'", "version='2'")).verdict).toBe('unknown')
    const off = domain("<cpu mode='host-passthrough' migratable='off'/>")
    expect(kinds(ask(pair(SKYLAKE), off, 'b'))).toContain('bond')
  })

  test('what a model has and its definition lists as optional is taken where it is there, and not asked for', () => {
    const guest = domain(custom("<model>coreduo</model><feature policy='optional' name='monitor'/>"))
    const on = (model: string) => capabilities('h', `<model>${model}</model><vendor>Intel</vendor>`)
    expect(ask({ a: on('Icelake-Server-v1'), b: on('Icelake-Server-v1') }, guest, 'b').canStart).toBe(true)
  })

  test('a strict definition takes a host with what it turns off, and no other that it does not mention', () => {
    const strict = (policy: string) =>
      domain(custom(`<model>Skylake-Server</model><feature policy='${policy}' name='clwb'/>`, 'strict'))
    const starts = (policy: string, more = '') => ask(pair(SKYLAKE + more), strict(policy), 'b').canStart
    expect([starts('disable'), starts('optional'), starts('forbid')]).toEqual([true, true, false])
    expect(starts('disable', "<feature name='avx512vnni'/>")).toBe(false)
  })

  test.each([
    ['<vcpu>512</vcpu>', 'kvm', /whether its machine type takes 512 vCPUs/],
    ["<cputune><vcpupin vcpu='0' cpuset='200'/></cputune>", 'kvm', /pinned to \(<cputune>\)/],
    ['<features><hyperv><relaxed state="on"/></hyperv></features>', 'kvm', /<hyperv> features/],
    ['', 'qemu', /what QEMU's emulation gives/],
    ['', 'xen', /what xen gives/],
  ])('%s of type %s is named as not looked at', (more, type, expected) => {
    const plain = domain(custom('<model>Nehalem</model>'), more.startsWith('<vcpu>') ? '' : more)
    const guest = plain
      .replace("type='kvm'", `type='${type}'`)
      .replace('<vcpu>1</vcpu>', found => (more.startsWith('<vcpu>') ? more : found))
    const notesOn = (text: string) => ask(pair(SKYLAKE), text, 'b').notes.map(note => JSON.stringify(note))
    const said = notesOn(guest).filter(note => note.includes('not looked at'))
    expect(said).toEqual([expect.stringMatching(expected)])
    expect(notesOn(domain(custom('<model>Nehalem</model>'))).join()).not.toContain('not looked at')
  })

  test('a guest without a vendor has its host’s while it runs', () => {
    const guest = domain(custom('<model>kvm64</model>'))
    const answer = ask(pair(SKYLAKE, '<model>EPYC</model><vendor>AMD</vendor>'), guest, 'b')
    expect([kinds(answer), answer.canStart]).toEqual([['vendor'], true])
  })

  test('the width that QEMU gives unasked is no more than the host has', () => {
    const host = (bits: number) => `${SKYLAKE}<maxphysaddr mode='emulate' bits='${bits}'/>`
    const guest = domain(custom('<model>Nehalem</model>'))
    expect(ask(pair(host(39)), guest, 'b').verdict).toBe('assumed')
    expect(kinds(ask(pair(host(46), host(39)), guest, 'b'))).toEqual(['phys-bits'])
    const rhel = domain(custom('<model>Nehalem</model>'), '', 'pc-q35-rhel9.4.0')
    expect(kinds(ask(pair(host(46), host(42)), rhel, 'b'))).toEqual(['phys-bits'])
  })
})

/** What KVM gives or keeps whatever the CPU has, and details of nested virtualization: cpu-compare sees the CPU alone. */
const given = new Set(
  builtinKvmRules().rules.flatMap(({ kind, features }) =>
    kind === 'given' || kind === 'judged' ? features : [],
  ),
)
const comparable = db.features.list
  .filter(({ name }) => !/^(vmx|svm)/.test(name) && !given.has(name))
  .filter(({ name }) => !db.dependencies.needs(name).some(need => need === 'svm' || need === 'vmx'))
  // Of a guest without what they are details of they are void.
  .filter(feature => context.cpus.prerequisiteOf?.(feature) === undefined)
  .map(({ name }) => name)

const names = fc.subarray(comparable, { maxLength: 8 })
const policies = fc.constantFrom('require', 'disable', 'optional', 'force', 'forbid')

/**
 * Whether a comparison refuses for what the guest uses. Details of nested virtualization mean nothing where it has none,
 * and libvirt compares them all the same: models with the same features but for these are incompatible to it. Undefined: it
 * refuses for what KVM may give whatever the CPU has, or it stopped before it looked at what a strict definition has not.
 */
function refusesFor(comparison: Comparison, guest: FeatureSet, match: string): boolean | undefined {
  if (comparison.result !== 'incompatible') return false
  const { missing, forbidden, extra } = comparison
  const used = [...missing, ...forbidden, ...extra].filter(feature => {
    const need = context.cpus.prerequisiteOf?.(feature)
    return need === undefined || need.bits.leq(guest)
  })
  if (used.some(({ name }) => !given.has(name))) return true
  return used.length > 0 || match === 'strict' ? undefined : false
}

test('a guest starts where cpu-compare of the host with it says so, unless something is not known', () => {
  const models = fc.constantFrom(...db.models.filter(({ vendor }) => vendor).map(({ name }) => name))
  fc.assert(
    fc.property(
      models,
      names,
      fc.option(models, { nil: undefined }),
      fc.array(fc.tuple(policies, fc.constantFrom(...comparable)), { maxLength: 4 }),
      fc.constantFrom('exact', 'minimum', 'strict'),
      (model, has, any, listed, match) => {
        // What KVM gives whatever the CPU has goes by its vendor, which cpu-compare does not look at.
        const other = any && db.model(any)?.vendor === db.model(model)?.vendor ? any : undefined
        const host = hostXml(
          `<model>${model}</model><vendor>${db.model(model)?.vendor?.name}</vendor>${has.map(name => `<feature name='${name}'/>`).join('')}`,
        )
        const once = new Map(listed.map(([policy, name]) => [name, policy]))
        const cpu = custom(
          `<model>${other ?? model}</model>${[...once].map(([name, policy]) => `<feature policy='${policy}' name='${name}'/>`).join('')}`,
          match,
        )
        const asked = parseCpu(parseXml(cpu), 'guest')
        const comparison = compareCpus(map, parseCpu(parseXml(host), 'host'), asked)
        const documents = [
          { path: 'h.xml', text: host },
          { path: 'g.xml', text: domain(cpu) },
        ]
        const answer = migrate({ documents, guest: 'g', to: 'h' })
        if (!('verdict' in answer)) throw new RangeError('a move was asked for')
        const isOpen = answer.obstacles.some(({ kind }) => kind === 'unknown')
        const refuses = refusesFor(comparison, context.cpus.read(asked).features, match)
        if (!isOpen && refuses !== undefined) expect(answer.canStart).toBe(!refuses)
      },
    ),
    { numRuns: runs(150) },
  )
}, 120_000)
