import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostDocuments } from '../../bench/fleet.ts'
import { drift } from '../../src/index.ts'
import { builtinReleases } from '../../src/map/releases.ts'
import type { ExplainAnswer } from '../../src/questions/explain/answer.ts'
import type { ModelVerdicts } from '../../src/questions/models/answer.ts'
import type { TreeRow } from '../../web/shared/displays.ts'
import { commonFolder } from '../../web/worker/displays/fleet-file.ts'
import { Engine } from '../../web/worker/engine.ts'
import { layOutGraph } from '../../web/worker/layout.ts'
import { askNow } from '../ask-now.ts'
import { hostXml } from '../cli/virt-cpu.ts'
import { runs } from '../effort.ts'
import { single } from '../notation.ts'
import { whatIf } from '../questions/narrowed.ts'
import { FLEETS } from './fleets.ts'

const folder = join(import.meta.dirname, '..', '..', 'examples', 'fleet')

/** Hosts whose paths are their names: the page shortens other paths. */
const documents = readdirSync(folder)
  .filter(name => name.endsWith('.xml'))
  .map(name => ({ path: name.replace('.xml', ''), text: readFileSync(join(folder, name), 'utf8') }))

const [{ path: from = '' } = {}, { path: to = '' } = {}] = documents

test.each([
  ['explain', {}],
  ['explain', { cost: true }],
  ['explain', { feature: 'avx2' }],
  ['pools', {}],
  ['migrate', {}],
  ['migrate', { from, to }],
] as const)('the page’s worker answers %s %o as batch does', async (question, input) => {
  const engine = new Engine({ texts: [], files: [] })
  await engine.add(documents, '')
  expect(engine.ask(question, input)).toEqual(askNow({ verb: question, documents, ...input }))
})

const [{ text: one = '' } = {}, { text: other = '' } = {}] = documents

test('content decides: the same name with other content is another host, and the rest is said', async () => {
  const engine = new Engine({ texts: [], files: [] })
  await engine.add([{ path: 'a/capabilities.xml', text: one }], '')
  const { hosts, problems } = await engine.add(
    [
      { path: 'a/capabilities.xml', text: other },
      { path: 'a/capabilities.xml', text: one },
      { path: 'b/capabilities.xml', text: one },
    ],
    '',
  )
  expect(hosts).toBe(3)
  expect(problems.map(({ text }) => text)).toEqual([
    'another file has this name: this one is called a/capabilities (2).xml',
    'skipped: a file with this name and content is already here',
    expect.stringMatching(/^what KVM gives guests is assumed from the CPU on /),
  ])
})

test('hosts whose texts differ in their identifiers alone are told apart by them, as batch does', async () => {
  const uuids = ['a1', 'b2', 'c3'].map(end => `4c4c4544-0042-4d10-8052-b4c04f4a32${end}`)
  const cpus = documents.flatMap(({ text }) => (text.startsWith('<cpu>') ? [text] : []))
  const parts = fc.record({ cpu: fc.constantFrom(...cpus.slice(0, 2)), uuid: fc.constantFrom('', ...uuids) })
  await fc.assert(
    fc.asyncProperty(fc.array(parts, { minLength: 2, maxLength: 6 }), async some => {
      const added = some.map(({ cpu, uuid }, i) => ({
        path: `rack-${i}/kvm`,
        text: `<capabilities><host>${uuid && `<uuid>${uuid}</uuid>`}${cpu}</host></capabilities>`,
      }))
      const engine = new Engine({ texts: [], files: [] })
      await engine.add(added, '')
      const { notes: _, ...expected } = askNow({ verb: 'migrate', documents: added })
      const { notes: __, ...answer } = engine.ask('migrate', {})
      expect(answer).toEqual(expected)
      const { texts, files } = engine.save()
      expect(files.map(([path, text]) => ({ path, text: texts[text] }))).toEqual(added)
    }),
    { numRuns: runs(60, 3) },
  )
})

