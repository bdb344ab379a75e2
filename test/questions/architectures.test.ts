import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ARCHITECTURES, fleetArchOf, requireDriver } from '../../src/arch/registry.ts'
import { FeatureSet } from '../../src/core/feature-set.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { reportHosts } from '../../src/questions/hosts/report.ts'
import { Report } from '../../src/report/report.ts'
import { askNow as ask } from '../ask-now.ts'
import { runs } from '../effort.ts'

const corpus = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', 'corpus', 'machines', name), 'utf8')

type Documents = readonly { readonly path: string; readonly text: string }[]

const capabilities = (arch: string, model: string, vendor: string, features: string) =>
  `<capabilities><host><cpu><arch>${arch}</arch><model>${model}</model><vendor>${vendor}</vendor>${features
    .split(' ')
    .filter(Boolean)
    .map(name => `<feature name='${name}'/>`)
    .join('')}</cpu></host></capabilities>`

const guest = (name: string, arch: string, cpu: string) =>
  `<domain type='kvm'><name>${name}</name><os><type arch='${arch}'>hvm</type></os>${cpu}</domain>`

const domainCapabilities = (arch: string, model: string, features: string) =>
  `<domainCapabilities><arch>${arch}</arch><cpu><mode name='host-model' supported='yes'><model fallback='forbid'>${model}</model>${features
    .split(' ')
    .filter(Boolean)
    .map(name => `<feature policy='require' name='${name}'/>`)
    .join('')}</mode></cpu></domainCapabilities>`

interface Sample {
  /** The second host lacks what the first has, the third equals the first. */
  readonly documents: Documents
  /** What the first has more, by one name. */
  readonly more: string
  /** A model that all of them can be given; empty: there is none. */
  readonly model: string
}

