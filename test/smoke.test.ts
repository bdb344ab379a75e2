import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { runProcess, virtCpu } from './cli/virt-cpu.ts'
import { whyNoVirsh } from './e2e/libvirtd.ts'
import { AS_LIBVIRT } from './e2e/qemus.ts'
import { needed } from './needs.ts'
import { headline, openBrowser, whyNoChromium } from './page/browser.ts'

// Whether the real programs work here at all; `npm run test:real` holds virt-cpu against them.

const noVirsh = needed('virsh 11.3', whyNoVirsh())
const noChromium = needed('Chromium', whyNoChromium)
const corpus = join(import.meta.dirname, 'corpus', 'xml')

test.skipIf(noVirsh).each([
  ['cpu-baseline', 'capabilities-two.xml', '--features'],
  ['cpu-models', 'x86_64'],
])(`%s is what virsh says (${noVirsh ?? 'installed'})`, (...args) => {
  const test = ['-c', 'test:///default']
  expect(virtCpu([...test, ...AS_LIBVIRT, ...args], { cwd: corpus })).toEqual(
    runProcess('virsh', [...test, ...args], { cwd: corpus }),
  )
})

test.skipIf(noChromium)(`the page opens in a browser (${noChromium ?? 'installed'})`, async () => {
  const { page, faults, close } = await openBrowser()
  try {
    await page.goto(pathToFileURL(join(import.meta.dirname, '..', 'dist', 'page.html')).href)
    expect(await headline(page)).toMatch(/^Drop your hosts/)
    expect(faults).toEqual([])
  } finally {
    await close()
  }
})
