import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ask } from '../../src/index.ts'
import { isLong, runs } from '../effort.ts'

/**
 * A host is named once in an answer, in `groups` or in the line that is about it, and referred to by its place: an answer
 * about ten times the hosts is ten times as long.
 */

/** Where a name may stand once more, and why; `*` stands for a place in a list or a section. */
const AGAIN: Readonly<Record<string, string>> = {
  'mostExpensive.host': 'the one host that the finding names',
  'pools.*.name': 'a pool without a label is called as its first host',
  'strategies.*.pools.*.name': 'a pool without a label is called as its first host',
  'guests.*.host': 'a line of a guest says where it runs',
  'preflight.guests.*.host': 'a line of a guest says where it runs',
  'preflight.guests.*.move.host': 'a line of a guest says where it is best moved',
  'preflight.guests.*.return.host': 'a line of a guest says where it is best moved',
  'preflight.guests.*.atStart.start.host': 'a line of a guest says where it is best moved',
  'preflight.guests.*.atStart.return.host': 'a line of a guest says where it is best moved',
  'steps.*.moves.*.to': 'a line of a guest says where it goes',
  'unmovable.*.host': 'a line of a guest says where it runs',
  'unmovable.*.nearestHost': 'a line of a guest says where it may go',
  'restarts.*.host': 'a line of a guest says where it runs',
  'keptCpus.*.groups.*.hosts.*': 'the hosts that no longer give a kept CPU, which the finding names',
  'notes.*.such': 'a note names some hosts in words',
  'notes.*.source': 'a note about a document says which',
  'notes.*.other': 'a note about two documents says which',
  'notes.*.host': 'a note about a guest and its host names both',
}

/** A sentence names so many hosts at most: it says how many more there are. */
const MOST = 12

interface Fleet {
  readonly documents: readonly { readonly path: string; readonly text: string }[]
  readonly names: readonly string[]
}

/** The CPU of the host of a number: hosts of one CPU differ in microcode and clock. */
type CpuText = (number: number) => string

const cpu =
  (
    model: string,
    vendor: string,
    signature: readonly number[],
    bits: number,
    ...features: string[]
  ): CpuText =>
  number => {
    const [family, of, stepping] = signature
    return `<cpu><arch>x86_64</arch><model>${model}</model><vendor>${vendor}</vendor>
<microcode version='${7 + (number % 3)}'/>
<signature family='${family}' model='${of}' stepping='${stepping}'/>
<counter name='tsc' frequency='${2_000_000_000 + (number % 4) * 100_000_000}' scaling='no'/>
<maxphysaddr mode='emulate' bits='${bits}'/>
${features.map(name => `<feature name='${name}'/>`).join('')}</cpu>`
  }

const CPUS = [
  cpu('Haswell', 'Intel', [6, 63, 2], 46, 'vmx', 'md-clear'),
  cpu('Haswell', 'Intel', [6, 63, 2], 46, 'vmx'),
  cpu('Skylake-Server', 'Intel', [6, 85, 4], 46, 'md-clear', 'ssbd'),
  cpu('EPYC-Milan', 'AMD', [25, 1, 1], 48, 'ibrs'),
  cpu('Nehalem', 'Intel', [6, 26, 5], 40),
]

/** Hosts of these CPUs in these pools, in turn, and guests on some of them. */
function fleetOf(cpus: readonly CpuText[], pools: readonly string[], size: number): Fleet {
  const hosts = Array.from({ length: size }, (_, i) => {
    const pool = pools[i % pools.length] ?? ''
    return { pool, folder: `${pool}/h${String(i).padStart(4, '0')}` }
  })
  return {
    names: hosts.map(({ folder }) => `${folder}.xml`),
    documents: hosts.flatMap(({ folder }, i) => {
      const host = { path: `${folder}.xml`, text: cpus[i % cpus.length]?.(i) ?? '' }
      const model = i % 2 === 0 ? 'Nehalem' : 'Haswell'
      const text = `<domain type='kvm' id='1'><name>g${i}</name><os><type arch='x86_64'>hvm</type></os><cpu match='exact'><model>${model}</model></cpu></domain>`
      const says = { path: `${folder}.vulnerabilities.txt`, text: 'mds:Vulnerable\ntsa:Vulnerable' }
      return [
        host,
        ...(i % 3 === 0 ? [{ path: `${folder}/g${i}.xml`, text }] : []),
        ...(i % 2 === 0 ? [says] : []),
      ]
    }),
  }
}

const REQUIREMENTS = [
  { level: 'x86-64-v3' },
  { 'must-have': ['avx2', 'md-clear'] },
  { 'must-not': ['vmx'] },
  { model: 'Haswell' },
  { vendor: 'Intel' },
  { 'phys-bits': 60 },
  { microcode: { '6.63.2': 9 } },
  { alike: true },
  { 'same-microcode': true },
  { movable: true },
  { safe: true },
]

const KEPT = { 'kept-cpus': { a: '<cpu match="exact"><model>Skylake-Server</model></cpu>' } }

