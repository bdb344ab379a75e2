import type { GroupAnswer, MatrixRow } from '../../../shared/answers.ts'
import type { GridProps } from './grid.tsx'
import { lackers } from './lackers.ts'
import { Strip } from './strip.tsx'

interface RowProps extends Pick<GridProps, 'select' | 'setColumn'> {
  readonly row: MatrixRow
  readonly groups: readonly (GroupAnswer | undefined)[]
  readonly width: number
  /** Under the cursor; absent: the cursor is in another row. */
  readonly column?: number
}

export function Row({ row, groups, width, select, setColumn, column }: RowProps) {
  const active = column !== undefined
  return (
    <tr class={active ? 'active' : undefined} onMouseEnter={() => select(row.feature)}>
      <th scope="row">
        <button
          type="button"
          id={`row-${row.feature}`}
          tabIndex={active ? 0 : -1}
          aria-describedby={active ? 'detail' : undefined}
          onFocus={() => select(row.feature)}
          onClick={() => select(row.feature)}
        >
          {row.feature}
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
