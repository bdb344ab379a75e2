import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

export const PAGE = join(import.meta.dirname, '..', '..', 'dist', 'page.html')
export const PAGE_URL = pathToFileURL(PAGE).href

/** The page's views, by their names in its address. */
export const VIEWS = [
  'fleet',
  'matrix',
  'baseline',
  'ladder',
  'cost',
  'pools',
  'migration',
  'drift',
  'tree',
  'compare',
] as const

/** The system's Chromium: no browser is downloaded for the tests. */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
export const whyNoChromium = existsSync(CHROMIUM) ? undefined : `${CHROMIUM} not installed`

/** How long the browser may take for one thing on a busy machine, in milliseconds. */
const PATIENCE = 120_000

/** No updates, no synchronization, no background work. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Opened {
  readonly context: BrowserContext
  readonly page: Page
  /** All errors and warnings of the page, and all requests except that for the page itself. */
  readonly faults: string[]
  readonly close: () => Promise<void>
}

type Options = NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>

/** Opens a browser with a new profile that is deleted on close. */
export async function openBrowser(options: Options = {}): Promise<Opened> {
  const profile = mkdtempSync(join(tmpdir(), 'virt-cpu-profile-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    timeout: PATIENCE,
    args: QUIET,
    viewport: { width: 1280, height: 860 },
    ...options,
  })
  context.setDefaultTimeout(PATIENCE)
  const page = context.pages()[0] ?? (await context.newPage())
  page.setDefaultTimeout(60_000)
  const faults: string[] = []
  page.on('pageerror', error => faults.push(error.message))
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text())
  })
  page.on('request', request => {
    const url = request.url()
    const own = request.isNavigationRequest() && request.frame() === page.mainFrame()
    if (!own && !/^(?:blob|data):/.test(url)) faults.push(`requested ${url}`)
  })
  const close = async () => {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
  }
  return { context, page, faults, close }
}

/** Waits until a view shows its headline, and returns it. */
export async function headline(page: Page): Promise<string> {
  // Asked from here: the page's policy forbids to evaluate text in it.
  const text = async () => ((await page.textContent('h1')) ?? '').trim()
  await expect.poll(async () => (await text()).length, { timeout: 60_000 }).toBeGreaterThan(1)
  return await text()
}

/** Drops files and folders on the page as a desktop does: the browser reads them itself. */
export async function drop(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [...paths], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data })
  await session.detach()
}
