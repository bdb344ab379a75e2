import type { VNode } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import type { FleetAnswer, GroupAnswer, MatrixAnswer, MatrixRow } from '../../shared/answers.ts'
import type { ViewProps } from '../app.tsx'
import { useGradually } from '../gradually.ts'
import { scopeOf } from '../header.tsx'
import { byClass, Finding, plural, Toggle } from '../parts.tsx'
import { useAnswer } from '../use-answer.ts'

export function MatrixView({ place, go }: ViewProps) {
  const scope = scopeOf(place)
  const fleet = useAnswer('fleet', scope)
  const answer = useAnswer('matrix', scope, place.all === 'yes')
  const [chosen, setColumn] = useState<number>()
  const sort = place.sort ?? 'cost'
  const rows = useMemo(() => sorted(answer?.rows ?? [], sort), [answer, sort])
  if (!answer || !fleet) return <Finding title={undefined} />
  const row = rows.find(({ name }) => name === place.feature) ?? rows[0]
  const column = chosen ?? Math.max(0, row?.cells.indexOf('0') ?? 0)
  const select = (feature: string) => go({ feature }, 'replace')
  return (
    <>
      <Finding title={answer.title}>
        {plural(answer.groups.length, 'CPU')} across, features down. A mark is a host that lacks the feature.
      </Finding>
      <div class="controls">
        <label>
          Order{' '}
          <select
            value={sort}
            onChange={({ currentTarget }) => go({ sort: currentTarget.value as 'cost' | 'place' }, 'replace')}
          >
            <option value="cost">by class, few hosts first</option>
            <option value="place">by place</option>
          </select>
        </label>
        <Toggle on={place.all === 'yes'} set={on => go({ all: on ? 'yes' : undefined }, 'replace')}>
          also what every host has
        </Toggle>
      </div>
      {rows.length > 0 && (
        <div class="matrix-and-detail">
          <Grid
            {...{ answer, fleet, rows, row, column, select }}
            setColumn={setColumn}
            classes={sort === 'cost'}
          />
          {row && <Detail {...{ row, answer, fleet, column }} />}
        </div>
      )}
    </>
  )
}

/** Features that few hosts lack first: those few hold back all others. */
function sorted(rows: readonly MatrixRow[], sort: 'cost' | 'place'): readonly MatrixRow[] {
  if (sort === 'place') return rows
  const lacked = (row: MatrixRow) => (row.without === 0 ? Number.POSITIVE_INFINITY : row.without)
  return byClass(rows).flatMap(([, of]) => of.sort((a, b) => lacked(a) - lacked(b)))
}

interface GridProps {
  readonly answer: MatrixAnswer
  readonly fleet: FleetAnswer
  readonly rows: readonly MatrixRow[]
  readonly row: MatrixRow | undefined
  readonly column: number
  readonly setColumn: (column: number) => void
  readonly select: (feature: string) => void
  /** Whether the rows are in order of their classes. */
  readonly classes: boolean
}

const ROW = 22

/** How wide a group's column is: as wide as there is room for, and never less than can be told apart. */
const cellWidth = (columns: number): number =>
  Math.max(3, Math.min(88, Math.floor(Math.min(540, innerWidth - 230) / columns)))

/** From this width on a name stands upright above its column. */
const UPRIGHT = 64

function Grid({ answer, fleet, rows, row, column, setColumn, select, classes }: GridProps) {
  const width = cellWidth(answer.groups.length)
  const groups = answer.groups.map(id => fleet.groups.find(group => group.id === id))
  const drawn = useGradually(rows, 12)
  // Rows without the cursor are kept: moving it redraws two rows, not all.
  const nodes = useMemo(() => new Map<MatrixRow, VNode>(), [rows, width])
  const kept = (one: MatrixRow): VNode => {
    const node = nodes.get(one) ?? <Row key={one.name} {...{ groups, width, select, setColumn }} row={one} />
    nodes.set(one, node)
    return node
  }
  const move = (event: KeyboardEvent) => {
    const at = row ? rows.indexOf(row) : 0
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: at + 15,
      PageUp: at - 15,
    }[event.key]
    const across = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (across !== undefined) setColumn(Math.max(0, Math.min(answer.groups.length - 1, column + across)))
    else if (to !== undefined) focusRow(rows[Math.max(0, Math.min(rows.length - 1, to))]?.name)
    else return
    event.preventDefault()
  }
  return (
    <div class="scroll matrix" role="region" aria-label="Features by hosts" onKeyDown={move}>
      <table>
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <th scope="col">
              <span class="unseen">Lacked by</span>
              <Heads {...{ groups, width, column }} />
            </th>
            <th scope="col" class="number">
              Lack it
            </th>
          </tr>
        </thead>
        {sections(drawn, classes).map(([name, list]) => (
          <tbody key={name}>
            {classes && (
              <tr class="class">
                <th colSpan={3} scope="rowgroup">
                  {name} <span class="faint">{list.length}</span>
                </th>
              </tr>
            )}
            {list.map(one =>
              one === row ? (
                <Row key={one.name} {...{ groups, width, select, setColumn, column }} row={one} />
              ) : (
                kept(one)
              ),
            )}
          </tbody>
        ))}
      </table>
    </div>
  )
}

