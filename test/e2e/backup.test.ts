import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { openInventory } from '../../src/inventory/open.ts'
import { CLI, folderOf, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { capabilities } from '../inventory/texts.ts'
import { needed, notInstalled } from '../needs.ts'
import { commandsUnder, newcomersPath, type } from './newcomer.ts'
import { type Postgres, startPostgres, whyNoPostgres } from './postgres.ts'

/** An inventory from a backup: by the commands that docs/operations.md shows. */

/** Fills an inventory with hosts, their past and a decision. */
async function fill(inventory: Inventory): Promise<void> {
  const report = (i: number, features: string[], time: string) =>
    inventory.report({
      id: `h${i}`,
      text: capabilities({ features }),
      pool: i % 2 ? 'odd' : 'even',
      at: new Date(time),
    })
  for (let i = 0; i < 6; i++) await report(i, i < 3 ? ['vmx'] : ['invtsc'], '2026-11-01T00:00:00Z')
  await report(1, ['vmx', 'invtsc'], '2026-11-02T00:00:00Z')
  await inventory.pin('odd', "<cpu mode='custom'><model>Penryn</model></cpu>", 'ann', 'the oldest guest')
}

/** All that users rely on. */
const contentOf = async (inventory: Inventory) => ({
  hosts: await inventory.hosts({}),
  first: await inventory.host('h1'),
  baselines: await inventory.poolBaselines(),
  decisions: await inventory.decisions('odd'),
})

test('a folder: the server is stopped, its folder is copied', async () => {
  const cwd = folderOf({})
  const store = join(cwd, 'store')
  const before = await openInventory({ folder: store })
  await fill(before)
  const content = await contentOf(before)
  expect(content.first?.history).toHaveLength(2)
  await before.close()
  type(commandsUnder('A folder'), cwd, { STORE: store })
  // What is restored goes on: it is not the old folder.
  const after = await openInventory({ folder: join(cwd, 'restored') })
  expect(await contentOf(after)).toEqual(content)
  await fill(after)
  await after.close()
  const old = await openInventory({ folder: store })
  expect(await contentOf(old)).toEqual(content)
  await old.close()
})

test('an inventory is exported, imported into another, read anew and tidied', () => {
  const PATH = newcomersPath({ 'virt-cpu': `#!/bin/sh\nexec node '${CLI}' "$@"\n` })
  const cwd = folderOf({})
  const [STORE, OTHER_STORE] = [join(cwd, 'store'), join(cwd, 'other')]
  const example = resolve('examples', 'inventory.ndjson')
  expect(virtCpu(['inventory', 'import', example, '--store', STORE]).status).toBe(0)
  const said = type(commandsUnder('Export and import'), cwd, { STORE, OTHER_STORE, PATH })
  expect(said).toMatch(/^2 hosts read, 2 of them new here[\s\S]*\n0 texts deleted/)
})

const noPostgres = needed(
  'PostgreSQL and its programs',
  whyNoPostgres() ?? notInstalled('pg_dump', 'pg_restore', 'psql'),
)
describe.skipIf(noPostgres)(`PostgreSQL (${noPostgres ?? 'installed'})`, () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.end())

  test('a database: dumped while servers use it, restored into an empty one', async () => {
    const inventory = await openInventory({ url: server.url })
    await fill(inventory)
    const content = await contentOf(inventory)
    expect(content.first?.history).toHaveLength(2)
    expect(runProcess('psql', [server.url, '-qc', 'create database restored']).stderr).toBe('')
    const other = server.url.replace('/postgres?', '/restored?')
    type(commandsUnder('PostgreSQL'), folderOf({}), { DATABASE_URL: server.url, OTHER_DATABASE_URL: other })
    const after = await openInventory({ url: other })
    expect(await contentOf(after)).toEqual(content)
    await fill(after)
    expect((await after.host('h1'))?.history.length).toBeGreaterThanOrEqual(2)
    expect(await contentOf(inventory)).toEqual(content)
    await after.close()
    await inventory.close()
  })
})
