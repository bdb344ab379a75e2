import { useMemo } from 'preact/hooks'
import type { FleetDisplay, MigrationDisplay } from '../../../shared/displays.ts'
import { useAnswer } from '../../parts/use-answer.ts'
import { useWindowWidth } from '../../parts/window-width.ts'
import { BOX, type Box, makeBoxes, pathOf } from './boxes.ts'

/** A graph that is wider than its place is drawn smaller, down to this, where its letters are of 11 pixels; then it scrolls. */
const SMALLEST = 0.85

interface MigrationGraphProps {
  readonly answer: MigrationDisplay
  readonly fleet: FleetDisplay
  /** The selected group; undefined: a guest is selected. */
  readonly from: number | undefined
  readonly to: number
  /** The groups that the selected guest can move to; undefined: no guest is selected. */
  readonly open: readonly number[] | undefined
  /** Selects a move; `from` is undefined for the selected guest. */
  readonly select: (from: number | undefined, to: number) => void
}

/** The clusters from left to right, with an arrow for each one-way move, on areas for the pools. */
export function MigrationGraph({ answer, fleet, from, to, open, select }: MigrationGraphProps) {
  const boxes = useMemo(() => makeBoxes(answer, fleet), [answer, fleet])
  const drawn = new Set(boxes.map(({ id }) => id))
  useWindowWidth()
  const sizes = {
    boxes: boxes.map(({ lines: _, ...box }) => box),
    arrows: answer.arrows.filter(arrow => drawn.has(arrow.from) && drawn.has(arrow.to)),
    room: measureRoom() / SMALLEST,
  }
  const places = useAnswer('layout', sizes)
  if (!places) return null
  const at = (id: number) => boxes.find(box => box.id === id)
  const headOf = (id: number | undefined) =>
    answer.clusters.find(({ groups }) => groups.includes(id ?? -1))?.id
  const lit = new Set(open?.map(headOf))
  const chosen = [headOf(from), headOf(to)]
  const pick = (id: number) => (from === undefined ? select(undefined, id) : select(to, id))
  return (
    <svg
      class="graph"
      viewBox={`0 0 ${places.width} ${places.height}`}
      width={places.width}
      style={`--tall: ${places.height}px; --least: ${SMALLEST * places.width}px`}
      role="group"
      aria-label="Groups of hosts and the moves between them"
      onKeyDown={moveFocus}
    >
      <defs>
        <marker
          id="tip"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerUnits="userSpaceOnUse"
          markerWidth="9"
          markerHeight="9"
          orient="auto"
        >
          <path d="M0 0.5L7.5 4 0 7.5z" />
        </marker>
      </defs>
      {places.areas.map(({ pool, ...area }) => (
        <rect key={pool} class="area" {...area} rx="8" />
      ))}
      {places.arrows.map(arrow => {
        const [a, b] = [at(arrow.from), at(arrow.to)]
        if (!a || !b) return null
        const on = chosen.includes(arrow.from) && chosen.includes(arrow.to)
        const d = pathOf(arrow.points)
        return (
          <g
            key={`${arrow.from}-${arrow.to}`}
            class={on ? 'arrow on' : 'arrow'}
            {...button(`Show why guests cannot move from ${nameOf(b)} to ${nameOf(a)}`, () =>
              select(arrow.to, arrow.from),
            )}
          >
            <path class="hit" d={d} />
            <path class="ink" d={d} marker-end="url(#tip)" />
          </g>
        )
      })}
      {places.areas.map(({ pool, x, y }) => (
        <text key={pool} class="area" x={x + 8} y={y + 14}>
          {pool || 'no pool'}
        </text>
      ))}
      {places.boxes.map(({ id, x, y, width, height }) => {
        const lines = at(id)?.lines ?? []
        return (
          <g
            key={id}
            class={`box${chosen.includes(id) ? ' on' : ''}${lit.has(id) ? ' lit' : ''}`}
            transform={`translate(${x} ${y})`}
            {...button(undefined, () => pick(id), chosen.includes(id))}
          >
            <rect {...{ width, height }} rx="6" />
            {lines.map((line, i) => (
              <text key={line} x={BOX.pad} y={BOX.pad + BOX.line * (i + 0.72)}>
                {`${line} `}
              </text>
            ))}
          </g>
        )
      })}
    </svg>
  )
}

/** What the moves beside the graph take in wide windows, and from which width on, in the root's letters (migration.css). */
const BESIDE = 24
const WIDE = '(width >= 62rem)'

/** How wide the graph may be, in pixels. */
function measureRoom(): number {
  const main = document.querySelector('main')
  if (!main) return 0
  const letter = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
  const { paddingLeft, paddingRight } = getComputedStyle(main)
  const beside = matchMedia(WIDE).matches ? BESIDE * letter : 0
  return Math.floor(
    main.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight) - beside,
  )
}

/** Makes a part of the drawing a button, also for the keyboard and screen readers. @param label undefined: its text */
const button = (label: string | undefined, press: () => void, isPressed?: boolean) => ({
  role: 'button' as const,
  // In SVG the attribute's name is in small letters.
  tabindex: 0,
  'aria-label': label,
  'aria-pressed': isPressed,
  onClick: press,
  onKeyDown: (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    press()
  },
})

/** Moves the focus to the nearest box in the direction of an arrow key. */
function moveFocus(event: KeyboardEvent): void {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
  const now = document.activeElement
  if (!way || !now) return
  event.preventDefault()
  const [x = 0, y = 0] = way
  const from = now.getBoundingClientRect()
  const ahead = [...document.querySelectorAll<SVGElement>('.graph .box')].flatMap(box => {
    const to = box.getBoundingClientRect()
    const [across, down] = [gapOf(from, to, 'x', 'width'), gapOf(from, to, 'y', 'height')]
    const [far, beside] = x === 0 ? [down.middle * y, across.gap] : [across.middle * x, down.gap]
    return far > 1 ? { box, far: far + 2 * beside } : []
  })
  ahead.sort((a, b) => a.far - b.far)[0]?.box.focus()
}

/** How far one is from another in a direction: from middle to middle, and what is free between them. */
function gapOf(from: DOMRect, to: DOMRect, at: 'x' | 'y', size: 'width' | 'height') {
  const middle = to[at] + to[size] / 2 - from[at] - from[size] / 2
  return { middle, gap: Math.max(0, Math.abs(middle) - (from[size] + to[size]) / 2) }
}

const nameOf = ({ lines }: Box): string => lines.join(', ')
