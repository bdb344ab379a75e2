import { count } from '../say.ts'
import type { GuestPlaces, MoveAnswer } from './migrate.ts'

/** How many guests there are, and how many of them are bound to their host. */
export const sayGuests = (guests: readonly GuestPlaces[]): string =>
  `${count(guests.length, 'guest')}, ${guests.filter(({ others }) => others === 0).length} with nowhere else to go`

/** Whether one guest moves to one host. */
export function sayMove({ from, to, moves, starts, obstacles }: MoveAnswer): string {
  if (moves) return `${from} can move to ${to}`
  const start = starts ? '; it can be started there once it is off' : ''
  return `${from} cannot move to ${to}: ${count(obstacles.length, 'obstacle')}${start}`
}
