import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, expect, test } from 'vitest'
import { hostDocuments } from '../../bench/fleet.ts'
import { virtCpu } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'
import { openBrowser, whyNoChromium } from './browser.ts'

/** A page with ten thousand hosts in it, of three hundred CPUs. */
function largePage(folder: string): string {
  const documents = [...hostDocuments(300)]
  mkdirSync(join(folder, 'hosts'))
  for (let i = 0; i < 10_000; i++)
    writeFileSync(join(folder, 'hosts', `host-${i}.xml`), documents[i % documents.length] ?? '')
  const path = join(folder, 'fleet.html')
  writeFileSync(path, virtCpu(['page', '--data', join(folder, 'hosts')]).stdout)
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

const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-page-'))
// Ten thousand files take a while to go.
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** In yardsticks: some 100 ms where one takes 17 ms. Measured: 2.6 to 4.2 of them, at a load of 17 on two processors. */
const LIMIT = 6

const why = needed('Chromium', whyNoChromium)

test.skipIf(why)(
  `ten thousand hosts leave the main thread free (best of at most 3 loads, ${why ?? 'Chromium'})`,
  async () => {
    const url = pathToFileURL(largePage(folder)).href
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
