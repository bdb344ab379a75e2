import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { mulberry32 } from '../../scripts/random.ts'
import { CLI, virtCpu } from '../cli/virt-cpu.ts'
import { runs } from '../effort.ts'
import { needed } from '../needs.ts'
import { drop, headline, type Opened, openBrowser, PAGE, PAGE_URL, whyNoChromium } from './browser.ts'
import { folderOf, fortyFiles, randomPool } from './fleet-of.ts'

const root = join(import.meta.dirname, '..', '..')
const SAMPLE = 'examples/forty'
/** The hosts of one of its pools. */
const INTEL = filesIn(SAMPLE).filter(name => /kvm-[abc]\d+\.xml$/.test(name))
const FLEET = 'examples/fleet'

function filesIn(path: string): string[] {
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).filter(name =>
    statSync(join(root, path, name)).isFile(),
  )
}

test('the page with its data is at most 220 KiB compressed', () => {
  expect(gzipSync(readFileSync(PAGE), { level: 9 }).length).toBeLessThanOrEqual(220 * 1024)
})

const why = needed('Chromium', whyNoChromium)

/** The answer of the command for the same hosts. */
const cliBaseline = (args: readonly string[], cwd = root): string =>
  virtCpu(['-q', 'cpu-baseline', ...args], { cwd }).stdout

/** The answers of the command to requests, one a pool. */
function baselines(pools: readonly (readonly string[])[]): string[] {
  const requests = pools.map(cpus => `${JSON.stringify({ verb: 'baseline', cpus })}\n`)
  const { stdout } = virtCpu(['batch'], { input: requests.join('') })
  return stdout
    .trim()
    .split('\n')
    .map(line => {
      const { xml, error } = JSON.parse(line)
      return xml ?? `error: ${error.message}`
    })
}

const xmlOf = (page: Page) => page.locator('.cpu-baseline .definition pre').first().textContent()

