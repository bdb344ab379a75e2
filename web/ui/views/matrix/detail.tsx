import type { FleetAnswer, MatrixAnswer, MatrixRow } from '../../../shared/answers.ts'
import { plural } from '../../parts.tsx'
import { lackers } from './lackers.ts'

interface DetailProps {
  readonly row: MatrixRow
  readonly answer: MatrixAnswer
  readonly fleet: FleetAnswer
  readonly column: number
}

/** What is known of the feature, and of its lack on the group under the cursor. */
export function Detail({ row, answer, fleet, column }: DetailProps) {
  const find = (at: number) => fleet.groups.find(group => group.id === answer.groups[at])
  const group = find(column)
  const cause = answer.causes[(row.why[column] ?? 0) - 1]
  return (
    <aside class="detail" id="detail" aria-live="polite" aria-label="What is known of it" tabIndex={0}>
      <h2>
        <code>{row.feature}</code>
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
                  {cause.remedy && <p class="remedy">{cause.remedy}</p>}
                  {cause.evidence.map(text => (
                    <p class="faint" key={text}>
                      {text}
                    </p>
                  ))}
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
