import type { GuestRow } from '../../../shared/answers.ts'
import { useGradually } from '../../gradually.ts'

interface GuestsProps {
  readonly guests: readonly GuestRow[]
  /** The one that is asked about. */
  readonly chosen: string | undefined
  readonly choose: (guest: string) => void
}

/** Every guest with where it may be started and moved. */
export function Guests({ guests, chosen, choose }: GuestsProps) {
  const rows = useGradually(guests, 30)
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Guests">
      <table class="groups guests">
        <thead>
          <tr>
            <th scope="col">Guest</th>
            <th scope="col">Runs on</th>
            <th scope="col">Moves to</th>
            <th scope="col">Starts on</th>
            <th scope="col" class="number">
              Other hosts
            </th>
          </tr>
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
                {moves || 'nowhere'}
              </td>
              <td>
                <span class="unit">starts on </span>
                {starts || 'nowhere'}
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
