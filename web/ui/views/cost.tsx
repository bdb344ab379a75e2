import type { CostRow } from '../../shared/displays.ts'
import { FeatureList } from '../parts/features.tsx'
import { Headline } from '../parts/headline.tsx'
import { scopeOfRoute } from '../parts/route.ts'
import { formatCount, formatNumber } from '../parts/text.ts'
import { useAnswer } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'

/** For each kind of host the features that the pool's guests lose because of it. */
export function CostContent({ route }: ViewProps) {
  const answer = useAnswer('cost', scopeOfRoute(route))
  if (!answer) return <Headline title={undefined} />
  const most = Math.max(1, ...answer.pools.flatMap(({ costs }) => costs.map(({ features }) => features)))
  return (
    <>
      <Headline title={answer.title}>
        What the guests on a pool’s other hosts would gain if these hosts left the pool.
      </Headline>
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
            <p class="faint cost-nothing">
              {formatCount(free, 'host')} cost{free === 1 ? 's' : ''} nothing alone: without{' '}
              {free === 1 ? 'it' : 'one of them, and those like it'}, the others gain nothing.
            </p>
          )}
        </section>
      ))}
    </>
  )
}

/** @param most the features of the longest bar */
function Bar({ row, most }: { readonly row: CostRow; readonly most: number }) {
  return (
    <li>
      <details>
        <summary>
          <span class="who">{row.who}</span>
          <span class="bar" style={{ width: `${(100 * row.features) / most}%` }} aria-hidden="true">
            {row.classes.map(([kind, features]) => (
              <span
                key={kind}
                class={`part ${kind}`}
                style={{ flexGrow: features }}
                title={`${kind}: ${features}`}
              />
            ))}
          </span>
          <span class="what">
            <b>{formatCount(row.features, 'feature')}</b>
            <span class="faint">
              {row.classes.map(([kind, features]) => `${features} ${kind}`).join(', ')}
              {' · '}
              {formatCount(row.hosts, 'host')} · +{formatNumber(row.gain)} points
            </span>
            {row.step && <span class="step">{row.step}</span>}
          </span>
        </summary>
        <FeatureList list={row.gains} />
      </details>
    </li>
  )
}
