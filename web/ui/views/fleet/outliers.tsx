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

/** Of one cause. Who presses one sees all of them in the matrix. */
const MAX_SHOWN = 24

function Outlier({ outlier, title, show }: OutlierProps) {
  const causes = new Map<string, OutlierRow['lacks'][number][]>()
  for (const one of outlier.lacks) {
    const key = `${one.cause} ${one.remedy}`
    causes.set(key, [...(causes.get(key) ?? []), one])
  }
  return (
    <article class="outlier">
      <h3>
        {title}
        <span> {describeDifference(outlier)}</span>
      </h3>
      {[...causes].map(([key, lacks]) => (
        <div class="cause" key={key}>
          <p>
            {lacks.slice(0, MAX_SHOWN).map(({ feature, title }) => (
              <button type="button" class="feature" key={feature} title={title} onClick={() => show(feature)}>
                {feature}
              </button>
            ))}
            {lacks.length > MAX_SHOWN && `and ${lacks.length - MAX_SHOWN} more`}
          </p>
          <p>
            <b>{lacks[0]?.meaning || lacks[0]?.cause}</b>
            {lacks[0]?.remedy && `: ${lacks[0].remedy}`}{' '}
            <span class="faint">({lacks[0]?.confidence} confidence)</span>
          </p>
        </div>
      ))}
    </article>
  )
}

/** `compared with sky-01 and 3 other hosts of the same CPU: 2 features missing, 1 more` */
function describeDifference({ norm, normHosts, lacks, has }: OutlierRow): string {
  const others = normHosts > 1 ? ` and ${formatCount(normHosts - 1, 'other host')}` : ''
  const unread = lacks.filter(({ cause }) => cause === 'not-read').length
  const missing = lacks.length - unread
  const parts = [
    ...(missing > 0 ? [`${formatCount(missing, 'feature')} missing`] : []),
    ...(unread > 0 ? [`${formatCount(unread, 'feature')} not known`] : []),
    ...(has.length > 0 ? [`${formatCount(has.length, 'additional feature')}`] : []),
  ]
  return `compared with ${norm}${others} of the same CPU: ${parts.join(', ')}`
}
