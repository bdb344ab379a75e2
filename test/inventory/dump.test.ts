import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { openInventory } from '../../src/inventory/open.ts'
import { runs } from '../effort.ts'
import { expectMoves, exported, type Happening, happen, happenings } from './dump.ts'
import { capabilities } from './texts.ts'

const open = () => openInventory({ folder: mkdtempSync(join(tmpdir(), 'inventory-')) })

let [from, to]: Inventory[] = []
beforeAll(async () => {
  ;[from, to] = await Promise.all([open(), open()])
})
afterAll(async () => {
  await from?.close()
  await to?.close()
})

/** Both inventories, without what was in them. */
async function emptied(): Promise<readonly [Inventory, Inventory]> {
  await from?.close()
  await to?.close()
  ;[from, to] = await Promise.all([open(), open()])
  if (!from || !to) throw new Error('not open')
  return [from, to]
}

test('what is exported is what was imported, with its history; importing it again changes nothing', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(happenings, async list => {
      const [a, b] = await emptied()
      await happen(a, list)
      await expectMoves(a, b)
    }),
    { numRuns: runs(60, 20) },
  )
})

test('an import that was cut off says so, and goes on where it is run again', {
  timeout: 120_000,
}, async () => {
  const [a, b] = await emptied()
  const list: Happening[] = Array.from({ length: 12 }, (_, i) => ({
    kind: 'report',
    host: i % 5,
    pool: i % 2,
    model: i % 3,
    microcode: i % 2,
  }))
  await happen(a, [...list, { kind: 'remove', host: 1 }, { kind: 'pin', pool: 0, model: 1 }])
  const lines = await exported(a)
  for (let kept = 1; kept < lines.length; kept++)
    await expect(b.importLines(lines.slice(0, kept))).rejects.toThrow(
      /was cut off: \d hosts and \d decisions/,
    )
  expect(await b.importLines(lines)).toMatchObject({ hosts: 5, changed: 0, decisions: 0 })
  expect(await exported(b)).toEqual(lines)
  // Half of a line, and a line too few.
  await expect(b.importLines([...lines.slice(0, 3), (lines[3] ?? '').slice(0, 40)])).rejects.toThrow(
    'line 4: no JSON: the export may have been cut off here',
  )
  await expect(b.importLines(lines.filter((_, i) => i !== lines.length - 2))).rejects.toThrow('is not whole')
})

test('what is known already stays, what is later comes to it', { timeout: 60_000 }, async () => {
  const [a, b] = await emptied()
  const at = (minute: number) => new Date(Date.UTC(2026, 10, 1, 12, minute))
  const report = (inventory: Inventory, minute: number, microcode: number) =>
    inventory.report({ id: 'one', text: capabilities({ microcode }), pool: 'p', at: at(minute) })
  await report(a, 1, 1)
  await report(a, 5, 3)
  await report(b, 1, 1)
  await report(b, 3, 2)
  const microcodes = async () => (await b.host('one'))?.history.map(({ facts }) => facts.microcode)
  expect(await b.importLines(await exported(a))).toMatchObject({ hosts: 1, changed: 1 })
  expect(await microcodes()).toEqual([3, 2, 1])
  await report(b, 8, 4)
  expect(await b.importLines(await exported(a))).toMatchObject({ hosts: 1, changed: 0 })
  expect(await microcodes()).toEqual([4, 3, 2, 1])
})

test('of a pool, its hosts and decisions alone', { timeout: 60_000 }, async () => {
  const [a, b] = await emptied()
  await happen(a, [
    { kind: 'report', host: 0, pool: 0, model: 0, microcode: 0 },
    { kind: 'report', host: 1, pool: 1, model: 1, microcode: 0 },
    { kind: 'pin', pool: 0, model: 0 },
    { kind: 'pin', pool: 1, model: 1 },
  ])
  await b.importLines(await exported(a, 'pool-1'))
  expect((await b.pools()).map(({ pool, hosts, pinned }) => [pool, hosts, pinned?.pool])).toEqual([
    ['pool-1', 1, 'pool-1'],
  ])
})

test.each([
  [['hello'], 'line 1: no export of an inventory'],
  [['{"kind":"text"}'], 'line 1: no export of an inventory'],
  [['{"kind":"inventory","format":2}'], 'line 1: a newer virt-cpu wrote it (format 2)'],
  [['{"kind":"inventory","format":1}', '{"kind":"host","id":"a","past":[]}'], 'line 2: past:'],
  [
    [
      '{"kind":"inventory","format":1}',
      `{"kind":"text","hash":"${'0'.repeat(64)}","dialect":"x","text":"y"}`,
    ],
    'line 2: the text is not what its hash says',
  ],
  [[], 'the export was cut off: 0 hosts'],
])('%j is refused', async (lines, message) => {
  await expect(to?.importLines(lines)).rejects.toThrow(message)
})
