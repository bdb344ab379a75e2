import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Evidence } from '../../src/core/evidence.ts'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { groupBy } from '../../src/core/text.ts'
import { baselineOf, groupHosts } from '../../src/fleet/groups.ts'
import type { Inventory, PoolBaseline } from '../../src/inventory/inventory.ts'
import { BadRequest, contextOf } from '../../src/questions/context.ts'
import {
  type FleetInput,
  inputOfFleet,
  openFleet,
  viewsOf,
} from '../../src/questions/input/fleet/open-fleet.ts'
import type { FleetView } from '../../src/questions/input/fleet/view.ts'
import { loadQuestions } from '../../src/questions/table.ts'
import { documentOf } from '../../src/questions/words/describe.ts'
import { domainOf, type RandomFleet, randomFleets } from '../random-fleets.ts'
import { capabilities } from './texts.ts'

let count = 0
/** A name that no other test has. */
const fresh = (what: string): string => `${what}${++count}`

/** A text of each host of a random fleet; recordings stand alone: no text holds both. */
const textsOf = ({ hosts }: RandomFleet): string[] =>
  hosts.map(({ documents }) => {
    const recording = documents.find(({ path }) => path.endsWith('.replies'))
    return recording?.text ?? documents.map(({ text }) => text).join('\n')
  })

const context = contextOf()

/** What the library says that the hosts of a fleet have in common. */
function baselineIn({ fleet, db }: FleetView) {
  const groups = groupHosts(fleet.hosts)
  const all = groups
    .map(({ evidence, features }) => evidence ?? Evidence.recorded(features, db.features.all))
    .reduce((common, one) => common.meet(one))
  const names = (presence: string) =>
    db.features.list.filter(({ bits }) => all.presenceOf(bits) === presence).map(({ name }) => name)
  const offered = baselineOf(groups)
  const possible = groups.map(({ evidence, features }) => evidence?.possible ?? features)
  return {
    hosts: fleet.hosts.length,
    cpus: groups.length,
    arch: fleet.arch,
    present: names('present'),
    assumed: names('assumed'),
    absent: names('absent'),
    offered: db.features.list.filter(({ bits }) => bits.leq(offered)).map(({ name }) => name),
    unknown: names('unknown').length,
    lost: db.features.list
      .filter(({ bits }) => !bits.leq(offered) && possible.some(set => bits.leq(set)))
      .map(({ name }) => name),
    hazards: db.features.list
      .filter(({ order, bits }) => '|>'.includes(order) && possible.some(set => bits.leq(set)))
      .map(({ name }) => name),
  }
}

const sorted = <T extends object>(one: T): T =>
  Object.fromEntries(
    Object.entries(one).map(([key, value]) => [key, Array.isArray(value) ? [...value].sort() : value]),
  ) as T

/** The texts as files of a pool. */
const filesOf = (pool: string, texts: readonly string[]) =>
  texts.map((text, i) => ({ path: `${pool}/n${i}`, text }))

const reportsOf = (pool: string, texts: readonly string[], at?: Date) =>
  filesOf(pool, texts).map(({ path, text }) => ({ id: path, text, pool, at }))

/** The questions that are asked of files and of an inventory. */
const ASKED = ['explain', 'pools', 'hosts', 'migrate', 'models', 'audit'] as const

const questions = (await loadQuestions()).filter(({ name }) => ASKED.some(asked => asked === name))

/** What they answer of documents, or of a fleet that stands for some. */
const answersOf = (input: FleetInput) =>
  questions.map(question => {
    try {
      return documentOf(question.run(context, { ...input } as never, { explain: true }))
    } catch (error) {
      return String(error)
    }
  })

/**
 * What every inventory does, in whatever engine.
 * @param open a new one, empty
 * @param fleets how many random fleets
 */
