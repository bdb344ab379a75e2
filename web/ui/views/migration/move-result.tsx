import type { MoveDisplay } from '../../../shared/displays.ts'
import { RemedyList } from '../../parts/features.tsx'

/** Whether a guest can move, and if not the obstacles by their remedy. */
export function MoveResult({ move }: { readonly move: MoveDisplay | undefined }) {
  if (!move) return null
  return (
    <section class={move.moves ? 'move open' : 'move'} aria-live="polite">
      <h2>{move.title}</h2>
      <RemedyList list={move.remedies} />
    </section>
  )
}
