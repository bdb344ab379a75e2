import type { FleetDisplay, GroupRow, MatrixDisplay, MatrixRow } from '../../../shared/displays.ts'
import { formatCount } from '../../parts/text.ts'
import { describeHostsWithout } from './row.tsx'

interface FeatureDetailProps {
  readonly row: MatrixRow
  readonly answer: MatrixDisplay
  readonly fleet: FleetDisplay
  readonly column: number
}

/** A feature, the hosts without it, and why the selected column's hosts do not have it. */
export function FeatureDetail({ row, answer, fleet, column }: FeatureDetailProps) {
  const groups = answer.groups.map(id => fleet.groups.find(group => group.id === id))
  const group = groups[column]
  const cause = answer.causes[(row.why[column] ?? 0) - 1]
  return (
    <aside class="detail" id="detail" aria-live="polite" aria-label="Feature details" tabIndex={0}>
      <h2>
        <code>{[row.feature, ...row.twins].join(' / ')}</code>
      </h2>
      <p class="place">
        <code>{row.place}</code> · {row.class}
      </p>
      <p>{row.title}</p>
      <dl>
        <dt>{row.without === 0 ? 'All hosts have it' : `Missing on ${formatCount(row.without, 'host')}`}</dt>
        {row.without > 0 && <dd>{describeHostsWithout(row, groups)}</dd>}
        {group && <GroupDetail {...{ group, cause }} isKnown={row.cells[column] !== '?'} />}
      </dl>
    </aside>
  )
}

interface GroupDetailProps {
  readonly group: GroupRow
  /** Undefined: the group's hosts have the feature. */
  readonly cause: MatrixDisplay['causes'][number] | undefined
  readonly isKnown: boolean
}

const GroupDetail = ({ group, cause, isKnown }: GroupDetailProps) => (
  <>
    <dt class="under">{group.title}</dt>
    {!isKnown && <dd>Not known: no document of these hosts says</dd>}
    {isKnown && !cause && <dd>The hosts have it</dd>}
    {isKnown && cause && (
      <dd>
        Missing: <b>{cause.meaning || cause.cause}</b>{' '}
        <span class="faint">({cause.confidence} confidence)</span>
        {cause.remedy && <p class="remedy">{cause.remedy}</p>}
        {cause.evidence.map(text => (
          <p class="faint" key={text}>
            {text}
          </p>
        ))}
      </dd>
    )}
  </>
)
