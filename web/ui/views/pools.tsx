import { useEffect, useRef, useState } from 'preact/hooks'
import type { FleetAnswer, PlanAnswer, PoolCard, PoolsAnswer } from '../../shared/answers.ts'
import type { Move } from '../../shared/protocol.ts'
import type { ViewProps } from '../app.tsx'
import { useGradually } from '../gradually.ts'
import { Finding, figure, plural } from '../parts.tsx'
import { useAnswer, useClient } from '../use-answer.ts'
import { levelClass } from './fleet.tsx'

/** What is being carried from one pool to another. */
interface Held {
  readonly group: number
  readonly from: string
}

export function PoolsView({ deeds, state }: ViewProps) {
  const answer = useAnswer('pools')
  const fleet = useAnswer('fleet', null)
  const plan = useAnswer('plan')
  const client = useClient()
  const before = useRef<PoolsAnswer | undefined>(undefined)
  const [delta, setDelta] = useState('')
  const [focus, setFocus] = useState<Held>()
  // No state: it must be known at the next event, not at the next drawing.
  const held = useRef<Held | undefined>(undefined)

  useEffect(() => {
    if (answer && before.current && before.current !== answer) setDelta(change(before.current, answer))
    before.current = answer
  }, [answer])
  useEffect(() => {
    if (focus) document.getElementById(chipId(focus))?.focus()
  }, [focus, answer])
  if (!answer || !fleet) return <Finding title={undefined} />

  const assign = (moves: readonly Move[], label: string) => deeds.does(client.ask('assign', moves, label))
  const move = ({ group, from }: Held, to: string) => {
    if (from === to) return
    const title = fleet.groups.find(({ id }) => id === group)?.title ?? ''
    void assign([{ group, from, to }], `moving ${title}`).then(() => setFocus({ group, from: to }))
  }
  const choose = (count: number) => {
    const pools = plan?.curve.find(point => point.count === count)?.groups ?? []
    const moves = pools.flatMap((ids, i) => ids.map(group => ({ group, to: label(i) })))
    if (moves.length > 0) void assign(moves, plural(pools.length, 'pool'))
  }
  const labels = [...answer.cards.map(card => card.label), freeLabel(answer.cards)]
  return (
    <>
      <Finding title={plan?.title ?? answer.title}>
        Drag a group to another pool, or move it with the left and right arrow keys.
      </Finding>
      {plan ? <Curve {...{ plan, answer, choose }} key={state.version} /> : <div class="curve" />}
      <p class="delta" role="status">
        {delta || `The pools are worth ${figure(answer.value)}: hosts times what their baseline has.`}
      </p>
      <ol class="cards">
        {labels.map((name, i) => (
          <Card key={name} card={answer.cards[i]} {...{ fleet, labels, held, move }} label={name} />
        ))}
      </ol>
    </>
  )
}

/** `A`, `B`, … `Z`, `A2`, … */
const label = (i: number): string =>
  String.fromCharCode(65 + (i % 26)) + (i < 26 ? '' : Math.floor(i / 26) + 1)

function freeLabel(cards: readonly PoolCard[]): string {
  for (let i = 0; ; i++) if (!cards.some(card => card.label === label(i))) return label(i)
}

const chipId = ({ group, from }: Held): string => `chip-${group}-${from}`

/** What a move came to, for both pools. */
function change(before: PoolsAnswer, after: PoolsAnswer): string {
  const value = after.value - before.value
  const worth = before.value > 0 ? ` (${percent(value / before.value)})` : ''
  const pools = after.cards.flatMap(card => {
    const old = before.cards.find(one => one.label === card.label)
    const features = old ? card.features - old.features : 0
    const level = old && old.level !== card.level ? `, now ${card.level || 'no level'}` : ''
    if (features === 0 && level === '') return []
    return `${card.label || 'no pool'} ${signed(features)} features${level}`
  })
  return `${signed(value)} in value${worth}${pools.length > 0 ? `: ${pools.join('; ')}` : ''}`
}

