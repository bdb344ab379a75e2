import type { MoveDisplay } from '../../../shared/displays.ts'
import { FeatureList } from '../../parts/features.tsx'

/** Whether a guest can move, and if not the obstacles by their remedy. */
export function MoveResult({ move }: { readonly move: MoveDisplay | undefined }) {
  if (!move) return null
  return (
    <section class={move.moves ? 'move open' : 'move'} aria-live="polite">
      <h2>{move.title}</h2>
      {move.remedies.map(({ remedy, cause, features, others }) => (
        <div key={cause + remedy}>
          {others.map(text => (
            <p key={text}>{text}</p>
          ))}
          <p class="remedy">{[cause, remedy].filter(Boolean).join(': ')}</p>
          <FeatureList list={features} />
        </div>
      ))}
    </section>
  )
}
