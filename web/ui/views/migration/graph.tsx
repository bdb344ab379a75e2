import type { FleetAnswer, MigrationAnswer } from '../../../shared/answers.ts'
import { BOX, type Box, curve, drawn, layOut } from './layout.ts'

interface GraphProps {
  readonly answer: MigrationAnswer
  readonly fleet: FleetAnswer
  /** Absent: a guest is asked about, not a group. */
  readonly from: number | undefined
  readonly to: number
  /** The groups that the guest moves to; absent: no guest is asked about. */
  readonly open: readonly number[] | undefined
  /** From the group, or the guest that is asked about. */
  readonly select: (from: number | undefined, to: number) => void
}

/** Ranks from left to right: guests go right. */
export function Graph({ answer, fleet, from, to, open, select }: GraphProps) {
  const { boxes, width, height } = layOut(drawn(answer, fleet), fleet)
  const at = (id: number) => boxes.find(box => box.id === id)
  const headOf = (id: number | undefined) =>
    answer.clusters.find(({ groups }) => groups.includes(id ?? -1))?.id
  const lit = new Set(open?.map(headOf))
  const chosen = [headOf(from), headOf(to)]
  const pick = (id: number) => (from === undefined ? select(undefined, id) : select(to, id))
  return (
    <svg
      class="graph"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="group"
      aria-label="Groups and the ways between them"
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
      {answer.arrows.map(arrow => {
        const [a, b] = [at(arrow.from), at(arrow.to)]
        if (!a || !b) return null
        const on = chosen.includes(arrow.from) && chosen.includes(arrow.to)
        const d = curve(a, b)
        return (
          <g
            key={`${arrow.from}-${arrow.to}`}
            class={on ? 'arrow on' : 'arrow'}
            {...button(`Why not back from ${nameOf(b)} to ${nameOf(a)}`, () => select(arrow.to, arrow.from))}
          >
            <path class="hit" d={d} />
            <path class="ink" d={d} marker-end="url(#tip)" />
          </g>
        )
      })}
      {boxes.map(box => (
        <g
          key={box.id}
          class={`box${chosen.includes(box.id) ? ' on' : ''}${lit.has(box.id) ? ' lit' : ''}`}
          transform={`translate(${box.x} ${box.y})`}
          {...button(`${box.lines.join(', ')}: choose`, () => pick(box.id))}
        >
          <rect width={BOX.width} height={box.height} rx="6" />
          {box.lines.map((line, i) => (
            <text key={line} x={BOX.pad} y={BOX.pad + BOX.line * (i + 0.72)}>
              {line}
            </text>
          ))}
        </g>
      ))}
    </svg>
  )
}

/** What makes a part of the drawing a button, for keys and screen readers too. */
const button = (label: string, press: () => void) => ({
  role: 'button' as const,
  tabIndex: 0,
  'aria-label': label,
  onClick: press,
  onKeyDown: (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    press()
  },
})

const nameOf = ({ lines }: Box): string => lines.join(', ')