test('the folder of a file that is called after its content is the host, not a pool', async () => {
  const parts = fc.record({
    root: fc.constantFrom('', 'facts/', 'a/b/'),
    pools: fc.constantFrom<readonly string[]>([''], ['prod/', 'test/']),
    inner: fc.constantFrom('', 'tmp/', 'var/tmp/'),
    file: fc.constantFrom('capabilities.xml', 'cpuinfo.txt', 'host.xml'),
  })
  await fc.assert(
    fc.asyncProperty(parts, async ({ root, pools, inner, file }) => {
      const engine = new Engine({ texts: [], files: [] })
      const names = documents.map(({ path }) => `${path}.dc4.example.net`)
      const added = documents.map(({ text }, i) => {
        const pool = pools[i % pools.length] ?? ''
        return { path: `${root}${pool}${names[i]}/${inner}${file}`, text }
      })
      await engine.add(added, '')
      // All in one folder: as the command calls it where that folder's own folder is given.
      const labels = pools.map(pool => pool.replace('/', '') || (root === 'a/b/' ? 'b' : ''))
      expect(engine.pools().cards.map(({ label }) => label)).toEqual(labels)
      const hosts = engine.fleet(null).groups.flatMap(({ id }) => engine.hosts(id))
      expect(hosts.map(({ name }) => name).sort()).toEqual(
        names.map((name, i) => `${pools[i % pools.length]}${name}`).sort(),
      )
      expect(hosts.map(({ path }) => path).sort()).toEqual(added.map(({ path }) => path).sort())
    }),
    { numRuns: runs(36, 3) },
  )
})

test('what two vendors call otherwise is one line of the matrix, and hosts have it under either name', async () => {
  const [, files = {}] = FLEETS.find(([name]) => name === 'mixed60') ?? []
  const engine = new Engine({ texts: [], files: [] })
  await engine.add(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    '',
  )
  for (const all of [false, true]) {
    const { rows, title } = engine.matrix(null, all)
    const names = rows.flatMap(({ feature, twins }) => [feature, ...twins])
    expect(names.length).toBe(new Set(names).size)
    if (!all) expect(numbersIn(title)[0]).toBe(rows.length)
    const twinsOf = (name: string) => rows.find(({ feature }) => feature === name)?.twins
    expect(twinsOf('stibp')).toEqual(['amd-stibp'])
    expect(twinsOf('ssbd')).toEqual(['amd-ssbd'])
    expect(twinsOf('spec-ctrl')).toContain('ibrs')
    for (const { twins, without, cells, why } of rows.filter(({ twins }) => twins.length > 0)) {
      expect(without > 0).toBe(/[-0]/.test(cells))
      expect([...cells].every((cell, i) => cell !== '1' || why[i] === 0)).toBe(true)
      expect(twins.length).toBeLessThanOrEqual(2)
    }
  }
})

test('lists of what is lost and what hosts cost have such names on one line, and counts of all of them', async () => {
  const engine = new Engine({ texts: [], files: [] })
  const host = (model: string, more: readonly string[]) => hostXml(model, more, 'AMD')
  const names = ['spec-ctrl', 'ibrs', 'stibp', 'amd-stibp', 'aes']
  await engine.add(
    [
      { path: 'old.xml', text: host('EPYC-v1', []) },
      ...['new-1.xml', 'new-2.xml'].map(path => ({ path, text: host('EPYC-v1', [...names, 'umip']) })),
    ],
    '',
  )
  const rows = engine.cost(null).pools.flatMap(({ costs }) => costs)
  const [row] = rows.filter(({ who }) => who === 'old')
  const listed = row?.gains.map(({ feature }) => feature) ?? []
  expect(listed).toEqual(expect.arrayContaining(['stibp / amd-stibp', 'umip']))
  expect(listed.flatMap(name => name.split(' / ')).length).toBe(row?.features)
  const lost = engine.baseline(null, PLAIN).lost?.flatMap(({ features }) => features.map(one => one.feature))
  expect(lost).toEqual(expect.arrayContaining(['spec-ctrl / ibrs', 'umip']))
})

