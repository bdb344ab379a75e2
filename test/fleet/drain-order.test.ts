import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planDrain } from '../../src/fleet/change/drain.ts'
import type { FleetGuest } from '../../src/fleet/guest.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { canMove, findObstacles } from '../../src/fleet/obstacles.ts'
import { runs } from '../effort.ts'
import { bits, db } from './notation.ts'

/** The order in which hosts are emptied, as `planDrain` says it, done one host after the other without any index. */

const sets = fc.subarray(['avx', 'avx2', 'aes']).map(names => bits(`sse2 ${names.join(' ')}`))
const hosts = fc
  .array(sets, { minLength: 1, maxLength: 6 })
  .map(list => list.map((features, i): FleetHost => ({ name: `h${i}`, features })))
const guests = fc
  .array(fc.tuple(sets, fc.integer({ min: 0, max: 5 })), { maxLength: 8 })
  .map(list => list.map(([features, i], n): FleetGuest => ({ name: `g${n}`, host: `h${i}`, features })))

interface Station {
  readonly host: FleetHost
  now: FleetHost
  guests: FleetGuest[]
  done: boolean
}

type Options = NonNullable<Parameters<typeof planDrain>[3]>

function drained(all: readonly FleetHost[], running: readonly FleetGuest[], options: Options): string[] {
  const { after = (host: FleetHost) => host, room = () => Number.POSITIVE_INFINITY, only } = options
  const stations: Station[] = all.map(host => ({
    host,
    now: host,
    guests: running.filter(guest => guest.host === host.name),
    done: false,
  }))
  const steps: string[] = []
  let open = stations.filter(({ host }) => !only || only.has(host.name))
  while (open.length > 0) {
    const ranks = open.map(station => {
      const places = (guest: FleetGuest, isDone: boolean) =>
        stations.filter(other => other !== station && (!isDone || other.done) && canMove(guest, other.now))
      const stuck = station.guests.filter(guest => places(guest, false).length === 0).length
      const again = station.guests.filter(guest => places(guest, true).length === 0).length
      return { station, rank: [stuck, again, station.guests.length, stations.indexOf(station)] }
    })
    ranks.sort((a, b) => a.rank.map((n, i) => n - (b.rank[i] ?? 0)).find(n => n !== 0) ?? 0)
    const next = ranks[0]?.station
    if (!next) throw new RangeError('none is open')
    const moves: string[] = []
    const left: FleetGuest[] = []
    for (const guest of next.guests) {
      const [to] = stations
        .filter(
          other => other !== next && canMove(guest, other.now) && other.guests.length < room(other.host),
        )
        .sort((a, b) => Number(b.done) - Number(a.done) || a.guests.length - b.guests.length)
      if (to) {
        to.guests.push(guest)
        moves.push(`${guest.name} to ${to.host.name}`)
      } else left.push(guest)
    }
    const near = left.map(guest => {
      const others = stations.filter(other => other !== next)
      const found = others.map(other => ({
        other,
        count: findObstacles(db.features, guest, other.now).length,
      }))
      const [nearest] = found.sort((a, b) => a.count - b.count)
      return `${guest.name} near ${nearest?.other.now.name} for ${nearest?.count ?? 0}`
    })
    steps.push([next.host.name, ...moves, ...near].join(', '))
    next.guests = left
    next.now = after(next.host)
    next.done = true
    open = open.filter(other => other !== next)
  }
  return steps
}

const shown = (steps: ReturnType<typeof planDrain>): string[] =>
  steps.map(({ host, moves, stuck }) =>
    [
      host.name,
      ...moves.map(({ guest, to }) => `${guest.name} to ${to.name}`),
      ...stuck.map(
        ({ guest, nearest, obstacles }) => `${guest.name} near ${nearest?.name} for ${obstacles.length}`,
      ),
    ].join(', '),
  )

test('hosts are emptied in the order that is said, and guests go where it is said', () => {
  fc.assert(
    fc.property(
      hosts,
      guests,
      fc.record(
        {
          after: fc.constantFrom('avx', 'avx2').map(name => (host: FleetHost) => ({
            ...host,
            features: host.features.join(bits(name)),
          })),
          room: fc.integer({ min: 0, max: 4 }).map(most => () => most),
          only: fc.subarray(['h0', 'h1', 'h2', 'h3']).map(names => new Set(names)),
        },
        { requiredKeys: [] },
      ),
      (all, running, options) => {
        expect(shown(planDrain(db.features, all, running, options))).toEqual(drained(all, running, options))
      },
    ),
    { numRuns: runs(20_000) },
  )
})
