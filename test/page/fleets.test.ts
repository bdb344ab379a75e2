import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isLong, part } from '../effort.ts'
import { needed } from '../needs.ts'
import { drop, headline, type Opened, openBrowser, PAGE_URL, VIEWS, whyNoChromium } from './browser.ts'
import { folderOf } from './fleet-of.ts'
import { FLEETS } from './fleets.ts'
import { lookThrough } from './focus.ts'

type ViewName = (typeof VIEWS)[number]

const WIDTHS = [1440, 768, 360]
/** From the narrowest phone to a wide screen. */
const OTHER_WIDTHS = [320, 414, 600, 700, 992, 1100, 1920, 2560]
const SCHEMES = ['light', 'dark'] as const

const numbersIn = (text: string): number[] =>
  (text.replaceAll('\u2009', '').match(/(?<![\w.-])\d+(?![\w-])/g) ?? []).map(Number)
const firstOf = (text: string): number => numbersIn(text)[0] ?? 0
const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0)

const texts = (page: Page, selector: string): Promise<string[]> => page.locator(selector).allTextContents()
/** Polls, as rows are drawn in steps. */
const eventually = (what: () => Promise<number>, wanted: number, message: string): Promise<void> =>
  expect.poll(what, { message }).toBe(wanted)

interface Fleet {
  readonly hosts: number
  readonly cpus: number
}

/** At each width a part of the page has all that is in it, and `then`. */
async function expectNoScrolling(page: Page, part: string, then?: (width: number) => Promise<void>) {
  for (const width of [1440, 720, 430, 390, 320]) {
    await page.setViewportSize({ width, height: 900 })
    const over = () => page.locator(part).evaluate(one => one.scrollWidth - one.clientWidth)
    await expect.poll(over, { message: `${part} at ${width}`, timeout: 5000 }).toBeLessThanOrEqual(0)
    await then?.(width)
  }
  await page.setViewportSize({ width: 1280, height: 860 })
}

/** Runs in the page. How many pixels the letters of a drawing have. */
function lettersOf(drawing: Element): number {
  const text = drawing.querySelector('text')
  const { width } = (drawing as SVGSVGElement).viewBox.baseVal
  return text ? (drawing.clientWidth / width) * Number.parseFloat(getComputedStyle(text).fontSize) : 0
}

