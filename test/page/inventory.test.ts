import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { killServers, startServer } from '../cli/served.ts'
import { accessOfTest } from '../e2e/access.ts'
import { capabilities } from '../inventory/texts.ts'
import { needed } from '../needs.ts'
import { drop, headline, type Opened, openBrowser, VIEWS, whyNoChromium } from './browser.ts'

const DAY = 24 * 3600 * 1000
const HOSTS = 12
const NOW = Date.now()
const daysAgo = (days: number) => new Date(NOW - days * DAY).toISOString()
const access = accessOfTest()
const TOKEN = (access.headers.authorization ?? '').replace('Bearer ', '')

const textOf = (host: number, microcode = 1) =>
  capabilities({
    model: host % 3 === 0 ? 'Haswell-noTSX-IBRS' : 'Skylake-Server-noTSX-IBRS',
    features: ['md-clear'],
    uuid: `00000000-0000-4000-8000-${String(host).padStart(12, '0')}`,
    microcode,
  })

/** Hosts of two pools, of which one got microcode four days ago, and one came two days ago. */
const REPORTS = [
  ...Array.from({ length: HOSTS }, (_, i) => ({
    ...{ id: `id-${i}`, name: `kvm-${i}`, pool: i % 2 === 0 ? 'blue' : 'red' },
    ...{ text: textOf(i), at: daysAgo(10) },
  })),
  { id: 'id-2', text: textOf(2, 7), at: daysAgo(4) },
  { id: 'late', name: 'kvm-late', pool: 'blue', text: textOf(99), at: daysAgo(2) },
]

const chromium = needed('Chromium', whyNoChromium)

