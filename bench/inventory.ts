import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { textOfEvidence } from '../src/inventory/derive.ts'
import { startEngine } from '../src/inventory/engine.ts'
import type { Inventory } from '../src/inventory/inventory.ts'
import { openInventory } from '../src/inventory/open.ts'
import { openStoredFleet } from '../src/inventory/stored-fleet.ts'
import { auditQuestion } from '../src/questions/audit/question.ts'
import { checkQuestion } from '../src/questions/check/question.ts'
import { contextOf } from '../src/questions/context.ts'
import { explainQuestion } from '../src/questions/explain/question.ts'
import { hostsQuestion } from '../src/questions/hosts/question.ts'
import { inputOfFleet } from '../src/questions/input/fleet/open-fleet.ts'
import { fitsQuestion } from '../src/questions/level/question.ts'
import type { AnyQuestion } from '../src/questions/question.ts'

// What an inventory costs, by the number of its hosts, which have 300 CPUs and are in 1000 pools:
//   scripts/with-postgres.sh node scripts/run-ts.mjs bench/inventory.ts 1000 10000 100000 1000000
//   node scripts/run-ts.mjs bench/inventory.ts --folder 1000 100000
// With --questions, what questions about all hosts cost instead, in processor time of this program, in ms.
// Hosts are made in SQL of 300 that were reported; what is measured goes through the inventory. Medians, in ms.

const CPUS = 300
const POOLS = 1000
const WEEK = 7 * 24 * 3600 * 1000

const models = contextOf().db.models.filter(({ vendor, features }) => vendor && features.size > 60)
const OFF = ['hle', 'rtm', 'pcid', 'erms', 'avx2', 'bmi2', 'aes', 'invpcid']

/** A host's capabilities; of hosts with equal numbers modulo 300 the CPU is the same. */
function textOf(host: number, microcode = 1): string {
  const cpu = host % CPUS
  const model = models[cpu % models.length]
  const round = Math.floor(cpu / models.length)
  const features = OFF.filter((_, i) => (round >> (i % 3)) & 1).map(name => `<feature name='${name}'/>`)
  const uuid = createHash('md5').update(String(host)).digest('hex')
  return `<capabilities><host><uuid>${uuid}</uuid><cpu><arch>x86_64</arch><model>${model?.name}</model>
    <vendor>${model?.vendor?.name}</vendor><microcode version='${microcode}'/>
    <counter name='tsc' frequency='${2_000_000_000 + host}' scaling='yes'/>
    <signature family='6' model='${cpu % 200}' stepping='${round}'/>${features.join('')}
    <maxphysaddr mode='emulate' bits='46'/></cpu></host></capabilities>\n`
}

const idOf = (host: number): string => `node-${String(host).padStart(7, '0')}`
const nameOf = (host: number): string => `r${host % 997}-kvm${host}.example.com`
const poolOf = (host: number): string => `pool${Math.floor(host / CPUS) % POOLS}`

/** Fills an empty inventory up to that many hosts, and lets 2 % of them change in the past week. */
async function fill(place: { url: string } | { folder: string }, hosts: number): Promise<void> {
  const inventory = await openInventory(place)
  const old = new Date(Date.now() - 2 * WEEK)
  const first = Array.from({ length: Math.min(CPUS, hosts) }, (_, host) => host)
  const made = first.map(host => ({
    id: idOf(host),
    name: nameOf(host),
    pool: poolOf(host),
    text: textOf(host),
    at: old,
  }))
  await inventory.reportAll(made)
  await inventory.close()
  const { db, close } = await startEngine(place)
  const { sql } = await import('kysely')
  // A pool has hosts of about ten CPUs.
  await sql`insert into host (id, name, pool, profile, evidence, identity, guests, reporter, first_seen, seen)
    select 'node-' || lpad(n::text, 7, '0'), 'r' || n % 997 || '-kvm' || n || '.example.com', 'pool' || n % 1000,
      p.profile, p.evidence, jsonb_build_object('uuid', md5(n::text), 'tscHz', (2000000000 + n)::text), 0, 'bench',
      now() - interval '14 days', now() - interval '14 days'
    from generate_series(${first.length}::integer, ${hosts - 1}::integer) n
    join (select row_number() over (order by id) - 1 as number, profile, evidence from host) p
      on p.number = (n % 1000 * 7 + n / 1000 % 10) % ${first.length}::integer`.execute(db)
  await sql`update host set profile = (select min(id) + (host.profile * 7) % ${first.length}::integer from profile),
      seen = now() - interval '7 days' * random()
    where substr(id, 11, 2)::integer % 50 = 7`.execute(db)
  await sql`analyze`.execute(db)
  await close()
}

async function median(times: number, run: (i: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await run(i)
    taken.push(performance.now() - start)
  }
  return taken.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN
}

async function allChanges(inventory: Inventory): Promise<number> {
  let count = 0
  for (let after: string | undefined; ; ) {
    const page = await inventory.changes({ from: new Date(Date.now() - WEEK), limit: 10_000, after })
    count += page.changes.length
    after = page.next
    if (after === undefined) return count
  }
}