test('what to do first: what `explain` says to do, pools of several vendors parted', async () => {
  await fc.assert(
    fc.asyncProperty(fleets, async files => {
      const engine = new Engine({ texts: [], files: [] })
      const documents = files.map(({ path, text }) => ({ path: `dropped/${path}`, text }))
      await engine.add(documents, '')
      const { pools } = askNow({ verb: 'explain', documents: files }) as unknown as ExplainAnswer
      const mixed = pools.filter(pool => pool.mixed !== undefined)
      const parted = engine.fleet(null).actions.filter(({ what }) => what.startsWith('part '))
      expect(parted.length).toBe(Math.min(3, mixed.length))
      for (const [i, { what, gain }] of parted.entries()) {
        expect(what).toContain(mixed[i]?.vendors.join(' and '))
        expect(gain).toMatch(/none moves to another$/)
      }
    }),
    { numRuns: runs(20) },
  )
})

/** How often each group is shown in the family tree. */
const groupsOfTree = (rows: readonly TreeRow[]): number[] =>
  rows.flatMap(({ groups, children }) => [...groups, ...groupsOfTree(children)])

test('hosts in are hosts shown, in every view that lists them', async () => {
  const engine = new Engine({ texts: [], files: [] })
  const own = '<cpu><arch>x86_64</arch><model>qemu64</model><feature name="svm"/></cpu>'
  const { hosts } = await engine.add([...documents, { path: 'own', text: own }], '')
  const { groups } = engine.fleet(null)
  const ids = groups.map(({ id }) => id).sort((a, b) => a - b)
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(hosts)
  expect(groups.flatMap(({ id }) => engine.hosts(id)).length).toBe(hosts)
  const tree = engine.tree(null)
  expect([...groupsOfTree(tree.roots), ...tree.elsewhere].sort((a, b) => a - b)).toEqual(ids)
  for (const { hosts, groups } of engine.pools().cards)
    expect(groups.reduce((sum, group) => sum + group.hosts, 0)).toBe(hosts)
  expect(engine.pools().cards.reduce((sum, card) => sum + card.hosts, 0)).toBe(hosts)
})

/** Some of a few dozen hosts of different CPUs, in one to three pools. */
const hostTexts = [...hostDocuments(48)]
const fleets = fc
  .uniqueArray(fc.tuple(fc.nat(hostTexts.length - 1), fc.constantFrom('', 'a/', 'b/')), {
    minLength: 1,
    maxLength: 16,
    selector: ([i]) => i,
  })
  .map(hosts => hosts.map(([i, pool]) => ({ path: `${pool}host-${i}.xml`, text: hostTexts[i] ?? '' })))

const PLAIN = { expand: false, migratable: false, best: false, onModel: '' }

const numbersIn = (title: string): number[] => (title.match(/(?<![\w-])\d+(?![\w-])/g) ?? []).map(Number)

test('boxes are written for the chosen QEMU as the command writes them, and say what that lacks', async () => {
  let unsaid = 0
  const [newest = '', ...older] = builtinReleases().lookedAt('qemu').toReversed()
  await fc.assert(
    fc.asyncProperty(fleets, fc.constantFrom('', ...older), async (files, chosen) => {
      const engine = new Engine({ texts: [], files: [] })
      await engine.add(files, '')
      const qemu = chosen || newest
      const { pools } = engine.ask('explain', { format: 'qemu', qemu }) as ExplainAnswer
      for (const { pool, expression } of pools) {
        const shown = engine.baseline(pool, { ...PLAIN, qemu: chosen })
        expect(shown.versions).toEqual([newest, ...older])
        const box = shown.guests?.written.find(({ name }) => name === `For QEMU ${qemu}`)
        expect(box?.text).toBe(expression?.written)
        const lacking = expression?.notExpressed ?? []
        expect(box?.unsaid.map(one => one.replace(/^[^:]+: /, ''))).toEqual(lacking.map(({ why }) => why))
        unsaid += lacking.length
        const cpus = files
          .filter(({ path }) => pools.length === 1 || (path.split('/').slice(-2, -1)[0] ?? '') === pool)
          .map(({ text }) => text)
        const own = shown.cpu?.written.find(({ name }) => name === `QEMU ${qemu} -cpu`)
        if (shown.cpu)
          expect(own?.text).toBe(askNow({ verb: 'baseline', cpus, format: 'qemu', qemu }).written)
      }
    }),
    { numRuns: runs(100, 20) },
  )
  expect(unsaid).toBeGreaterThan(0)
})

