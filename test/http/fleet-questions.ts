import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerRequest, fleetsIn } from '../../src/http/answer.ts'
import { hasFleet } from '../../src/http/inventory-fleet.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { loadQuestions } from '../../src/questions/table.ts'
import { capabilities } from '../inventory/texts.ts'
import { type RandomFleet, randomFleets } from '../random-fleets.ts'

/** A text of each host, called by its path; recordings stand alone: no text holds both. */
const textsOf = ({ hosts }: RandomFleet, label = (pool: string) => pool) =>
  hosts.map(({ name, pool, documents }) => {
    const recording = documents.find(({ path }) => path.endsWith('.replies'))
    const text = recording?.text ?? documents.map(document => document.text).join('\n')
    return { path: `${label(pool)}/${name}`, pool: label(pool), text }
  })

const RULES = {
  requirements: [{ name: 'new', level: 'x86-64-v3' }, { 'must-have': ['aes'] }, { hosts: 2 }],
  constraints: { level: 'x86-64-v2' },
  weights: { hosts: 'one' },
}

/** What a question needs beside its fleet. */
const MORE: Readonly<Record<string, object>> = {
  'what-if': { apply: ['tsx-off'] },
  drain: { apply: ['tsx-off'] },
  audit: { today: '2026-01-01' },
  fits: { os: ['rhel10'] },
}

const bytes = (value: object) => new TextEncoder().encode(JSON.stringify(value))

const questions = (await loadQuestions()).filter(({ input }) => hasFleet(input)).map(({ name }) => name)

/**
 * That every question about a fleet answers of an inventory what it answers of the same texts.
 * @param open a new inventory, empty
 * @param fleets how many random fleets
 */