describe.skipIf(chromium)(`the page over an inventory${chromium ? `: ${chromium}` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-inventory-'))
  let url = ''
  let opened: Opened
  let page: Page

  const report = async (hosts: readonly object[]) => {
    const body = hosts.map(host => JSON.stringify(host)).join('\n')
    const answer = await fetch(`${url}/v1/reports`, { method: 'POST', headers: access.headers, body })
    expect(await answer.text()).not.toContain('error')
  }

  const start = async () => {
    url = (await startServer(['--store', join(folder, 'store')], 60_000, access.env)).url.replace(/\/$/, '')
    const isReady = async () => (await fetch(`${url}/readyz`)).status
    await expect.poll(isReady, { timeout: 60_000 }).toBe(200)
    await report(REPORTS)
  }
  afterAll(() => {
    killServers()
    rmSync(folder, { recursive: true, force: true })
  })

  beforeEach(async () => {
    if (!url) await start()
    opened = await openBrowser({ acceptDownloads: true })
    page = opened.page
  }, 120_000)
  afterEach(async () => {
    const asked = opened.faults.filter(
      // That it asks this server alone is what it is for; before it has a token it is refused.
      fault => !fault.startsWith(`requested ${url}/`) && !/status of 401/.test(fault),
    )
    await opened.close()
    expect(asked).toEqual([])
  })

  const open = async (hash = '') => {
    await page.goto(`${url}/${hash}`)
    await page.getByLabel('Token with the role read').fill(TOKEN)
    await page.keyboard.press('Enter')
    return headline(page)
  }
  const state = () => page.locator('.inventory .state').textContent()
  const summary = () => page.locator('h1 + *').first().textContent()
  const shows = (hosts: number) => expect.poll(summary, { timeout: 30_000 }).toContain(`${hosts} hosts`)

  test('asks for a token once, opens all hosts in every view, and keeps the token out of the address', async () => {
    await page.goto(url)
    const box = page.getByLabel('Token with the role read')
    await box.fill('vc_wrong')
    await page.keyboard.press('Enter')
    await page.getByText('does not know this token').waitFor()
    await box.fill(TOKEN)
    await page.keyboard.press('Enter')
    await headline(page)
    await shows(HOSTS + 1)
    await expect.poll(state).toBe('live')
    for (const view of VIEWS) {
      await page.goto(`${url}/#inventory=*&view=${view}`)
      await headline(page)
      expect(await page.locator('main .error-card').count(), view).toBe(0)
    }
    await page.reload()
    await headline(page)
    expect(await box.count()).toBe(0)
    expect(page.url()).not.toContain(TOKEN)
  }, 120_000)

  test('a change is seen without a reload, and what is open and focused stays', async () => {
    await open()
    await shows(HOSTS + 1)
    await expect.poll(state).toBe('live')
    const group = page.locator('.groups summary').first()
    await group.click()
    await report([{ id: 'live', name: 'kvm-live', pool: 'red', text: textOf(50) }])
    await shows(HOSTS + 2)
    await expect.poll(() => page.locator('.inventory .news').textContent()).toContain('live added')
    expect(await group.evaluate(one => (one.parentElement as HTMLDetailsElement).open)).toBe(true)
    expect(await group.evaluate(one => one === document.activeElement)).toBe(true)
    await fetch(`${url}/v1/hosts/live`, { method: 'DELETE', headers: access.headers })
    await shows(HOSTS + 1)
  }, 120_000)

  test('the slider goes back by keyboard; back and forward of the browser work', async () => {
    await open()
    const slider = page.getByLabel('Time', { exact: true })
    await slider.focus()
    await page.keyboard.press('Home')
    await shows(HOSTS)
    expect(await state()).toContain('as it was')
    expect(await slider.getAttribute('aria-valuetext')).not.toBe('now')
    await page.reload()
    await shows(HOSTS)
    await page.goBack()
    await shows(HOSTS + 1)
    await page.goForward()
    await shows(HOSTS)
    await page.getByRole('button', { name: 'Now' }).click()
    await shows(HOSTS + 1)
  }, 120_000)

  test('what changed since a time is shown before and after, and as a list', async () => {
    await open()
    await page.getByLabel('What changed since').selectOption({ label: 'since a week ago' })
    await expect.poll(() => page.textContent('h1'), { timeout: 30_000 }).toMatch(/1 changed, 0 gone, 1 new/)
    await page.reload()
    await expect.poll(() => page.textContent('h1'), { timeout: 30_000 }).toMatch(/1 changed, 0 gone, 1 new/)
    await page.getByRole('button', { name: 'Changes…' }).click()
    const rows = page.locator('dialog tbody tr')
    await expect.poll(() => rows.allTextContents()).toHaveLength(2)
    const [newest = '', other = ''] = await rows.allTextContents()
    expect(newest).toMatch(/kvm-late.*blue.*new.*test/)
    expect(other).toMatch(/kvm-2.*microcode 0x1 → 0x7/)
    await page.getByLabel('With the words').fill('microcode')
    await expect.poll(() => rows.count()).toBe(1)
    await page.locator('dialog').getByRole('combobox', { name: 'Pool' }).selectOption('=red')
    await page.getByText('0 hosts changed').waitFor()
  }, 120_000)

  test('the search finds hosts that are not shown, and shows who reported them when', async () => {
    await open('#inventory=%3Dred')
    await shows(HOSTS / 2)
    await page.getByLabel(/^Find/).fill('kvm-la')
    await page.getByRole('option', { name: /kvm-late/ }).waitFor()
    await page.keyboard.press('Enter')
    const dialog = page.locator('dialog')
    await dialog.getByText('by test').waitFor()
    await dialog.getByText('The text that it was reported with').click()
    await dialog.getByText('<capabilities>').waitFor()
    await dialog.getByRole('button', { name: 'Open its pool' }).click()
    await shows(HOSTS / 2 + 1)
  }, 120_000)

  test('dropped files are shown instead, and the switch goes back', async () => {
    await open()
    await drop(page, [join(import.meta.dirname, '../../examples/forty')])
    await page.getByRole('button', { name: /^Files · / }).waitFor()
    await shows(40)
    const files = await summary()
    expect(await page.getByRole('button', { name: /^Files/ }).getAttribute('aria-pressed')).toBe('true')
    await expect.poll(() => page.url()).toContain('fleet=')
    await page.getByRole('button', { name: 'Inventory' }).click()
    await shows(HOSTS + 1)
    await page.getByRole('button', { name: /^Files/ }).click()
    await expect.poll(summary).toBe(files)
  }, 120_000)

  test('a saved page shows the hosts without the server', async () => {
    await open('#inventory=%3Dblue')
    await shows(HOSTS / 2 + 1)
    await page.getByRole('button', { name: 'Save' }).click()
    // Its hosts have no files that a fleet file could name.
    expect(await page.getByRole('menuitem', { name: 'Pools as fleet.yaml' }).count()).toBe(0)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'This page with the fleet' }).click(),
    ])
    const path = join(folder, 'saved.html')
    await download.saveAs(path)
    await page.goto(pathToFileURL(path).href)
    await headline(page)
    await shows(HOSTS / 2 + 1)
    expect(await page.locator('.inventory').count()).toBe(0)
    expect(await page.locator('meta[http-equiv]').getAttribute('content')).not.toContain('connect-src')
    expect(await page.content()).not.toContain(TOKEN)
  }, 120_000)

  test.each(['light', 'dark'] as const)(
    'axe finds nothing, and nothing is wider than the window, %s',
    async colorScheme => {
      await page.emulateMedia({ colorScheme })
      await open()
      for (const hash of ['', '&since=2026-01-01T00:00:00Z&view=drift', '&changes=yes', '&stored=id-2']) {
        await page.goto(`${url}/#inventory=*${hash}`)
        await headline(page)
        if (/changes|stored/.test(hash)) await page.locator('dialog :is(table, ol)').waitFor()
        await page.evaluate(axe.source)
        const { violations } = await page.evaluate(() => window.axe.run())
        expect(
          violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
          hash,
        ).toEqual([])
        for (const width of [1440, 768, 360]) {
          await page.setViewportSize({ width, height: 900 })
          const over = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
          await expect.poll(over, { message: `${hash} at ${width}`, timeout: 5000 }).toBeLessThanOrEqual(0)
        }
        await page.setViewportSize({ width: 1280, height: 860 })
      }
    },
    240_000,
  )
})