describe.skipIf(why)(`in a browser (Chromium, ${why ?? 'installed'})`, () => {
  let opened: Opened
  let page: Page
  beforeAll(async () => {
    opened = await openBrowser()
    page = opened.page
    await page.context().setOffline(true)
  })
  afterEach(() => expect(opened.faults.splice(0)).toEqual([]))
  afterAll(() => opened?.close())

  const open = async (hash = '', url = PAGE_URL) => {
    await page.goto('about:blank')
    await page.goto(`${url}#${hash}`)
  }

  test('from a file, without a network: the sample fleet and its baseline', async () => {
    await open()
    expect(await headline(page)).toMatch(/^Drop your hosts/)
    await page.getByRole('button', { name: 'Show a sample fleet' }).click()
    await page.getByRole('link', { name: 'Fleet' }).waitFor()
    await expect.poll(() => page.title()).toMatch(/hosts .* · virt-cpu$/)
    await page.getByRole('combobox', { name: 'Pool' }).selectOption('=intel')
    await page.getByRole('link', { name: 'Baseline' }).click()
    await page.locator('.definition').first().waitFor()
    expect(await xmlOf(page)).toBe(cliBaseline(INTEL.map(name => join(SAMPLE, name))))
  })

  test('a dropped folder: subfolders are pools, and a bad file is reported with its position', async () => {
    await open()
    await headline(page)
    await drop(page, [folderOf(fortyFiles())])
    await page.getByRole('combobox', { name: 'Pool' }).waitFor()
    await page.getByRole('heading', { name: '1 file could not be used' }).waitFor()
    expect(await page.locator('.problems li').textContent()).toMatch(/test\/host-39\.xml:3:\d+: .*closes/s)
    const scope = page.getByRole('combobox', { name: 'Pool' })
    expect(await scope.locator('option').allTextContents()).toEqual([
      'all 39 hosts',
      'prod · 20 hosts',
      'test · 19 hosts',
    ])
    await scope.selectOption('=prod')
    await page.getByText('20 hosts, 20 CPUs').waitFor()
    // The plan is made of the files too, not of the fleet that a second worker has not read yet.
    await page.getByRole('link', { name: 'Pools' }).click()
    await page.locator('.curve svg').first().waitFor()
    expect(await headline(page)).toMatch(/pool/)
  })

  test('an answer that fails is a card with its cause, until the view changes', async () => {
    await open('sample=yes&view=pools')
    await page.locator('.card').first().waitFor()
    await page.evaluate(() => {
      const post = Worker.prototype.postMessage
      Worker.prototype.postMessage = function (request: { readonly name: string }) {
        Worker.prototype.postMessage = post
        return post.call(this, { ...request, name: 'nosuch' })
      }
    })
    await page.getByRole('link', { name: 'Cost' }).click()
    await page.getByRole('alert').getByText('This view has no answer').waitFor()
    await page.getByRole('link', { name: 'Pools' }).click()
    await page.locator('.card').first().waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  test('pasted text becomes a host', async () => {
    await open()
    await page
      .getByLabel('or paste the output of a command on a host')
      .fill(readFileSync(join(root, FLEET, 'ice-01.xml'), 'utf8'))
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByText('1 host, 1 CPU').waitFor()
  })

  test('what the header finds is shown, and the hash names it', async () => {
    await open('sample=yes&view=cost')
    await page.getByRole('combobox', { name: 'Find a host' }).waitFor()
    await page.locator('main h1').click()
    await page.keyboard.press('/')
    await page.keyboard.type('kvm-a03')
    await page.locator('#found [role=option]').first().waitFor()
    await page.keyboard.press('Enter')
    await page.locator('.groups tr.active').waitFor()
    expect(await page.locator('.groups tr.active').textContent()).toContain('kvm-a03')
    expect(page.url()).toMatch(/view=fleet.*host=kvm-a03/)
    await page.keyboard.press('/')
    await page.keyboard.type('MD_CLEAR')
    await page.getByRole('option', { name: /feature md-clear/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.locator('.matrix tr.active', { hasText: 'md-clear' }).waitFor()
  })

  test('a table is put in order by its columns, and filters', async () => {
    await open('sample=yes&view=fleet')
    const names = () => page.locator('.groups tbody th').allTextContents()
    await page.locator('.groups tbody tr').first().waitFor()
    const all = await names()
    await page.locator('.order', { hasText: 'Features' }).click()
    const figures = async () =>
      (await page.locator('.groups tbody td:nth-child(6)').allTextContents()).map(text =>
        Number.parseInt(text, 10),
      )
    await expect.poll(async () => (await figures()).length).toBe(all.length)
    const up = await figures()
    expect(up).toEqual([...up].sort((a, b) => a - b))
    await page.locator('.order', { hasText: 'Features' }).click()
    await expect.poll(figures).toEqual([...up].sort((a, b) => b - a))
    await page.getByLabel('Rows that contain').fill('kvm-a')
    await expect.poll(async () => (await names()).length).toBeLessThan(all.length)
    await page.getByLabel('Rows that contain').fill('nothing is called so')
    await expect.poll(async () => (await names()).length).toBe(0)
  })

  test('a reload loses nothing, a saved page has the fleet and its pools, and a link without its files says so', async () => {
    await open()
    await headline(page)
    await drop(page, [folderOf(fortyFiles())])
    await page.getByText('39 hosts, 39 CPUs').waitFor()
    await expect.poll(() => page.url()).toMatch(/[#&]fleet=/)
    const before = page.url()
    await page
      .getByRole('button', { name: /^Remove / })
      .first()
      .click()
    await page.getByText('38 hosts, 38 CPUs').waitFor()
    await expect.poll(() => page.url()).not.toBe(before)
    await page.reload()
    await page.getByText('38 hosts, 38 CPUs').waitFor()
    const offered = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('menuitem', { name: 'This page with the fleet' }).click()
    const saved = join(mkdtempSync(join(tmpdir(), 'virt-cpu-saved-')), 'fleet.html')
    await (await offered).saveAs(saved)
    await open('', pathToFileURL(saved).href)
    await page.getByText('38 hosts, 38 CPUs, 2 pools').waitFor()
    await open('fleet=nosuch')
    await page
      .getByRole('alert')
      .getByText(/files are kept in the browser/)
      .waitFor()
  })

  test('pools: groups move by mouse and by keyboard, each move shows its change and can be undone', async () => {
    await open('sample=yes&view=pools')
    const cards = page.locator('.card')
    await page.locator('.curve svg').first().waitFor()
    const first = page.locator('.chip').first()
    const name = (await first.locator('span').first().textContent()) ?? ''
    await first.dragTo(cards.last())
    const moved = page.locator('.card', { hasText: /^A / }).locator('.chip')
    await moved.waitFor()
    expect(await moved.locator('span').first().textContent()).toBe(name)
    await expect.poll(() => page.locator('.change').textContent()).toMatch(/^\d pools? change/)
    await moved.focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => cards.count()).toBe(3)
    // The chip keeps the focus, so that it can be moved on.
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent ?? '')).toContain(name)
    await page.keyboard.press('Control+z')
    await expect.poll(() => cards.count()).toBe(4)
    await page.getByRole('slider').fill('2')
    await page.getByRole('button', { name: 'Create 2 pools' }).click()
    await expect
      .poll(() => cards.locator('h2').allTextContents())
      .toEqual([expect.stringMatching(/^A /), expect.stringMatching(/^B /), 'New pool C'])
  })

  test('menus and dialogs open by press and by key, and give the focus back', async () => {
    await open('sample=yes&view=pools')
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')
    for (const name of ['Save', 'Add hosts…', '?']) {
      const opener = page.getByRole('button', { name, exact: true })
      await opener.focus()
      await page.keyboard.press('Enter')
      await page.locator('.menu:popover-open, dialog[open]').waitFor()
      await page.keyboard.press('Escape')
      await expect.poll(() => page.locator('.menu:popover-open, dialog[open]').count()).toBe(0)
      expect(await focused()).toBe(name)
    }
    const chip = page
      .locator('.card', { hasText: /^intel / })
      .locator('.chip')
      .first()
    const name = (await chip.locator('span').first().textContent()) ?? ''
    await chip.click()
    await page.getByRole('menu').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('menu').count()).toBe(0)
    await expect.poll(focused).toContain(name)
    await page.keyboard.press('Enter')
    await page.getByRole('menu').waitFor()
    await page.keyboard.press('ArrowDown')
    const choice = await focused()
    await page.keyboard.press('Enter')
    const to = choice.replace(/^Move to (?:new pool )?/, '')
    await page
      .locator('.card', { hasText: new RegExp(`^${to} `) })
      .locator('.chip', { hasText: name })
      .waitFor()
    await expect.poll(focused).toContain(name)
  })

  test('a fleet file defines pools and guests, and an error in it is reported with its position', async () => {
    const files = (fleet: string) => ({
      'rack/fleet.yaml': fleet,
      ...Object.fromEntries(
        ['sky-01', 'sky-03', 'ice-01'].map(name => [
          `rack/hosts/${name}.xml`,
          readFileSync(join(root, FLEET, `${name}.xml`), 'utf8'),
        ]),
      ),
      'rack/guests/ice-01/db.xml':
        "<domain><name>db</name><cpu mode='custom' match='exact'><model>Icelake-Server</model></cpu></domain>",
    })
    const rules = 'hosts: [hosts/*.xml]\nguests: [guests]\npools: { old: "sky-*", new: ice-01 }\n'
    await open('view=migration')
    await headline(page)
    await drop(page, [join(folderOf(files(rules)), 'rack')])
    await expect.poll(() => headline(page)).toBe('1 guest: 1 with nowhere else to go')
    await page.getByRole('button', { name: 'db', exact: true }).click()
    await expect
      .poll(() => page.locator('.move h2').first().textContent())
      .toMatch(/^db cannot move to sky-01: \d+ obstacles$/)
    const scope = page.getByRole('combobox', { name: 'Pool' })
    expect(await scope.locator('option').allTextContents()).toEqual([
      'all 3 hosts',
      'new · 1 host',
      'old · 2 hosts',
    ])
    await open()
    await headline(page)
    await drop(page, [join(folderOf(files(`${rules}wieghts: {}\n`)), 'rack')])
    await page.getByRole('heading', { name: '1 file could not be used' }).waitFor()
    expect(await page.locator('.problems li').textContent()).toMatch(
      /rack\/fleet\.yaml:4:1: wieghts: no such key; did you mean weights\?/,
    )
    await page.getByText('3 hosts, 3 CPUs, 1 guest').waitFor()
  })

  test('headlines equal what the command prints for the same fleet', async () => {
    const first = (args: readonly string[]) => virtCpu(args, { cwd: root, env: { COLUMNS: '200' } }).stdout
    await open('sample=yes&view=cost')
    await expect.poll(() => headline(page)).toBe(first(['explain', SAMPLE, '--cost']).split('\n')[0])
    await open('sample=yes&view=pools')
    await expect.poll(() => page.title()).toMatch(/^Split into/)
    const [title = ''] = (await page.title()).split(' · virt-cpu')
    for (const said of title.split('; '))
      expect(first(['pools', SAMPLE]).toLowerCase()).toContain(said.toLowerCase())
    await open('sample=yes&view=migration')
    expect(first(['migrate', SAMPLE])).toContain(await headline(page))
    const title2 = await page.locator('.move h2').first().textContent()
    const [, from = '', to = ''] = /^(\S+) can(?:not)? move to (\S+?):?(?: |$)/.exec(title2 ?? '') ?? []
    expect(first(['migrate', SAMPLE, '--from', from, '--to', to])).toContain(title2)
  })

  test('definitions are written for the QEMU that is chosen, and its link says which', async () => {
    await open('sample=yes&view=baseline&pool=%3Dintel')
    await page.getByLabel('Write for').selectOption('7.0')
    await page.getByRole('heading', { name: 'For QEMU 7.0' }).waitFor()
    expect(new URL(page.url()).hash).toContain('qemu=7.0')
    await page.getByLabel('Write for').selectOption({ index: 0 })
    await page.getByRole('heading', { name: /^For QEMU 1[1-9]/ }).waitFor()
    expect(new URL(page.url()).hash).not.toContain('qemu=')
  })

  test('the matrix by keyboard: the details follow the selected cell', async () => {
    await open('sample=yes&view=matrix')
    const row = page.locator('.matrix tbody button[tabindex="0"]')
    await row.waitFor()
    await row.focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    const detail = page.locator('.detail')
    const focused = await page.evaluate(() => document.activeElement?.textContent ?? '')
    expect(await detail.locator('h2').textContent()).toBe(focused)
    expect(await detail.textContent()).toMatch(/CPUID\..*\[\d+\].*Missing on \d+ host/s)
  })

  test('the hash holds the state: reload and the back button restore it', async () => {
    await open('sample=yes&view=matrix&sort=place&all=yes&theme=dark')
    await page.locator('.matrix').waitFor()
    await page.reload()
    await page.locator('.matrix').waitFor()
    expect(await page.getByLabel('Order').inputValue()).toBe('place')
    expect(await page.getByLabel('include features that all hosts have').isChecked()).toBe(true)
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark')
    await page.getByRole('link', { name: 'Compare' }).click()
    await page.locator('table.facts').waitFor()
    await page.goBack()
    await page.locator('.matrix').waitFor()
  })

  test('the colour scheme follows the system until the user selects one', async () => {
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    await page.emulateMedia({ colorScheme: 'dark' })
    await open('sample=yes')
    await headline(page)
    const dark = await ground()
    await page.getByRole('button', { name: 'Colour scheme: auto' }).click()
    await expect.poll(ground).not.toBe(dark)
    await page.emulateMedia({ colorScheme: 'light' })
  })

  test.each(['light', 'dark'] as const)('axe finds no violation without a fleet, %s', async colorScheme => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await open()
    await headline(page)
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate(() => window.axe.run())
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)).toEqual([])
    await page.emulateMedia({ colorScheme: 'light' })
  })

  test('the baseline equals the command’s: every example and random pools', async () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
    const next = mulberry32(seed)
    const pools = Array.from({ length: runs(200, 4) }, () => randomPool(next))
    // Where a folder has one file with all hosts, as platforms write it, the page takes the folder's name for the file's.
    const isOfFiles = (files: readonly string[]) =>
      files.length > 1 && files.every(file => file.endsWith('.xml'))
    const examples = readdirSync(join(root, 'examples'))
      .map(name => join('examples', name))
      .filter(path => virtCpu(['cpu-baseline', path], { cwd: root }).status === 0)
      .filter(path => isOfFiles(filesIn(path)))
    expect(examples.length).toBeGreaterThan(2)
    const wanted = [...examples.map(path => cliBaseline([path])), ...baselines(pools)]
    const name = (i: number) => String(i).padStart(3, '0')
    const folder = folderOf({
      ...Object.fromEntries(
        examples.flatMap((path, i) =>
          filesIn(path).map(file => [
            `${name(i)}/${file.replaceAll('/', '!')}`,
            readFileSync(join(root, path, file), 'utf8'),
          ]),
        ),
      ),
      ...Object.fromEntries(pools.map((cpus, i) => [`${name(examples.length + i)}/pool.xml`, cpus.join('')])),
    })
    await open('view=baseline')
    await headline(page)
    await drop(page, [folder])
    const scope = page.getByRole('combobox', { name: 'Pool' })
    const said = page.locator('.cpu-baseline .definition pre, .problems pre').first()
    for (const [i, expected] of wanted.entries()) {
      await scope.selectOption(`=${name(i)}`)
      await expect
        .poll(() => said.textContent(), {
          message: `SEED=${seed}, pool ${i} of ${folder}`,
          interval: 10,
        })
        .toBe(expected)
    }
  })

  test('served: the page works under the server’s policy and can copy text', async () => {
    await page.context().setOffline(false)
    const child = spawn(process.execPath, [CLI, 'serve', '--port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const url = await new Promise<string>(resolve =>
        child.stdout.on('data', data => resolve(/http:\S+/.exec(String(data))?.[0] ?? '')),
      )
      await page
        .context()
        .grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url.slice(0, -1) })
      await open('sample=yes&view=baseline&pool=%3Dintel', url)
      await page.getByRole('button', { name: 'Copy libvirt XML' }).click()
      await page.getByText('libvirt XML copied').waitFor()
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
        cliBaseline(INTEL.map(name => join(SAMPLE, name))),
      )
    } finally {
      child.kill('SIGKILL')
      await page.context().setOffline(true)
    }
  })

  test('a page with an embedded fleet shows it', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'virt-cpu-page-')), 'fleet.html')
    writeFileSync(
      path,
      virtCpu(['page', '--data', 'examples/fleet', 'examples/fleet-amd'], { cwd: root }).stdout,
    )
    await open('view=pools', pathToFileURL(path).href)
    await expect
      .poll(() => page.locator('.card h2').allTextContents())
      .toEqual([expect.stringMatching(/^fleet 8/), expect.stringMatching(/^fleet-amd 2/), 'New pool A'])
  })
})