/** For each view: that it shows every host, and that its title is what its rows come to. */
const LAWS: Readonly<Record<ViewName, (page: Page, title: string, fleet: Fleet) => Promise<void>>> = {
  async fleet(page, title, { hosts }) {
    await eventually(
      async () => sum((await texts(page, '.groups tbody td:nth-child(2)')).map(firstOf)),
      hosts,
      'hosts',
    )
    const levels = await texts(page, '.levels li')
    expect(sum((await texts(page, '.levels li > span:last-child')).map(firstOf))).toBe(hosts)
    const [, n = '', level = ''] = /^(?:All )?(\d+)(?: of \d+)? hosts reach (\S+?)(?:;|$)/.exec(title) ?? []
    const rows = await page.locator('.groups tbody tr').allTextContents()
    const reaching = rows.filter(row => row.includes(level))
    if (level !== '') expect(levels.find(text => text.includes(level))).toContain(`${n} of`)
    expect(reaching.length).toBeGreaterThan(0)
    for (const said of await texts(page, '.outlier h3'))
      expect(said).not.toMatch(/\b[1-9]\d* features? missing.*\b0 features? missing/)
  },
  async matrix(page, title, { hosts, cpus }) {
    const rows = /^(?:No host|The one)/.test(title) ? 0 : firstOf(title)
    await eventually(() => page.locator('.matrix tbody tr:not(.class)').count(), rows, 'rows')
    expect(firstOf((await page.textContent('.headline p')) ?? '')).toBe(cpus)
    const missing = (await texts(page, '.matrix tbody tr:not(.class) .number')).map(Number)
    expect(missing.every(n => n > 0 && n <= hosts)).toBe(true)
    const security = /(\d+) of them for security/.exec(title)?.[1] ?? 0
    const heads = await texts(page, '.matrix .class')
    expect(firstOf(heads.find(text => /^security/i.test(text)) ?? '')).toBe(Number(security))
    if (cpus <= 20) await expectNoScrolling(page, '.matrix')
  },
  async baseline(page, title, { hosts }) {
    if (!/^These hosts/.test(title)) expect(numbersIn(title)).toContain(hosts)
    const lost = page.locator('[aria-labelledby=lost]')
    const isError = (await page.locator('.problems').count()) > 0
    // ARM's is by names alone: it says nothing of losses.
    if (isError || /^libvirt’s/.test(title)) expect(await lost.count()).toBe(0)
    else {
      const isNone = /^No features/.test((await lost.locator('h2').textContent()) ?? '')
      expect(isNone).toBe((await lost.locator('li').count()) === 0)
    }
  },
  async ladder(page, title, { hosts }) {
    const rungs = await texts(page, '.ladder li .number')
    expect(rungs.length > 0).toBe(!/^Guests have no named models/.test(title))
    if (rungs.length === 0) return
    for (const text of rungs) expect(numbersIn(text)).toEqual([expect.any(Number), hosts])
    await eventually(() => page.locator('.ladder [aria-pressed=true]').count(), 1, 'the chosen rung')
    const chosen = page.locator('.ladder aside')
    const [runs = 0, unsure = 0] = numbersIn(
      ((await chosen.locator('p').first().textContent()) ?? '').split('.')[0] ?? '',
    )
    const out = await texts(page, '.ladder aside h3')
    expect(runs + unsure + sum(out.map(firstOf))).toBe(hosts)
    const full = rungs.filter(text => firstOf(text) === hosts)
    if (/best model for/.test(title)) expect(full.length).toBeGreaterThan(0)
    if (/^No named/.test(title)) expect(full).toEqual([])
    const common = / can give (\S+), but/.exec(title)?.[1]
    if (common) expect([await chosen.locator('h2').textContent(), runs]).toEqual([common, hosts])
  },
  async cost(page, title, { hosts }) {
    const rows = await texts(page, '.costs .what')
    const free = await texts(page, '.cost-nothing')
    const inRows = rows.map(text => Number(/([\d\u2009]+) hosts?/.exec(text)?.[1]?.replace('\u2009', '')))
    expect(sum(inRows) + sum(free.map(firstOf))).toBe(hosts)
    if (/^No host/.test(title)) expect(rows).toEqual([])
    else {
      const gains = rows.map(text => Number(/\+([\d\u2009]+) points/.exec(text)?.[1]?.replace('\u2009', '')))
      const most = rows.filter((_, i) => gains[i] === Math.max(...gains))
      expect(most.map(firstOf)).toContain(firstOf(title.split(': ').at(-1) ?? ''))
    }
  },
  async pools(page, _, { hosts }) {
    await page.locator('.curve > *').first().waitFor()
    await eventually(async () => sum((await texts(page, '.chip .unseen')).map(firstOf)), hosts, 'hosts')
    expect(sum((await texts(page, '.card h2 .faint')).map(firstOf))).toBe(hosts)
    const named = (await texts(page, '.chip > span:first-child')).map(
      text =>
        Number(/ and (\d+) more$/.exec(text)?.[1] ?? 0) + Number(/ · (\d+) hosts$/.exec(text)?.[1] ?? 1),
    )
    expect(named).toEqual((await texts(page, '.chip .unseen')).map(firstOf))
    await expectNoScrolling(page, '.curve', async width => {
      const letters = await page.locator('.curve > svg').evaluate(lettersOf)
      expect(letters, `the curve’s letters at ${width}`).toBeGreaterThan(10.5)
    })
  },
  async migration(page, title, { hosts, cpus }) {
    const boxes = page.locator('.graph .box')
    await boxes.first().waitFor()
    const shown = await boxes.evaluateAll(all => all.map(one => one.querySelectorAll('text').length))
    const more = (await texts(page, '.graph .box text')).filter(text => /^and \d+ CPU/.test(text))
    expect(sum(shown) - more.length + sum(more.map(firstOf))).toBe(cpus)
    expect(Math.max(...numbersIn(title))).toBeLessThanOrEqual(hosts)
    await expectNoScrolling(page, '.scroll:has(.graph)', async width => {
      const letters = await page.locator('.graph').evaluate(lettersOf)
      expect(letters, `the graph’s letters at ${width}`).toBeGreaterThanOrEqual(11)
    })
  },
  async drift(_, title) {
    expect(title).toMatch(/^Drop a second recording/)
  },
  async tree(page, _, { cpus }) {
    await eventually(() => page.locator('.tree .badge.host').count(), cpus, 'CPUs')
  },
  async compare(page, title, { cpus }) {
    expect(await page.locator('select').nth(1).locator('optgroup[label=Hosts] option').count()).toBe(cpus)
    const sides = (await texts(page, '.sides section > h2')).map(text => Number(/\d+$/.exec(text)?.[0]))
    if (/the same features$/.test(title)) expect(sides).toEqual([0, 0])
    else expect(numbersIn(title.split(': ').at(-1) ?? '')).toEqual(sides.filter(n => n > 0))
  },
}

