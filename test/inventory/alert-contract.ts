import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AlertRules } from '../../src/cli/alert-rules.ts'
import { alertsOf } from '../../src/http/alerts.ts'
import { answerRequest, fleetsIn } from '../../src/http/answer.ts'
import type { FoundAlert, KeepRules } from '../../src/inventory/alerts.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { contextOf } from '../../src/questions/context.ts'
import { printYaml } from '../../src/questions/input/fleet/fleet-yaml.ts'
import { listAnswers } from '../../src/questions/sections.ts'
import { randomFleets } from '../random-fleets.ts'
import { capabilities } from './texts.ts'

const REQUIREMENTS = [
  { level: 'x86-64-v3' },
  { name: 'twice', 'must-have': ['avx2', 'md-clear'] },
  { name: 'twice', 'must-not': ['vmx'], pools: ['a', 'b*'] },
  { model: 'Haswell' },
  { vendor: 'Intel', pools: 'nowhere' },
  { 'phys-bits': 46, hosts: 3 },
  { alike: true, 'same-microcode': true, movable: true, safe: true },
  { 'not-vulnerable': true },
  { lost: { security: 0 } },
  { 'reported-within': '1d' },
  { 'must-have': 'asimd' },
]

const ask = async (inventory: Inventory, question: object) => {
  const sources = { own: CpuMap.builtIn(), named: new Map(), fleets: fleetsIn(async () => inventory) }
  const bytes = new TextEncoder().encode(JSON.stringify(question))
  const { status, body } = await answerRequest(sources, 'check', bytes)
  const said = new TextDecoder().decode(body)
  expect(status, said).toBe(200)
  return JSON.parse(said)
}

const rulesOf = async (requirements: readonly object[]) => {
  const path = join(mkdtempSync(join(tmpdir(), 'rules-')), 'rules.yaml')
  writeFileSync(path, printYaml({ requirements }))
  return AlertRules.read(path, contextOf())
}

/** Lets go by what the database waits for. */
const pass = (ms: number) => new Promise(done => setTimeout(done, ms))

const detail = (summary: string, hosts: readonly string[] = []) => ({
  ...{ summary, failures: [], failureCount: 0 },
  ...{ hosts, hostCount: hosts.length },
})

