import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hostDocuments } from '../../bench/fleet.ts'
import { virtCpu } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'
import { drop, headline, openBrowser, PAGE_URL, whyNoChromium } from './browser.ts'

const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-page-'))
// Ten thousand files take a while to go.
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder of ten thousand hosts, of three hundred CPUs. */
const hosts = join(folder, 'hosts')
beforeAll(() => {
  const documents = [...hostDocuments(300)]
  mkdirSync(hosts)
  for (let i = 0; i < 10_000; i++)
    writeFileSync(join(hosts, `host-${i}.xml`), documents[i % documents.length] ?? '')
})

/** A page with these hosts in it. */
function largePage(): string {
  const path = join(folder, 'fleet.html')
  writeFileSync(path, virtCpu(['page', '--data', hosts]).stdout)
  return path
}

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Processor time, in microseconds. */
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/** The longest task of the main thread while something is done, in milliseconds of processor time. */
async function longestTask(page: Page, action: () => Promise<void>): Promise<number> {
  const session = await page.context().newCDPSession(page)
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])))
  const done = new Promise<void>(resolve => session.once('Tracing.tracingComplete', () => resolve()))
  await session.send('Tracing.start', {
    traceConfig: {
      includedCategories: ['toplevel', 'disabled-by-default-devtools.timeline'],
      excludedCategories: ['*'],
    },
    transferMode: 'ReportEvents',
  })
  await action()
  await session.send('Tracing.end')
  await done
  const main = new Set(
    events
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  )
  const tasks = events.filter(
    ({ name, pid, tid, tdur }) => tdur !== undefined && /RunTask/.test(name) && main.has(`${pid} ${tid}`),
  )
  expect(tasks.length).toBeGreaterThan(0)
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000
}

const SHOWN = [
  ['Fleet', '.groups tbody tr'],
  ['Matrix', '.matrix tbody tr'],
  ['Baseline', '.definition pre'],
  ['Cost', '.headline p'],
  ['Pools', '.chip'],
  ['Migration', '.graph'],
  ['Family tree', '.tree li'],
  ['Compare', 'table.facts'],
] as const

/**
 * Returns the processor time of a fixed piece of work on the main thread: how fast this machine is at the moment. A
 * processor that is shared with other work takes up to twice as long for the same instructions.
 */
const yardstick = (page: Page): Promise<number> =>
  longestTask(page, () =>
    page.evaluate(() => {
      const words = Array.from({ length: 30_000 }, (_, i) => `word ${(i * 7919) % 30_011}`)
      const found = new Map(words.sort().map((word, i) => [word, i]))
      document.title = String(found.size)
    }),
  )

/** In yardsticks: some 100 ms where one takes 17 ms. Measured: 2.6 to 4.2 of them, at a load of 17 on two processors. */
const LIMIT = 6

const why = needed('Chromium', whyNoChromium)

test.skipIf(why)(
  `ten thousand hosts leave the main thread free (best of at most 3 loads, ${why ?? 'Chromium'})`,
  async () => {
    const url = pathToFileURL(largePage()).href
    const ratios: number[] = []
    // Another load only where the one before was slow: what other work takes away cannot make one fast.
    while (ratios.length < 3 && !ratios.some(ratio => ratio <= LIMIT)) {
      const { page, close } = await openBrowser()
      const action = async () => {
        await page.goto(url)
        for (const [view, shown] of SHOWN) {
          await page.getByRole('link', { name: view }).click()
          await page.locator(shown).first().waitFor()
        }
      }
      try {
        await yardstick(page) // compiles
        const unit = await yardstick(page)
        ratios.push((await longestTask(page, action)) / unit)
      } finally {
        await close()
      }
    }
    expect(Math.min(...ratios), `of ${ratios}`).toBeLessThanOrEqual(LIMIT)
  },
  600_000,
)

test.skipIf(why)(
  `reading ten thousand files can be cancelled, which leaves the fleet as it was (${why ?? 'Chromium'})`,
  async () => {
    const { page, faults, close } = await openBrowser()
    try {
      await page.goto(PAGE_URL)
      await headline(page)
      await page.getByLabel('or paste the output of a command on a host').fill([...hostDocuments(1)].join(''))
      await page.getByRole('button', { name: 'Add', exact: true }).click()
      await page.getByText('1 host, 1 CPU').waitFor()
      // While they are looked for, and while they are read.
      for (const state of ['Looking for files', 'Reading 10']) {
        await drop(page, [hosts])
        await page.locator('.progress', { hasText: state }).waitFor()
        await page.getByRole('button', { name: 'Cancel' }).click()
        await page.locator('.progress').waitFor({ state: 'detached' })
        expect(await page.getByRole('alert').count()).toBe(0)
        await page.getByText('1 host, 1 CPU').waitFor()
      }
      // The second worker, which plans, has the same fleet.
      await page.getByRole('link', { name: 'Pools' }).click()
      await page.locator('.curve > *').first().waitFor()
      expect(await page.locator('.chip').count()).toBe(1)
      expect(faults).toEqual([])
    } finally {
      await close()
    }
  },
  600_000,
)
