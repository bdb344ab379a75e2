import { useEffect, useRef } from 'preact/hooks'
import { moveInMenu, placeMenu } from '../../parts/menu.ts'
import { type Chip, idOfChip } from './card.tsx'

interface ChipMenuProps {
  /** Another object each time that a chip is pressed; undefined: none was. */
  readonly chip: Chip | undefined
  /** The labels of all cards, of which the last makes a new pool. */
  readonly labels: readonly string[]
  readonly move: (chip: Chip, to: string) => void
  readonly showHosts: (group: number) => void
}

/** What can be done with a chip that was pressed. The focus goes back to the chip. */
export function ChipMenu({ chip, labels, move, showHosts }: ChipMenuProps) {
  const menu = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const opener = chip && document.getElementById(idOfChip(chip))
    if (!menu.current || !opener) return
    menu.current.showPopover()
    placeMenu(menu.current, opener)
    menu.current.querySelector('button')?.focus()
  }, [chip])
  const press = (act: (chip: Chip) => void) => () => {
    menu.current?.hidePopover()
    if (chip) act(chip)
  }
  return (
    <div ref={menu} popover="auto" class="menu" role="menu" aria-label="This group" onKeyDown={moveInMenu}>
      {labels.map((label, i) =>
        label === chip?.from ? null : (
          <button type="button" role="menuitem" key={label} onClick={press(one => move(one, label))}>
            Move to {i === labels.length - 1 ? `new pool ${label}` : label || 'no pool'}
          </button>
        ),
      )}
      <button type="button" role="menuitem" onClick={press(({ group }) => showHosts(group))}>
        Show its hosts
      </button>
    </div>
  )
}