test('a title says what the rows under it come to', async () => {
  await fc.assert(
    fc.asyncProperty(fleets, async files => {
      const engine = new Engine({ texts: [], files: [] })
      const { hosts } = await engine.add(files, '')
      const matrix = engine.matrix(null, false)
      const missing = matrix.rows.filter(({ without }) => without > 0).length
      expect(missing).toBe(matrix.rows.length)
      if (missing > 0) expect(numbersIn(matrix.title)[0]).toBe(missing)
      else expect(matrix.title).toMatch(/^The one host|^No host is known to lack/)

      const cost = engine.cost(null)
      const rows = cost.pools.flatMap(({ costs }) => costs)
      expect(/costs? /.test(cost.title) && !/nothing|no /.test(cost.title)).toBe(rows.length > 0)
      const most = Math.max(0, ...rows.map(({ gain }) => gain))
      const [first] = rows.filter(({ gain }) => gain === most)
      if (first)
        expect(
          rows.filter(one => cost.title.includes(`${one.features} feature`)).map(one => one.gain),
        ).toContain(most)

      const { pools } = engine.ask('explain', {}) as ExplainAnswer
      for (const { pool, hostCount, level, expression } of pools) {
        if (!expression) continue
        const { title, guests } = engine.baseline(pool, PLAIN)
        expect(guests?.written.map(({ text }) => text)).toEqual([expression.xml, `-cpu ${expression.qemu}\n`])
        expect(guests?.written.flatMap(({ unsaid }) => unsaid)).toEqual([])
        expect(title).toMatch(`Guests of ${hostCount} host`)
        expect(title).toContain(`can have ${expression.model}${level ? ` at ${level}` : ''}`)
      }

      const ladder = engine.ladder(null)
      for (const { runs, unsure, out } of ladder.rungs)
        expect(runs + unsure + out.reduce((sum, one) => sum + one.hosts, 0)).toBe(hosts)
      const { models } = askNow({ verb: 'models', documents: files }) as ModelVerdicts
      const onAll = models
        .filter(({ verdict }) => verdict === 'yes' || verdict === 'assumed')
        .map(({ name }) => name)
      const full = ladder.rungs
        .filter(({ kind, runs }) => kind === 'model' && runs === hosts)
        .map(({ model }) => model)
      expect(full.sort()).toEqual(onAll.sort())
      if (full.length === 0) expect(ladder.titles.model).toMatch(/^No named model/)
      else
        expect(full.some(model => ladder.titles.model.startsWith(`${model} is the best model for `))).toBe(
          true,
        )

      for (const kind of ['evc', 'level'] as const) {
        const own = ladder.rungs.filter(one => one.kind === kind)
        expect(own.length).toBeGreaterThan(3)
        const [best] = own.filter(one => one.runs === hosts)
        const title = ladder.titles[kind]
        if (best) expect(title.startsWith(`${best.model} is the highest `)).toBe(true)
        else expect(title).toMatch(/^No (?:mode|level)/)
      }

      const fleet = engine.fleet(null)
      expect(fleet.groups.reduce((sum, { count }) => sum + count, 0)).toBe(hosts)
      expect(fleet.levels.reduce((sum, level) => sum + level.hosts, 0)).toBe(hosts)
      expect(fleet.actions.length).toBeLessThanOrEqual(3)

      const { title, clusters } = engine.migration(null)
      const sizes = clusters.map(({ groups }) =>
        groups.reduce((sum, id) => sum + (fleet.groups.find(group => group.id === id)?.count ?? 0), 0),
      )
      expect(numbersIn(title)).toContain(clusters.length > 1 ? Math.max(...sizes) : hosts)
    }),
    { numRuns: runs(20) },
  )
})

