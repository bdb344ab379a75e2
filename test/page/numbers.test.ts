import { basename } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { virtCpu } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'
import { drop, headline, type Opened, openBrowser, PAGE_URL, VIEWS, whyNoChromium } from './browser.ts'
import { folderOf } from './fleet-of.ts'
import { type Files, FLEETS } from './fleets.ts'
import { Answers, numbersOf } from './numbers.ts'

type ViewName = (typeof VIEWS)[number]

/**
 * The commands whose answers a view shows, besides `explain`, of which it has the pools: about the folder that was dropped;
 * `ALL`, its hosts in one pool, for what is of all hosts; `PAIR`, of which the view shows two.
 */
const COMMANDS: Readonly<Record<ViewName, readonly string[]>> = {
  fleet: ['hosts', 'explain --cost'],
  matrix: [],
  baseline: ['explain ALL', 'cpu-baseline ALL'],
  ladder: ['models'],
  cost: ['explain --cost'],
  pools: ['pools'],
  migration: ['migrate', 'migrate PAIR'],
  drift: [],
  tree: ['hosts'],
  compare: ['hosts', 'explain PAIR'],
}

/** All that a view shows in words: its text, and what names and explains its parts. */
async function wordsOf(page: Page): Promise<string> {
  const told = ['title', 'aria-label', 'placeholder'].map(name =>
    page.locator(`main [${name}]`).evaluateAll((all, key) => all.map(one => one.getAttribute(key)), name),
  )
  const shown = [page.locator('main').allInnerTexts(), page.locator('main svg text').allTextContents()]
  return (await Promise.all([...shown, ...told])).flat().join('\n')
}

/** The pairs of hosts that a view is about: those that it names, or the first of the first two groups. */
async function pairsOf(page: Page, view: ViewName, pools: readonly Pool[]): Promise<string[][]> {
  const groups = pools.flatMap(pool => pool.groups)
  if (view !== 'migration') return [groups.slice(0, 2).map(({ hosts }) => hosts[0] ?? '')]
  return (await page.locator('.move h2').allTextContents()).map(said => {
    const [, from = '', to = ''] = /^(\S+) can(?:not)? move to (\S+?):?(?: |$)/.exec(said) ?? []
    return ['--from', from, '--to', to]
  })
}

interface Pool {
  readonly pool: string
  readonly groups: readonly { readonly hosts: readonly string[] }[]
}

/** The matrix is of one pool: what all hosts of several vendors lack, the command says of none. */
async function show(page: Page, view: ViewName, pool: string, rungs = ''): Promise<void> {
  await page.evaluate(
    options => {
      location.hash = `${new URLSearchParams(options)}`
    },
    { view, rungs, ...(view === 'matrix' ? { pool: `=${pool}` } : {}) },
  )
  await page.locator(`nav a[aria-current=page][href*="view=${view}"]`).waitFor()
  await headline(page)
  await page.waitForFunction(() => document.querySelectorAll('main > *').length > 1)
  if (view === 'pools') await page.locator('.curve > *').first().waitFor()
  if (view === 'migration') await page.locator('.move h2').first().waitFor()
}

/** The hosts' files in one folder, so that they are one pool. */
const inOneFolder = (files: Files): string =>
  folderOf(
    Object.fromEntries(
      Object.entries(files)
        .filter(([, text]) => text.includes('</capabilities>'))
        .map(([path, text]) => [basename(path), text]),
    ),
  )

/** Asks the command, each question once. */
function asking(folder: string, all: string) {
  const known = new Map<string, unknown>()
  return (command: string, pair: readonly string[] = []) => {
    const [question = '', what, ...rest] = command.split(' ')
    const isPair = what === 'PAIR'
    const target = what === 'ALL' ? [all] : isPair && question === 'explain' ? pair : [folder]
    const options = isPair ? (question === 'explain' ? [] : pair) : what === 'ALL' || !what ? [] : [what]
    const args = [question, ...target, ...options, ...rest, '--json']
    const answer = known.get(args.join(' ')) ?? JSON.parse(virtCpu(args).stdout.trim() || 'null')
    known.set(args.join(' '), answer)
    return answer
  }
}

const why = needed('Chromium', whyNoChromium)

describe.skipIf(why)(`numbers (${why ?? 'Chromium'})`, () => {
  let opened: Opened
  let page: Page
  beforeAll(async () => {
    opened = await openBrowser()
    page = opened.page
  })
  afterAll(() => opened?.close())

  test.each(FLEETS.filter(([name]) => ['mixed60', 'arm', 'live'].includes(name)))(
    '%s: each that a view shows is in what the command answers with --json',
    async (_, files) => {
      const folder = folderOf(files)
      await page.goto('about:blank')
      await page.goto(PAGE_URL)
      await page.locator('.welcome').waitFor()
      await drop(page, [folder])
      await page.locator('.headline p', { hasText: /hosts?, \d+ CPU/ }).waitFor()
      const ask = asking(folder, inOneFolder(files))
      const names = [
        ...ask('hosts').hosts.flatMap((one: { host: string; silicon: string | null }) => [
          basename(one.host, '.xml'),
          one.silicon ?? '',
        ]),
        ...ask('models').models.flatMap(({ name }: { name: string }) => [name, name.replace(/-v\d+$/, '')]),
      ]
      const pools: readonly Pool[] = ask('explain').pools
      const missing: string[] = []
      const rungs = ask('models').rungs ? ['evc', 'level'] : []
      const shownAs = [
        ...VIEWS.map(view => [view, ''] as const),
        ...rungs.map(kind => ['ladder', kind] as const),
      ]
      for (const [view, kind] of shownAs) {
        await show(page, view, pools[0]?.pool ?? '', kind)
        // Without a change of view nothing else says that the rungs are others.
        if (kind !== '')
          await page
            .locator('.ladder b', { hasText: kind === 'evc' ? /^(?:intel|amd)-/ : /^x86-64-v/ })
            .first()
            .waitFor()
        const pairs = await pairsOf(page, view, pools)
        const commands = ['explain', ...COMMANDS[view]]
        const answers = new Answers(commands.flatMap(command => pairs.map(pair => ask(command, pair))))
        for (const shown of numbersOf(await wordsOf(page), names))
          if (!answers.has(shown)) missing.push(`${view}: ${shown.number} ${shown.unit}: ${shown.near}`)
      }
      expect(missing).toEqual([])
    },
  )
})

describe('what is found', () => {
  const answers = new Answers([
    {
      pools: [
        {
          pool: 'a',
          hostCount: 12,
          value: 300,
          groups: [{ hosts: ['x-1', 'x-2'] }],
          lost: [{ feature: 'rtm' }],
        },
        { pool: 'b', hostCount: 30, value: 100, groups: [], lost: [] },
      ],
    },
  ])
  const found = (text: string) => numbersOf(text, ['x-1']).map(shown => answers.has(shown))

  test.each([
    ['12 hosts', [true]],
    ['12 features', [false]],
    ['42 hosts in 2 pools', [true, true]],
    ['43 hosts in 3 pools', [false, false]],
    ['1 feature less', [true]],
    ['400 points, 300 of them in a, 75 % of it; not 76 %', [true, true, true, false]],
    ['x-1, Xeon 5600, QEMU 9.2, x86-64-v3, 0x12, 2024-05-01', []],
  ])('%s', (text, wanted) => {
    expect(found(text)).toEqual(wanted)
  })
})