const SAMPLES: Readonly<Record<string, Sample>> = {
  aarch64: {
    documents: [
      {
        path: 'a.xml',
        text: capabilities('aarch64', 'Neoverse-N1', 'ARM', 'fp asimd aes crc32 atomics sha2'),
      },
      { path: 'b.xml', text: capabilities('aarch64', 'Neoverse-N1', 'ARM', 'fp asimd crc32 atomics sha2') },
      {
        path: 'c.xml',
        text: capabilities('aarch64', 'Neoverse-N1', 'ARM', 'fp asimd aes crc32 atomics sha2'),
      },
      { path: 'a.xml.d/vm.xml', text: guest('vm', 'aarch64', "<cpu mode='host-passthrough'/>") },
    ],
    more: 'aes',
    model: '',
  },
  ppc64le: {
    documents: [
      { path: 'a.xml', text: capabilities('ppc64le', 'POWER10', 'IBM', '') },
      { path: 'b.xml', text: capabilities('ppc64le', 'POWER9', 'IBM', '') },
      { path: 'c.xml', text: capabilities('ppc64', 'POWER10', 'IBM', '') },
    ],
    more: 'power10',
    model: 'power9',
  },
  s390x: {
    documents: [
      { path: 'a.xml', text: domainCapabilities('s390x', 'gen15a-base', 'csske vx te') },
      { path: 'b.xml', text: domainCapabilities('s390x', 'z14-base', 'vx') },
      { path: 'c.xml', text: domainCapabilities('s390x', 'gen15a-base', 'csske vx te') },
    ],
    more: 'te',
    model: 'z14-base',
  },
  riscv64: {
    documents: [
      { path: 'a.txt', text: corpus('rv64-vector.cpuinfo.txt') },
      { path: 'b.txt', text: corpus('rv64.cpuinfo.txt') },
      { path: 'c.txt', text: corpus('rv64-vector.cpuinfo.txt') },
    ],
    more: 'v',
    model: 'rv64i',
  },
  loongarch64: {
    documents: [
      { path: 'a.txt', text: corpus('loongson.cpuinfo.txt') },
      { path: 'b.txt', text: corpus('loongson.cpuinfo.txt').replaceAll(' lbt_x86', '') },
      { path: 'c.txt', text: corpus('loongson.cpuinfo.txt') },
    ],
    more: 'lbt_x86',
    model: 'la464',
  },
  x86_64: {
    documents: [
      { path: 'a.xml', text: capabilities('x86_64', 'Skylake-Client-IBRS', 'Intel', '') },
      { path: 'b.xml', text: capabilities('x86_64', 'Haswell', 'Intel', '') },
      { path: 'c.xml', text: capabilities('x86_64', 'Skylake-Client-IBRS', 'Intel', '') },
    ],
    more: 'rdseed',
    model: 'Haswell',
  },
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every question
const put = (verb: string, input: object): any => ask({ verb, ...input })

const withoutNotes = ({ notes: _, ...answer }: { notes: unknown }) => answer

const names = (documents: Documents) =>
  documents.filter(({ path }) => !path.includes('.d/')).map(({ path }) => path)

describe.each(Object.entries(SAMPLES))('a fleet of %s', (arch, { documents, more, model }) => {
  const [a = '', b = '', c = ''] = names(documents)

  test('hosts: every host, of its architecture', () => {
    const { hosts } = put('hosts', { documents })
    expect(hosts.map((one: { host: string }) => one.host)).toEqual([a, b, c])
    for (const one of hosts) expect(one.arch).toBe(arch)
  })

  test('hosts of an architecture without levels are not said to have none', () => {
    const report = new Report()
    reportHosts(report, put('hosts', { documents }))
    expect(report.text({ width: 100, paint: text => text })).not.toMatch(/\bnone\b|no level/)
  })

  test('explain: equal hosts are one CPU, and what one lacks is lost there', () => {
    const [pool] = put('explain', { documents }).pools
    expect(pool.groups.map((group: { hosts: string[] }) => group.hosts)).toEqual([[a, c], [b]])
    const lost = pool.lost.find((one: { feature: string }) => one.feature === more)
    expect(lost.causes.flatMap((one: { inGroups: number[] }) => one.inGroups)).toEqual([1])
    expect(pool.expression?.model ?? '').toMatch(model)
    expect(put('explain', { documents, feature: more }).pools[0]).toMatchObject({
      status: 'lost',
      presentInGroups: [0],
    })
  })

  test('explain: QEMU is given what the definition says it is', () => {
    const { expression } = put('explain', { documents, format: 'qemu' }).pools[0]
    if (expression)
      expect([expression.written, expression.notExpressed]).toEqual([`-cpu ${expression.qemu}\n`, []])
    else expect(model).toBe('')
  })

  test('migrate: up, and not down by its own order', () => {
    expect(put('migrate', { documents, from: b, to: a })).toMatchObject({ canMove: true })
    expect(put('migrate', { documents, from: a, to: b })).toMatchObject({ canMove: false })
    const { obstacles } = put('migrate', { documents, from: a, to: b })
    expect(obstacles.map((one: { feature: string }) => one.feature)).toContain(more)
    const { arrows, groups } = put('migrate', { documents })
    const [fromGroup, toGroup] = [b, a].map(name =>
      groups.findIndex(({ hosts }: { hosts: string[] }) => hosts.includes(name)),
    )
    expect(arrows).toMatchObject([{ kind: 'one-way', fromGroup, toGroup }])
  })

  test('pools, advise, drain, drift, check, what-if and models answer', () => {
    const { curve } = put('pools', { documents, k: 2 })
    expect(curve[1].value).toBeGreaterThanOrEqual(curve[0].value)
    expect(put('advise', { documents }).strategies).toHaveLength(4)
    expect(
      put('drain', { documents })
        .steps.map((one: { host: string }) => one.host)
        .sort(),
    ).toEqual([a, b, c])
    const after = documents.map(one => (one.path === a ? { ...one, text: documents[1]?.text ?? '' } : one))
    const drift = put('drift', { before: { documents }, after: { documents: after } })
    expect(drift).toMatchObject({ drifted: true, hasLost: true, same: 2 })
    expect(put('drift', { before: { documents }, after: { documents } }).drifted).toBe(false)
    const fleet = { requirements: [{ 'must-have': more }] }
    expect(put('check', { documents, fleet }).passed).toBe(false)
    expect(put('check', { documents: documents.filter(({ path }) => path !== b), fleet }).passed).toBe(true)
    expect(put('what-if', { documents, remove: [b] }).pools[0].gained).toEqual(
      expect.arrayContaining([expect.objectContaining({ feature: more })]),
    )
    const { models } = put('models', { documents })
    const runs = models.filter((one: { verdict: string }) => ['yes', 'assumed'].includes(one.verdict))
    expect(runs.map((one: { name: string }) => one.name).includes(model) || model === '').toBe(true)
  })

  test('the order of documents does not matter', () => {
    const reversed = [...documents].reverse()
    for (const verb of ['hosts', 'explain', 'migrate', 'pools', 'advise'])
      expect(withoutNotes(put(verb, { documents: reversed }))).toEqual(withoutNotes(put(verb, { documents })))
  })

  test('what libvirt and QEMU have no answer to is said once, on all but x86', () => {
    const notes = put('explain', { documents }).notes.filter(
      ({ kind }: { kind: string }) => kind === 'caveat',
    )
    expect(notes.map((note: { arch: string }) => note.arch)).toEqual(arch === 'x86_64' ? [] : [arch])
  })
})

describe('a directory of several architectures', () => {
  const documents = Object.entries(SAMPLES).flatMap(([arch, sample]) =>
    sample.documents.map(({ path, text }) => ({ path: `${arch}/${path}`, text })),
  )

  test('is several fleets, each as it is alone', () => {
    for (const verb of ['explain', 'pools', 'migrate', 'advise', 'drain', 'models']) {
      const { fleets } = put(verb, { documents })
      expect(fleets.map((one: { arch: string }) => one.arch).sort()).toEqual(Object.keys(SAMPLES).sort())
      for (const { arch, answer } of fleets) {
        const own = documents.filter(({ path }) => path.startsWith(`${arch}/`))
        const { notes: _, schema: __, ...alone } = put(verb, { documents: own })
        expect(answer, `${verb} ${arch}`).toEqual(alone)
      }
    }
    expect(put('hosts', { documents }).hosts).toHaveLength(18)
  })

  test('no guest moves between architectures, and the reason says so', () => {
    const move = put('migrate', { documents, from: 's390x/a.xml', to: 'x86_64/a.xml' })
    expect(move).toMatchObject({ canMove: false, verdict: 'no', canStart: false })
    expect(move.obstacles).toMatchObject([{ kind: 'architecture', guestHas: 's390x', hostHas: 'x86_64' }])
    expect(put('migrate', { documents, from: 'ppc64le/b.xml', to: 'ppc64le/a.xml' })).toMatchObject({
      canMove: true,
    })
  })

  test('what names hosts or features of one is about that one', () => {
    expect(put('what-if', { documents, remove: ['ppc64le/b.xml'] }).pools[0].pool).toBe('ppc64le')
    expect(put('explain', { documents, pool: 'riscv64' }).pools[0].pool).toBe('riscv64')
    expect(put('drain', { documents, hosts: ['s390x/a.xml', 'x86_64/a.xml'] }).fleets).toHaveLength(2)
    expect(() => put('drain', { documents, hosts: ['nowhere'] })).toThrow('no host is called nowhere')
    expect(() => put('explain', { documents, feature: 'avx9' })).toThrow('no feature is called avx9')
  })

  test('a requirement holds where its names are known', () => {
    const fleet = { requirements: [{ level: 'x86-64-v2' }, { 'must-have': 'power9' }, { hosts: 2 }] }
    const { fleets } = put('check', { documents, fleet })
    const kinds = Object.fromEntries(
      fleets.map((one: { arch: string; answer: { verdicts: { kind: string; pool: string }[] } }) => [
        one.arch,
        [...new Set(one.answer.verdicts.map(({ kind }) => kind))],
      ]),
    )
    expect(kinds).toMatchObject({
      x86_64: ['level', 'hosts'],
      ppc64le: ['must-have', 'hosts'],
      riscv64: ['hosts'],
    })
    expect(() => put('check', { documents, fleet: { requirements: [{ level: 'v9' }] } })).toThrow(
      'no level is called v9',
    )
  })

  test('drift pairs within an architecture', () => {
    const answer = put('drift', { before: { documents }, after: { documents: documents.slice(1) } })
    const arm = answer.fleets.find((one: { arch: string }) => one.arch === 'aarch64')
    expect(arm.answer.gone).toEqual(['aarch64/a.xml'])
    expect(answer.fleets.filter((one: { answer: { drifted: boolean } }) => one.answer.drifted)).toHaveLength(
      1,
    )
  })
})

test('a model that QEMU says nothing of is not usable', () => {
  const models = ['yes', 'no', 'unknown'].map(
    usable => `<model usable='${usable}'>POWER${usable.length + 6}</model>`,
  )
  const text = `<domainCapabilities><arch>ppc64le</arch><cpu><mode name='custom' supported='yes'>${models.join('')}</mode></cpu></domainCapabilities>`
  const answer = put('models', { hosts: [text] })
  expect(answer.usableModels.map((one: { name: string }) => one.name)).toEqual(['POWER9'])
  expect(answer.blockedModels).toMatchObject([
    { name: 'POWER8', unexplainedInGroups: [0], unknownInGroups: [] },
    { name: 'POWER13', unexplainedInGroups: [], unknownInGroups: [0] },
  ])
})

test('named models are ranked by what they are, modes of POWER are none that hypervisors list', () => {
  const listed = [9, 8, 11, 10].map(n => `<model usable='unknown'>POWER${n}</model>`).join('')
  const text = domainCapabilities('ppc64le', 'POWER11', '').replace(
    '</cpu>',
    `<mode name='custom' supported='yes'>${listed}</mode></cpu>`,
  )
  const names = (list: { name: string }[]) => list.map(({ name }) => name)
  expect(names(put('models', { hosts: [text] }).blockedModels)).toEqual([
    'POWER11',
    'POWER10',
    'POWER9',
    'POWER8',
  ])
  const { models } = put('models', { documents: [{ path: 'p.xml', text }] })
  expect(models[0]).toMatchObject({ name: 'power11', verdict: 'yes', absentInGroups: [] })
})

test('big and little cores make a host of what they share', () => {
  const core = (n: number, part: string, flags: string) =>
    `processor : ${n}\nFeatures : ${flags}\nCPU implementer : 0x41\nCPU architecture: 8\nCPU variant : 0x2\nCPU part : ${part}\nCPU revision : 0\n\n`
  const text = core(0, '0xd05', 'fp asimd aes cpuid') + core(1, '0xd0b', 'fp asimd aes lrcpc cpuid')
  const { hosts, notes } = put('hosts', { documents: [{ path: 'board', text }] })
  expect(hosts).toMatchObject([{ host: 'board', featureCount: 3, model: null }])
  expect(notes.map(({ kind }: { kind: string }) => kind)).toContain('cpus-differ')
})

test('a LoongArch kernel that does not list crc32 is read', () => {
  const text = corpus('loongson.cpuinfo.txt').replaceAll(' crc32', '')
  expect(put('hosts', { documents: [{ path: 'l', text }] }).hosts).toMatchObject([{ model: 'la464' }])
})

/** What QEMU says of its models, and on IBM Z of its host. */
function conversation(target: string, models: readonly string[], host?: object): string {
  const definitions = models.map(name => ({ name, typename: `${name}-${target}-cpu` }))
  return [
    { execute: 'query-cpu-definitions', id: 1 },
    { return: definitions, id: 1 },
    ...(host
      ? [
          {
            execute: 'query-cpu-model-expansion',
            arguments: { type: 'static', model: { name: 'host' } },
            id: 2,
          },
          { return: { model: host }, id: 2 },
        ]
      : []),
  ]
    .map(message => JSON.stringify(message))
    .join('\n\n')
}

describe('a QEMU of another architecture', () => {
  test.each([
    ['s390x', 's390x', ['z14', 'gen15a']],
    ['riscv64', 'riscv64', ['rva22s64']],
    ['loongarch', 'loongarch64', ['la464']],
    ['powerpc64', 'ppc64le', ['power9_v2.0']],
  ])('%s tells nothing of x86', (target, arch, models) => {
    const documents = [{ path: 'q.json', text: conversation(target, models) }]
    expect(put('hosts', { documents }).hosts).toMatchObject([{ host: 'q.json', arch, featureCount: 0 }])
  })

  test('tells the host-model of IBM Z', () => {
    const text = conversation('s390x', ['z14-base'], { name: 'z14-base', props: { vx: true, te: false } })
    const [host] = put('hosts', { documents: [{ path: 'z.json', text }] }).hosts
    expect(host).toMatchObject({ arch: 's390x', model: 'z14-base', level: 'z14' })
  })
})

const map = CpuMap.builtIn()
const arches = ARCHITECTURES.map(({ arches: all }) => fleetArchOf(map, all.at(-1) ?? ''))

describe.each(arches)('laws of the order of %s', arch => {
  const { db, predictOffered, levels } = requireDriver(map, arch).fleet
  const set = fc
    .array(fc.nat({ max: Math.max(db.features.list.length - 1, 0) }), { maxLength: 40 })
    .map(at => db.features.setOf(at.flatMap(i => db.features.list[i] ?? [])))

  test('a meet is below each of its members, in any order', () => {
    fc.assert(
      fc.property(fc.array(set, { minLength: 1, maxLength: 4 }), sets => {
        const meet = (all: readonly FeatureSet[]) => all.reduce((common, one) => common.meet(one))
        for (const one of sets) expect(meet(sets).leq(one)).toBe(true)
        expect(meet([...sets].reverse()).eq(meet(sets))).toBe(true)
      }),
      { numRuns: runs(400) },
    )
  })

  test('a greater CPU gives guests no less', () => {
    fc.assert(
      fc.property(set, set, (one, other) => {
        const [small, large] = [one.meet(other), one].map(has =>
          predictOffered({ has, known: db.features.all }),
        )
        expect(small?.has.leq(large?.has ?? FeatureSet.empty)).toBe(true)
      }),
      { numRuns: runs(400) },
    )
  })

  test('levels have names of their own, and features that are known', () => {
    expect(new Set(levels.map(({ name }) => name)).size).toBe(levels.length)
    for (const { needs, unknown } of levels) expect([needs.leq(db.features.all), unknown]).toEqual([true, []])
  })
})

test('guests stay on the core that a platform calls by its product', () => {
  const flags = 'fp asimd aes crc32 atomics'.split(' ')
  const incus = (name: string) =>
    JSON.stringify({ architecture: 'aarch64', sockets: [{ name, cores: [{ threads: [{ id: 0 }], flags }] }] })
  const documents = [
    { path: 'a.json', text: incus('Ampere(R) Altra(R) Processor Q80-30') },
    { path: 'b.json', text: incus('AWS Graviton3') },
    {
      path: 'c.txt',
      text: `Architecture: aarch64\nByte Order: Little Endian\nVendor ID: ARM\nModel name: Neoverse-N1\nFlags: ${flags.join(' ')}\n`,
    },
  ]
  const move = (to: string) => put('migrate', { documents, from: 'a.json', to })
  expect(move('b.json').canMove).toBe(false)
  expect(move('b.json').obstacles).toMatchObject([{ kind: 'core' }])
  expect(move('c.txt').canMove).toBe(true)
})

describe('ID registers of ARM', () => {
  const machine = (midr: string, isar0: string) =>
    `MIDR_EL1 = ${midr}\nAT_HWCAP = 0x00000000119fffff\nCTR_EL0 = 0x9444c004\nID_AA64ISAR0_EL1 = ${isar0}\nID_AA64PFR0_EL1 = 0x1100000011111112\n`
  const [n1, v1] = [machine('0x413fd0c1', '0x0000100010211120'), machine('0x411fd401', '0x0010100010211122')]

  test('come to what is safe on all, each field by its order', () => {
    const { pools } = put('explain', { documents: [n1, v1].map((text, i) => ({ path: `${i}.txt`, text })) })
    expect(pools[0].idRegisters).toEqual({
      sysregs: ['SYSREG_ID_AA64ISAR0_EL1_TS=0x0'],
      feats: ['feat_FlagM=off'],
      midrs: ['0x411fd401', '0x413fd0c1'],
    })
    expect(pools[0].mixed).toContain('no QEMU moves')
  })

  test('equal ones want nothing of QEMU, and hosts without them tell nothing', () => {
    const equal = put('explain', { documents: [n1, n1].map((text, i) => ({ path: `${i}.txt`, text })) })
    expect(equal.pools[0].idRegisters).toEqual({ sysregs: [], feats: [], midrs: ['0x413fd0c1'] })
    const some = [n1, corpus('neoverse-v1.cpuinfo.txt')].map((text, i) => ({ path: `${i}.txt`, text }))
    expect(put('explain', { documents: some }).pools[0].idRegisters).toBeUndefined()
  })

  const fields = {
    CTR_EL0: 0x9444_c004n,
    ID_AA64PFR0_EL1: 0x1100_0000_1111_1112n,
    ID_AA64ISAR0_EL1: 0x0000_1000_1021_1120n,
    ID_AA64MMFR0_EL1: 0x0010_1125n,
  }
  const named = (own: Record<string, bigint>) =>
    Object.entries({ MIDR_EL1: 0x413f_d0c1n, ...fields, ...own })
      .map(([name, value]) => `${name} = 0x${value.toString(16).padStart(16, '0')}\n`)
      .join('')
  const ofHosts = (...own: Record<string, bigint>[]) =>
    own.map((one, i) => ({ path: `${'abc'[i]}.txt`, text: named(one) }))

  test('stand for flags that Linux did not tell, and so for a level', () => {
    const [host] = put('hosts', { documents: ofHosts({}) }).hosts
    expect(host).toMatchObject({ arch: 'aarch64', model: 'Neoverse-N1', level: 'ARMv8.1-A' })
    const more = ofHosts({ ID_AA64ISAR1_EL1: 0x0010_0001n })
    expect(put('hosts', { documents: more }).hosts[0].level).toBe('ARMv8.2-A')
  })

  test('part hosts of one core whose guests cannot move, each way by itself', () => {
    const lower = { ID_AA64PFR0_EL1: 0x1000_0000_1111_1112n }
    const documents = ofHosts({}, lower)
    const { arrows, hostCpuOnly, pools, obstacles } = put('migrate', { documents })
    expect(arrows).toMatchObject([{ fromGroup: 1, toGroup: 0, kind: 'one-way' }])
    expect(obstacles.map((one: { feature?: string }) => one.feature)).toEqual(['FEAT_CSV2'])
    expect(hostCpuOnly).toBe(true)
    expect(pools).toEqual([
      {
        pool: '',
        idRegisters: {
          sysregs: ['SYSREG_ID_AA64PFR0_EL1_CSV2=0x0'],
          feats: ['feat_CSV2=off'],
          midrs: ['0x413fd0c1'],
        },
      },
    ])
    const lost = put('explain', { documents }).pools[0].lost.map((one: { feature: string }) => one.feature)
    expect(lost).toEqual(['FEAT_CSV2'])
  })

  test('a guest moves where each field is safe, and only there', () => {
    const nibbles = fc.array(fc.constantFrom(0n, 1n, 2n), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(nibbles, nibbles, (left, right) => {
        // AES, CRC32, DP and TS of ISAR0: the smaller value of each is safe.
        const isar = ([aes = 0n, crc = 0n, dp = 0n, ts = 0n]: readonly bigint[]) =>
          (aes << 4n) | ((crc && 1n) << 16n) | ((dp && 1n) << 44n) | (ts << 52n)
        const [a, b] = [left, right].map(isar)
        const documents = ofHosts({ ID_AA64ISAR0_EL1: a ?? 0n }, { ID_AA64ISAR0_EL1: b ?? 0n })
        const isSafe = (from = 0n, to = 0n) =>
          [4n, 16n, 44n, 52n].every(lsb => ((from >> lsb) & 15n) <= ((to >> lsb) & 15n))
        const moves = (from: string, to: string) => put('migrate', { documents, from, to }).canMove
        expect([moves('a.txt', 'b.txt'), moves('b.txt', 'a.txt')]).toEqual([isSafe(a, b), isSafe(b, a)])
      }),
      { numRuns: runs(60) },
    )
  })

  test('a lower value is below every host’s, in any order of hosts', () => {
    const value = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
    const { bestFold } = requireDriver(map, 'aarch64')
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), values => {
        const fold = (all: readonly bigint[]) => {
          const made = bestFold?.()
          for (const isar of all)
            made?.add({
              type: 'host',
              model: 'Neoverse-N1',
              features: [{ name: 'fp' }],
              registers: new Map([['ID_AA64ISAR0_EL1', isar]]),
            })
          return made?.result().registers?.get('ID_AA64ISAR0_EL1') ?? 0n
        }
        const met = fold(values)
        expect(fold([...values].reverse())).toBe(met)
        for (const isar of values)
          for (let lsb = 4n; lsb < 64n; lsb += 4n)
            expect((met >> lsb) & 15n).toBeLessThanOrEqual(Number((isar >> lsb) & 15n))
      }),
      { numRuns: runs(200) },
    )
  })
})

