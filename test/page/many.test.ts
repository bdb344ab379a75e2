import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, expect, test } from 'vitest'
import { hostDocuments } from '../../bench/fleet.ts'
import { virtCpu } from '../cli/virt-cpu.ts'
import { hasChromium, openBrowser } from './browser.ts'

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

/**
 * The longest task of the main thread while something is done, in milliseconds of processor time: what a long-task
 * entry would say on a machine that does nothing else.
 */
async function longestTask(page: Page, deed: () => Promise<void>): Promise<number> {
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
  await deed()
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
  ['Baseline', '.written pre'],
  ['Cost', '.finding p'],
  ['Pools', '.chip'],
  ['Migration', '.graph'],
  ['Family tree', '.tree li'],
  ['Compare', 'table.facts'],
] as const

const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-page-'))
// Ten thousand files take a while to go.
afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000)

test.skipIf(!hasChromium)(
  'ten thousand hosts leave the main thread free (median of 5 loads)',
  async () => {
    const url = pathToFileURL(largePage(folder)).href
    const longest: number[] = []
    for (let i = 0; i < 5; i++) {
      const { page, close } = await openBrowser()
      const deed = async () => {
        await page.goto(url)
        for (const [view, shown] of SHOWN) {
          await page.getByRole('link', { name: view }).click({ timeout: 60_000 })
          await page.locator(shown).first().waitFor({ timeout: 60_000 })
        }
      }
      longest.push(await longestTask(page, deed).finally(close))
    }
    const [, , median = Number.NaN] = longest.sort((a, b) => a - b)
    expect(median, `of ${longest.map(Math.round)}`).toBeLessThanOrEqual(100)
  },
  300_000,
)
