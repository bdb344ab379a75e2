import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { check, type Target } from '../scripts/fuzz/target.ts'
import { makeInputs, targetsOf } from '../scripts/fuzz/worker.ts'
import { runs } from './effort.ts'

/** What `npm run fuzz` holds every reader, question and route to, with inputs that are the same each time. */

const folder = join(import.meta.dirname, 'corpus', 'fuzz')
const targets = await targetsOf()
const SEED = Number(process.env.SEED ?? 1)

/** How many inputs each is tried with. */
const TRIES = runs(400, 50)

afterAll(async () => {
  for (const { close } of targets) await close?.()
})

const faultOf = async (target: Target, input: Buffer) => {
  const fault = await check(target, input)
  return fault && { ...fault, input: input.toString('latin1').slice(0, 2000) }
}

test('every target has samples, and takes them as they are', async () => {
  expect(targets.length).toBeGreaterThan(100)
  for (const target of targets) {
    expect(target.samples.length, target.name).toBeGreaterThan(0)
    for (const sample of target.samples) expect(await faultOf(target, sample), target.name).toBeUndefined()
  }
})

describe(`changed samples (SEED=${SEED})`, () => {
  test.each(targets)('$name', async target => {
    for (const input of makeInputs(target, target.samples, { seed: SEED, round: 0, count: TRIES }))
      expect(await faultOf(target, input)).toBeUndefined()
  })
})

describe('inputs that showed a fault once', () => {
  const names = readdirSync(folder).filter(name => name !== 'README.md')
  test.each(names)('%s', async name => {
    const [kind = '', of = ''] = name.split('.')
    const target = targets.find(one => one.name === `${kind}:${of}`)
    expect(target).toBeDefined()
    if (target) expect(await faultOf(target, readFileSync(join(folder, name)))).toBeUndefined()
  })
})

describe('a fault is noticed', () => {
  const input = Buffer.from('x')
  const of = (run: Target['run']): Target => ({ name: 'reader:test', samples: [], mutate: () => input, run })
  let n = 0
  test.each<[string, RegExp, Target['run']]>([
    ['an error of JavaScript', /^TypeError in /, async () => (undefined as unknown as Buffer).toString()],
    ['another answer the second time', /^two answers/, async () => `${n++}`],
    [
      'a changed prototype',
      /^a prototype was changed/,
      async () => String(Object.assign(Object.prototype, { polluted: 1 })),
    ],
    ['a large answer', /^an answer much larger/, async () => 'x'.repeat(3_000_000)],
  ])('%s', async (_, kind, run) => {
    const fault = await check(of(run), input)
    Reflect.deleteProperty(Object.prototype, 'polluted')
    expect(fault?.kind).toMatch(kind)
  })
})
