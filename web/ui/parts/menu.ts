const EDGE = 8

/** Shows a popover under what opened it, inside the window. Escape, and a press elsewhere, close it, as browsers do. */
export function placeMenu(menu: HTMLElement, opener: Element): void {
  const { left, bottom } = opener.getBoundingClientRect()
  const within = (at: number, size: number, window: number) =>
    `${Math.max(EDGE, Math.min(at, window - size - EDGE))}px`
  menu.style.left = within(left, menu.offsetWidth, innerWidth)
  menu.style.top = within(bottom + 4, menu.offsetHeight, innerHeight)
}

/** The up and down arrow keys go through a menu's choices. */
export function moveInMenu(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return
  event.preventDefault()
  const choices = [...event.currentTarget.querySelectorAll('button')]
  const at = choices.findIndex(one => one.matches(':focus'))
  choices[(at + step + choices.length) % choices.length]?.focus()
}
