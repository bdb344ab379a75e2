import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { groupBy } from '../../src/core/text.ts'
import { listFormats } from '../../src/formats/write.ts'
import { loadYaml } from '../../src/formats/yaml.ts'
import { advise, check, explain, guestCheck, level, models, pools as planPools } from '../../src/index.ts'
import type { PoolExplanation } from '../../src/questions/explain/answer.ts'
import type { PoolAnswer, PoolDefinition } from '../../src/questions/pools/answer.ts'
import { QUESTIONS } from '../../src/questions/table.ts'
import { hostsAt } from '../../src/questions/words/cells.ts'
import { Report } from '../../src/report/report.ts'
import { virtCpu } from '../cli/virt-cpu.ts'
import { runs } from '../effort.ts'
import { single } from '../notation.ts'
import { domainOf, type RandomFleet, type RandomHost, randomFleets } from '../random-fleets.ts'
import { whatIf } from './narrowed.ts'

// One pool, one answer: whichever question is asked, in JSON or text, and it starts where it is said to. Of the page's
// answers test/page/random-fleets.test.ts holds the same.

await loadYaml()

type Documents = RandomFleet['documents']

/** What `explain` says of each pool. */
function explained(documents: Documents, format?: string): PoolExplanation[] {
  const answer = explain({ documents: [...documents], ...(format && { format: format as 'qemu' }) })
  if (!('pools' in answer) || 'feature' in answer || 'mostExpensive' in answer)
    throw new RangeError('another answer')
  return answer.pools as PoolExplanation[]
}

/** What guests of some hosts are given. */
interface Printed {
  readonly by: string
  readonly hosts: readonly RandomHost[]
  readonly model: string | null
  readonly featureCount: number
  readonly expression: PoolDefinition | null
}

const named = (fleet: RandomFleet, names: readonly string[]): RandomHost[] =>
  fleet.hosts.filter(({ name }) => names.some(one => /n\d+/.exec(one)?.[0] === name))

/** Every set of hosts that a question gives a definition for. */
function listPrinted(fleet: RandomFleet): Printed[] {
  const documents = [...fleet.documents]
  const planned = single(planPools({ documents }))
  const advised = single(advise({ documents }))
  const printed = (
    by: string,
    { groups, definitions }: typeof planned | typeof advised,
    list: readonly Pick<PoolAnswer, 'inGroups' | 'model' | 'featureCount' | 'definition'>[],
  ): Printed[] =>
    list.map(({ inGroups, definition, model, featureCount }) => ({
      by,
      hosts: named(fleet, hostsAt(groups, inGroups)),
      model,
      featureCount,
      expression: definitions[definition ?? -1] ?? null,
    }))
  return [
    ...explained(documents).map(({ groups, expression, featureCount }) => ({
      by: 'explain',
      hosts: named(
        fleet,
        groups.flatMap(({ hosts }) => hosts),
      ),
      model: expression?.model ?? null,
      expression,
      featureCount,
    })),
    ...printed('pools', planned, planned.pools),
    ...printed('pools, as they are', planned, planned.now?.pools ?? []),
    ...advised.strategies.flatMap(({ strategy, pools }) => printed(`advise, ${strategy}`, advised, pools)),
  ]
}

/** The answer of `explain` to these hosts as one pool. */
function asOnePool(hosts: readonly RandomHost[]): Pick<Printed, 'model' | 'featureCount' | 'expression'> {
  const documents = hosts.flatMap(host =>
    host.documents.map(({ path, text }) => ({ path: `p/${path.slice(2)}`, text })),
  )
  const [{ expression, featureCount } = { expression: null, featureCount: 0 }] = explained(documents)
  return { expression, featureCount, model: expression?.model ?? null }
}

const plain = ({ model, featureCount, expression }: Omit<Printed, 'by' | 'hosts'>) => ({
  model,
  featureCount,
  expression,
})