/** That alerts are kept, and found, in whatever engine. @param fleets how many random fleets */
export function alertContract(open: () => Promise<Inventory>, fleets: number): void {
  describe('alerts', () => {
    let inventory: Inventory
    beforeAll(async () => {
      inventory = await open()
    }, 60_000)
    afterAll(() => inventory?.close())

    test('a pool has an alert exactly where check fails for it', async () => {
      // Of one that is for no pool alone, what is pinned is still checked.
      const nowhere = [{ vendor: 'Intel', pools: 'nowhere' }]
      const requirements = fc.oneof(fc.subarray(REQUIREMENTS, { minLength: 1 }), fc.constant(nowhere))
      await fc.assert(
        fc.asyncProperty(randomFleets, requirements, fc.boolean(), async ({ hosts }, wanted, pins) => {
          // What nobody of a fleet's architectures knows is refused by check, and no rule of it.
          const has = (one: object) => !('must-have' in one && one['must-have'] === 'asimd')
          const asked = hosts.length > 0 ? wanted.filter(has) : wanted
          const reports = hosts.map(({ name, pool, documents }) => {
            const recording = documents.find(({ path }) => path.endsWith('.replies'))
            const text = recording?.text ?? documents.map(document => document.text).join('\n')
            return { id: name, pool, text }
          })
          const stored = (await inventory.reportAll(reports)).filter(one => 'result' in one)
          const cpu = '<cpu match="exact"><model>Haswell</model></cpu>'
          const [first] = await inventory.pools()
          if (pins && first) await inventory.pin(first.pool, cpu, 'test', 'law')
          if (stored.length > 0 && asked.length > 0) {
            const answer = await ask(inventory, { fleet: { from: 'inventory', requirements: asked } })
            const failed = listAnswers(answer as Parameters<typeof alertsOf>[1])
              .flatMap(({ verdicts }) => verdicts.filter(({ passed }) => !passed))
              .map(({ requirement, kind, pool }) => [requirement, kind, pool].join())
            const rules = await rulesOf(asked)
            const pools = (await inventory.pools()).filter(one => one.hosts > 0)
            const found = [...rules.uncovered(pools.map(({ pool }) => pool))]
            for (const { pool, pinned } of pools) {
              const arches = (await inventory.poolBaselines(pool)).map(({ arch }) => arch)
              const question = rules.questionFor(pool, arches, pinned !== undefined)
              if (question) found.push(...alertsOf(pool, await ask(inventory, question)))
            }
            const alerts = found.map(({ rule, kind, pool }) => [rule, kind, pool].join())
            expect(alerts.sort()).toEqual([...new Set(failed)].sort())
          }
          for (const one of await inventory.pools())
            if (one.pinned) await inventory.pin(one.pool, undefined, 'test', 'law')
          for (const { id } of reports) await inventory.remove(id)
        }),
        { numRuns: fleets },
      )
    }, 300_000)

    const holder: KeepRules = { holder: 'a', patience: 0, receivers: ['r'] }
    const found = (rule: string, summary = 'x', pool = 'p'): FoundAlert => ({
      ...{ rule, kind: 'level', pool },
      detail: detail(summary),
    })
    const keep = (alerts: readonly FoundAlert[], rules = holder, pool = 'p') =>
      inventory.alerts.keep({ pool, notes: [], found: alerts }, rules)
    const states = async () => (await inventory.alerts.list()).map(({ rule, state }) => `${rule} ${state}`)
    /** What a receiver takes, all of it. */
    const taken = async (receiver = 'r') => {
      const all: string[] = []
      for (
        let due = await inventory.alerts.due(receiver);
        due.length > 0;
        due = await inventory.alerts.due(receiver)
      ) {
        all.push(
          due.map(({ status, alert }) => `${status} ${alert.rule}: ${alert.detail.summary}`).join('; '),
        )
        await inventory.alerts.delivered(due)
      }
      return all
    }

    test('one has the lease, until it gives it back or time is up; nobody else keeps anything', async () => {
      const { alerts } = inventory
      expect([await alerts.lead('a', 60, 'v1'), await alerts.lead('b', 60, 'v1')]).toEqual([true, false])
      expect(await keep([found('r1')], { ...holder, holder: 'b' })).toBe(false)
      expect(await states()).toEqual([])
      await alerts.resign('a')
      expect([await alerts.lead('b', 0.2, 'v1'), await alerts.lead('a', 60, 'v1')]).toEqual([true, false])
      await pass(300)
      expect(await keep([], { ...holder, holder: 'b' })).toBe(false)
      expect([await alerts.lead('a', 60, 'v1'), await alerts.lead('b', 60, 'v1')]).toEqual([true, false])
    })

    test('alerts fire, change and end; receivers hear each in order', async () => {
      expect(await keep([found('r1'), found('r2')])).toBe(true)
      expect(await keep([found('r1'), found('r2', 'y')])).toBe(true)
      expect(await keep([found('r1')])).toBe(true)
      expect(await states()).toEqual(['r2 resolved', 'r1 firing'])
      expect(await taken()).toEqual(['firing r1: x; firing r2: x', 'firing r2: y', 'resolved r2: y'])
      expect(await taken()).toEqual([])
      // The same again is another alert.
      await keep([found('r1'), found('r2')])
      expect(await states()).toEqual(['r2 firing', 'r2 resolved', 'r1 firing'])
      const [last] = await inventory.alerts.list()
      expect((await inventory.alerts.find(last?.number ?? 0))?.state).toBe('firing')
      // Of other pools, and of requirements for none, it says nothing.
      await keep([], holder, 'q')
      await inventory.alerts.keep({ pool: undefined, notes: [], found: [] }, holder)
      expect((await states()).slice(0, 1)).toEqual(['r2 firing'])
      expect(await inventory.alerts.count()).toEqual([
        { rule: 'r1', pool: 'p', state: 'firing', alerts: 1 },
        { rule: 'r2', pool: 'p', state: 'firing', alerts: 1 },
      ])
      await taken()
    })

    test('what is acknowledged is told again only when it is over', async () => {
      const [last] = await inventory.alerts.list()
      const number = last?.number ?? 0
      const known = await inventory.alerts.acknowledge(number, 'ann', 'on its way')
      expect(known?.acknowledged).toMatchObject({ by: 'ann', why: 'on its way' })
      await keep([found('r1'), found('r2', 'z')])
      expect(await taken()).toEqual([])
      await inventory.alerts.acknowledge(number, 'ann', undefined)
      await keep([found('r1'), found('r2', 'zz')])
      expect(await taken()).toEqual(['firing r2: zz'])
      await inventory.alerts.acknowledge(number, 'ann', 'again')
      await keep([])
      expect(await taken()).toEqual(['resolved r1: x; resolved r2: zz'])
      expect(await inventory.alerts.acknowledge(number, 'ann', 'too late')).toBeUndefined()
    })

    test('what is wrong for a moment alone does not fire', async () => {
      const patient = { ...holder, patience: 1 }
      await keep([found('slow'), found('quick')], patient)
      await keep([found('slow')], patient)
      expect((await states()).filter(one => /slow|quick/.test(one))).toEqual(['slow pending'])
      await inventory.alerts.ripen(patient)
      expect(await taken()).toEqual([])
      await pass(1100)
      await inventory.alerts.ripen(patient)
      expect(await taken()).toEqual(['firing slow: x'])
      await keep([], patient)
      expect(await taken()).toEqual(['resolved slow: x'])
    })

    test('what a receiver does not take waits, and what follows behind it', async () => {
      const both = { ...holder, receivers: ['r', 's'] }
      await keep([found('w')], both)
      const due = await inventory.alerts.due('r')
      await inventory.alerts.postpone(due, 0.5)
      await keep([], both)
      expect(await inventory.alerts.due('r')).toEqual([])
      expect(await taken('s')).toEqual(['firing w: x', 'resolved w: x'])
      expect(await inventory.alerts.waiting()).toBe(2)
      await pass(600)
      expect((await inventory.alerts.due('r'))[0]?.tries).toBe(1)
      expect(await taken()).toEqual(['firing w: x', 'resolved w: x'])
    })

    test('pools are touched by what changes in them, and not by what does not', async () => {
      const { alerts } = inventory
      const drain = async () => {
        await pass(1100)
        const touched = await alerts.touched()
        for (const { pool, notes } of touched) await alerts.keep({ pool, notes, found: [] }, holder)
        return touched.map(({ pool }) => pool).sort()
      }
      await drain()
      const text = (microcode: number) => capabilities({ microcode })
      const { hash } = await inventory.report({ id: 't', pool: 'one', text: text(1) })
      expect(await drain()).toEqual(['one'])
      await inventory.report({ id: 't', text: text(1) })
      await inventory.touch('t', hash)
      expect(await drain()).toEqual([])
      await inventory.report({ id: 't', text: text(2) })
      expect(await drain()).toEqual(['one'])
      await inventory.report({ id: 't', pool: 'two', text: text(2) })
      expect(await drain()).toEqual(['one', 'two'])
      await inventory.pin('two', '<cpu><model>Haswell</model></cpu>', 'ann', 'test')
      expect(await drain()).toEqual(['two'])
      await inventory.remove('t')
      expect(await drain()).toEqual(['two'])
      // Other rules are about every pool.
      await inventory.report({ id: 't', pool: 'three', text: text(2) })
      await drain()
      await alerts.lead('a', 60, 'v2')
      expect(await drain()).toEqual(expect.arrayContaining(['three', 'two']))
      await alerts.touch(['four'])
      expect(await drain()).toEqual(['four'])
    })

    test('hosts are late that did not report within the time', async () => {
      const at = new Date(Date.now() - 7_200_000)
      const text = capabilities({})
      for (const id of ['l1', 'l2']) await inventory.report({ id, pool: 'late', text, at })
      const late = (seconds: number) => inventory.alerts.late(seconds)
      const [two] = [(await late(3600)).get('late')]
      expect(two).toMatch(/^2 /)
      expect((await late(86_400)).has('late')).toBe(false)
      await inventory.report({ id: 'l1', text })
      const [one] = [(await late(3600)).get('late')]
      expect(one).toMatch(/^1 /)
      await inventory.report({ id: 'l3', pool: 'late', text, at })
      await inventory.report({ id: 'l2', text })
      // As many, and others.
      expect((await late(3600)).get('late')).toMatch(/^1 /)
      expect((await late(3600)).get('late')).not.toBe(one)
    })
  })
}
