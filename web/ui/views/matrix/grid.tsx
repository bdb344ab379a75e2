import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import type { FleetAnswer, MatrixAnswer, MatrixRow } from '../../../shared/answers.ts'
import { useGradually } from '../../gradually.ts'
import { byClass } from '../../parts.tsx'
import { Heads } from './heads.tsx'
import { Row } from './row.tsx'

export interface GridProps {
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

/** How wide a group's column is: as wide as there is room for, and never less than can be told apart. */
const cellWidth = (columns: number): number =>
  Math.max(3, Math.min(88, Math.floor(Math.min(540, innerWidth - 230) / columns)))

export function Grid({ answer, fleet, rows, row, column, setColumn, select, classes }: GridProps) {
  const width = cellWidth(answer.groups.length)
  const groups = answer.groups.map(id => fleet.groups.find(group => group.id === id))
  const drawn = useGradually(rows, 12)
  // Rows without the cursor are kept: moving it redraws two rows, not all.
  const nodes = useMemo(() => new Map<MatrixRow, VNode>(), [rows, width])
  const kept = (one: MatrixRow): VNode => {
    const node = nodes.get(one) ?? (
      <Row key={one.feature} {...{ groups, width, select, setColumn }} row={one} />
    )
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
    else if (to !== undefined) focusRow(rows[Math.max(0, Math.min(rows.length - 1, to))]?.feature)
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
                <Row key={one.feature} {...{ groups, width, select, setColumn, column }} row={one} />
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

const focusRow = (name: string | undefined): void => document.getElementById(`row-${name}`)?.focus()

const sections = (rows: readonly MatrixRow[], classes: boolean): [string, readonly MatrixRow[]][] =>
  classes ? byClass(rows) : [['all', rows]]
