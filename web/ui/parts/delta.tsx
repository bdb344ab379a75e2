import type { ClassedFeature, DeltaDisplay } from '../../shared/displays.ts'
import { FeatureList } from './features.tsx'
import { formatCount, formatNumber } from './text.ts'

/** What a change does to pools: their guests' CPU before and after, what they gain and lose; then to guests. */
export function PoolDeltas({ delta: { pools, guests } }: { readonly delta: DeltaDisplay }) {
  return (
    <>
      {pools.map(({ pool, before, after, gained, lost, unknown }) => (
        <section class="delta" key={pool}>
          <h3>
            {pool || 'no pool'} <span class="faint">{before ? (after ? '' : 'is gone') : 'is new'}</span>
          </h3>
          <p>
            {change(before?.model ?? 'no model', after?.model ?? 'no model', before, after)}
            {', '}
            {change(before?.level ?? 'no level', after?.level ?? 'no level', before, after)}
            {', '}
            {change(`${before?.featureCount}`, `${after?.featureCount}`, before, after)} features
            {', '}
            {change(`${before?.hostCount}`, `${after?.hostCount}`, before, after)} hosts{', value '}
            {change(formatNumber(before?.value ?? 0), formatNumber(after?.value ?? 0), before, after)}
          </p>
          <Some what="lost" list={lost} />
          <Some what="not known any more" list={unknown} />
          <Some what="gained" list={gained} />
        </section>
      ))}
      {guests.length > 0 && (
        <ul class="fates">
          {guests.map(({ guest, host, what, why, isGood }) => (
            <li key={`${guest} ${host}`}>
              <b>{guest}</b> {host && <span class="faint">on {host}</span>}:{' '}
              <span class={isGood ? 'good' : 'bad'}>{what}</span> {why}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** `26 → 25`; of a pool that is new or gone what it has or had. */
const change = (from: string, to: string, before: unknown, after: unknown): string =>
  !before || from === to ? to : after ? `${from} → ${to}` : from

interface SomeProps {
  readonly what: 'gained' | 'lost' | 'not known any more'
  readonly list: readonly ClassedFeature[]
}

/** Features that come or go, under their number. */
export function Some({ what, list }: SomeProps) {
  if (list.length === 0) return null
  return (
    <details open={list.length <= 8}>
      <summary class={what === 'lost' ? 'bad' : what === 'gained' ? 'good' : 'faint'}>
        {formatCount(list.length, 'feature')} {what}
      </summary>
      <FeatureList list={list} />
    </details>
  )
}
