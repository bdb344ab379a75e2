import type { GroupRow, MatrixRow } from '../../../shared/displays.ts'
import { CellStrip } from './strip.tsx'

interface FeatureGridRowProps {
  readonly row: MatrixRow
  readonly groups: readonly (GroupRow | undefined)[]
  /** The width of a cell, in pixels. */
  readonly width: number
  /** The selected column; missing: the selection is in another row. */
  readonly column?: number
  readonly setColumn: (column: number) => void
  readonly select: (feature: string) => void
}

export function FeatureGridRow({ row, groups, width, select, setColumn, column }: FeatureGridRowProps) {
  const active = column !== undefined
  return (
    <tr class={active ? 'active' : undefined} onClick={() => select(row.feature)}>
      <th scope="row">
        <button
          type="button"
          id={`row-${row.feature}`}
          tabIndex={active ? 0 : -1}
          aria-describedby={active ? 'detail' : undefined}
          onFocus={() => select(row.feature)}
        >
          {[row.feature, ...row.twins].join(' / ')}
        </button>
      </th>
      <td class="cells">
        <CellStrip {...{ width, setColumn }} cells={row.cells} column={column ?? -1} />
        <span class="unseen">{describeHostsWithout(row, groups)}</span>
      </td>
      <td class="number">{row.without || ''}</td>
    </tr>
  )
}

const MAX_NAMES = 12

/** The names of the hosts that do not have a feature. */
export function describeHostsWithout(
  { cells }: MatrixRow,
  groups: readonly (GroupRow | undefined)[],
): string {
  const names = groups.flatMap((group, i) =>
    group && (cells[i] === '0' || cells[i] === '-') ? group.title : [],
  )
  if (names.length === 0) return 'no host'
  const rest = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
  return names.slice(0, MAX_NAMES).join(', ') + rest
}
