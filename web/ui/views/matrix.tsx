import { useMemo, useState } from 'preact/hooks'
import type { MatrixRow } from '../../shared/answers.ts'
import type { ViewProps } from '../app.tsx'
import { scopeOf } from '../header.tsx'
import { byClass, Finding, plural, Toggle } from '../parts.tsx'
import { useAnswer } from '../use-answer.ts'
import { Detail } from './matrix/detail.tsx'
import { Grid } from './matrix/grid.tsx'

export function MatrixView({ place, go }: ViewProps) {
  const scope = scopeOf(place)
  const fleet = useAnswer('fleet', scope)
  const answer = useAnswer('matrix', scope, place.all === 'yes')
  const [chosen, setColumn] = useState<number>()
  const sort = place.sort ?? 'cost'
  const rows = useMemo(() => sorted(answer?.rows ?? [], sort), [answer, sort])
  if (!answer || !fleet) return <Finding title={undefined} />
  const row = rows.find(({ feature }) => feature === place.feature) ?? rows[0]
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