const signed = (n: number): string => (n < 0 ? `−${figure(-n)}` : `+${figure(n)}`)
const percent = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)} %`

interface CardProps {
  /** Absent: a pool that hosts can be put into. */
  readonly card: PoolCard | undefined
  readonly label: string
  readonly labels: readonly string[]
  readonly fleet: FleetAnswer
  readonly held: { current: Held | undefined }
  readonly move: (held: Held, to: string) => void
}

const NO_GROUPS: PoolCard['groups'] = []

function Card({ card, label, labels, fleet, held, move }: CardProps) {
  const [over, setOver] = useState(false)
  const at = labels.indexOf(label)
  const groups = useGradually(card?.groups ?? NO_GROUPS, 30)
  const onKey = (event: KeyboardEvent, chip: Held) => {
    const to = labels[at + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? Number.NaN)]
    if (to === undefined) return
    event.preventDefault()
    move(chip, to)
  }
  return (
    <li
      class={`card${over && held.current?.from !== label ? ' over' : ''}${card ? '' : ' free'}`}
      onDragOver={event => {
        if (!held.current) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        event.preventDefault()
        setOver(false)
        if (held.current) move(held.current, label)
      }}
    >
      <h2>
        {card ? label || 'no pool' : `New pool ${label}`}
        {card && <span class="faint"> {plural(card.hosts, 'host')}</span>}
      </h2>
      {card && (
        <p class="facts">
          <span class={`level ${levelClass(card.level)}`}>{card.level ?? 'no level'}</span>
          <span>{plural(card.features, 'feature')}</span>
          {card.model && <span>{card.model}</span>}
          <span>worth {figure(card.value)}</span>
          {card.vendors.length > 1 && <b class="bad">{card.vendors.join(' and ')}</b>}
        </p>
      )}
      <ul>
        {groups.map(({ id, hosts }) => {
          const group = fleet.groups.find(one => one.id === id)
          const chip = { group: id, from: label }
          return (
            <li key={id}>
              <button
                type="button"
                class="chip"
                id={chipId(chip)}
                draggable
                aria-keyshortcuts="ArrowLeft ArrowRight"
                onKeyDown={event => onKey(event, chip)}
                onDragStart={event => {
                  event.dataTransfer?.setData('text/plain', group?.title ?? '')
                  held.current = chip
                }}
                onDragEnd={() => {
                  held.current = undefined
                }}
              >
                <span>{group?.title}</span>
                <span class="unseen">{`${plural(hosts, 'host')} in pool ${label || 'none'}`}</span>
                <span class="faint">{group?.silicon?.replace(/,? \d{4}$/, '') || group?.signature}</span>
              </button>
            </li>
          )
        })}
      </ul>
      {!card && <p class="faint">Drop a group here</p>}
    </li>
  )
}

interface CurveProps {
  readonly plan: PlanAnswer
  readonly answer: PoolsAnswer
  readonly choose: (count: number) => void
}

const WIDTH = 560
const HEIGHT = 150
const PAD = { left: 14, right: 14, top: 16, bottom: 26 }

/** What the best pools are worth, by their number; where it was not proved, up to where it may be. */
function Curve({ plan, answer, choose }: CurveProps) {
  const possible = plan.curve.filter(point => point.impossible === undefined)
  const [count, setCount] = useState(Math.min(answer.cards.length, plan.curve.length))
  const [first] = possible
  if (!first) return <p>{plan.curve[0]?.impossible}</p>
  const high = Math.max(...possible.map(({ bound }) => bound), answer.value)
  const low = Math.min(...possible.map(({ value }) => value), answer.value)
  const last = plan.curve.length
  const x = (n: number) => PAD.left + ((n - 1) / Math.max(1, last - 1)) * (WIDTH - PAD.left - PAD.right)
  const y = (value: number) =>
    HEIGHT - PAD.bottom - ((value - low) / Math.max(1, high - low)) * (HEIGHT - PAD.top - PAD.bottom)
  const line = possible.map(point => `${x(point.count)},${y(point.value)}`).join(' ')
  const bounds = [...possible].reverse().map(point => `${x(point.count)},${y(point.bound)}`)
  const point = plan.curve.find(one => one.count === count)
  return (
    <div class="curve">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={plan.title}>
        <line
          class="axis"
          x1={PAD.left}
          x2={WIDTH - PAD.right}
          y1={HEIGHT - PAD.bottom}
          y2={HEIGHT - PAD.bottom}
        />
        <polygon class="gap" points={`${line} ${bounds.join(' ')}`} />
        <polyline class="line" points={line} />
        {possible.map(one => (
          <g key={one.count}>
            <circle
              class={one.count === count ? 'now' : one.count === plan.enough ? 'enough' : undefined}
              cx={x(one.count)}
              cy={y(one.value)}
              r={one.count === count ? 6 : 4}
            />
            <text x={x(one.count)} y={HEIGHT - 8}>
              {one.count}
            </text>
          </g>
        ))}
        <g class="today">
          <path d={`M${x(Math.min(answer.cards.length, last)) - 5} ${y(answer.value)}l5 -5 5 5 -5 5z`} />
        </g>
      </svg>
      <div class="choose">
        <label>
          Pools{' '}
          <input
            type="range"
            min={1}
            max={last}
            value={count}
            onInput={({ currentTarget }) => setCount(Number(currentTarget.value))}
          />{' '}
          <output>{count}</output>
        </label>
        <button
          type="button"
          class="strong"
          disabled={point?.impossible !== undefined}
          onClick={() => choose(count)}
        >
          Make {plural(count, 'pool')}
        </button>
        <p class="faint">
          {point?.impossible ||
            (point &&
              `worth ${figure(point.value)}${point.exact ? ', the best there is' : `, at most ${(point.gap * 100).toFixed(1)} % below the best`}`)}
          {plan.enough === count && ' · further pools gain less than 5 %'}
        </p>
        <p class="faint">
          <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true" class="today">
            <path d="M1 6l5 -5 5 5 -5 5z" />
          </svg>{' '}
          the pools as they are
        </p>
      </div>
    </div>
  )
}
