import type { FleetGuest } from '../guest.ts'
import type { FleetHost } from '../host.ts'
import type { CpuKinds } from '../kinds-of-cpu.ts'

/** A host during a rolling upgrade. */
export interface Station {
  readonly host: FleetHost
  /** The host as it is at that time, and the kind of its CPU. */
  now: FleetHost
  kind: number
  guests: Running[]
  done: boolean
}

/** A guest, and the kind of its CPU. */
export interface Running {
  readonly guest: FleetGuest
  readonly kind: number
}

/** Of the open stations the first by stuck guests, then by those that will have to move again, then by guests, then by order. */
export function nextOf(
  kinds: CpuKinds,
  open: ReadonlySet<Station>,
  all: readonly Station[],
): Station | undefined {
  const [every, done] = [tallyOf(all), tallyOf(all.filter(station => station.done))]
  const ranked = Array.from(open, station => {
    const others = new Map(every).set(station.kind, (every.get(station.kind) ?? 0) - 1)
    return { station, stuck: untaken(kinds, station, others), again: untaken(kinds, station, done) }
  })
  ranked.sort(
    (a, b) => a.stuck - b.stuck || a.again - b.again || a.station.guests.length - b.station.guests.length,
  )
  return ranked[0]?.station
}

/** How many stations there are of each kind of CPU. */
function tallyOf(stations: readonly Station[]): Map<number, number> {
  const tally = new Map<number, number>()
  for (const { kind } of stations) tally.set(kind, (tally.get(kind) ?? 0) + 1)
  return tally
}

/** How many of the station's guests go to none of the tally. */
function untaken(kinds: CpuKinds, { guests }: Station, tally: ReadonlyMap<number, number>): number {
  const open = [...tally].flatMap(([kind, count]) => (count > 0 ? kind : []))
  return guests.filter(guest => !open.some(kind => kinds.mayMove(guest.kind, kind))).length
}