test('a link names the same hosts when others come', async () => {
  await fc.assert(
    fc.asyncProperty(fleets, fleets, async (files, more) => {
      const engine = new Engine({ texts: [], files: [] })
      await engine.add(files, '')
      const before = engine.fleet(null).groups.map(({ id }) => ({ id, hosts: engine.hosts(id) }))
      await engine.add(more, '')
      for (const { id, hosts } of before) {
        const now = engine.hosts(id).map(({ path }) => path)
        for (const { path } of hosts) expect(now).toContain(path)
      }
    }),
    { numRuns: runs(20) },
  )
})

test('the search finds every host and feature by its name, however it is joined', async () => {
  const engine = new Engine({ texts: [], files: [] })
  await engine.add(documents, '')
  for (const { path } of documents)
    expect(engine.find(path.toUpperCase()).rows).toContainEqual(
      expect.objectContaining({ kind: 'host', name: path }),
    )
  for (const text of ['md-clear', 'MD_CLEAR', 'sse4.1', 'sse4_1'])
    expect(engine.find(text).rows[0]).toMatchObject({ kind: 'feature' })
  expect(engine.find(' ').rows).toEqual([])
  expect(engine.find('no such thing').rows).toEqual([])
})

/** Points along the path that the page draws of an arrow. */
function pointsAlong(points: readonly (readonly [number, number])[]): [number, number][] {
  return points.slice(1).flatMap(([x, y], i) => {
    const [fromX, fromY] = points[i] ?? [x, y]
    return Array.from({ length: 9 }, (_, step): [number, number] => [
      fromX + ((x - fromX) * (step + 1)) / 10,
      fromY + ((y - fromY) * (step + 1)) / 10,
    ])
  })
}

const lines = (text: string, without: RegExp) =>
  text
    .split('\n')
    .filter(line => !without.test(line))
    .join('\n')

test('two recordings: what `drift` answers, paired below the folders that all have in common, and kept', async () => {
  await fc.assert(
    fc.asyncProperty(fleets, fc.nat(), async (files, seed) => {
      const now = files.flatMap(({ path, text }, i) => {
        const fate = (seed >> (2 * (i % 12))) & 3
        if (fate === 0 && i > 0) return []
        return { path, text: fate === 1 ? lines(text, /'(?:avx2|hle|md-clear|erms)'/) : text }
      })
      const engine = new Engine({ texts: [], files: [] })
      await engine.add(files, '')
      expect(engine.drift(false)).toBe(null)
      const below = (list: typeof files) => list.map(file => ({ ...file, path: `march/7/${file.path}` }))
      expect(await engine.compareWith(below(now))).toMatchObject({ second: now.length })
      const expected = single(drift({ before: { documents: files }, after: { documents: now } }))
      const shown = engine.drift(false)
      expect(shown?.changed.flatMap(({ hosts }) => hosts).length).toBe(expected.changed.length)
      expect([shown?.gone.length, shown?.added.length]).toEqual([expected.gone.length, 0])
      const lost = expected.changed.flatMap(({ changes }) =>
        changes.flatMap(change => (change.field === 'features' ? change.lost : [])),
      )
      const told = shown?.changed.flatMap(({ hosts, lost: remedies }) =>
        hosts.flatMap(() =>
          remedies.flatMap(({ cause, features }) => features.map(one => [one.feature, cause])),
        ),
      )
      expect(told?.sort()).toEqual(lost.map(({ feature, cause }) => [feature, cause]).sort())
      const again = new Engine({ texts: [], files: [] })
      await again.embed(JSON.stringify(engine.save()))
      expect(again.drift(false)).toEqual(shown)
      expect(again.drift(true)?.gone.length).toBe(0)
    }),
    { numRuns: runs(20) },
  )
})

