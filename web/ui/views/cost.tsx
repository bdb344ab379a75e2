import type { CostRow } from '../../shared/answers.ts'
import type { ViewProps } from '../app.tsx'
import { scopeOf } from '../header.tsx'
import { Features, Finding, figure, plural } from '../parts.tsx'
import { useAnswer } from '../use-answer.ts'

export function CostView({ place }: ViewProps) {
  const answer = useAnswer('cost', scopeOf(place))
  if (!answer) return <Finding title={undefined} />
  const most = Math.max(1, ...answer.pools.flatMap(({ costs }) => costs.map(({ features }) => features)))
  return (
    <>
      <Finding title={answer.title}>
        What the guests of a pool’s other hosts would gain, were these hosts not in it.
      </Finding>
      {answer.pools.map(({ title, costs, free }) => (
        <section key={title}>
          {answer.pools.length > 1 && <h2>{title}</h2>}
          {costs.length > 0 && (
            <ol class="costs">
              {costs.map(row => (
                <Bar key={row.who} {...{ row, most }} />
              ))}
            </ol>
          )}
          {free > 0 && (
            <p class="faint">
              {plural(free, 'host')} cost{free === 1 ? 's' : ''} nothing alone: what one lacks, others lack
              too.
            </p>
          )}
        </section>
      ))}
    </>
  )
}

function Bar({ row, most }: { readonly row: CostRow; readonly most: number }) {
  return (
    <li>
      <details>
        <summary>
          <span class="who">{row.who}</span>
          <span class="bar" style={{ width: `${(100 * row.features) / most}%` }} aria-hidden="true">
            {row.gains.map(({ class: kind, features }) => (
              <span
                key={kind}
                class={`part ${kind}`}
                style={{ flexGrow: features.length }}
                title={`${kind}: ${features.length}`}
              />
            ))}
          </span>
          <span class="what">
            <b>{plural(row.features, 'feature')}</b>
            <span class="faint">
              {row.gains.map(({ class: kind, features }) => `${features.length} ${kind}`).join(', ')}
              {' · '}
              {plural(row.hosts, 'host')} · value +{figure(row.gain)}
            </span>
            {row.step && <span class="step">{row.step}</span>}
          </span>
        </summary>
        <Features
          list={row.gains.flatMap(({ class: kind, features }) =>
            features.map(feature => ({ ...feature, class: kind })),
          )}
        />
      </details>
    </li>
  )
}
