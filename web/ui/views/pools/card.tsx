import { useState } from 'preact/hooks'
import type { FleetDisplay, GroupRow, PoolCard } from '../../../shared/displays.ts'
import { Toggle } from '../../parts/controls.tsx'
import { useRenderInSteps } from '../../parts/render-in-steps.ts'
import { classOfLevel, formatCount, formatNumber } from '../../parts/text.ts'

/** A group's hosts in one pool: what is dragged to another pool. */
export interface Chip {
  readonly group: number
  readonly from: string
}

export const idOfChip = ({ group, from }: Chip): string => `chip-${group}-${from}`

interface CardProps {
  /** Undefined: the card creates a new pool. */
  readonly card: PoolCard | undefined
  readonly label: string
  /** The labels of all cards, in their order. */
  readonly labels: readonly string[]
  readonly fleet: FleetDisplay
  /** The chip that is being dragged. */
  readonly dragged: { current: Chip | undefined }
  readonly move: (chip: Chip, to: string) => void
  /** Shows what can be done with a chip. */
  readonly press: (chip: Chip) => void
  readonly edit: {
    readonly rename: (pool: string) => void
    readonly place: (pool: string, site: string | undefined) => void
    readonly lock: (pool: string, isLocked: boolean) => void
  }
}

const NO_GROUPS: PoolCard['groups'] = []

/** How many chips all cards together draw in a frame. */
const CHIPS = 90

export function Card({ card, label, labels, fleet, dragged, move, press, edit }: CardProps) {
  const [over, setOver] = useState(false)
  const groups = useRenderInSteps(card?.groups ?? NO_GROUPS, Math.ceil(CHIPS / labels.length))
  return (
    <li
      class={`card${over && dragged.current?.from !== label ? ' over' : ''}${card ? '' : ' free'}`}
      onDragOver={event => {
        if (!dragged.current) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        event.preventDefault()
        setOver(false)
        if (dragged.current) move(dragged.current, label)
      }}
    >
      <h2>
        {card ? label || 'no pool' : `New pool ${label}`}
        {card && (
          <span class="faint">
            {' '}
            {[formatCount(card.hosts, 'host'), card.site].filter(Boolean).join(', ')}
          </span>
        )}
      </h2>
      {card && <Facts card={card} />}
      {card && (
        <div class="edit">
          <button type="button" class="quiet" onClick={() => edit.rename(label)}>
            Rename
          </button>
          {label !== '' && (
            <>
              <button type="button" class="quiet" onClick={() => edit.place(label, card.site)}>
                Site
              </button>
              <Toggle on={card.isLocked} set={on => edit.lock(label, on)}>
                keep together
              </Toggle>
            </>
          )}
        </div>
      )}
      <ul>
        {groups.map(({ id, ...part }) => (
          <li key={id}>
            <ChipButton
              chip={{ group: id, from: label }}
              group={fleet.groups.find(one => one.id === id)}
              {...{ ...part, labels, dragged, move, press }}
            />
          </li>
        ))}
      </ul>
      {!card && <p class="faint">Drop a group here</p>}
    </li>
  )
}

const Facts = ({ card }: { readonly card: PoolCard }) => (
  <p class="facts">
    <span class={`level ${classOfLevel(card.level)}`}>{card.level ?? 'no level'}</span>
    <span>{formatCount(card.featureCount, 'feature')}</span>
    {card.model && <span>{card.model}</span>}
    <span>{formatNumber(card.value)} points</span>
    {card.vendors.length > 1 && <b class="bad">{card.vendors.join(' and ')}</b>}
  </p>
)

interface ChipButtonProps extends Pick<CardProps, 'labels' | 'dragged' | 'move' | 'press'> {
  readonly chip: Chip
  readonly group: GroupRow | undefined
  readonly hosts: number
  readonly title: string
}

function ChipButton({ chip, group, hosts, title, labels, dragged, move, press }: ChipButtonProps) {
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? Number.NaN
    const to = labels[labels.indexOf(chip.from) + step]
    if (to === undefined) return
    event.preventDefault()
    move(chip, to)
  }
  const silicon = group?.microarchitecture?.replace(/,? \d{4}$/, '') || group?.signature
  return (
    <button
      type="button"
      class="chip"
      id={idOfChip(chip)}
      draggable
      aria-haspopup="menu"
      aria-keyshortcuts="ArrowLeft ArrowRight"
      onClick={() => press({ ...chip })}
      onKeyDown={onKey}
      onDragStart={event => {
        event.dataTransfer?.setData('text/plain', title)
        dragged.current = chip
      }}
      onDragEnd={() => {
        dragged.current = undefined
      }}
    >
      <span>{title}</span>
      <span class="unseen">{`${formatCount(hosts, 'host')} in ${chip.from ? `pool ${chip.from}` : 'no pool'}`}</span>
      {!silicon?.startsWith(title.split(' · ')[0] ?? '') && <span class="faint">{silicon}</span>}
    </button>
  )
}
