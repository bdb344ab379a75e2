import type { FleetDisplay, OutlierRow } from '../../../shared/displays.ts'
import { useRenderInSteps } from '../../parts/render-in-steps.ts'
import { formatCount } from '../../parts/text.ts'

interface OutliersProps {
  readonly answer: FleetDisplay
  /** Shows a feature in the matrix. */
  readonly show: (feature: string) => void
}

/** Hosts that differ from others with the same CPU, with likely causes and remedies. */
export function Outliers({ answer, show }: OutliersProps) {
  const { outliers, outlierGroups, groups } = answer
  const shown = useRenderInSteps(outliers, 1)
  if (outliers.length === 0) return null
  return (
    <section aria-labelledby="outliers">
      <h2 id="outliers">Outliers</h2>
      {shown.map(outlier => (
        <Outlier
          key={outlier.group}
          {...{ outlier, show }}
          title={groups.find(({ id }) => id === outlier.group)?.title ?? ''}
        />
      ))}
      {outlierGroups.length > outliers.length && (
        <p class="faint">and {formatCount(outlierGroups.length - outliers.length, 'group')} more</p>
      )}
    </section>
  )
}

interface OutlierProps extends Pick<OutliersProps, 'show'> {
  readonly outlier: OutlierRow
  readonly title: string
}

function Outlier({ outlier, title, show }: OutlierProps) {
  const causes = new Map(outlier.lacks.map(one => [`${one.cause} ${one.remedy}`, one]))
  return (
    <article class="outlier">
      <h3>
        {title}
        <span> {describeDifference(outlier)}</span>
      </h3>
      {[...causes.values()].map(({ cause, meaning, remedy, confidence }) => (
        <div class="cause" key={cause + remedy}>
          <p>
            {outlier.lacks
              .filter(one => one.cause === cause && one.remedy === remedy)
              .map(({ feature, title }) => (
                <button
                  type="button"
                  class="feature"
                  key={feature}
                  title={title}
                  onClick={() => show(feature)}
                >
                  {feature}
                </button>
              ))}
          </p>
          <p>
            <b>{meaning || cause}</b>
            {remedy && `: ${remedy}`} <span class="faint">({confidence} confidence)</span>
          </p>
        </div>
      ))}
    </article>
  )
}

/** `compared with sky-01 and 3 other hosts of the same CPU: 2 features missing, 1 more` */
function describeDifference({ norm, normHosts, lacks, has }: OutlierRow): string {
  const others = normHosts > 1 ? ` and ${formatCount(normHosts - 1, 'other host')}` : ''
  const parts = [
    ...(lacks.length > 0 ? [`${formatCount(lacks.length, 'feature')} missing`] : []),
    ...(has.length > 0 ? [`${formatCount(has.length, 'additional feature')}`] : []),
  ]
  return `compared with ${norm}${others} of the same CPU: ${parts.join(', ')}`
}
