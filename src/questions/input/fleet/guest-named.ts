import { nearest } from '../../../core/text.ts'
import type { FleetGuest } from '../../../fleet/guest.ts'
import { BadRequest } from '../../bad-request.ts'

/** The guest of that name or UUID. @throws BadRequest where there is none */
export function guestNamed(guests: readonly FleetGuest[], name: string): FleetGuest {
  const guest = guests.find(one => one.name === name || one.uuid === name)
  if (guest) return guest
  const names = guests.map(one => one.name)
  const [near] = nearest(names, name, 1)
  const none = names.length === 0 ? '; the fleet has no guests' : ''
  throw new BadRequest(`no guest is called ${name}${near ? `; did you mean ${near}?` : none}`)
}
