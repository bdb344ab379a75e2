import { count } from '../../core/text.ts'
import { poolName } from '../words/describe-pool.ts'
import type { GuestPlaces, MoveAnswer } from './answer.ts'

/** How many guests there are, and how many of them are bound to their host. */
export function describeGuests(guests: readonly GuestPlaces[]): string {
  const bound = guests.filter(({ others }) => others === 0).length
  const where = bound > 0 ? `${bound} with nowhere else to go` : 'none bound to its host'
  return `${count(guests.length, 'guest')}, ${where}`
}

/** Whether one guest moves to one host. */
export function describeMove({ from, to, moves, starts, obstacles }: MoveAnswer): string {
  if (moves) return `${from} can move to ${to}`
  const start = starts ? '; it can be started there once it is off' : ''
  return `${from} cannot move to ${to}: ${count(obstacles.length, 'obstacle')}${start}`
}

/** `pool blue: 12 hosts of 3 CPUs` */
export const describePoolTitle = (label: string, hosts: number, cpus: number): string =>
  `${poolName(label)}: ${count(hosts, 'host')} of ${count(cpus, 'CPU')}`

/** Of a pool in which every guest can go everywhere, after `sayPool`. */
export const MOVES_FREELY = ': guests move freely'
