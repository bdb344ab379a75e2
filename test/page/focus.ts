import type { Page } from 'playwright-core'

declare global {
  interface Window {
    /** What had the focus, in order, and what was wrong with it. */
    focusLog: { readonly order: Element[]; readonly faults: string[]; readonly wanted: Element[] }
  }
}

/**
 * Presses Tab through the whole page. Returns what is wrong: a control that is not reached, is reached out of order, looks
 * as it did without the focus, or is out of sight; or that the focus does not come out of something.
 */
export async function lookThrough(page: Page): Promise<readonly string[]> {
  // Long lists are drawn in steps.
  const count = () => page.locator('main *').count()
  for (let before = -1, now = await count(); before !== now; now = await count()) {
    before = now
    await page.waitForTimeout(100)
  }
  const stops = await page.evaluate(watchFocus)
  for (let i = 0; i < stops + 30; i++) {
    await page.keyboard.press('Tab')
    if (i >= stops && (await page.evaluate(() => document.activeElement === document.body))) break
  }
  return page.evaluate(judgeFocus)
}

/** Runs in the page. Returns how many controls can have the focus. */
function watchFocus(): number {
  const CONTROLS = 'a[href], button, input, select, textarea, summary, [tabindex]'
  const isControl = (one: Element) =>
    (one as HTMLElement).tabIndex >= 0 &&
    !one.matches(':disabled') &&
    one.checkVisibility({ visibilityProperty: true })
  const wanted = [...document.querySelectorAll(CONTROLS)].filter(isControl)
  const shut = [...document.querySelectorAll<HTMLElement>('[role=button]')].filter(one => one.tabIndex < 0)
  const lookOf = (one: Element) =>
    [one, one.closest('label'), ...one.querySelectorAll('rect, path')]
      .map(part => {
        if (!part) return ''
        const style = getComputedStyle(part)
        return [style.outline, style.boxShadow, style.borderColor, style.stroke, style.strokeWidth].join()
      })
      .join()
  ;(document.activeElement as HTMLElement | null)?.blur()
  const looks = new Map(wanted.map(one => [one, lookOf(one)]))
  const faults: string[] = []
  const order: Element[] = []
  for (const one of shut) faults.push(`${one.textContent}: cannot have the focus`)
  window.focusLog = { order, faults, wanted }
  const nameOf = (one: Element) =>
    `${one.tagName} ${one.getAttribute('aria-label') ?? one.textContent?.slice(0, 40)}`
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof Element) || window.focusLog.order !== order) return
    order.push(target)
    if (looks.get(target) === lookOf(target)) faults.push(`${nameOf(target)}: looks as without the focus`)
    const { top, bottom, left, right, width } = target.getBoundingClientRect()
    const header = target.closest('.top, .skip') ? undefined : document.querySelector('.top')
    const under = header?.getBoundingClientRect().bottom ?? 0
    if (width > 1 && (bottom <= Math.max(0, under) || top >= innerHeight || right <= 0 || left >= innerWidth))
      faults.push(`${nameOf(target)}: out of sight`)
  })
  window.scrollTo(0, 0)
  return wanted.length
}

/** Runs in the page. */
function judgeFocus(): string[] {
  const { order, faults, wanted } = window.focusLog
  window.focusLog = { order: [], faults: [], wanted: [] }
  const nameOf = (one: Element) =>
    `${one.tagName} ${one.getAttribute('aria-label') ?? one.textContent?.slice(0, 40)}`
  const places = wanted.map(one => order.indexOf(one))
  const missed = wanted.filter((one, i) => (places[i] ?? -1) < 0 && one.isConnected)
  // It begins where the focus was before, so that once it goes back to the first.
  const back = wanted.filter((_, i) => (places[i - 1] ?? -1) > (places[i] ?? -1) && (places[i] ?? -1) >= 0)
  return [
    ...faults,
    ...missed.map(one => `${nameOf(one)}: not reached`),
    ...back.slice(1).map(one => `${nameOf(one)}: out of order`),
  ]
}
