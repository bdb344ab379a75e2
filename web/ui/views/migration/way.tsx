import type { MoveAnswer } from '../../../shared/answers.ts'
import { Features } from '../../parts.tsx'

/** Whether a guest goes there, and if not what stands in the way and what fixes it. */
export function Way({ move }: { readonly move: MoveAnswer | undefined }) {
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
          <Features list={features} />
        </div>
      ))}
    </section>
  )
}
