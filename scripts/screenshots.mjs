// Takes the pictures of the documentation, from the sample fleet: node scripts/screenshots.mjs [DIR]
// Needs Chromium (CHROMIUM, or /usr/bin/chromium) and a built page.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('..', import.meta.url))
const [folder = join(root, 'docs/images')] = process.argv.slice(2)
const page = pathToFileURL(join(root, 'dist/page.html')).href

/** By file name: the place that the hash says, the window, the scheme. */
const PICTURES = {
  fleet: ['view=fleet', 1280, 820, 'light'],
  matrix: ['view=matrix&pool=%3Dintel&feature=md-clear', 1280, 820, 'light'],
  baseline: ['view=baseline&pool=%3Dintel', 1280, 820, 'light'],
  pools: ['view=pools', 1280, 760, 'dark'],
  migration: ['view=migration&from=guest%3Aml-01', 1280, 900, 'light'],
}

const profile = await mkdtemp(join(tmpdir(), 'virt-cpu-pictures-'))
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
})
try {
  const tab = context.pages()[0] ?? (await context.newPage())
  for (const [name, [hash, width, height, colorScheme]] of Object.entries(PICTURES)) {
    await tab.setViewportSize({ width, height })
    await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await tab.goto('about:blank')
    await tab.goto(`${page}#sample=yes&${hash}`)
    await tab.waitForFunction(() => document.querySelectorAll('main > *').length > 1)
    if (name === 'pools') await tab.locator('.curve').waitFor()
    await tab.screenshot({ path: join(folder, `${name}.png`) })
  }
} finally {
  await context.close()
  await rm(profile, { recursive: true, force: true })
}
