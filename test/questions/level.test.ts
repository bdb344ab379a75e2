import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FeatureSet } from '../../src/core/feature-set.ts'
import { greatestMarch, marchTable } from '../../src/formats/named-levels.ts'
import { fits, level } from '../../src/index.ts'
import { nextLevel } from '../../src/map/levels.ts'
import { builtinSystems, neededOn, parseSystems } from '../../src/map/system-needs.ts'
import { contextFor, contextOf } from '../../src/questions/context.ts'
import { runs } from '../effort.ts'

const root = join(import.meta.dirname, '..', '..')
const host = (folder: string, name: string) => ({
  path: `${name}.xml`,
  text: readFileSync(join(root, 'examples', folder, `${name}.xml`), 'utf8'),
})
const guest = (name: string, model: string, ...features: string[]) => ({
  path: `${name}.xml`,
  text: `<domain type='kvm'><name>${name}</name><os><type arch='x86_64'>hvm</type></os><cpu mode='custom' match='exact'><model>${model}</model>${features.map(feature => `<feature policy='require' name='${feature}'/>`).join('')}</cpu></domain>`,
})
const {
  db,
  cpus: { levels },
} = contextOf()
const reached = (model: string) => greatestMarch(db.model(model)?.features ?? FeatureSet.empty)

describe('level', () => {
  test('the next is the highest that may be reached, and of two levels known to lack something the lower', () => {
    const names = levels.flatMap(({ needs }) => db.features.in(needs).map(({ name }) => name))
    const some = fc.subarray([...new Set(names)]).map(list => db.features.setOfNames(list))
    fc.assert(
      fc.property(some, some, (features, open) => {
        const next = nextLevel(db.features, levels, features, open)
        const [reached, may] = [features, features.join(open)].map(set =>
          levels.findLastIndex(({ needs }) => needs.leq(set)),
        ) as [number, number]
        expect(next && levels.indexOf(next.level)).toBe(
          reached === levels.length - 1 ? undefined : Math.max(reached + 1, may),
        )
      }),
      { numRuns: runs(200) },
    )
  })

  test('of labels that leave out what v2 and v3 need, v3 may be reached', () => {
    const told =
      'ADX AESNI AVX AVX2 FMA3 FXSR FXSROPT LAHF MOVBE OSXSAVE SYSCALL SYSEE X87 XSAVE XSAVEC XSAVEOPT'.split(
        ' ',
      )
    const labels = told.map(word => `"feature.node.kubernetes.io/cpu-cpuid.${word}": "true"`)
    const text = `{"kind": "Node", "metadata": {"name": "n", "labels": {${labels.join(', ')}}}}`
    const [line] = level({ documents: [{ path: 'n.json', text }] }).lines
    expect(line?.next).toMatchObject({ level: 'x86-64-v3', missing: [] })
    expect(line?.next?.notKnown).toEqual(expect.arrayContaining(['bmi1', 'bmi2', 'f16c']))
  })

  test('of hosts, guests and pools, with what is missing to the next', () => {
    const { lines } = level({
      documents: [host('fleet', 'sky-01'), host('fleet', 'cas-01'), guest('old', 'qemu64')],
    })
    expect(lines.map(({ kind, name, level: of }) => [kind, name, of])).toEqual([
      ['host', 'cas-01.xml', 'x86-64-v4'],
      ['host', 'sky-01.xml', 'x86-64-v4'],
      ['guest', 'old', 'x86-64-v1'],
      ['pool', '', 'x86-64-v4'],
    ])
    const missing = lines[2]?.next?.missing.map(({ feature }) => feature)
    expect(missing).toEqual(['ssse3', 'sse4.1', 'sse4.2', 'popcnt', 'lahf_lm'])
  })

  test('with the EVC mode of one vendor, and none of several', () => {
    const { lines } = level({
      documents: [
        host('fleet', 'cas-01'),
        guest('hsw', 'Haswell-noTSX'),
        guest('rome', 'EPYC-Rome'),
        guest('any', 'qemu64'),
      ],
    })
    expect(Object.fromEntries(lines.map(({ name, evc }) => [name, evc]))).toEqual({
      'cas-01.xml': 'intel-cascadelake',
      hsw: 'intel-haswell',
      rome: 'amd-zen2',
      any: undefined,
    })
    const text = host('fleet', 'cas-01').text
    const foreign = {
      path: 'amd.xml',
      text: text.replaceAll('<vendor>Intel</vendor>', '<vendor>AMD</vendor>'),
    }
    const mixed = level({ documents: [host('fleet', 'cas-01'), foreign] }).lines.find(
      ({ kind }) => kind === 'pool',
    )
    expect(mixed).not.toHaveProperty('evc')
  })

  test('of guests alone', () => {
    expect(level({ documents: [guest('a', 'Nehalem')] }).lines).toMatchObject([{ level: 'x86-64-v2' }])
  })

  test('a pool of two vendors lists what guests can have, and what stays unsafe', () => {
    const { lines } = level({ documents: [host('fleet', 'ice-01'), host('fleet-amd', 'milan-01')] })
    const pool = lines.find(({ kind }) => kind === 'pool')
    expect(pool).toMatchObject({ level: 'x86-64-v3', vendors: ['AMD', 'Intel'] })
    expect(pool?.flags).toContain('avx2')
    expect(pool?.flags).not.toContain('avx512f')
    expect(pool?.unsafe).toContain('vendors')
  })
})