const why = needed('Chromium', whyNoChromium)

let opened: Opened
let page: Page
beforeAll(async () => {
  if (why) return
  opened = await openBrowser()
  page = opened.page
})
afterAll(() => opened?.close())

describe.skipIf(why).each(FLEETS)(`%s, dropped (${why ?? 'Chromium'})`, (name, files, hosts) => {
  let cpus = 0
  beforeAll(async () => {
    await page.goto('about:blank')
    await page.goto(PAGE_URL)
    await page.locator('.welcome').waitFor()
    await page.setViewportSize({ width: 1280, height: 860 })
    await page.evaluate(axe.source)
    await drop(page, [folderOf(files)])
    const counts = page.locator('.headline p', { hasText: /hosts?, \d+ CPU/ })
    await counts.waitFor()
    cpus = numbersIn((await counts.textContent()) ?? '')[1] ?? 0
  })
  afterEach(() => expect(opened.faults.splice(0)).toEqual([]))

  /** The fleet that is looked at in full each time; of the others a part is. */
  const isMain = isLong || name === 'mixed60'

  const show = async (view: ViewName): Promise<string> => {
    await page.evaluate(wanted => {
      location.hash = `${new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(location.hash.slice(1))), view: wanted })}`
    }, view)
    await page.locator(`nav a[aria-current=page][href*="view=${view}"]`).waitFor()
    const title = await headline(page)
    await page.waitForFunction(() => document.querySelectorAll('main > *').length > 1)
    return title
  }

  const expectFits = async (view: ViewName, width: number) => {
    await page.setViewportSize({ width, height: width < 500 ? 740 : 900 })
    const over = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    // The window's new width reaches the page with its next frame.
    await expect.poll(over, { message: `${view} at ${width} pixels` }).toBeLessThanOrEqual(0)
  }

  const expectAccessible = async (what: string, rules: object) => {
    const { violations } = await page.evaluate(options => window.axe.run(options), rules)
    expect(
      violations.map(({ id, nodes }) => `${what}: ${id}: ${nodes.map(({ html }) => html)}`),
      name,
    ).toEqual([])
  }

  test('every view shows every host under a title that its rows bear out', async () => {
    for (const view of VIEWS) {
      const title = await show(view)
      await LAWS[view](page, title, { hosts, cpus })
    }
  })

  test('no view is wider than the window, and axe finds nothing', async () => {
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
    for (const view of VIEWS) {
      await show(view)
      for (const width of [...part(OTHER_WIDTHS, 4), ...part(WIDTHS, isMain ? 1 : 3)])
        await expectFits(view, width)
    }
    // The colours are all that the second scheme has of its own, and a narrow window has other rules of style.
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const width of isLong ? WIDTHS : [colorScheme === 'light' ? 1440 : 360]) {
        await page.setViewportSize({ width, height: 800 })
        for (const view of isMain ? VIEWS : part(VIEWS, 5)) {
          await show(view)
          const rules = colorScheme === 'dark' ? { runOnly: ['color-contrast'] } : {}
          await expectAccessible(`${view} ${width} ${colorScheme}`, rules)
        }
      }
    }
    await page.emulateMedia({ colorScheme: 'light' })
  })

  test.runIf(isMain)('on paper nothing is cut off, and nothing but controls is left out', async () => {
    await page.setViewportSize({ width: 703, height: 1032 })
    for (const view of VIEWS) {
      await show(view)
      await page.emulateMedia({ media: 'print' })
      const faults = await page.locator('main').evaluate(main => {
        const controls =
          '.controls, .menu, .edit, .filter, .order, .copy, .quiet, .strong, .choose, .free, .matrix-and-detail aside'
        const nameOf = (one: Element) => `${one.className || one.tagName} ${one.textContent?.slice(0, 30)}`
        const parts = [...main.querySelectorAll<HTMLElement>('*:not(svg *)')]
        const unseen = parts.filter(
          one =>
            one.matches('button, aside, li, td') &&
            !one.closest(controls) &&
            !one.closest('details:not([open])') &&
            !one.checkVisibility(),
        )
        const cut = parts.filter(one => {
          const { overflowX, overflowY } = getComputedStyle(one)
          const isCut = (overflow: string, over: number) => overflow !== 'visible' && over > 1
          return (
            !one.matches('.unseen, .heads *') &&
            one.checkVisibility() &&
            (isCut(overflowX, one.scrollWidth - one.clientWidth) ||
              isCut(overflowY, one.scrollHeight - one.clientHeight))
          )
        })
        return [...unseen.map(one => `left out: ${nameOf(one)}`), ...cut.map(one => `cut: ${nameOf(one)}`)]
      })
      await page.emulateMedia({ media: null })
      expect(faults, view).toEqual([])
    }
    const day = new Date().toISOString().slice(0, 10)
    const said = (await page.locator('.printed').textContent()) ?? ''
    expect(said).toContain(`${hosts} hosts · ${day}`)
  })

  test.runIf(isMain)('with forced colours drawings have the colours of the text around them', async () => {
    await page.emulateMedia({ forcedColors: 'active' })
    for (const view of ['migration', 'pools'] as const) {
      await show(view)
      const lines = page.locator(
        '.graph .box:not(.on) rect, .graph .area, .graph text, .curve .axis, .curve text',
      )
      await lines.first().waitFor({ state: 'attached' })
      const colours = await lines.evaluateAll(all => [
        getComputedStyle(document.body).color,
        ...all.map(one => getComputedStyle(one)[one.tagName === 'text' ? 'fill' : 'stroke']),
      ])
      expect([...new Set(colours)], view).toHaveLength(1)
      expect(
        await page
          .locator('svg [aria-pressed=true]')
          .evaluateAll(all =>
            all.map(one => getComputedStyle(one).outlineStyle).filter(style => style !== 'none'),
          ),
      ).toEqual([])
      // The browser puts the ground's colour behind letters, except where something keeps its own colours.
      const unseen = page.locator('body *').evaluateAll(
        (all, ground) =>
          all
            .filter(one => one.childNodes[0]?.nodeType === Node.TEXT_NODE)
            .filter(one => getComputedStyle(one).color === ground)
            .filter(one => getComputedStyle(one).forcedColorAdjust !== 'none')
            .map(one => one.outerHTML),
        await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor),
      )
      expect(await unseen).toEqual([])
    }
    await page.emulateMedia({ forcedColors: 'none' })
  })

  test.runIf(isMain)('the arrow keys reach every box of the graph', async () => {
    await page.setViewportSize({ width: 390, height: 800 })
    await show('migration')
    const boxes = page.locator('.graph .box')
    await boxes.first().focus()
    const names = await boxes.allTextContents()
    const seen = [names[0]]
    for (let i = 1; i < names.length; i++) {
      await page.keyboard.press('ArrowDown')
      seen.push(await page.evaluate(() => document.activeElement?.textContent ?? ''))
    }
    expect(seen).toEqual(names)
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('.graph .box.on').allTextContents()).toContain(names.at(-1))
  })

  test.runIf(isMain || name === 'live')(
    'Tab reaches every control in order, and each shows that it has the focus',
    async () => {
      for (const width of isLong ? [1440, 360] : [1440]) {
        await page.setViewportSize({ width, height: 800 })
        for (const view of part(VIEWS, isMain ? 1 : 3)) {
          await show(view)
          expect(await lookThrough(page), `${name} ${view} ${width}`).toEqual([])
        }
      }
    },
  )
})
