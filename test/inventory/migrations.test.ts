import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { expect, test } from 'vitest'
import { MIGRATIONS } from '../../src/inventory/migrations.ts'
import { openInventory } from '../../src/inventory/open.ts'

// What each released schema had in it is there after all later steps: make-dump.ts writes the next file.

const folder = join(import.meta.dirname, 'dumps')
const dumps = readdirSync(folder)

test('there is a dump after each step', () => {
  expect(dumps).toEqual(Object.keys(MIGRATIONS).map(name => `${name}.sql`))
})

test.each(dumps)('an inventory that was left at %s opens', async dump => {
  const place = mkdtempSync(join(tmpdir(), 'inventory-'))
  const before = await PGlite.create({ dataDir: join(place, 'pg'), extensions: { pg_trgm } })
  await before.exec(readFileSync(join(folder, dump), 'utf8'))
  await before.close()
  const inventory = await openInventory({ folder: place })
  const [first, second] = ['2026-01-01', '2026-02-01'].map(day => new Date(`${day}T00:00:00Z`))
  const { hosts } = await inventory.hosts()
  expect(hosts.map(({ id, name, facts }) => [id, name, facts.microcode])).toEqual([
    ['a', 'a.example', 1],
    ['b', 'b.example', 2],
  ])
  expect((await inventory.host('b'))?.history.map(({ since, until }) => [since, until])).toEqual([
    [second, undefined],
    [first, second],
  ])
  expect((await inventory.fleetAt({ time: first })).view.fleet.hosts.map(({ uuid }) => uuid)).toEqual([
    'a',
    'b',
    'gone',
  ])
  const [pool, ...more] = await inventory.pools()
  expect([pool?.pool, pool?.hosts, pool?.cpus, pool?.pinned?.why, more]).toEqual([
    'rack',
    2,
    1,
    'the first racks',
    [],
  ])
  expect((await inventory.poolBaselines()).map(({ offered }) => offered.includes('avx512f'))).toEqual([true])
  expect((await inventory.tokens.find('ab'))?.roles).toEqual(['read'])
  expect((await inventory.auditLog.list()).map(({ action }) => action)).toEqual(['pin'])
  expect(await inventory.evidence(hosts[0]?.evidence ?? '')).toContain('<capabilities>')
  const has = (step: string) => dump >= step
  const alerts = await inventory.alerts.list()
  expect(alerts.map(({ rule, state, acknowledged }) => [rule, state, acknowledged?.by])).toEqual(
    has('0002') ? [['enough', 'firing', 'ann']] : [],
  )
  expect((await inventory.alerts.due('r')).map(({ status }) => status)).toEqual(has('0002') ? ['firing'] : [])
  await inventory.report({
    id: 'c',
    pool: 'rack',
    text: (await inventory.evidence(hosts[0]?.evidence ?? '')) ?? '',
  })
  expect((await inventory.pools()).map(({ hosts: count }) => count)).toEqual([3])
  await inventory.close()
})