describe('-march', () => {
  test('of models', () => {
    const names = [
      'Westmere',
      'IvyBridge',
      'Haswell-v4',
      'Cascadelake-Server',
      'EPYC-Milan',
      'SapphireRapids',
    ]
    expect(names.map(name => reached(name).name)).toEqual([
      'x86-64-v2',
      'ivybridge',
      'sandybridge',
      'cascadelake',
      'znver2',
      'sapphirerapids',
    ])
  })

  test('names the one flag that is missing to a greater', () => {
    const almost = { name: 'cascadelake', flag: 'avx512vnni' }
    expect(reached('Skylake-Server').almost).toContainEqual({ ...almost, known: true })
    const { features } = db.model('Skylake-Server') ?? { features: FeatureSet.empty }
    const open = greatestMarch(features, some => some.minus(features))
    expect(open.almost).toContainEqual({ ...almost, known: false })
  })

  test('names of other vendors are told of nobody, though their features are there', () => {
    const { makers } = marchTable()
    expect(new Set(makers.values())).toEqual(new Set(['Intel', 'AMD', 'Zhaoxin', 'Hygon']))
    for (const { features } of db.models)
      for (const vendors of [['Intel'], ['AMD'], ['AMD', 'Intel'], ['Hygon']]) {
        const { name = '', almost } = greatestMarch(features, undefined, vendors)
        const told = [name, ...almost.map(one => one.name)].flatMap(one => makers.get(one) ?? [])
        expect(told.filter(maker => !vendors.includes(maker))).toEqual([])
      }
    // libvirt has two vendors for its two signatures.
    const yongfeng = db.model('YongFeng')
    expect(
      greatestMarch(yongfeng?.features ?? db.features.all, undefined, [yongfeng?.vendor?.name ?? '']).name,
    ).toBe('yongfeng')
    const { lines } = level({ documents: [host('fleet', 'ice-01'), host('fleet-amd', 'rome-01')] })
    expect(JSON.stringify(lines)).not.toMatch(/yongfeng|lujiazui|c86/)
  })

  test('law: what a CPU reaches, one with more features reaches too, or a greater', () => {
    const { targets, apart } = marchTable()
    const size = (name = '') => [...(targets.get(name) ?? [])].filter(word => !apart.has(word)).length
    const set = fc.subarray([...db.features.list]).map(list => db.features.setOf(list))
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(size(greatestMarch(a.join(b)).name)).toBeGreaterThanOrEqual(size(greatestMarch(a).name))
      }),
      { numRuns: runs(1200) },
    )
  })
})

