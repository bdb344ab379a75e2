import type { FleetAnswer, MigrationAnswer, MoveAnswer } from '../../shared/answers.ts'
import type { ViewProps } from '../app.tsx'
import { scopeOf } from '../header.tsx'
import { Features, Finding, plural } from '../parts.tsx'
import { useAnswer } from '../use-answer.ts'

export function MigrationView({ place, go }: ViewProps) {
  const scope = scopeOf(place)
  const answer = useAnswer('migration', scope)
  const fleet = useAnswer('fleet', scope)
  const ids = answer?.clusters.map(({ id }) => id) ?? []
  const of = (value: string | undefined, otherwise: number | undefined) => {
    const id = value === undefined ? otherwise : Number(value)
    return fleet?.groups.some(group => group.id === id) ? id : otherwise
  }
  const from = of(place.from, ids[0]) ?? -1
  const to = of(place.to, ids[1] ?? ids[0]) ?? -1
  const there = useAnswer('move', from, to)
  const back = useAnswer('move', to, from)
  if (!answer || !fleet) return <Finding title={undefined} />
  const select = (a: number, b: number) => go({ from: String(a), to: String(b) }, 'replace')
  return (
    <>
      <Finding title={answer.title}>
        An arrow is a way that guests can go and not come back. Choose an arrow, or two groups one after the
        other.
      </Finding>
      <div class="graph-and-detail">
        <div class="scroll" tabIndex={0} role="region" aria-label="Ways of migration">
          <Graph {...{ answer, fleet, from, to, select }} />
          {answer.clusters.length > DRAWN && (
            <p class="faint">
              The {DRAWN} largest of {answer.clusters.length} sets are drawn; any two can be chosen by name.
            </p>
          )}
        </div>
        <div class="moves">
          <div class="controls">
            <Choice name="From" value={from} {...{ fleet }} set={id => select(id, to)} />
            <button type="button" onClick={() => select(to, from)}>
              Turn
            </button>
            <Choice name="To" value={to} {...{ fleet }} set={id => select(from, id)} />
          </div>
          <Way move={there} />
          {from !== to && <Way move={back} />}
        </div>
      </div>
    </>
  )
}

interface ChoiceProps {
  readonly name: string
  readonly value: number
  readonly fleet: FleetAnswer
  readonly set: (id: number) => void
}

const Choice = ({ name, value, fleet, set }: ChoiceProps) => (
  <label>
    {name}{' '}
    <select value={value} onChange={({ currentTarget }) => set(Number(currentTarget.value))}>
      {fleet.groups.map(({ id, title }) => (
        <option key={id} value={id} selected={id === value}>
          {title}
        </option>
      ))}
    </select>
  </label>
)

function Way({ move }: { readonly move: MoveAnswer | undefined }) {
  if (!move) return null
  const open = move.features.length === 0 && move.others.length === 0
  return (
    <section class={open ? 'move open' : 'move'} aria-live="polite">
      <h2>{move.title}</h2>
      {move.others.map(text => (
        <p key={text}>{text}</p>
      ))}
      <Features list={move.features} />
    </section>
  )
}

interface GraphProps {
  readonly answer: MigrationAnswer
  readonly fleet: FleetAnswer
  readonly from: number
  readonly to: number
  readonly select: (from: number, to: number) => void
}

const BOX = { width: 176, line: 17, pad: 11, gap: 22, across: 68 }
/** So many groups are named in a box; the rest are counted. */
const NAMED = 6
/** So many boxes are drawn, those with the most hosts. */
const DRAWN = 60

interface Box {
  readonly id: number
  readonly x: number
  readonly y: number
  readonly height: number
  readonly lines: readonly string[]
}

/** Ranks from left to right: guests go right. */
function Graph({ answer, fleet, from, to, select }: GraphProps) {
  const { boxes, width, height } = layOut(drawn(answer, fleet), fleet)
  const at = (id: number) => boxes.find(box => box.id === id)
  const headOf = (id: number) => answer.clusters.find(({ groups }) => groups.includes(id))?.id ?? id
  const chosen = [headOf(from), headOf(to)]
  const pick = (id: number) => select(to, id)
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
          class={chosen.includes(box.id) ? 'box on' : 'box'}
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

/** The largest of the clusters, in their order. */
function drawn({ clusters }: MigrationAnswer, fleet: FleetAnswer): MigrationAnswer['clusters'] {
  const hosts = ({ groups }: (typeof clusters)[number]) =>
    groups.reduce((sum, id) => sum + (fleet.groups.find(group => group.id === id)?.count ?? 0), 0)
  const largest = new Set([...clusters].sort((a, b) => hosts(b) - hosts(a)).slice(0, DRAWN))
  return clusters.filter(one => largest.has(one))
}

function layOut(clusters: MigrationAnswer['clusters'], fleet: FleetAnswer) {
  const columns = new Map<number, (typeof clusters)[number][]>()
  for (const one of clusters) columns.set(one.rank, [...(columns.get(one.rank) ?? []), one])
  const boxes: Box[] = []
  let height = 0
  for (const [rank, list] of columns) {
    let y = 1
    for (const { id, groups } of list) {
      const titles = groups.flatMap(one => fleet.groups.find(group => group.id === one)?.title ?? [])
      const rest = titles.length > NAMED ? [`and ${plural(titles.length - NAMED, 'group')} more`] : []
      const lines = [...titles.slice(0, NAMED), ...rest].map(cut)
      const tall = 2 * BOX.pad + BOX.line * lines.length
      boxes.push({ id, x: 1 + rank * (BOX.width + BOX.across), y, height: tall, lines })
      y += tall + BOX.gap
    }
    height = Math.max(height, y - BOX.gap + 1)
  }
  const ranks = Math.max(0, ...columns.keys())
  return { boxes, width: 2 + ranks * (BOX.width + BOX.across) + BOX.width, height }
}

const cut = (text: string): string => (text.length > 24 ? `${text.slice(0, 23)}…` : text)

function curve(a: Box, b: Box): string {
  const [x1, y1, x2, y2] = [a.x + BOX.width, a.y + a.height / 2, b.x - 2, b.y + b.height / 2]
  const bend = (x2 - x1) / 2
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
}