test('moving hosts: what `what-if --move` answers, undone and redone', async () => {
  await fc.assert(
    fc.asyncProperty(fleets, fc.nat(), async (files, seed) => {
      const engine = new Engine({ texts: [], files: [] })
      // The folder that is dropped is the one that the command is given.
      await engine.add(
        files.map(({ path, text }) => ({ path: `dropped/${path}`, text })),
        '',
      )
      expect(engine.change()).toBe(null)
      const { groups } = engine.fleet(null)
      const { id = 0, pools = [] } = groups[seed % groups.length] ?? {}
      const [from = ''] = pools
      const hosts = engine.hosts(id).filter(({ pool }) => pool === from)
      const { cards } = engine.pools()
      const to = from === 'b' ? 'a' : 'b'
      // Who moves a whole pool to where nothing is gives it another name.
      const isRenamed =
        cards.find(({ label }) => label === from)?.hosts === hosts.length &&
        cards.every(({ label }) => label !== to)
      engine.assign([{ group: id, from, to }], '')
      if (isRenamed) {
        expect(engine.change()).toBe(null)
        return
      }
      const move = hosts.map(({ path }) => ({ host: path.replace('dropped/', ''), pool: to }))
      const expected = whatIf({ documents: files, move })
      expect(engine.change()?.pools).toMatchObject(
        expected.pools.map(({ pool, before, after, gained, lost }) => ({
          pool,
          before,
          after,
          gained,
          lost,
        })),
      )
      expect(engine.change()?.guests).toEqual([])
      engine.undo()
      const back = engine.change()
      expect(back?.pools.map(({ pool, before, after }) => [pool, after, before])).toEqual(
        expected.pools.map(({ pool, before, after }) => [pool, before, after]),
      )
      engine.redo()
      expect(engine.change()?.pools.length).toBe(expected.pools.length)
    }),
    { numRuns: runs(20) },
  )
})

test('named, locked and limited pools: undone, saved with the page, and what a saved fleet.yaml says', async () => {
  await fc.assert(
    fc.asyncProperty(fleets, fc.integer({ min: 1, max: 3 }), async (files, smallest) => {
      const engine = new Engine({ texts: [], files: [] })
      await engine.add(files, '')
      const [{ label = '' } = {}] = engine.pools().cards
      engine.rename(label, 'mine')
      engine.lock('mine', true)
      engine.limit(smallest)
      engine.site('mine', 'row 4')
      engine.rename('mine', 'ours')
      engine.rename('ours', 'mine')
      const [pools, plan] = [engine.pools(), engine.plan()]
      expect(pools.cards.find(card => card.isLocked)?.label).toBe('mine')
      const again = new Engine({ texts: [], files: [] })
      await again.embed(JSON.stringify(engine.save()))
      expect([again.pools(), again.plan()]).toEqual([pools, plan])
      const byFile = new Engine({ texts: [], files: [] })
      // It is saved for the folder that all files have in common.
      const folder = commonFolder(files.map(({ path }) => path))
      const path = folder === '' ? 'fleet.yaml' : `${folder}/fleet.yaml`
      await byFile.add([...files, { path, text: engine.fleetFile() }], '')
      const plainCards = ({ cards }: typeof pools) =>
        cards.map(({ label: name, hosts, featureCount, value }) => [
          name || 'fleet',
          hosts,
          featureCount,
          value,
        ])
      expect(plainCards(byFile.pools()).sort()).toEqual(plainCards(pools).sort())
      expect(byFile.pools().smallest).toBe(smallest)
      expect(byFile.plan().curve.map(({ value }) => value)).toEqual(plan.curve.map(({ value }) => value))
      expect(
        byFile
          .pools()
          .cards.map(({ site }) => site)
          .filter(Boolean),
      ).toEqual(['row 4'])
      for (let i = 0; i < 6; i++) engine.undo()
      expect(engine.pools().cards.some(card => card.isLocked)).toBe(false)
      expect(engine.pools().cards[0]?.label).toBe(label)
    }),
    { numRuns: runs(20) },
  )
})

