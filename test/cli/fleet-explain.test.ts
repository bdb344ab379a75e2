import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CostAnswer, PoolExplanation } from '../../src/questions/explain/answer.ts'
import type { PoolsAnswer } from '../../src/questions/pools/answer.ts'
import { hostsAt } from '../../src/questions/words/cells.ts'
import { virtCpu } from './virt-cpu.ts'

const root = join(import.meta.dirname, '..', '..')
const expected = (name: string) => join(root, 'test', 'expected', 'fleet', `${name}.txt`)

/** Every example that has hosts: one that is a fleet by itself, and all without a fleet file as one. */
const EXAMPLES = readdirSync(join(root, 'examples'))
  .filter(name => name !== 'guests' && name !== 'inventory.ndjson')
  .map(name => `examples/${name}`)

const explained = (path: string): PoolExplanation[] =>
  JSON.parse(virtCpu(['explain', path, '--json'], { cwd: root }).stdout).pools

/** All places of groups in an answer. */
const placesIn = (answer: unknown): number[] =>
  typeof answer !== 'object' || answer === null
    ? []
    : Object.entries(answer).flatMap(([key, value]) => (/InGroups$/i.test(key) ? value : placesIn(value)))

describe('golden outputs of the story in docs/fleet.md', () => {
  test.each([
    ['forty-explain-amd', ['explain', 'examples/forty', '--pool', 'amd', '--details']],
    ['forty-explain-intel', ['explain', 'examples/forty', '--pool', 'intel', '--details']],
    ['forty-cost', ['explain', 'examples/forty', '--cost']],
    ['forty-feature', ['explain', 'examples/forty', '--feature', 'md_clear']],
    ['forty-pools', ['pools', 'examples/forty']],
    ['forty-pools-markdown', ['pools', 'examples/forty', '--pools', '3', '--markdown']],
    ['forty-advise', ['advise', 'examples/forty']],
    ['fleet-explain', ['explain', 'examples/fleet']],
  ])('%s', async (name, args) => {
    const { status, stdout, stderr } = virtCpu(args, { cwd: root })
    expect([status, stderr]).toEqual([0, ''])
    await expect(stdout).toMatchFileSnapshot(expected(name))
  })
})

describe('every example', () => {
  test.each(EXAMPLES)('%s: each lost feature has hosts, name, title, place, cause and remedy', path => {
    for (const pool of explained(path)) {
      const { lost, groups, hostCount } = pool
      const hosts = groups.flatMap(group => group.hosts)
      expect([hosts.length, new Set(hosts).size]).toEqual([hostCount, hostCount])
      expect(placesIn(pool).filter(place => !groups[place])).toEqual([])
      for (const { feature, title, place, causes: because } of lost) {
        expect([feature, title, place].filter(text => text.length < 2)).toEqual([])
        expect(because.length).toBeGreaterThan(0)
        for (const { cause, meaning, confidence, remedy, inGroups } of because) {
          expect([feature, meaning !== '', remedy !== '', confidence !== undefined]).toEqual([
            feature,
            true,
            true,
            true,
          ])
          if (!['not-migratable', 'model', 'hypervisor'].includes(cause)) {
            expect([feature, cause, inGroups.length > 0]).toEqual([feature, cause, true])
          }
        }
      }
    }
  })

  test.each(EXAMPLES)(
    '%s: what is kept and what is lost share nothing; text says no bare "incompatible"',
    path => {
      for (const { kept, lost } of explained(path)) {
        const names = new Set(kept.map(({ feature }) => feature))
        expect(lost.filter(({ feature }) => names.has(feature))).toEqual([])
      }
      expect(virtCpu(['explain', path], { cwd: root }).stdout).not.toMatch(/incompatible/i)
    },
  )
})