/** Every question about a fleet. */
const QUESTIONS: Readonly<Record<string, (fleet: Fleet) => Readonly<Record<string, unknown>>>> = {
  hosts: ({ documents }) => ({ verb: 'hosts', documents }),
  explain: ({ documents }) => ({ verb: 'explain', documents }),
  'explain with cost': ({ documents }) => ({ verb: 'explain', documents, cost: true }),
  'explain of a feature': ({ documents }) => ({ verb: 'explain', documents, feature: 'avx2' }),
  pools: ({ documents }) => ({ verb: 'pools', documents }),
  'pools that must have a feature': ({ documents }) => ({
    verb: 'pools',
    documents,
    k: 3,
    mustHave: ['avx2'],
  }),
  advise: ({ documents }) => ({ verb: 'advise', documents }),
  models: ({ documents }) => ({ verb: 'models', documents }),
  migrate: ({ documents }) => ({ verb: 'migrate', documents }),
  drain: ({ documents }) => ({ verb: 'drain', documents }),
  'what-if': ({ documents, names }) => ({
    verb: 'what-if',
    documents,
    remove: names.slice(0, 1),
    apply: ['-vmx'],
  }),
  'what-if with an upgrade': ({ documents }) => ({ verb: 'what-if', documents, upgrade: ['qemu=10.0'] }),
  drift: ({ documents }) => ({
    verb: 'drift',
    before: { documents: documents.map(one => ({ ...one, text: one.text.replace('vmx', 'pku') })) },
    after: { documents: documents.slice(0, -1) },
  }),
  check: ({ documents }) => ({ verb: 'check', documents, fleet: { requirements: REQUIREMENTS } }),
  'check of a kept CPU': ({ documents }) => ({
    verb: 'check',
    documents,
    fleet: KEPT,
  }),
  'explain of a kept CPU': ({ documents }) => ({
    verb: 'explain',
    documents,
    fleet: KEPT,
  }),
  'hosts with a kept CPU': ({ documents }) => ({ verb: 'hosts', documents, fleet: KEPT }),
  'migrate with a kept CPU': ({ documents }) => ({ verb: 'migrate', documents, fleet: KEPT }),
  level: ({ documents }) => ({ verb: 'level', documents }),
  fits: ({ documents }) => ({ verb: 'fits', documents }),
  audit: ({ documents }) => ({ verb: 'audit', documents }),
}

/** Every text of a document with its path, in which places of lists are `*` and sections are left out. */
function* textsIn(value: unknown, path: readonly string[] = []): Generator<[path: string, text: string]> {
  if (typeof value === 'string') yield [path.join('.').replace(/^fleets\.\*\.answer\./, ''), value]
  else if (Array.isArray(value)) for (const one of value) yield* textsIn(one, [...path, '*'])
  else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value)) {
      yield [`${path.join('.')} has the key`, key]
      yield* textsIn(one, [...path, key])
    }
}

const namesIn = (text: string, names: ReadonlySet<string>): string[] =>
  (text.match(/[abc]\/h\d{4}\.xml/g) ?? []).filter(name => names.has(name))

describe.each(Object.entries(QUESTIONS))('%s', (_, requestOf) => {
  const pools = fc.shuffledSubarray(['b', 'c'], { minLength: 1 }).map(more => ['a', ...more])
  const cpus = fc.shuffledSubarray(CPUS, { minLength: 1 })

  test('names each host once at most', async () => {
    await fc.assert(
      fc.asyncProperty(cpus, pools, fc.integer({ min: 2, max: 12 }), async (some, labels, size) => {
        const fleet = fleetOf(some, labels, size)
        const names = new Set(fleet.names)
        const seen = new Map<string, string>()
        for (const [path, text] of textsIn(await ask(requestOf(fleet)))) {
          if (AGAIN[path] !== undefined) continue
          if (!names.has(text)) {
            expect(new Set(namesIn(text, names)).size, `${path}: ${text}`).toBeLessThanOrEqual(MOST)
            continue
          }
          expect(seen.has(text) ? `${text} at ${seen.get(text)} and ${path}` : '').toBe('')
          seen.set(text, path)
        }
      }),
      { numRuns: runs(200, 20) },
    )
  })

  test('grows in proportion to the hosts', async () => {
    const size = isLong ? 400 : 100
    const lengthOf = async (hosts: number) =>
      JSON.stringify(await ask(requestOf(fleetOf(CPUS, ['a', 'b'], hosts)))).length
    const [one, two, four] = [await lengthOf(size), await lengthOf(2 * size), await lengthOf(4 * size)]
    // Twice the hosts again add twice as much; places have more digits.
    expect(four - two).toBeLessThanOrEqual(2.3 * (two - one) + 200)
  })
})

test('an answer says which hosts it is about', async () => {
  const { groups, pools } = (await ask({
    verb: 'pools',
    documents: fleetOf(CPUS, ['a', 'b'], 10).documents,
  })) as {
    groups: { hosts: string[] }[]
    pools: { inGroups: number[]; hostCount: number }[]
  }
  for (const { inGroups, hostCount } of pools)
    expect(inGroups.flatMap(place => groups[place]?.hosts ?? [])).toHaveLength(hostCount)
})
