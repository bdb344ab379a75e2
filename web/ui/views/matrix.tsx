import { useMemo, useState } from 'preact/hooks'
import type { FleetDisplay, MatrixRow } from '../../shared/displays.ts'
import { Toggle } from '../parts/controls.tsx'
import { sectionByClass } from '../parts/features.tsx'
import { Headline } from '../parts/headline.tsx'
import { type PageRoute, scopeOfRoute } from '../parts/route.ts'
import { formatCount } from '../parts/text.ts'
import { useAnswer } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'
import { FeatureDetail } from './matrix/detail.tsx'
import { FeatureGrid } from './matrix/grid.tsx'

/** Features by groups of hosts, and the details of the selected cell. */
export function MatrixContent({ route, navigate }: ViewProps) {
  const scope = scopeOfRoute(route)
  const fleet = useAnswer('fleet', scope)
  const answer = useAnswer('matrix', scope, route.all === 'yes')
  const [chosen, setColumn] = useState<number>()
  const sort = route.sort ?? 'cost'
  const { only, lacking } = route
  const rows = useMemo(() => {
    const column = answer?.groups.indexOf(Number(lacking)) ?? -1
    const some = answer?.rows.filter(
      row =>
        (only !== 'security' || row.class === 'security') &&
        (only !== 'fixable' || row.fixable) &&
        (column < 0 || row.cells[column] === '0'),
    )
    return sortRows(some ?? [], sort)
  }, [answer, sort, only, lacking])
  if (!answer || !fleet) return <Headline title={undefined} />
  const row = rows.find(({ feature, twins }) => [feature, ...twins].includes(route.feature ?? '')) ?? rows[0]
  const column = chosen ?? Math.max(0, row?.cells.indexOf('0') ?? 0)
  const select = (feature: string) => navigate({ feature }, 'replace')
  return (
    <>
      <Headline title={answer.title}>
        {formatCount(answer.groups.length, 'CPU')} in columns, features in rows.{' '}
        <Key kind="lacks">missing</Key> <Key kind="unknown">not known</Key>{' '}
        <Key kind="foreign">of other vendors</Key> <Key kind="has">there</Key>
      </Headline>
      <Controls {...{ route, navigate, sort, fleet }} />
      {rows.length === 0 && answer.rows.length > 0 && <p class="faint">No feature is of this kind.</p>}
      {rows.length > 0 && (
        <div class="matrix-and-detail">
          <FeatureGrid
            {...{ answer, fleet, rows, row, column, select, setColumn }}
            classes={sort === 'cost'}
          />
          {row && <FeatureDetail {...{ row, answer, fleet, column }} />}
        </div>
      )}
    </>
  )
}

const Key = ({ kind, children }: { readonly kind: string; readonly children: string }) => (
  <span class="look">
    <svg class="strip" width="14" height="14" aria-hidden="true">
      <path class={kind} d="M1 1h12v12h-12z" />
    </svg>{' '}
    {children}
  </span>
)

type Sort = NonNullable<PageRoute['sort']>
type ControlsProps = Pick<ViewProps, 'route' | 'navigate'> & {
  readonly sort: Sort
  readonly fleet: FleetDisplay
}

const Controls = ({ route, navigate, sort, fleet }: ControlsProps) => (
  <div class="controls">
    <label>
      Order{' '}
      <select
        value={sort}
        onChange={({ currentTarget }) => navigate({ sort: currentTarget.value as Sort }, 'replace')}
      >
        <option value="cost">by class, then missing on fewest hosts</option>
        <option value="place">by CPUID position</option>
      </select>
    </label>
    <label>
      Show{' '}
      <select
        value={route.only ?? ''}
        onChange={({ currentTarget }) =>
          navigate({ only: (currentTarget.value || undefined) as PageRoute['only'] }, 'replace')
        }
      >
        <option value="">every class</option>
        <option value="security">only security</option>
        <option value="fixable">only what can be fixed</option>
      </select>
    </label>
    <label>
      missing on{' '}
      <select
        value={route.lacking ?? ''}
        onChange={({ currentTarget }) => navigate({ lacking: currentTarget.value || undefined }, 'replace')}
      >
        <option value="">any host</option>
        {fleet.groups.map(({ id, title }) => (
          <option key={id} value={id} selected={route.lacking === String(id)}>
            {title}
          </option>
        ))}
      </select>
    </label>
    <Toggle on={route.all === 'yes'} set={on => navigate({ all: on ? 'yes' : undefined }, 'replace')}>
      include features that all hosts have
    </Toggle>
  </div>
)

/** By class, and within it features that few hosts lack first: these few hosts restrict all others. */
function sortRows(rows: readonly MatrixRow[], sort: Sort): readonly MatrixRow[] {
  if (sort === 'place') return rows
  const rank = (row: MatrixRow) => (row.without === 0 ? Number.POSITIVE_INFINITY : row.without)
  return sectionByClass(rows).flatMap(([, of]) => of.sort((a, b) => rank(a) - rank(b)))
}
