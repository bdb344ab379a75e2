import type { GuestRow } from '../../../shared/displays.ts'
import { useRenderInSteps } from '../../parts/render-in-steps.ts'
import { type Column, useTable } from '../../parts/table.tsx'

interface GuestTableProps {
  readonly guests: readonly GuestRow[]
  /** The selected guest. */
  readonly chosen: string | undefined
  readonly choose: (guest: string) => void
}

const COLUMNS: readonly Column<GuestRow>[] = [
  { title: 'Guest', by: ({ guest }) => guest },
  { title: 'Runs on', by: ({ host }) => host ?? '' },
  { title: 'Moves to', by: ({ moves }) => moves },
  { title: 'Starts on', by: ({ starts }) => starts },
  { title: 'Other hosts', by: ({ others }) => others, isNumber: true },
]

const textOf = ({ guest, host, pool }: GuestRow): string => `${guest} ${host ?? ''} ${pool}`

/** Where each guest can be started and can move to. */
export function GuestTable({ guests, chosen, choose }: GuestTableProps) {
  const { shown, heads, filter } = useTable(guests, COLUMNS, textOf)
  const rows = useRenderInSteps(shown, 30)
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Guests">
      {filter}
      <table class="groups guests">
        <thead>
          <tr>{heads}</tr>
        </thead>
        <tbody>
          {rows.map(({ guest, host, starts, moves, others, pool }) => (
            <tr key={`${pool}/${host}/${guest}`} class={guest === chosen ? 'active' : undefined}>
              <th scope="row">
                <button type="button" aria-pressed={guest === chosen} onClick={() => choose(guest)}>
                  {guest}
                </button>
              </th>
              <td>
                <span class="unit">runs on </span>
                {host ?? '–'}
              </td>
              <td>
                <span class="unit">moves to </span>
                {moves || 'no host'}
              </td>
              <td>
                <span class="unit">starts on </span>
                {starts || 'no host'}
              </td>
              <td class={others === 0 ? 'number bad' : 'number'}>
                {others === 0 ? 'none' : others}
                <span class="unit"> other {others === 1 ? 'host' : 'hosts'}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