test('the same hosts have one model, count and definition in explain, pools and advise', () => {
  fc.assert(
    fc.property(randomFleets, fleet => {
      const known = new Map<string, unknown>()
      for (const printed of listPrinted(fleet)) {
        const key = printed.hosts.map(({ name }) => name).join()
        const expected = known.get(key) ?? asOnePool(printed.hosts)
        known.set(key, expected)
        expect([printed.by, key, plain(printed)]).toEqual([printed.by, key, expected])
      }
    }),
    { numRuns: runs(200, 10) },
  )
})

async function textOf(name: 'explain' | 'pools' | 'advise' | 'what-if', answer: object): Promise<string> {
  const { report: load } = await QUESTIONS[name]()
  const report = new Report()
  ;(await load?.())?.(report, answer as never)
  return report.text({ width: 10_000, paint: shown => shown })
}

/** Whether the hosts of a pool keep to a rule of `check`. Guests may have less. */
function passes(documents: Documents, pool: string, rule: object): boolean {
  const fleet = { requirements: [{ pools: [pool], ...rule }] }
  const { verdicts } = single(check({ documents: [...documents], fleet }))
  const failures = verdicts.flatMap(one => one.failures)
  return failures.every(({ guest }) => guest !== undefined)
}

/** What `models` says of a model on the hosts of a pool. */
function verdictOf(documents: Documents, pool: string, model: string): string | undefined {
  const own = documents.filter(({ path }) => path.startsWith(`${pool}/`))
  const answer = models({ documents: own })
  return 'models' in answer ? answer.models.find(({ name }) => name === model)?.verdict : undefined
}

/** How many features the text of `explain` lists as kept. */
function keptInText(text: string, pool: string): number {
  const [, ...parts] = text.split(/^(?=pool \S+: |\S.*: \d+ hosts? of )/m)
  const own = parts.find(part => part.startsWith(`pool ${pool}: `)) ?? parts[0] ?? ''
  return [...own.matchAll(/^kept +(\d+) \S+ features?: /gm)].reduce((sum, [, n]) => sum + Number(n), 0)
}

test('the same in what-if, check, level and models, and in their text', async () => {
  await fc.assert(
    fc.asyncProperty(randomFleets, async fleet => {
      const documents = [...fleet.documents]
      const pools = explained(documents)
      const planned = single(planPools({ documents }))
      const now = new Map(
        planned.now?.pools.map(({ name, definition, ...pool }) => [
          name,
          { ...pool, expression: planned.definitions[definition ?? -1] ?? null },
        ]),
      )
      const add = pools.map(({ pool }) => ({
        pool,
        path: `${pool}-new.xml`,
        text: '<cpu><arch>x86_64</arch><model>486</model></cpu>',
      }))
      const changed = whatIf({ documents, add })
      const { lines } = single(level({ documents }))
      const texts = {
        explain: await textOf('explain', explain({ documents })),
        'what-if': await textOf('what-if', changed),
      }
      for (const { pool, featureCount, expression, level: reached, next, kept, lost, hostCount } of pools) {
        const model = expression?.model ?? null
        expect(kept.length).toBe(featureCount)
        expect(now.get(pool)).toMatchObject({ model, featureCount, expression, level: reached })
        expect(changed.pools.find(one => one.pool === pool)?.before).toMatchObject({
          model,
          featureCount,
          level: reached,
        })
        // It has no line for the pool of one host, and names no model.
        const line = lines.find(({ kind, name }) => kind === 'pool' && name === pool)
        expect(line?.level).toBe(hostCount > 1 ? reached : line?.level)
        expect(passes(documents, pool, { level: reached ?? 'x86-64-v1' })).toBe(reached !== null)
        if (next?.missing.every(({ inGroups }) => inGroups.length > 0))
          expect(passes(documents, pool, { level: next.level })).toBe(false)
        expect(passes(documents, pool, { 'must-have': kept.map(({ feature }) => feature) })).toBe(true)
        for (const [name, list] of groupBy(lost, one => one.class ?? ''))
          expect(passes(documents, pool, { lost: { [name]: list.length } })).toBe(true)
        if (expression?.disabled.length === 0 && expression.assumed.length === 0) {
          expect(passes(documents, pool, { model })).toBe(true)
          expect(verdictOf(documents, pool, expression.model)).toMatch(/^(?:yes|assumed)$/)
        }
        for (const text of Object.values(texts)) expect(text).toContain(model ?? 'none')
        expect(texts['what-if']).toMatch(new RegExp(`before +\\d+ +${featureCount} `))
        expect(keptInText(texts.explain, pool)).toBe(featureCount)
      }
    }),
    { numRuns: runs(200, 10) },
  )
})