export function fleetQuestionsContract(open: () => Promise<Inventory>, fleets: number): void {
  let inventory: Inventory
  beforeAll(async () => {
    inventory = await open()
  })
  afterAll(() => inventory?.close())

  const ask = async (verb: string, request: object) => {
    const sources = { own: CpuMap.builtIn(), named: new Map(), fleets: fleetsIn(async () => inventory) }
    const { status, body } = await answerRequest(sources, verb, bytes(request))
    return { status, said: JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown> }
  }

  const report = (texts: ReturnType<typeof textsOf>, at?: Date) =>
    inventory.reportAll(texts.map(({ path: id, pool, text }) => ({ id, pool, text, at })))

  /** As files come: by their paths. */
  const documentsIn = (texts: ReturnType<typeof textsOf>) =>
    texts.map(({ path, text }) => ({ path, text })).sort((a, b) => (a.path < b.path ? -1 : 1))

  test('these questions are about fleets', () => {
    expect(questions).toEqual(
      expect.arrayContaining(['explain', 'pools', 'migrate', 'what-if', 'check', 'audit', 'fits', 'hosts']),
    )
    expect(questions.length).toBeGreaterThanOrEqual(12)
  })

  test('answers of an inventory are those of the same texts', async () => {
    let answered = 0
    await fc.assert(
      fc.asyncProperty(randomFleets, fc.boolean(), async (fleet, isOne) => {
        for (const { id } of (await inventory.hosts({ limit: 1000 })).hosts) await inventory.remove(id)
        const texts = textsOf(fleet)
        await report(texts)
        const [pool] = texts.map(one => one.pool)
        const from = isOne ? `inventory:${pool}` : 'inventory'
        const documents = documentsIn(texts.filter(one => !isOne || one.pool === pool))
        for (const name of questions) {
          const more = { explain: name !== 'drain', ...MORE[name] }
          const plain = await ask(name, { ...more, documents })
          expect(await ask(name, { ...more, fleet: from }), name).toEqual(plain)
          const ruled = await ask(name, { ...more, documents, fleet: RULES })
          expect(await ask(name, { ...more, fleet: { from, ...RULES } }), name).toEqual(ruled)
          answered += [plain, ruled].filter(({ status }) => status === 200).length
        }
      }),
      { numRuns: fleets, endOnFailure: true },
    )
    expect(answered).toBeGreaterThan(fleets * questions.length)
  })

  let count = 0

  test('drift between two times is that between the texts of then', async () => {
    const [before, after] = ['2026-02-01', '2026-02-02T12:30Z'] as const
    await fc.assert(
      fc.asyncProperty(randomFleets, randomFleets, async (first, second) => {
        const label = `drift${++count}`
        const [old, now] = [first, second].map(fleet => textsOf(fleet, () => label)) as [
          ReturnType<typeof textsOf>,
          ReturnType<typeof textsOf>,
        ]
        await report(old, new Date(before))
        await report(now, new Date(after))
        // Who does not report any more stays as it was.
        const stayed = old.filter(({ path }) => !now.some(one => one.path === path))
        const texts = { before: documentsIn(old), after: documentsIn([...now, ...stayed]) }
        const plain = await ask('drift', {
          before: { documents: texts.before },
          after: { documents: texts.after },
        })
        const asked = {
          before: { fleet: `inventory:${label}@${before}` },
          after: { fleet: `inventory:${label}@${after}` },
        }
        expect(await ask('drift', asked)).toEqual(plain)
        expect(plain.status).toBe(200)
        expect(await ask('drift', { ...asked, before: { documents: texts.before } })).toEqual(plain)
      }),
      { numRuns: fleets },
    )
  })

  test('a pinned CPU is the kept CPU of a fleet file, which counts before it', async () => {
    const pool = `pinned${++count}`
    const texts = [{ path: `${pool}/n0`, pool, text: capabilities({}) }]
    await report(texts)
    const cpu = (model: string) => `<cpu mode='custom' match='exact'><model>${model}</model></cpu>`
    await inventory.pin(pool, cpu('Westmere'), 'ann', 'old racks')
    for (const model of ['Westmere', 'Nehalem']) {
      const kept = { 'kept-cpus': { [pool]: cpu(model) } }
      const plain = await ask('check', { documents: documentsIn(texts), fleet: kept })
      expect(plain.status).toBe(200)
      const from = `inventory:${pool}`
      const fleet = model === 'Westmere' ? from : { from, ...kept }
      expect(await ask('check', { fleet })).toEqual(plain)
    }
  })

  test.each([
    ['inventory:nowhere', 404, "the inventory has no host in a pool called 'nowhere'"],
    ['inventory:@2026-01-01', 404, 'no host without a pool at 2026-01-01T00:00:00.000Z'],
    ['inventory@1999-12-31T23:59:59+01:00', 404, 'has no host at 1999-12-31T22:59:59.000Z'],
    ['inventory@2026-02-30', 400, "'2026-02-30' is no time"],
    ['inventory@yesterday', 400, "'yesterday' is no time"],
    ['inventory@2026-02-01T12:00', 400, 'with its zone'],
    ['files', 400, 'such as "inventory:blue@2026-11-01"'],
    [{ from: 7 }, 400, 'such as "inventory:blue@2026-11-01"'],
    [{ from: 'inventory', pool: {} }, 422, 'fleet.pool'],
    ["inventory:o'; drop table host; --", 404, 'drop table'],
  ])('%j is refused', async (fleet, status, words) => {
    await report([{ path: 'refused/n0', pool: 'refused', text: capabilities({}) }])
    const { status: got, said } = await ask('explain', { fleet })
    expect([got, JSON.stringify(said)]).toEqual([
      status,
      expect.stringContaining(JSON.stringify(words).slice(1, -1)),
    ])
  })

  test('hosts that did not report within the time that a requirement says fail it', async () => {
    const hours = (count: number) => new Date(Date.now() - count * 3_600_000)
    for (const [id, at] of [
      ['new', hours(1)],
      ['old', hours(5)],
      ['older', hours(50)],
    ] as const)
      await inventory.report({ id: `late-${id}`, pool: 'late', text: capabilities({}), at })
    const late = async (from: string, period: string) => {
      const fleet = { from, requirements: [{ 'reported-within': period }] }
      const { said } = await ask('check', { fleet })
      const [{ failures }] = said.verdicts as [{ failures: readonly { text: string }[] }]
      return failures.map(({ text }) => text.slice(0, text.indexOf(' ')))
    }
    expect(await late('inventory:late', '2h')).toEqual(['late-old', 'late-older'])
    expect(await late('inventory:late', '2d')).toEqual(['late-older'])
    expect(await late('inventory:late', '3d')).toEqual([])
    // Nobody knows when they had reported then.
    expect(await late(`inventory:late@${hours(1).toISOString()}`, '3d')).toHaveLength(3)
  })

  test('documents and the inventory are not mixed, and other questions take no fleet', async () => {
    const both = await ask('explain', { documents: [], fleet: 'inventory' })
    expect(both).toMatchObject({ status: 400, said: { error: { message: /not both/ } } })
    expect((await ask('decode', { fleet: 'inventory', text: '' })).status).toBe(400)
  })
}
