import { spawnSync } from 'node:child_process'
import { openInventory } from '../../src/inventory/open.ts'
import { capabilities } from './texts.ts'

// Prints what the newest migration makes of a small inventory, for `migrations.test.ts`, before it is released:
//   scripts/with-postgres.sh node scripts/run-ts.mjs test/inventory/make-dump.ts >test/inventory/dumps/NNNN-NAME.sql

const url = process.env.DATABASE_URL ?? ''
const inventory = await openInventory({ url })
const [first, second] = ['2026-01-01', '2026-02-01'].map(day => new Date(`${day}T00:00:00Z`))
const report = (id: string, microcode: number, at: Date | undefined) =>
  inventory.report({
    id,
    pool: 'rack',
    name: `${id}.example`,
    text: capabilities({ microcode, uuid: id }),
    at,
  })
await report('a', 1, first)
await report('b', 1, first)
await report('gone', 1, first)
await report('b', 2, second)
await inventory.remove('gone')
const cpu = `<cpu mode='custom' match='exact'><model>Skylake-Server-noTSX-IBRS</model></cpu>`
await inventory.pin('rack', cpu, 'ann', 'the first racks')
const token = {
  id: 't',
  hash: 'ab',
  name: 'ci',
  roles: ['read'] as const,
  hosts: undefined,
  expires: undefined,
}
await inventory.tokens.add({ ...token, createdBy: 'ann' })
await inventory.auditLog.write({ who: 'ann', action: 'pin', target: 'rack' })
const rules = { holder: 'dump', patience: 0, receivers: ['r'] }
await inventory.alerts.lead('dump', 60, 'rules')
const detail = { summary: 'too few', failures: [], failureCount: 0, hosts: ['a'], hostCount: 1 }
const found = [{ rule: 'enough', kind: 'hosts', pool: 'rack', detail }]
await inventory.alerts.keep({ pool: 'rack', notes: [], found }, rules)
await inventory.alerts.acknowledge(1, 'ann', 'two more come')
await inventory.close()
const plain = ['--inserts', '--no-owner', '--no-privileges', '--no-comments', url]
const { stdout, stderr } = spawnSync('pg_dump', plain, { encoding: 'utf8' })
process.stderr.write(stderr)
// Without what psql alone reads, and what only looks nice.
const lines = stdout.split('\n').filter(line => !/^(?:\\|--|\s*$)/.test(line))
process.stdout.write(`${lines.join('\n')}\n`)
