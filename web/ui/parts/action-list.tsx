import type { ActionRow } from '../../shared/displays.ts'
import { CopyButton } from './controls.tsx'

/** What to do first, on which hosts, and what it gains. */
export function ActionList({ actions }: { readonly actions: readonly ActionRow[] }) {
  if (actions.length === 0) return null
  return (
    <section aria-labelledby="actions">
      <h2 id="actions">What to do first</h2>
      <ol class="actions">
        {actions.map(({ what, on, gain }) => (
          <li key={what}>
            <p>
              <b>{what.split('`').map((part, i) => (i % 2 ? <code key={part}>{part}</code> : part))}</b>
              {on && `, on ${on}`}
              {commandsIn(what).map(command => (
                <CopyButton key={command} text={command} what={command} />
              ))}
            </p>
            <p class="faint">{gain}</p>
          </li>
        ))}
      </ol>
    </section>
  )
}

const commandsIn = (text: string): string[] => text.split('`').filter((_, i) => i % 2 === 1)
