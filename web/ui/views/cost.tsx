import type { CostRow, FleetAnswer } from '../../shared/answers.ts'
import type { ViewProps } from '../app.tsx'
import { scopeOf } from '../header.tsx'
import { byClass, Features, Finding, figure, plural } from '../parts.tsx'
import { useAnswer } from '../use-answer.ts'

export function CostView({ place }: ViewProps) {
  const scope = scopeOf(place)
  const answer = useAnswer('cost', scope)
  const fleet = useAnswer('fleet', scope)
  if (!answer || !fleet) return <Finding title={undefined} />
  const most = Math.max(1, ...answer.rows.map(({ features }) => features.length))
  const free = answer.rows.filter(({ features }) => features.length === 0)
  return (
    <>
      <Finding title={answer.title}>
        What the guests of all other hosts would gain, were these hosts not in the pool.
      </Finding>
      <ol class="costs">
        {answer.rows
          .filter(({ features }) => features.length > 0)
          .map(row => (
            <Bar key={row.groups.join()} {...{ row, fleet, most }} />
          ))}
      </ol>
      {free.length > 0 && answer.rows.length > 1 && (
        <p class="faint">
          {plural(
            free.reduce((sum, { hosts }) => sum + hosts, 0),
            'host',
          )}{' '}
          in {plural(free.length, 'group')} cost nothing by themselves: what they lack, others lack too.
        </p>
      )}
    </>
  )
}

interface BarProps {
  readonly row: CostRow
  readonly fleet: FleetAnswer
  readonly most: number
}

function Bar({ row, fleet, most }: BarProps) {
  const names = row.groups.map(id => fleet.groups.find(group => group.id === id)?.title ?? '')
  return (
    <li>
      <details>
        <summary>
          <span class="who">{names.join(', ')}</span>
          <span class="bar" style={{ width: `${(100 * row.features.length) / most}%` }} aria-hidden="true">
            {byClass(row.features).map(([name, list]) => (
              <span
                key={name}
                class={`part ${name}`}
                style={{ flexGrow: list.length }}
                title={`${name}: ${list.length}`}
              />
            ))}
          </span>
          <span class="what">
            <b>{plural(row.features.length, 'feature')}</b>
            <span class="faint">
              {byClass(row.features)
                .map(([name, list]) => `${list.length} ${name}`)
                .join(', ')}
              {' · '}
              {plural(row.hosts, 'host')} · value +{figure(row.gain)}
            </span>
            {row.step && <span class="step">{row.step}</span>}
          </span>
        </summary>
        <Features list={row.features} />
      </details>
    </li>
  )
}