interface RowProps extends Pick<GridProps, 'select' | 'setColumn'> {
  readonly row: MatrixRow
  readonly groups: readonly (GroupAnswer | undefined)[]
  readonly width: number
  /** Under the cursor; absent: the cursor is in another row. */
  readonly column?: number
}

function Row({ row, groups, width, select, setColumn, column }: RowProps) {
  const active = column !== undefined
  return (
    <tr class={active ? 'active' : undefined} onMouseEnter={() => select(row.name)}>
      <th scope="row">
        <button
          type="button"
          id={`row-${row.name}`}
          tabIndex={active ? 0 : -1}
          aria-describedby={active ? 'detail' : undefined}
          onFocus={() => select(row.name)}
          onClick={() => select(row.name)}
        >
          {row.name}
        </button>
      </th>
      <td class="cells">
        <Strip {...{ width, setColumn }} cells={row.cells} column={column ?? -1} />
        <span class="unseen">{lackers(row, groups)}</span>
      </td>
      <td class="number">{row.without || ''}</td>
    </tr>
  )
}

const focusRow = (name: string | undefined): void => document.getElementById(`row-${name}`)?.focus()

const sections = (rows: readonly MatrixRow[], classes: boolean): [string, readonly MatrixRow[]][] =>
  classes ? byClass(rows) : [['all', rows]]

const lackers = ({ cells }: MatrixRow, groups: readonly (GroupAnswer | undefined)[]): string => {
  const names = groups.flatMap((group, i) => (cells[i] === '0' && group ? group.title : []))
  return names.length === 0
    ? 'nobody'
    : names.slice(0, 12).join(', ') + (names.length > 12 ? ` and ${names.length - 12} more` : '')
}

/** Names above the columns as long as there is room for a line of text each. */
function Heads({
  groups,
  width,
  column,
}: {
  readonly groups: readonly (GroupAnswer | undefined)[]
  readonly width: number
  readonly column: number
}) {
  if (width < 14) return null
  return (
    <span class={width < UPRIGHT ? 'heads' : 'heads flat'} aria-hidden="true">
      {groups.map((group, i) => (
        <span key={group?.id} style={{ width: `${width}px` }} class={i === column ? 'active' : undefined}>
          <span>{group?.title.replace(/ and (\d+) more$/, ' +$1')}</span>
        </span>
      ))}
    </span>
  )
}

interface StripProps {
  readonly cells: string
  readonly width: number
  readonly column: number
  readonly setColumn: (column: number) => void
}

/** A row's cells as two paths, so that three hundred groups are no more to draw than three. */
function Strip({ cells, width, column, setColumn }: StripProps) {
  const gap = width > 6 ? 2 : 0
  const [has, lacks] = useMemo(() => {
    const box = (i: number) => `M${i * width + gap / 2} 3h${width - gap}v${ROW - 6}h${gap - width}z`
    const path = (wanted: string) => [...cells].map((cell, i) => (cell === wanted ? box(i) : '')).join('')
    return [path('1'), path('0')]
  }, [cells, width, gap])
  const pick = (event: MouseEvent) => {
    const { left } = (event.currentTarget as Element).getBoundingClientRect()
    setColumn(Math.max(0, Math.min(cells.length - 1, Math.floor((event.clientX - left) / width))))
  }
  return (
    <svg
      class="strip"
      width={cells.length * width}
      height={ROW}
      onMouseMove={pick}
      onClick={pick}
      aria-hidden="true"
    >
      <path class="has" d={has} />
      <path class="lacks" d={lacks} />
      {column >= 0 && (
        <rect class="cursor" x={column * width + 0.5} y="1.5" width={width - 1} height={ROW - 3} />
      )}
    </svg>
  )
}

interface DetailProps {
  readonly row: MatrixRow
  readonly answer: MatrixAnswer
  readonly fleet: FleetAnswer
  readonly column: number
}

/** What is known of the feature, and of its lack on the group under the cursor. */
function Detail({ row, answer, fleet, column }: DetailProps) {
  const find = (at: number) => fleet.groups.find(group => group.id === answer.groups[at])
  const group = find(column)
  const cause = answer.causes[(row.why[column] ?? 0) - 1]
  return (
    <aside class="detail" id="detail" aria-live="polite" aria-label="What is known of it" tabIndex={0}>
      <h2>
        <code>{row.name}</code>
      </h2>
      <p class="place">
        <code>{row.place}</code> · {row.class}
      </p>
      <p>{row.title}</p>
      <dl>
        <dt>
          {row.without === 0
            ? 'Every host has it'
            : `${plural(row.without, 'host')} ${row.without === 1 ? 'lacks' : 'lack'} it`}
        </dt>
        {row.without > 0 && (
          <dd>
            {lackers(
              row,
              answer.groups.map((_, i) => find(i)),
            )}
          </dd>
        )}
        {group && (
          <>
            <dt class="under">{group.title}</dt>
            <dd>
              {cause ? (
                <>
                  lacks it: <b>{cause.meaning || cause.cause}</b>{' '}
                  <span class="faint">({cause.confidence} confidence)</span>
                  {cause.mend && <p class="mend">{cause.mend}</p>}
                </>
              ) : (
                'has it'
              )}
            </dd>
          </>
        )}
      </dl>
    </aside>
  )
}
