import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import type { FleetDisplay, GroupRow, MatrixDisplay, MatrixRow } from '../../../shared/displays.ts'
import { sectionByClass } from '../../parts/features.tsx'
import { useRenderInSteps } from '../../parts/render-in-steps.ts'
import { shortTitle } from '../../parts/text.ts'
import { useWindowWidth } from '../../parts/window-width.ts'
import { FeatureGridRow } from './row.tsx'

interface FeatureGridProps {
  readonly answer: MatrixDisplay
  readonly fleet: FleetDisplay
  readonly rows: readonly MatrixRow[]
  /** The selected row. */
  readonly row: MatrixRow | undefined
  readonly column: number
  readonly setColumn: (column: number) => void
  readonly select: (feature: string) => void
  /** Whether the rows are ordered by class. */
  readonly classes: boolean
}

export function FeatureGrid(props: FeatureGridProps) {
  const { answer, fleet, rows, row, column, setColumn, select, classes } = props
  const width = widthOfCell(answer.groups.length, rows, useWindowWidth())
  const groups = answer.groups.map(id => fleet.groups.find(group => group.id === id))
  const drawn = useRenderInSteps(rows, 12)
  // Rows without the selection are cached: moving it renders two rows, not all.
  const nodes = useMemo(() => new Map<MatrixRow, VNode>(), [rows, width])
  const cached = (one: MatrixRow): VNode => {
    const node = nodes.get(one) ?? (
      <FeatureGridRow key={one.feature} {...{ groups, width, select, setColumn }} row={one} />
    )
    nodes.set(one, node)
    return node
  }
  return (
    <div
      class="scroll matrix"
      role="region"
      aria-label="Features by hosts"
      onKeyDown={event => moveSelection(event, props)}
    >
      <table>
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <th scope="col">
              <span class="unseen">Hosts without it</span>
              <ColumnHeads {...{ groups, width, column }} />
            </th>
            <th scope="col" class="number">
              Missing on
            </th>
          </tr>
        </thead>
        {sectionsOf(drawn, classes).map(([name, list]) => (
          <tbody key={name}>
            {classes && <ClassRow {...{ name }} count={list.length} />}
            {list.map(one =>
              one === row ? (
                <FeatureGridRow
                  key={one.feature}
                  {...{ groups, width, select, setColumn, column }}
                  row={one}
                />
              ) : (
                cached(one)
              ),
            )}
          </tbody>
        ))}
      </table>
    </div>
  )
}

const ClassRow = ({ name, count }: { readonly name: string; readonly count: number }) => (
  <tr class="class">
    <th colSpan={3} scope="rowgroup">
      {name} <span class="faint">{count}</span>
    </th>
  </tr>
)

/** Names that fit are horizontal, others rotated: a letter's width in pixels, and how many letters of a rotated one fit. */
const WIDEST_LETTER = 8
const HEAD_LETTERS = 19
/** Columns below this width have no names, because a line of text does not fit. */
const MIN_NAMED = 14

interface ColumnHeadsProps {
  readonly groups: readonly (GroupRow | undefined)[]
  readonly width: number
  readonly column: number
}

/** The names of the columns. */
function ColumnHeads({ groups, width, column }: ColumnHeadsProps) {
  if (width < MIN_NAMED) return null
  const titles = groups.map(group => shortTitle(group?.title.replace(/ hosts$/, '') ?? '', HEAD_LETTERS))
  const isFlat = titles.every(title => title.length * WIDEST_LETTER <= width)
  return (
    <span class={isFlat ? 'heads flat' : 'heads'} aria-hidden="true">
      {groups.map((group, i) => (
        <span key={group?.id} style={{ width: `${width}px` }} class={i === column ? 'active' : undefined}>
          <span>{titles[i]}</span>
        </span>
      ))}
    </span>
  )
}

/** What stands beside the cells, in pixels, without the names of features, of which a letter takes so much. */
const BESIDE = 150
const NAME_LETTER = 7.5

/** The width of a column: as wide as fits beside the details, from 3 to 88 pixels. */
function widthOfCell(columns: number, rows: readonly MatrixRow[], window: number): number {
  const names = NAME_LETTER * Math.max(0, ...rows.map(({ feature }) => feature.length))
  const room = Math.min(Math.max(540, window * 0.5), window - BESIDE - names)
  return Math.max(3, Math.min(88, Math.floor(room / columns)))
}

function moveSelection(
  event: KeyboardEvent,
  { answer, rows, row, column, setColumn }: FeatureGridProps,
): void {
  const at = row ? rows.indexOf(row) : 0
  const to = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: rows.length - 1,
    PageDown: at + 15,
    PageUp: at - 15,
  }[event.key]
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (step !== undefined) setColumn(Math.max(0, Math.min(answer.groups.length - 1, column + step)))
  else if (to !== undefined) focusRow(rows[Math.max(0, Math.min(rows.length - 1, to))]?.feature)
  else return
  event.preventDefault()
}

const focusRow = (name: string | undefined): void => document.getElementById(`row-${name}`)?.focus()

const sectionsOf = (rows: readonly MatrixRow[], classes: boolean): [string, readonly MatrixRow[]][] =>
  classes ? sectionByClass(rows) : [['all', rows]]