describe('fits', () => {
  const line = (os: string, name: string, ...documents: { path: string; text: string }[]) => {
    const { members, systems } = fits({ documents, os: [os] })
    return systems[0]?.lines.find(({ inMembers }) => inMembers.some(place => members[place]?.name === name))
  }

  test('says what is missing and the cheapest fix', () => {
    const old = guest('old', 'qemu64')
    expect(line('rhel9', 'old', old)).toMatchObject({ verdict: 'no' })
    expect(line('rhel9', 'old', old)?.fix).toMatch(
      /^power it off, and give it the model Nehalem, or host-model/,
    )
    const near = guest('near', 'qemu64', 'ssse3', 'sse4.1', 'sse4.2', 'popcnt')
    expect(line('rhel9', 'near', near)?.fix).toMatch(/^power it off, and turn on lahf_lm, or /)
    expect(line('rhel9', 'new', guest('new', 'Nehalem'))).toMatchObject({ verdict: 'yes', fix: '' })
    expect(line('rhel10', 'new', guest('new', 'Nehalem'))).toMatchObject({ verdict: 'no' })
  })

  test('proposes only what the hosts can give', () => {
    const fix = line('rhel10', 'old', guest('old', 'Nehalem'), host('fleet', 'sky-01'))?.fix
    expect(fix).toMatch(/model (?:Skylake|Haswell|Broadwell)/)
  })

  test('warns of what the system must not have', () => {
    const bad = guest('win', 'EPYC-Milan', 'arch-capabilities')
    expect(line('windows11', 'win', bad)?.harms.map(({ feature }) => feature)).toContain('arch-capabilities')
    expect(line('rhel9', 'win', bad)?.harms).toEqual([])
  })

  test('MongoDB needs xsave beside avx', () => {
    expect(line('mongodb5', 'm', guest('m', 'kvm64', 'avx'))?.missing).toMatchObject([{ feature: 'xsave' }])
  })

  test('a pool without the hosts that cannot', () => {
    const old = {
      path: 'neh.xml',
      text: '<cpu><arch>x86_64</arch><model>Nehalem</model><vendor>Intel</vendor></cpu>',
    }
    expect(line('rhel10', '', old, host('fleet', 'sky-01'))).toMatchObject({
      verdict: 'no',
      fix: 'leave out neh.xml: the other 1 can all run it',
    })
  })

  test('of an architecture on which nothing is known of its needs says so, and not that all can run it', () => {
    const arm = {
      path: 'a.txt',
      text: readFileSync(join(root, 'test/corpus/machines/neoverse-n1.cpuinfo.txt'), 'utf8'),
    }
    const { members, systems } = fits({ documents: [arm], os: ['numpy'] })
    const [system] = systems
    expect(system?.needs).toEqual(['aarch64: not known'])
    const kindOf = ([place = -1]: readonly number[]) => members[place]?.kind
    expect(
      system?.lines.map(({ inMembers, verdict, notKnown }) => [kindOf(inMembers), verdict, notKnown]),
    ).toEqual([
      ['host', 'unknown', ['its needs']],
      ['pool', 'unknown', ['its needs']],
    ])
  })

  test('names of systems, and an unknown one', () => {
    expect(fits({ documents: [guest('a', 'Nehalem')], os: ['Rocky10'] }).systems[0]?.system).toBe('rhel10')
    expect(() => fits({ documents: [guest('a', 'Nehalem')], os: ['rhel11'] })).toThrow(
      /did you mean rhel10\?; known: /,
    )
  })
})

describe('data/needs.txt', () => {
  test('names levels and features that there are', () => {
    const unknown = builtinSystems().flatMap(system =>
      system.needs.flatMap(({ arch }) => {
        const { cpus } = contextFor(contextOf(), arch)
        const need = neededOn(system, arch, cpus.db.features, cpus.levels)
        return (need?.unknown ?? []).map(name => `${system.names[0]} ${arch} ${name}`)
      }),
    )
    expect(unknown).toEqual([])
    const names = builtinSystems().flatMap(system => system.names)
    expect(new Set(names).size).toBe(names.length)
  })

  test('that breaks the grammar is refused with its place', () => {
    const parse = (text: string) => () => parseSystems({ name: 'n', text })
    expect(parse('system a : b\n')).toThrow('n:1:1')
    expect(parse('system a : b [c]\n   needs x86_64\n')).toThrow('n:2:4')
    expect(parse('   needs x86_64 - [c]\n')).toThrow('expected `system`')
  })
})
