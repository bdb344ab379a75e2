import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import axe from 'axe-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { needed } from '../needs.ts'
import { openBrowser, whyNoChromium } from './browser.ts'

const site = join(import.meta.dirname, '../../site/dist')
const unbuilt = existsSync(join(site, 'index.html')) ? undefined : 'npm run build:site was not run'
const why = needed('the documentation site', unbuilt ?? whyNoChromium)

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://site')
  const file = join(site, pathname.endsWith('/') ? `${pathname}index.html` : pathname)
  const isThere = existsSync(file)
  response.writeHead(isThere ? 200 : 404, { 'content-type': TYPES[extname(file)] ?? 'text/plain' })
  response.end(readFileSync(isThere ? file : join(site, '404.html')))
})
beforeAll(() => new Promise<void>(done => server.listen(0, '127.0.0.1', done)))
afterAll(() => server.close())

/** The main pages: what a newcomer sees, and one of each kind of the reference. */
const PAGES = [
  '/',
  '/start/',
  '/start/proxmox.html',
  '/concepts.html',
  '/check-answers.html',
  '/not-features.html',
  '/overview.html',
  '/performance.html',
  '/reference/commands/explain.html',
  '/reference/questions/compare.html',
  '/reference/dialects.html',
  '/reference/features.html',
  '/reference/library/',
  '/live.html',
]

/** As wide screens show it in light, and narrow ones in dark. */
const SCREENS = [
  ['light', 1280],
  ['dark', 390],
] as const

test.skipIf(why)(
  `the site has no faults in a browser, in light and dark, wide and narrow (${why ?? 'Chromium'})`,
  async () => {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { page, faults, close } = await openBrowser({ reducedMotion: 'reduce' })
    for (const path of PAGES)
      for (const [colorScheme, width] of SCREENS) {
        faults.length = 0
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 900 })
        await page.goto(`${address}${path}`)
        await page.locator('main, .VPHome, .VPDoc').first().waitFor()
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        await page.evaluate(axe.source)
        const { violations } = await page.evaluate(() => window.axe.run({ exclude: [['iframe']] }))
        expect({
          path,
          wide: Math.max(0, wide),
          faults: faults.filter(fault => !fault.startsWith(`requested ${address}/`)),
          violations: violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 120)}`),
        }).toEqual({ path, wide: 0, faults: [], violations: [] })
      }
    await close()
  },
)