/** What a text in a dialect is part of, where that is read back. */
const AROUND: Readonly<Record<string, (text: string) => string>> = {
  libvirt: text => domainOf(text),
  'proxmox-vm': text => `cores: 1\n${text}memory: 512\nname: g\n`,
}

/** Dialects whose text is no guest's CPU that a libvirt starts: levels, modes of vSphere, a set of Xen's hosts, a cluster. */
const NO_GUEST = ['evc', 'march', 'xen-featureset', 'ovirt']
const READ_BACK = listFormats().filter(name => !NO_GUEST.includes(name))

const missingIn = (message = ''): string[] => (/required features: (.*)/.exec(message)?.[1] ?? '').split(', ')

/** Why a definition does not start on a host as the answer says it does; undefined: it does, or what it assumes is not so. */
function findFault(
  { replies, isRecorded }: RandomHost,
  domain: string,
  definition: PoolDefinition,
): string | undefined {
  const { verdict, message = '', lost } = guestCheck({ replies, domain })
  const { assumed, notExpressed = [] } = definition
  // What a dialect cannot turn off is said where it is printed.
  const open = [...(isRecorded ? [] : assumed), ...notExpressed.flatMap(({ features = [] }) => features)]
  const isOpen = (name: string) => open.includes(name)
  if (verdict === 'starts' || (verdict === 'refused' && missingIn(message).some(isOpen))) return undefined
  const names = lost.map(({ feature }) => feature)
  return verdict === 'reduced' && names.every(isOpen) ? undefined : `${verdict} ${message} ${names.join(' ')}`
}

test('a definition starts on every host that it is for, in each dialect that is read back', () => {
  fc.assert(
    fc.property(
      randomFleets,
      fc.shuffledSubarray(READ_BACK, { minLength: 2, maxLength: 2 }),
      (fleet, formats) => {
        for (const format of formats)
          for (const { groups, expression } of explained(fleet.documents, format)) {
            if (expression?.written === undefined) continue
            const domain = AROUND[format]?.(expression.written) ?? expression.written
            const hosts = named(
              fleet,
              groups.flatMap(group => group.hosts),
            )
            for (const host of hosts)
              expect([format, host.name, findFault(host, domain, expression)]).toEqual([
                format,
                host.name,
                undefined,
              ])
          }
        for (const { by, hosts, expression } of listPrinted(fleet))
          for (const host of expression ? hosts : [])
            expect([
              by,
              host.name,
              findFault(host, domainOf(expression?.xml ?? ''), expression as PoolDefinition),
            ]).toEqual([by, host.name, undefined])
      },
    ),
    { numRuns: runs(200, 10) },
  )
})

test('the command prints the same as JSON', () => {
  const [fleet] = fc.sample(randomFleets, 1)
  const folder = mkdtempSync(join(tmpdir(), 'fleet-'))
  try {
    for (const { path, text } of fleet?.documents ?? []) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    const [told, planned] = ['explain', 'pools'].map(name =>
      JSON.parse(virtCpu([name, '.', '--json'], { cwd: folder }).stdout),
    )
    const pools = explained(fleet?.documents ?? [])
    expect(
      told.pools.map(({ featureCount, expression }: PoolExplanation) => ({ featureCount, expression })),
    ).toEqual(pools.map(({ featureCount, expression }) => ({ featureCount, expression })))
    for (const { pool, featureCount, expression } of pools) {
      const one = planned.now.pools.find(({ name }: { name: string }) => name === pool)
      expect(one?.featureCount).toBe(featureCount)
      expect(planned.definitions[one?.definition ?? -1] ?? null).toEqual(expression)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