export function inventoryContract(open: () => Promise<Inventory>, fleets: number): void {
  let inventory: Inventory
  beforeAll(async () => {
    inventory = await open()
  })
  afterAll(() => inventory?.close())

  describe('reports', () => {
    test('a report again is the same as once', async () => {
      const [id, pool] = [fresh('host'), fresh('pool')]
      const report = { id, pool, text: capabilities({}) }
      const first = await inventory.report(report)
      expect(first).toMatchObject({ id, result: 'created' })
      const before = await inventory.host(id)
      expect(await inventory.report(report)).toEqual({ ...first, result: 'seen' })
      const after = await inventory.host(id)
      expect(after).toEqual({ ...before, seen: after?.seen })
      expect(after?.seen.getTime()).toBeGreaterThanOrEqual(before?.seen.getTime() ?? Infinity)
      expect(await inventory.evidence(first.hash)).toBe(report.text)
      expect((await inventory.poolBaselines(pool)).map(({ hosts }) => hosts)).toEqual([1])
    })

    test('a hash tells whether the text must be sent', async () => {
      const id = fresh('host')
      const { hash } = await inventory.report({ id, text: capabilities({}) })
      expect(await inventory.touch(id, hash)).toBe(true)
      expect(
        await inventory.touch(
          id,
          hash.replace(/^./, digit => (digit === '0' ? '1' : '0')),
        ),
      ).toBe(false)
      expect(await inventory.touch(fresh('nobody'), hash)).toBe(false)
    })

    test('what cannot be read is refused, the others are stored', async () => {
      const ids = ['a', 'b', 'c', 'd'].map(fresh)
      const [a = '', b = '', c = '', d = ''] = ids
      const answers = await inventory.reportAll([
        { id: a, text: capabilities({}) },
        { id: b, text: 'nothing' },
        { id: c, text: domainOf(`<cpu mode='host-passthrough'/>`) },
        { id: d, text: capabilities({ model: 'Nosuch' }) },
      ])
      expect(answers.map(answer => ('error' in answer ? answer.error.constructor : answer.result))).toEqual([
        'created',
        BadRequest,
        BadRequest,
        LibvirtError,
      ])
      expect(await inventory.host(b)).toBeUndefined()
      await expect(inventory.report({ id: fresh('two'), text: capabilities({}).repeat(2) })).rejects.toThrow(
        /2 hosts/,
      )
    })

    test('of two reports of one host in a batch the later counts', async () => {
      const [id, pool] = [fresh('host'), fresh('pool')]
      const texts = [1, 2].map(microcode => capabilities({ microcode }))
      const answers = await inventory.reportAll(texts.map(text => ({ id, pool, text })))
      expect(answers.map(answer => 'result' in answer && answer.result)).toEqual(['created', 'changed'])
      const host = await inventory.host(id)
      expect(host?.facts.microcode).toBe(2)
      expect((await inventory.pools()).find(one => one.pool === pool)?.hosts).toBe(1)
    })

    test('many at once are each counted once', async () => {
      const pool = fresh('pool')
      const ids = Array.from({ length: 12 }, () => fresh('host'))
      const work = ids.flatMap(id =>
        ['Skylake-Server', 'Cascadelake-Server', 'Skylake-Server'].map(model =>
          inventory.report({ id, pool, text: capabilities({ model }) }),
        ),
      )
      await Promise.all(work)
      expect((await inventory.pools()).find(one => one.pool === pool)?.hosts).toBe(ids.length)
      const [baseline] = await inventory.poolBaselines(pool)
      expect(baseline?.hosts).toBe(ids.length)
      for (const id of ids) {
        const { history = [] } = (await inventory.host(id)) ?? {}
        expect(history.filter(({ until }) => until === undefined)).toHaveLength(1)
      }
    })

    test('name and pool stay as they were where a report does not say them', async () => {
      const [id, pool] = [fresh('host'), fresh('pool')]
      await inventory.report({ id, text: capabilities({}), name: 'kvm-07', pool })
      await inventory.report({ id, text: capabilities({ microcode: 7 }) })
      expect(await inventory.host(id)).toMatchObject({ name: 'kvm-07', pool })
      expect(await inventory.report({ id, text: capabilities({ microcode: 7 }), pool: '' })).toMatchObject({
        result: 'changed',
      })
      expect((await inventory.pools()).some(one => one.pool === pool)).toBe(false)
    })

    test('what is older than what is stored changes nothing', async () => {
      const id = fresh('host')
      const [old, now] = ['2026-01-01', '2026-02-01'].map(day => new Date(day))
      await inventory.report({ id, text: capabilities({ microcode: 2 }), at: now })
      const answer = await inventory.report({ id, text: capabilities({ microcode: 1 }), at: old })
      expect(answer.result).toBe('stale')
      expect((await inventory.host(id))?.facts.microcode).toBe(2)
    })

    test('two machines under one id are noticed, one that is called otherwise is not', async () => {
      const [id, other] = [fresh('clone'), fresh('renamed')]
      const of = (host: string, name: string, uuid = '', microcode = 1) =>
        inventory.report({ id: host, name, text: capabilities({ uuid, microcode }) })
      await of(id, 'a')
      await of(id, 'b')
      await expect(of(id, 'a')).rejects.toMatchObject({
        kind: 'clone',
        message: expect.stringMatching(
          `^two machines report as host ${id}: a, and since then b\\. .*\\(VIRT_CPU_ID, `,
        ),
      })
      expect((await of(id, 'b', '', 2)).result).toBe('changed')
      expect((await inventory.host(id))?.name).toBe('b')
      const batch = [
        { id, name: 'a', text: capabilities({}) },
        { id: other, name: 'x', text: capabilities({}) },
      ]
      expect(await inventory.reportAll(batch)).toMatchObject([
        { error: { kind: 'clone' } },
        { result: 'created' },
      ])
      // One machine may be called otherwise, and again as before, where its UUID says that it is one.
      for (const name of ['y', 'z', 'y', 'z']) await of(other, name, 'u1')
      // What was at another time is let through, and who comes after the other was taken out.
      const at = new Date(Date.now() + 60_000)
      await inventory.report({ id, name: 'a', text: capabilities({}), at })
      await inventory.remove(id)
      expect((await of(id, 'b')).result).toMatch(/created|stale/)
    })

    test('machines of one name and one kind are told apart by their UUIDs', async () => {
      const id = fresh('clone')
      const of = (uuid: string) => inventory.report({ id, name: 'localhost', text: capabilities({ uuid }) })
      await of('u1')
      await of('u2')
      await expect(of('u1')).rejects.toThrow('both are called localhost')
      expect((await of('u2')).result).toBe('seen')
    })

    test('hosts that differ in who they are alone share a CPU', async () => {
      const pool = fresh('pool')
      const texts = ['11', '22', '33'].map(n =>
        capabilities({ uuid: `${n}111111-2222-4333-8444-555555555555` }),
      )
      await inventory.reportAll(reportsOf(pool, texts))
      const { hosts } = await inventory.hosts({ pool })
      expect(new Set(hosts.map(({ cpu }) => cpu)).size).toBe(1)
      expect(new Set(hosts.map(({ evidence }) => evidence)).size).toBe(3)
      const uuids = (await inventory.fleetAt({ pool })).view.fleet.hosts.map(({ uuid }) => uuid?.slice(0, 2))
      expect(uuids).toEqual(['11', '22', '33'])
    })
  })

  describe('search', () => {
    test('pages go through all, each once', async () => {
      const pool = fresh('pool')
      await inventory.reportAll(
        reportsOf(
          pool,
          Array.from({ length: 7 }, () => capabilities({})),
        ),
      )
      const ids: string[] = []
      let after: string | undefined
      do {
        const page = await inventory.hosts({ pool, limit: 3, after })
        ids.push(...page.hosts.map(({ id }) => id))
        after = page.next
      } while (after !== undefined)
      expect(ids).toEqual(Array.from({ length: 7 }, (_, i) => `${pool}/n${i}`))
      await expect(inventory.hosts({ limit: 0 })).rejects.toThrow(BadRequest)
    })

    test.each([`100%_`, `o'; drop table host; --`, `back\\slash`])('text is text: %s', async text => {
      const id = fresh('x') + text
      await inventory.reportAll([
        { id, text: capabilities({}) },
        { id: fresh('x100aa'), text: capabilities({}) },
      ])
      expect((await inventory.hosts({ text })).hosts.map(host => host.id)).toEqual([id])
      expect((await inventory.hosts({ text: text.toUpperCase() })).hosts.map(host => host.id)).toEqual([id])
    })

    test('short texts find how a name begins', async () => {
      await inventory.report({ id: fresh('host'), name: 'q7-node', text: capabilities({}) })
      expect((await inventory.hosts({ text: 'Q7' })).hosts.map(({ name }) => name)).toEqual(['q7-node'])
      expect((await inventory.hosts({ text: '7-' })).hosts).toEqual([])
    })
  })

  describe('history', () => {
    const days = [1, 2, 3, 4].map(day => new Date(`2026-03-0${day}T00:00:00Z`))
    const [first, second, third, fourth] = days as [Date, Date, Date, Date]

    test('a host is what it was', async () => {
      const [id, pool] = [fresh('host'), fresh('pool')]
      const report = (text: string, at: Date) => inventory.report({ id, pool, text, at })
      await report(capabilities({ features: ['hle', 'rtm'] }), first)
      await report(capabilities({ features: ['hle', 'rtm'] }), second)
      await report(capabilities({ features: [], microcode: 2 }), third)
      const host = await inventory.host(id)
      expect(host).toMatchObject({ firstSeen: first, seen: third })
      expect(host?.history.map(({ since, until }) => [since, until])).toEqual([
        [third, undefined],
        [first, third],
      ])
      const { changes } = await inventory.changes({ from: second, to: fourth, pool })
      expect(changes).toMatchObject([{ id, lost: ['hle', 'rtm'], gained: [], reporter: undefined }])
      expect(changes.map(({ before, after }) => [before?.facts.microcode, after?.facts.microcode])).toEqual([
        [1, 2],
      ])
      expect((await inventory.changes({ from: first, to: second, pool })).changes).toEqual([])
      expect((await inventory.changes({ from: third, to: fourth, pool })).changes).toEqual([])
    })

    test('hosts that changed lately are counted by pool', async () => {
      const [id, other, pool] = [fresh('host'), fresh('host'), fresh('pool')]
      const then = new Date(Date.now() - 1000 * 3600)
      await inventory.reportAll([id, other].map(one => ({ id: one, pool, text: capabilities({}), at: then })))
      const changed = async (hours: number) => (await inventory.countChanged(hours * 3600)).get(pool)
      expect(await changed(24 * 365)).toBeUndefined()
      await inventory.report({ id, pool, text: capabilities({ microcode: 2 }) })
      expect(await changed(1)).toBe(1)
      await inventory.remove(other)
      expect(await changed(1)).toBe(2)
    })

    test('the timeline counts hosts where they changed', async () => {
      const [id, pool] = [fresh('host'), fresh('pool')]
      const none = await inventory.timeline({ pool, parts: 10 })
      expect([none.from, none.changes]).toEqual([undefined, []])
      const report = (microcode: number, at: Date) =>
        inventory.report({ id, pool, text: capabilities({ microcode }), at })
      await report(1, first)
      await report(2, third)
      const { from, to, changes } = await inventory.timeline({ pool, parts: 1000 })
      expect(from).toEqual(first)
      expect(changes.map(({ hosts }) => hosts)).toEqual([1])
      const width = (to.getTime() - first.getTime()) / 1000
      expect(Math.abs((changes[0]?.at.getTime() ?? 0) - third.getTime())).toBeLessThanOrEqual(width)
    })

    test('what was taken back in between is no change, what comes and goes is', async () => {
      const [id, pool] = [fresh('host'), fresh('pool')]
      for (const [i, at] of days.entries())
        await inventory.report({ id, pool, text: capabilities({ microcode: 1 + (i % 2) }), at })
      expect((await inventory.changes({ from: first, to: third, pool })).changes).toEqual([])
      const [came] = (await inventory.changes({ from: new Date('2026-02-01'), to: first, pool })).changes
      expect([came?.before, came?.after?.pool]).toEqual([undefined, pool])
      expect(await inventory.remove(id)).toBe(true)
      expect(await inventory.remove(id)).toBe(false)
      const [gone] = (await inventory.changes({ from: fourth, pool })).changes
      expect([gone?.before?.facts.microcode, gone?.after]).toEqual([2, undefined])
      expect(await inventory.host(id)).toBeUndefined()
      expect((await inventory.fleetAt({ pool, time: fourth })).view.fleet.hosts).toHaveLength(1)
      await expect(inventory.fleetAt({ pool })).rejects.toThrow(BadRequest)
      await inventory.report({ id, pool, text: capabilities({}) })
      const again = await inventory.host(id)
      expect(again?.history.length).toBe(5)
      expect(again?.firstSeen.getTime()).toBeGreaterThan(fourth.getTime())
    })

    test('changes come in pages', async () => {
      const pool = fresh('pool')
      await inventory.reportAll(
        reportsOf(
          pool,
          Array.from({ length: 5 }, () => capabilities({})),
          first,
        ),
      )
      const ids: string[] = []
      let after: string | undefined = pool
      do {
        const page = await inventory.changes({ from: new Date(0), to: second, pool, limit: 2, after })
        ids.push(...page.changes.map(({ id }) => id))
        after = page.next
      } while (after !== undefined)
      expect(ids).toEqual(Array.from({ length: 5 }, (_, i) => `${pool}/n${i}`))
    })
  })

  describe('pinned CPUs', () => {
    const CPU = `<cpu mode='custom' match='exact'><model>Skylake-Server-noTSX-IBRS</model></cpu>`

    test('only a decision changes one, and all stay on record', async () => {
      const pool = fresh('pool')
      await inventory.report({ id: fresh('host'), pool, text: capabilities({}) })
      const first = await inventory.pin(pool, CPU, 'ann', 'new racks')
      expect(first).toMatchObject({ pool, cpu: CPU, before: undefined, by: 'ann', why: 'new racks' })
      const pinned = (await inventory.pools()).find(one => one.pool === pool)?.pinned
      expect(pinned).toEqual(first)
      expect([...((await inventory.fleetAt({ pool })).view.fleet.kept?.keys() ?? [])]).toEqual([pool])
      const second = await inventory.pin(pool, undefined, 'bob', 'not any more')
      expect(second).toMatchObject({ cpu: undefined, before: CPU })
      expect((await inventory.pools()).find(one => one.pool === pool)?.pinned).toBeUndefined()
      expect(await inventory.decisions(pool)).toEqual([second, first])
    })

    test('of decisions at once each knows the one before', async () => {
      const pool = fresh('pool')
      const models = ['Penryn', 'Nehalem', 'Westmere', 'SandyBridge']
      const cpus = models.map(model => CPU.replace('Skylake-Server-noTSX-IBRS', model))
      await Promise.all(cpus.map(cpu => inventory.pin(pool, cpu, 'ann', 'a race')))
      const all = (await inventory.decisions(pool)).toReversed()
      expect(all.map(({ before }) => before)).toEqual([undefined, ...all.map(({ cpu }) => cpu)].slice(0, -1))
    })

    test.each(['', '<cpu', `<cpu mode='custom'><model>Nosuch</model></cpu>`, `<cpu mode='host-model'/>`])(
      'what is no CPU is refused: %s',
      async cpu => {
        await expect(inventory.pin(fresh('pool'), cpu, 'ann', 'why not')).rejects.toThrow(BadRequest)
      },
    )
  })

  describe('tokens and the audit log', () => {
    test('a token is found by its hash until it is revoked, and then too', async () => {
      const token = { id: fresh('t'), hash: fresh('hash'), name: 'ci', roles: ['read', 'plan'] as const }
      const expires = new Date('2027-01-01')
      const kept = await inventory.tokens.add({ ...token, hosts: 'rack1-*', createdBy: 'ann', expires })
      expect(kept).toMatchObject({ id: token.id, roles: ['read', 'plan'], hosts: 'rack1-*', expires })
      expect(JSON.stringify(kept)).not.toContain(token.hash)
      await inventory.tokens.used(token.id)
      const found = await inventory.tokens.find(token.hash)
      expect(found?.lastUsed).toBeInstanceOf(Date)
      expect(await inventory.tokens.revoke(token.id)).toBe(true)
      expect(await inventory.tokens.revoke(token.id)).toBe(false)
      expect((await inventory.tokens.find(token.hash))?.revoked).toBeInstanceOf(Date)
      expect(await inventory.tokens.find(fresh('hash'))).toBeUndefined()
      const again = { ...token, hosts: undefined, createdBy: 'ann', expires: undefined }
      await expect(inventory.tokens.add(again)).rejects.toMatchObject({ kind: 'conflict' })
    })

    test('the log has what was written, newest first', async () => {
      const who = fresh('who')
      for (const action of ['one', 'two', 'three'])
        await inventory.auditLog.write({ who, action, detail: { quoted: `'"\\` } })
      const [three, two] = await inventory.auditLog.list({ limit: 2 })
      expect([three?.action, two?.action, three?.detail]).toEqual(['three', 'two', { quoted: `'"\\` }])
      const [one] = await inventory.auditLog.list({ before: two?.number, limit: 1 })
      expect(one).toMatchObject({ who, action: 'one' })
    })
  })

  describe('laws', () => {
    test(`pool baselines of ${fleets} random fleets are the library's`, { timeout: 600_000 }, async () => {
      const tries = fc
        .sample(randomFleets, fleets)
        .map(fleet => ({ pool: fresh('law'), texts: textsOf(fleet) }))
      for (const { pool, texts } of tries) await inventory.reportAll(reportsOf(pool, texts))
      const found = groupBy(await inventory.poolBaselines(), ({ pool }) => pool)
      for (const { pool, texts } of tries) {
        const views = viewsOf(openFleet(context, { documents: filesOf(pool, texts).map(withoutGuests) }))
        const wanted = views
          .filter(({ fleet }) => fleet.hosts.length > 0)
          .map(view => sorted(baselineIn(view)))
        const given = (found.get(pool) ?? []).map(one => sorted(essence(one)))
        expect(given, JSON.stringify(texts)).toEqual(wanted)
      }
      expect(tries.length).toBe(fleets)
    })

    test('questions answer of an inventory what they answer of files, now and then', {
      timeout: 600_000,
    }, async () => {
      const then = new Date('2026-05-01T00:00:00Z')
      for (const [before, after] of fc.sample(fc.tuple(randomFleets, randomFleets), Math.ceil(fleets / 25))) {
        const pool = fresh('asked')
        const [old, now] = [before, after].map(textsOf) as [string[], string[]]
        await inventory.reportAll(reportsOf(pool, old, then))
        await inventory.reportAll(reportsOf(pool, now))
        for (const { id } of (await inventory.hosts({ pool })).hosts)
          if (Number(id.split('/n')[1]) >= now.length) await inventory.remove(id)
        const [past, present] = [
          await inventory.fleetAt({ pool, time: then }),
          await inventory.fleetAt({ pool }),
        ]
        const told = JSON.stringify([old, now])
        expect(answersOf(inputOfFleet(past)), told).toEqual(answersOf({ documents: filesOf(pool, old) }))
        expect(answersOf(inputOfFleet(present)), told).toEqual(answersOf({ documents: filesOf(pool, now) }))
      }
    })

    test('all can be derived again, and is the same', async () => {
      const before = await inventory.poolBaselines()
      // Some hosts of other tests reported of times to come.
      const to = new Date(Date.now() + 3_600_000)
      const changes = () => inventory.changes({ from: new Date(to.getTime() - 3_600_000), to, limit: 1000 })
      const known = await changes()
      expect(await inventory.recompute()).toBe(0)
      expect(await inventory.poolBaselines()).toEqual(before)
      expect(await changes()).toEqual(known)
    })

    test('texts that nobody has any more go', async () => {
      const id = fresh('host')
      const texts = ['  ', '   '].map(blank => capabilities({ microcode: 99 }) + blank)
      const [first, second] = [await inventory.report({ id, text: texts[0] ?? '' }), undefined]
      const later = await inventory.report({ id, text: `${texts[0]} ` })
      const last = await inventory.report({ id, text: `${texts[0]}  ` })
      expect([first.result, second, later.result, last.result]).toEqual([
        'created',
        undefined,
        'seen',
        'seen',
      ])
      expect(await inventory.tidy()).toBeGreaterThan(0)
      expect(await inventory.evidence(later.hash)).toBeUndefined()
      expect(await inventory.evidence(first.hash)).toBeDefined()
      expect(await inventory.evidence(last.hash)).toBeDefined()
      expect(await inventory.tidy()).toBe(0)
    })
  })
}

/** A pool's computed CPU is its hosts', whatever guests contradict them. */
const withoutGuests = <T extends { readonly text: string }>(file: T): T => ({
  ...file,
  text: file.text.replace(/<domain .*<\/domain>/s, ''),
})

const essence = ({
  hosts,
  cpus,
  arch,
  present,
  assumed,
  absent,
  unknown,
  offered,
  hazards,
  lost,
}: PoolBaseline) => ({
  unknown,
  lost,
  hosts,
  cpus,
  arch,
  present,
  assumed,
  absent,
  offered,
  hazards,
})