describe('definitions of other architectures are decoded as their own', () => {
  const decode = (text: string) => put('decode', { text })

  test('a host’s, a guest’s, and a hypervisor’s', () => {
    expect(decode(capabilities('aarch64', 'Neoverse-N1', 'ARM', 'fp')).model).toBe('Neoverse-N1')
    expect(decode(capabilities('ppc64le', 'POWER11', 'IBM', '')).xml).toContain('<arch>ppc64le</arch>')
    expect(decode(domainCapabilities('ppc64le', 'POWER11', '')).model).toBe('POWER11')
    expect(decode(domainCapabilities('s390x', 'gen17a-base', 'vx')).model).toBe('gen17a-base')
    const vm = guest('vm', 'ppc64le', "<cpu mode='host-model'><model>power10</model></cpu>")
    expect(decode(vm).model).toBe('power10')
  })

  test('a definition without an architecture is of the one that alone has its model', () => {
    const of = (text: string) => put('hosts', { documents: [{ path: 'a.xml', text }] }).hosts
    const bare = (model: string) => `<cpu mode='custom' match='exact'><model>${model}</model></cpu>`
    expect(decode(bare('power9')).model).toBe('power9')
    expect(decode(bare('Neoverse-N1')).model).toBe('Neoverse-N1')
    expect(decode(bare('z14-base')).model).toBe('z14-base')
    expect(() => decode(bare('nosuch'))).toThrow('Unknown CPU model nosuch')
    const models = "<mode name='custom' supported='yes'><model usable='unknown'>POWER10</model></mode>"
    expect(of(`<domainCapabilities><cpu>${models}</cpu></domainCapabilities>`)).toMatchObject([
      { arch: 'ppc64le' },
    ])
  })

  test('a model that is unknown there is refused', () => {
    expect(() => decode(domainCapabilities('ppc64le', 'POWER99', ''))).toThrow('Unknown CPU model POWER99')
  })
})
