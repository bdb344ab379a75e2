import type { MoveAnswer } from '../../../shared/answers.ts'
import { Features } from '../../parts.tsx'

/** Whether a guest goes there, and if not what stands in the way and what mends it. */
export function Way({ move }: { readonly move: MoveAnswer | undefined }) {
  if (!move) return null
  return (
    <section class={move.moves ? 'move open' : 'move'} aria-live="polite">
      <h2>{move.title}</h2>
      {move.mends.map(({ mend, cause, features, others }) => (
        <div key={cause + mend}>
          {others.map(text => (
            <p key={text}>{text}</p>
          ))}
          <p class="mend">{[cause, mend].filter(Boolean).join(': ')}</p>
          <Features list={features} />
        </div>
      ))}
    </section>
  )
}