describe('explain', () => {
  test('the hosts that cost most are on the first line, and what can be done follows by its gain', () => {
    const { stdout } = virtCpu(['explain', 'examples/forty', '--cost'], { cwd: root })
    const { mostExpensive, pools }: CostAnswer = JSON.parse(
      virtCpu(['explain', 'examples/forty', '--cost', '--json'], { cwd: root }).stdout,
    )
    expect(mostExpensive?.host).toBe('kvm-a03')
    const [amd, intel] = pools
    expect(hostsAt(amd?.groups ?? [], amd?.costs[0]?.inGroups ?? [])).toHaveLength(6)
    expect(amd?.costs[0]?.gain).toBeGreaterThan(intel?.costs[0]?.gain ?? 0)
    expect(stdout).toMatch(/^6 hosts \(kvm-m01, kvm-m02 and 4 more\) cost pool amd most: 34 features/)
    expect(intel?.fixes.map(fix => [fix.remedy, hostsAt(intel.groups, fix.inGroups)[0]])).toContainEqual([
      'update microcode to 2019-11 or later',
      'kvm-a03',
    ])
    const gains = intel?.fixes.map(({ gain }) => gain) ?? []
    expect(gains).toEqual(gains.toSorted((a, b) => b - a))
  })

  test('the odd ones that the example was given are found, with their causes', () => {
    const odd = explained('examples/forty').flatMap(({ groups, outliers }) =>
      outliers.map(one => ({ ...one, hosts: hostsAt(groups, one.inGroups) })),
    )
    const found = odd.map(({ hosts, lacks }) => [
      hosts.join(' '),
      [...new Set(lacks.map(({ cause }) => cause))].join(' '),
    ])
    expect(found).toEqual([
      ['kvm-m04', 'firmware'],
      ['kvm-a03', 'microcode unknown'],
      ['kvm-a07', 'unknown firmware'],
      ['kvm-a09', 'kernel'],
      // A kernel's option does not change what CPUID shows.
      ['kvm-b05', 'unknown'],
    ])
  })

  test('what is asked for and is not there is told with what is', () => {
    const told = (...args: string[]) => {
      const { status, stdout, stderr } = virtCpu(['explain', 'examples/forty', ...args], { cwd: root })
      expect(stdout).toBe('')
      return [status, stderr]
    }
    expect(told('--pool', 'blue')).toEqual([2, 'error: no pool is called blue; there are amd, intel\n'])
    expect(told('--feature', 'avx3')).toEqual([2, 'error: no feature is called avx3; did you mean avx?\n'])
    expect(told('--feature', 'aes', '--cost')).toEqual([2, 'error: give either feature or cost\n'])
  })
})

describe('pools', () => {
  const planned = (...args: string[]): PoolsAnswer & { status: number | null } => {
    const { status, stdout } = virtCpu(['pools', 'examples/forty', ...args, '--json'], { cwd: root })
    return { ...JSON.parse(stdout), status }
  }

  test('what no partition keeps is a no, with why', () => {
    const { status, curve, pools } = planned('--pools', '1')
    expect([status, pools]).toEqual([1, []])
    expect(curve[0]?.impossible).toMatch(/^the hosts are of (?:Intel, AMD|AMD, Intel), which share no pool/)
  })

  test('options win over the fleet file', () => {
    const { groups, pools, leftOut } = planned(
      '--pools',
      '2',
      '--level',
      'v4',
      '--smallest',
      '1',
      '--together',
      'x=kvm-a01,kvm-c0?',
    )
    expect(leftOut.flatMap(({ inGroups }) => hostsAt(groups, inGroups)).sort()).toEqual(
      [1, 2, 3, 4, 5, 6].map(n => `kvm-m0${n}`),
    )
    const held = pools.find(({ name }) => name === 'x')
    expect(hostsAt(groups, held?.inGroups ?? [])).toEqual(
      expect.arrayContaining(['kvm-a01', 'kvm-c01', 'kvm-c08']),
    )
  })

  test('the same through batch as through the command', () => {
    const request = {
      verb: 'pools',
      k: 2,
      documents: [
        { path: 'a/1.xml', text: '<cpu><arch>x86_64</arch><model>Haswell</model></cpu>' },
        { path: 'b/2.xml', text: '<cpu><arch>x86_64</arch><model>Skylake-Server</model></cpu>' },
      ],
    }
    const { stdout } = virtCpu(['batch'], { input: `${JSON.stringify(request)}\n` })
    const { groups, curve, pools, now }: PoolsAnswer = JSON.parse(stdout)
    expect(curve.map(({ count, poolCount: made }) => [count, made])).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(pools.map(({ inGroups }) => hostsAt(groups, inGroups))).toEqual([['a/1.xml'], ['b/2.xml']])
    expect(now?.pools.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('a fault of the fleet is told with its place', () => {
    const ask = (request: object) =>
      JSON.parse(virtCpu(['batch'], { input: `${JSON.stringify({ verb: 'advise', ...request })}\n` }).stdout)
        .error
    expect(ask({ documents: [] })).toEqual({ kind: 'bad-input', message: 'no host in the documents' })
    const documents = [{ path: 'a', text: '<cpu><arch>x86_64</arch><model>Haswell</model></cpu>' }]
    expect(ask({ documents, fleet: { constraints: { level: 'v7' } } }).message).toMatch(
      /^fleet.constraints.level: no level is called v7/,
    )
    expect(ask({ documents, k: 0 })).toEqual({
      kind: 'bad-request',
      message: 'advise: k must be a whole number from 1 to 1000',
    })
  })
})
