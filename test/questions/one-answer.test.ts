import fc from 'fast-check'
import { expect, test } from 'vitest'
import { advise, explain, pools as planPools, whatIf } from '../../src/index.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { hostsAt } from '../../src/questions/words/cells.ts'
import { hostXml } from '../cli/virt-cpu.ts'
import { runs } from '../effort.ts'
import { single } from '../notation.ts'

const models = CpuMap.builtIn()
  .of('x86')
  .models.filter(({ vendor, features }) => vendor?.name === 'Intel' && features.size > 40)
const some = [
  'md-clear',
  'ssbd',
  'acpi',
  'ht',
  'vmx',
  'hle',
  'rtm',
  'pku',
  'xsaves',
  'invtsc',
  'smx',
  'avx512f',
]

/** What the hypervisor gives by default, beside the host or in its place. */
const domcaps = (model: string, added: readonly string[]) =>
  `<domainCapabilities><arch>x86_64</arch><cpu><mode name='host-model' supported='yes'><model>${model}</model>
${added.map(name => `<feature policy='require' name='${name}'/>`).join('')}</mode></cpu></domainCapabilities>`

const host = fc
  .record({
    model: fc.constantFrom(...models.map(({ name }) => name)),
    added: fc.subarray(some),
    known: fc.constantFrom('hardware', 'hardware', 'both', 'offered', 'flags'),
  })
  .map(({ model, added, known }) => {
    const own = [{ end: '.xml', text: hostXml(model, added) }]
    const offered = [{ end: '.domcaps.xml', text: domcaps(model, added) }]
    const flags = `flags : fpu sse2 ${added.join(' ').replaceAll('-', '_')}\n`
    if (known === 'flags') return [{ end: '.txt', text: flags }]
    return known === 'hardware' ? own : known === 'offered' ? offered : [...own, ...offered]
  })

const fleets = fc
  .array(fc.record({ host, pool: fc.constantFrom('a', 'b') }), { minLength: 1, maxLength: 6 })
  .map(list =>
    list.flatMap(({ host: files, pool }, i) =>
      files.map(({ end, text }) => ({ path: `${pool}/n${i}${end}`, text })),
    ),
  )

function explained(documents: { path: string; text: string }[]) {
  const answer = explain({ documents })
  if ('feature' in answer || 'mostExpensive' in answer || 'fleets' in answer)
    throw new Error('another answer')
  return answer.pools
}

test('a pool has one model, one count and one definition, whichever question is asked', () => {
  fc.assert(
    fc.property(fleets, documents => {
      const planned = single(planPools({ documents }))
      const now = new Map(planned.now?.pools.map(pool => [pool.name, pool]))
      for (const { pool, featureCount: features, expression, kept } of explained(documents)) {
        expect(kept.length).toBe(features)
        const one = now.get(pool)
        expect(one).toMatchObject({ featureCount: features, model: expression?.model ?? null })
        expect(planned.definitions[one?.definition ?? -1] ?? null).toEqual(expression)
      }
      // What a pool was before a host joins it is what it is.
      const add = [...now.keys()].map(pool => ({ pool, path: 'new.xml', text: hostXml('Nehalem', ['vmx']) }))
      const changed = whatIf({ documents, add })
      if (!('pools' in changed)) throw new Error('another answer')
      for (const { pool, before } of changed.pools) {
        const { model, featureCount: features } = now.get(pool) ?? {}
        expect(before).toMatchObject({ model, featureCount: features })
      }
    }),
    { numRuns: runs(200, 10) },
  )
})

test('advise has one baseline for all hosts as explain has it', () => {
  fc.assert(
    fc.property(fleets, documents => {
      const flat = documents.map(({ path, text }) => ({ path: path.slice(2), text }))
      const { strategies, definitions } = single(advise({ documents: flat }))
      const [one, ...others] = strategies.find(({ strategy }) => strategy === 'common')?.pools ?? []
      if (others.length > 0) return
      const [pool] = explained(flat)
      expect(one?.featureCount).toBe(pool?.featureCount)
      expect(definitions[one?.definition ?? -1] ?? null).toEqual(pool?.expression)
    }),
    { numRuns: runs(40) },
  )
})

/** What `ld.so --help` prints, which tells the level alone. */
const HEAD = 'Subdirectories of glibc-hwcaps directories, in priority order:'

test('what every pool must have is asked for, and of a host that tells nothing of it not known', () => {
  const documents = [
    { path: 'a.xml', text: hostXml('Haswell', ['vmx']) },
    { path: 'b.xml', text: hostXml('Haswell') },
    { path: 'c.txt', text: `${HEAD}\n  x86-64-v3\n  x86-64-v2 (supported, searched)\n` },
  ]
  const planned = single(planPools({ documents: documents.slice(0, 2), mustHave: ['vmx'] }))
  const { groups, pools, leftOut, definitions } = planned
  expect(
    pools.map(({ inGroups, definition }) => [
      hostsAt(groups, inGroups),
      definitions[definition ?? -1]?.added.includes('vmx'),
    ]),
  ).toEqual([[['a.xml'], true]])
  expect(
    leftOut.map(({ inGroups, lacks }) => [hostsAt(groups, inGroups), lacks.map(({ feature }) => feature)]),
  ).toEqual([[['b.xml'], ['vmx']]])
  const { groups: all, leftOut: others } = single(planPools({ documents, mustHave: ['avx'] }))
  expect(
    others.map(({ inGroups, unknown }) => [hostsAt(all, inGroups), unknown.map(({ feature }) => feature)]),
  ).toEqual([[['c.txt'], ['avx']]])
})
