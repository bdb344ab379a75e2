import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ask, check, drain, explain, pools as planPools, whatIf } from '../../src/index.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import type { ExplainAnswer } from '../../src/questions/explain/answer.ts'
import { reportExplanation } from '../../src/questions/explain/report.ts'
import type { KeptCpuAnswer, KeptPoolAnswer } from '../../src/questions/pools/answer.ts'
import { addPools } from '../../src/questions/pools/report.ts'
import type { AnyQuestion, Reporter } from '../../src/questions/question.ts'
import { isQuestion, QUESTIONS } from '../../src/questions/table.ts'
import { hostsAt } from '../../src/questions/words/cells.ts'
import { Report } from '../../src/report/report.ts'
import { hostXml } from '../cli/virt-cpu.ts'
import { runs } from '../effort.ts'
import { single } from '../notation.ts'

const models = CpuMap.builtIn()
  .of('x86')
  .models.filter(({ vendor, features }) => vendor?.name === 'Intel' && features.size > 40)
const some = ['md-clear', 'ssbd', 'vmx', 'hle', 'rtm', 'pku', 'xsaves', 'invtsc', 'avx512f', 'rsba']

const host = fc.record({
  model: fc.constantFrom(...models.map(({ name }) => name)),
  added: fc.subarray(some),
  pool: fc.constantFrom('a', 'b'),
})

/** Hosts `n0`, `n1`, … of the pools a and b. */
const fleets = fc
  .array(host, { minLength: 1, maxLength: 5 })
  .map(list =>
    list.map(({ model, added, pool }, i) => ({ path: `${pool}/n${i}.xml`, text: hostXml(model, added) })),
  )

interface Asked {
  readonly documents: { path: string; text: string }[]
  readonly fleet?: Record<string, unknown>
}

function explained(asked: Asked) {
  const answer = explain(asked)
  if ('feature' in answer || 'mostExpensive' in answer || 'fleets' in answer)
    throw new Error('another answer')
  return answer.pools
}

/** The pools' CPUs of today, as a fleet file keeps them. */
const keep = (asked: Asked): Record<string, string> =>
  Object.fromEntries(
    explained(asked).flatMap(({ pool, expression }) => (expression ? [[pool, expression.xml]] : [])),
  )

const wide = { width: 10_000, paint: (shown: string) => shown }

function explainText(asked: Asked): string {
  const report = new Report()
  reportExplanation(report, explain(asked) as ExplainAnswer)
  return report.text(wide)
}

function poolsText(asked: Asked): string {
  const report = new Report()
  addPools(report, single(planPools(asked)))
  return report.text(wide)
}

const KEPT = ['Nehalem', 'Haswell-noTSX', 'Icelake-Server'].map(
  model => `<cpu mode='custom'><model>${model}</model></cpu>`,
)

/** How a pool stands to its kept CPU, with the names of hosts in the place of places. */
const withNames = (groups: readonly { readonly hosts: readonly string[] }[], kept: KeptCpuAnswer) => {
  const named = <T extends { readonly inGroups: readonly number[] }>({ inGroups, ...one }: T) => ({
    ...one,
    hosts: hostsAt(groups, inGroups),
  })
  return { ...kept, lost: kept.lost.map(named), unknown: kept.unknown.map(named) }
}

/** What a question's answer reads as, on lines as wide as they need. */
async function textOf(verb: string, answer: unknown): Promise<string> {
  const report = new Report()
  const question: AnyQuestion | undefined = isQuestion(verb) ? await QUESTIONS[verb]() : undefined
  const print = (await question?.report?.()) as Reporter<unknown> | undefined
  print?.(report, answer)
  return report.text(wide)
}

const names = (reasons: readonly { readonly feature: string }[]) => reasons.map(({ feature }) => feature)