/** Reports a second, of hosts that are there: batches of 1000, two at a time. */
async function rate(inventory: Inventory, hosts: number, textFor: (host: number) => string): Promise<number> {
  const size = Math.min(1000, Math.floor(hosts / 2))
  const batches = Array.from({ length: 6 }, (_, i) =>
    Array.from({ length: size }, (__, n) => (i * size + n) % hosts).map(host => ({
      id: idOf(host),
      text: textFor(host),
    })),
  )
  const start = performance.now()
  const work = async (own: typeof batches) => {
    for (const batch of own) await inventory.reportAll(batch)
  }
  await Promise.all([0, 1].map(lane => work(batches.filter((_, i) => i % 2 === lane))))
  return (6 * size * 1000) / (performance.now() - start)
}

async function measure(inventory: Inventory, hosts: number): Promise<Record<string, number>> {
  const any = (i: number) => (i * 7919) % hosts
  const texts = new Map(Array.from({ length: 200 }, (_, i) => [any(i), textOf(any(i), 2)]))
  // A microcode that no host had is read once for each CPU.
  await inventory.reportAll(
    Array.from({ length: Math.min(CPUS, hosts) }, (_, i) => ({ id: idOf(i), text: textOf(i, 2) })),
  )
  const report = (i: number) => inventory.report({ id: idOf(any(i)), text: texts.get(any(i)) ?? '' })
  return {
    'all pool baselines': await median(5, () => inventory.poolBaselines()),
    'one pool baseline': await median(50, i => inventory.poolBaselines(`pool${i}`)),
    'a report that changes': await median(200, report),
    'the same again': await median(200, report),
    'a batch, every CPU new, /s': await rate(inventory, hosts, host => textOf(host + 1, 2)),
    'a batch, texts new, /s': await rate(inventory, hosts, host => `${textOf(host + 1, 2)}<!-- -->`),
    'a batch, nothing new, /s': await rate(inventory, hosts, host => `${textOf(host + 1, 2)}<!-- -->`),
    'drift of a week': await median(3, () => allChanges(inventory)),
    'search kvm4242': await median(5, () => inventory.hosts({ text: 'kvm4242' })),
    'search example': await median(5, () => inventory.hosts({ text: 'example' })),
    'search nothing': await median(5, () => inventory.hosts({ text: 'nosuchhost' })),
    'search r9': await median(5, () => inventory.hosts({ text: 'r9' })),
    'search in a pool': await median(5, () => inventory.hosts({ text: 'kvm9', pool: 'pool500' })),
    'page 100 of a list': await median(5, () => inventory.hosts({ after: idOf(Math.floor(hosts / 2)) })),
    'a host': await median(50, i => inventory.host(idOf(any(i)))),
    'a pool as a fleet': await median(5, () => inventory.fleetAt({ pool: 'pool500' })),
    'the same a week ago': await median(5, () =>
      inventory.fleetAt({ pool: 'pool500', time: new Date(Date.now() - WEEK) }),
    ),
    pools: await median(5, () => inventory.pools()),
  }
}

/** Asks each question about all hosts, as a server's worker does. */
async function ask(inventory: Inventory): Promise<void> {
  const context = contextOf()
  let last = process.cpuUsage()
  const tell = (what: string, more = '') => {
    const { user, system } = process.cpuUsage(last)
    console.log(`  ${what.padEnd(26)} ${((user + system) / 1000).toFixed(0)}${more}`)
    last = process.cpuUsage()
  }
  const { parts } = await inventory.storedFleet({})
  const rules = { requirements: [{ level: 'x86-64-v2' }] }
  const fleet = await openStoredFleet(context, parts, { rules, unpack: textOfEvidence })
  tell('read and opened')
  const asked: readonly AnyQuestion[] = [
    hostsQuestion,
    explainQuestion,
    fitsQuestion,
    checkQuestion,
    auditQuestion,
  ]
  for (const { name, run } of asked) {
    const { answer } = run(context, inputOfFleet(fleet) as never, { explain: false })
    tell(name)
    const size = JSON.stringify(answer).length
    tell('  as JSON', `, ${(size / 1e6).toFixed(1)} MB`)
  }
  console.log(`  resident, MB               ${Math.round(process.resourceUsage().maxRSS / 1000)}`)
}

async function run(place: { url: string } | { folder: string }, hosts: number): Promise<void> {
  const start = performance.now()
  await fill(place, hosts)
  console.log(`\n${hosts} hosts: filled in ${((performance.now() - start) / 1000).toFixed(1)} s`)
  const opening = performance.now()
  const inventory = await openInventory(place)
  console.log(`  opened in ${(performance.now() - opening).toFixed(0)}`)
  if (process.argv.includes('--questions')) {
    await ask(inventory)
    await inventory.close()
    return
  }
  const figures = await measure(inventory, hosts)
  for (const [what, figure] of Object.entries(figures))
    console.log(`  ${what.padEnd(26)} ${figure.toFixed(1)}`)
  console.log(`  changes in a week          ${await allChanges(inventory)}`)
  console.log(`  resident, MB               ${Math.round(process.memoryUsage().rss / 1e6)}`)
  await inventory.close()
}

const args = process.argv.slice(2)
const isFolder = args.includes('--folder')
for (const hosts of args.filter(arg => /^\d+$/.test(arg)).map(Number)) {
  if (isFolder) {
    const folder = mkdtempSync(join(tmpdir(), 'inventory-'))
    await run({ folder }, hosts)
    rmSync(folder, { recursive: true })
  } else {
    const url = process.env.DATABASE_URL ?? ''
    spawnSync('psql', [url, '-c', `create database bench${hosts}`])
    await run({ url: url.replace('/postgres?', `/bench${hosts}?`) }, hosts)
  }
}