/** The room that a window of 320 pixels has for the graph, which may be drawn smaller. */
const PHONE = 328

interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

test('the graph is as narrow as the window, and its arrows run around boxes', () => {
  const graphs = fc.integer({ min: 2, max: 14 }).chain(n =>
    fc.record({
      boxes: fc.tuple(
        ...Array.from({ length: n }, (_, id) =>
          fc.record({
            id: fc.constant(id),
            width: fc.constantFrom(60, 150, 230),
            height: fc.integer({ min: 39, max: 124 }),
            pool: fc.constantFrom('a', 'b', undefined),
          }),
        ),
      ),
      arrows: fc
        .uniqueArray(fc.tuple(fc.nat(n - 1), fc.nat(n - 1)), {
          maxLength: 3 * n,
          selector: String,
          size: 'max',
        })
        .map(pairs => pairs.filter(([a, b]) => a < b).map(([from, to]) => ({ from, to }))),
      room: fc.constantFrom(0, PHONE, 700, 1400),
    }),
  )
  fc.assert(
    fc.property(graphs, graph => {
      // A box of no pool has no such key.
      const sizes = {
        ...graph,
        boxes: graph.boxes.map(({ pool, ...box }) => (pool ? { ...box, pool } : box)),
      }
      const { boxes, areas, arrows, width, height } = layOutGraph(sizes)
      if (graph.room >= PHONE) expect(width).toBeLessThanOrEqual(graph.room)
      const meets = (a: Rectangle, b: Rectangle) =>
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
      boxes.forEach((box, i) => {
        for (const other of boxes.slice(i + 1)) expect(meets(box, other)).toBe(false)
        for (const area of areas) expect(meets(box, area)).toBe(graph.boxes[box.id]?.pool === area.pool)
      })
      for (const { from, to, points } of arrows) {
        for (const [x, y] of pointsAlong(points)) {
          expect(x >= 0 && y >= 0 && x <= width && y <= height).toBe(true)
          const hit = boxes.find(
            box => x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height,
          )
          expect([from, to, undefined]).toContain(hit?.id)
        }
      }
    }),
    { numRuns: runs(200) },
  )
})

/** A file that the browser can read no more. */
class Unreadable extends File {
  override get size(): number {
    return 1 << 20
  }
  override arrayBuffer = () => Promise.reject(new Error('gone'))
}

test('files are read as their texts are, those around an unreadable one too', async () => {
  const files = documents.map(({ path, text }) => ({ path, file: new File([text], path) }))
  const bad = { path: 'bad', file: new Unreadable(['…'], 'bad') }
  const marked = { path: 'marked', file: new File([Buffer.from(`\ufeff${one}`, 'utf16le')], 'marked') }
  const texts = new Engine({ texts: [], files: [] })
  await texts.add([...documents, { path: 'marked', text: one }], '')
  for (const more of [[], [bad]]) {
    const engine = new Engine({ texts: [], files: [] })
    const { problems } = await engine.add(
      [{ path: 'empty', file: new File([], '') }, ...more, ...files, marked],
      '',
    )
    expect(engine.save()).toEqual(texts.save())
    expect(problems.filter(({ kind }) => kind === 'error')).toEqual(
      more.map(({ path }) => ({ source: path, text: 'gone', kind: 'error' })),
    )
  }
})

test('the state has the pools of the fleet', async () => {
  for (const folder of ['b', 'a']) {
    const engine = new Engine({ texts: [], files: [] })
    const placed = documents.map(({ path, text }, i) => ({ path: `${i % 3 ? folder : 'c'}/${path}`, text }))
    const { pools } = await engine.add(placed, '')
    expect(pools).toEqual(engine.fleet(null).pools.map(({ label, hosts }) => [label, hosts]))
    expect(pools).toHaveLength(2)
  }
})
