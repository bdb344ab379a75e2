import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explain } from '../../src/index.ts'
import type { PoolExplanation } from '../../src/questions/explain/answer.ts'
import type { TreeRow } from '../../web/shared/displays.ts'
import { Engine } from '../../web/worker/engine.ts'
import { isLong, runs } from '../effort.ts'
import { needed } from '../needs.ts'
import { type RandomFleet, randomFleets } from '../random-fleets.ts'
import { drop, headline, type Opened, openBrowser, PAGE_URL, whyNoChromium } from './browser.ts'
import { folderOf } from './fleet-of.ts'

// One pool, one answer: what test/questions/random-fleets.test.ts holds of the questions, of the page.

const PLAIN = { expand: false, migratable: false, best: false, onModel: '' }

function explained({ documents }: RandomFleet): PoolExplanation[] {
  const answer = explain({ documents: [...documents] })
  if (!('pools' in answer) || 'feature' in answer || 'mostExpensive' in answer)
    throw new RangeError('another answer')
  return answer.pools as PoolExplanation[]
}

test('every view of the page has the model, count and definition that explain has', async () => {
  await fc.assert(
    fc.asyncProperty(randomFleets, async fleet => {
      const engine = new Engine({ texts: [], files: [] })
      await engine.add(fleet.documents, '')
      const { cards } = engine.pools()
      const pools = explained(fleet)
      for (const { pool, featureCount, expression, hostCount, level } of pools) {
        // The page calls no pool by a folder that all files have in common.
        const { label, ...card } = cards.find(one => one.label === pool || pools.length === 1) ?? {
          label: '?',
        }
        const model = expression?.model ?? null
        expect(card).toMatchObject({ hosts: hostCount, model, featureCount, expression, level })
        const scope = label
        const { guests, models } = engine.baseline(scope, PLAIN)
        expect(guests?.written.map(({ text }) => text)).toEqual(
          expression ? [expression.xml, `-cpu ${expression.qemu}\n`] : undefined,
        )
        expect(models[0]?.model ?? null).toBe(model)
        const { roots, title } = engine.tree(scope)
        expect(answersIn(roots)).toEqual(model === null ? [] : [model])
        if (model !== null) expect(title).toContain(model)
        const { facts } = engine.compare('pool', `model:${model ?? '486'}`, scope)
        expect(facts.find(({ name }) => name === 'features')?.values[0]).toBe(String(featureCount))
        expect(facts.find(({ name }) => name === 'level')?.values[0]).toBe(level ?? '')
      }
    }),
    { numRuns: runs(200, 10) },
  )
})

/** The models that the family tree marks as what guests have. */
const answersIn = (rows: readonly TreeRow[]): string[] =>
  rows.flatMap(({ answer, children }) => [...(answer === '' ? [] : [answer]), ...answersIn(children)])

const why = needed('Chromium', whyNoChromium)

describe.skipIf(why)(`in a browser (${why ?? 'Chromium'})`, () => {
  let opened: Opened
  beforeAll(async () => {
    opened = await openBrowser()
  }, 120_000)
  afterAll(() => opened.close())

  test('a few fleets', { timeout: 600_000 }, async () => {
    for (const fleet of fc.sample(randomFleets, isLong ? 8 : 3)) {
      const { page } = opened
      await page.goto('about:blank')
      await page.goto(PAGE_URL)
      await page.locator('.welcome').waitFor()
      await drop(page, [folderOf(Object.fromEntries(fleet.documents.map(({ path, text }) => [path, text])))])
      await page.locator('.headline p', { hasText: /hosts?, \d+ CPU/ }).waitFor()
      await page.evaluate(() => {
        location.hash = 'view=pools'
      })
      await headline(page)
      const pools = explained(fleet)
      for (const { featureCount, expression } of pools) {
        const shown = page.locator('.card', { hasText: `${featureCount} features` })
        await expect.poll(() => shown.count()).toBeGreaterThan(0)
        const texts = await shown.allTextContents()
        expect(texts.some(text => text.includes(expression?.model ?? ''))).toBe(true)
      }
    }
  })
})