describe('a kept CPU', () => {
  test('is one model, count and definition in every question, and what it was kept from passes', () => {
    fc.assert(
      fc.property(fleets, documents => {
        const before = new Map(explained({ documents }).map(pool => [pool.pool, pool]))
        const fleet = { 'kept-cpus': keep({ documents }) }
        const asked = { documents, fleet }
        const planned = single(planPools(asked))
        const now = new Map(planned.now?.pools.map(pool => [pool.name, pool]))
        for (const { pool, expression, featureCount: features, level, keptCpu } of explained(asked)) {
          const was = before.get(pool)
          expect({ expression, level, features }).toEqual({
            expression: was?.expression,
            level: was?.level,
            features: was?.featureCount,
          })
          const one = now.get(pool)
          expect(one).toMatchObject({ featureCount: features, level, model: expression?.model ?? null })
          expect(planned.definitions[one?.definition ?? -1] ?? null).toEqual(expression)
          expect(keptCpu).toMatchObject({ lost: [], gains: [], today: expression })
        }
        const { passed, verdicts } = single(check(asked))
        expect(passed).toBe(true)
        expect(verdicts.map(({ pool }) => pool)).toEqual(Object.keys(fleet['kept-cpus']).sort())
      }),
      { numRuns: runs(200, 10) },
    )
  })

  test('is changed by no question, whatever becomes of the hosts', () => {
    fc.assert(
      fc.property(fleets, fleets, (old, documents) => {
        const all = keep({ documents: old })
        const there = new Set(documents.map(({ path }) => path[0]))
        const kept = Object.fromEntries(Object.entries(all).filter(([pool]) => there.has(pool)))
        const asked = { documents, fleet: { 'kept-cpus': kept } }
        const today = new Map(explained({ documents }).map(pool => [pool.pool, pool.expression]))
        const { now: current, definitions } = single(planPools(asked))
        const now = new Map(current?.pools.map(pool => [pool.name, pool]))
        const verdicts = new Map(
          Object.keys(kept).length > 0 ? single(check(asked)).verdicts.map(one => [one.pool, one]) : [],
        )
        for (const { pool, expression, keptCpu } of explained(asked)) {
          if (kept[pool] === undefined) {
            expect([expression, keptCpu]).toEqual([today.get(pool), undefined])
            continue
          }
          expect(expression?.xml).toBe(kept[pool])
          expect(definitions[now.get(pool)?.definition ?? -1]?.xml).toBe(kept[pool])
          expect(keptCpu?.today).toEqual(today.get(pool))
          expect(verdicts.get(pool)?.passed).toBe(keptCpu?.lost.length === 0)
        }
        const change = { ...asked, add: [{ pool: 'a', path: 'x.xml', text: hostXml('Nehalem', []) }] }
        const changed = single(whatIf(change))
        if (!('pools' in changed)) throw new Error('another answer')
        for (const { pool, before, after } of changed.pools) {
          if (kept[pool] !== undefined) expect(after?.model).toBe(before?.model ?? after?.model)
        }
      }),
      { numRuns: runs(200, 10) },
    )
  })

  const guest = (name: string, model: string) =>
    `<domain type='kvm'><name>${name}</name><cpu mode='custom' match='exact'><model>${model}</model></cpu></domain>`

  test('says what could be raised after which power cycles, and what hosts no longer give', () => {
    const documents = [
      { path: 'a/n1.xml', text: hostXml('Skylake-Server-v2', []) },
      { path: 'a/n2.xml', text: hostXml('Skylake-Server-v2', []) },
      { path: 'a/n1/vm1.xml', text: guest('vm1', 'Haswell') },
    ]
    const low = { 'kept-cpus': { a: "<cpu mode='custom'><model>Haswell</model></cpu>" } }
    const [raised] = explained({ documents, fleet: low })
    expect(raised?.keptCpu?.guestsToRestart).toEqual(['vm1'])
    expect(names(raised?.keptCpu?.gains ?? [])).toContain('avx512f')
    expect(names(raised?.keptCpu?.lost ?? [])).toEqual([])
    const high = { 'kept-cpus': { a: "<cpu mode='custom'><model>Icelake-Server</model></cpu>" } }
    const [lost] = explained({ documents, fleet: high })
    const vaes = lost?.keptCpu?.lost.find(({ feature }) => feature === 'vaes')
    expect(vaes?.cause).toEqual(expect.any(String))
    expect(hostsAt(lost?.groups ?? [], vaes?.inGroups ?? [])).toEqual(['n1', 'n2'])
    expect(single(check({ documents, fleet: high })).passed).toBe(false)
    // Who runs with less than the kept CPU is started again for that, not for all that hosts could give.
    const { restarts } = single(drain({ documents, fleet: low }))
    expect(restarts).toEqual([])
  })

  test('is what explain and pools begin with, where hosts no longer give it, or could give more', () => {
    const documents = ['n1', 'n2'].map(name => ({
      path: `a/${name}.xml`,
      text: hostXml('Skylake-Server-v2', []),
    }))
    const first = (model: string, text: (asked: Asked) => string) => {
      const found = text({ documents, fleet: { 'kept-cpus': { a: `<cpu><model>${model}</model></cpu>` } } })
      return found.split('\n')[1] ?? ''
    }
    for (const text of [explainText, poolsText]) {
      expect(first('Haswell', text)).toMatch(/^the kept CPU of pool a can be raised by \d+ features/)
      expect(first('Icelake-Server', text)).toMatch(/^n1, n2 no longer give .* of the kept CPU of pool a$/)
    }
  })

  const asking: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    hosts: {},
    advise: {},
    models: {},
    migrate: {},
    drain: {},
    check: {},
    'what-if': { apply: ['-vmx'] },
  }

  test('is named with the same numbers by every question about its pool', async () => {
    const lows = fc.record({ a: fc.constantFrom(...KEPT), b: fc.constantFrom(...KEPT) })
    await fc.assert(
      fc.asyncProperty(fleets, lows, fc.boolean(), async (documents, cpus, withGuest) => {
        const there = new Set(documents.map(({ path }) => path.slice(0, 1)))
        const kept = Object.fromEntries(Object.entries(cpus).filter(([pool]) => there.has(pool)))
        const [first] = documents
        const vm = { path: (first?.path ?? '').replace('.xml', '/vm.xml'), text: guest('vm', 'Penryn') }
        const all = withGuest ? [...documents, vm] : documents
        const fleet = { 'kept-cpus': kept }
        const told = explained({ documents: all, fleet }).flatMap(({ pool, groups, keptCpu }) =>
          keptCpu ? { pool, keptCpu: withNames(groups, keptCpu) } : [],
        )
        expect(told.length).toBe(Object.keys(kept).length)
        for (const [verb, more] of Object.entries(asking)) {
          const answer = (await ask({ verb, documents: all, fleet, ...more })) as {
            keptCpus: KeptPoolAnswer[]
          }
          const own = answer.keptCpus.map(({ pool, groups, keptCpu }) => ({
            pool,
            keptCpu: withNames(groups, keptCpu),
          }))
          expect(own, verb).toEqual(told)
          const text = await textOf(verb, answer)
          for (const { pool, keptCpu } of told) {
            const { lost, gains, guestsToRestart: off } = keptCpu
            const cycles = off.length > 0 ? ' after power cycles of 1 guest' : ''
            const named = new RegExp(
              lost.length > 0
                ? `no longer gives? .*the kept CPUs? of (?:pool a, )?pool ${pool}`
                : `the kept CPU of (?:.*, )?pool ${pool} can be raised by ${gains.length} features?${cycles}(?:,|\n)`,
            )
            if (lost.length + gains.length > 0) expect(text, verb).toMatch(named)
          }
        }
      }),
      { numRuns: runs(100, 8) },
    )
  })

  test.each([
    ["<cpu mode='host-passthrough'/>", 'names no model'],
    ['<cpu><model>Haswel</model></cpu>', 'no model is called Haswel; did you mean Haswell?'],
    ["<cpu><model>Haswell</model><feature name='avx3'/></cpu>", 'avx3'],
    ['nonsense', 'is no CPU that can be read'],
  ])('%s is refused, with its place', (text, words) => {
    const documents = [{ path: 'a/n1.xml', text: hostXml('Haswell', []) }]
    expect(() => explain({ documents, fleet: { 'kept-cpus': { a: text } } })).toThrow(words)
    expect(() => explain({ documents, fleet: { 'kept-cpus': { a: text } } })).toThrow('kept-cpus')
  })

  test('of a pool that is not there is refused', () => {
    const documents = [{ path: 'a/n1.xml', text: hostXml('Haswell', []) }]
    const fleet = { 'kept-cpus': { b: '<cpu><model>Haswell</model></cpu>' } }
    expect(() => explain({ documents, fleet })).toThrow('no pool is called b')
  })
})
