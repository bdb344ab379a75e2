import type { Evidence } from '../../core/evidence.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { evidenceOfGuest, type FleetGuest, isWhole } from '../../fleet/guest.ts'
import { DIALECTS } from '../../formats/dialects.ts'
import { levelOf } from '../../map/levels.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/note.ts'
import type { GuestLine, GuestsAlone } from './answer.ts'

/** What is known of guests beside which no host was read, and what would tell where they run; no key where one was. */
export function guestsAlone(...views: readonly FleetView[]): { readonly guestsAlone?: GuestsAlone } {
  const guests = views.flatMap(({ fleet }) => fleet.guests)
  if (views.some(({ fleet }) => fleet.hosts.length > 0) || guests.length === 0) return {}
  const lines = views.flatMap(view => view.fleet.guests.map(guest => lineOfGuest(view, guest)))
  return { guestsAlone: { guests: lines, wanted: hostCommandsOf(guests) } }
}

type Names = Pick<FleetView, 'db' | 'levels'>

function lineOfGuest(names: Names, guest: FleetGuest): GuestLine {
  const { features } = names.db
  const { name, mode, model, vendor, vcpus, document, without = FeatureSet.empty } = guest
  return {
    guest: name,
    mode: mode ?? 'custom',
    model: model ?? null,
    isKnown: isWhole(guest),
    vendor: vendor ?? null,
    featureCount: guest.features.size,
    without: features.in(without).map(reasonOf),
    ...levelsOf(names, evidenceOfGuest(features, guest)),
    vcpus: vcpus ?? null,
    document: document ?? null,
  }
}

/** The level that is known to be reached and the highest possible, and what the one above the first needs. */
function levelsOf({ db, levels }: Names, evidence: Evidence): Pick<GuestLine, 'level' | 'most' | 'next'> {
  const { features } = db
  const level = levelOf(levels, evidence.present)
  const next = levels[level ? levels.indexOf(level) + 1 : 0]
  return {
    level: level?.name ?? null,
    most: levelOf(levels, features.all.minus(evidence.absent))?.name ?? null,
    next: next
      ? {
          level: next.name,
          missing: features.in(evidence.missing(next.needs)).map(reasonOf),
          unknown: features.in(evidence.unknown(next.needs)).map(reasonOf),
        }
      : null,
  }
}

/** What to run on the hosts of these guests, once for each of their platforms. */
function hostCommandsOf(guests: readonly FleetGuest[]): string[] {
  const told = guests.map(
    ({ document }) => DIALECTS.find(({ name }) => name === document)?.hostsBy ?? LIBVIRT_COMMAND,
  )
  return [...new Set(told)]
}

const LIBVIRT_COMMAND = 'virsh capabilities && virsh domcapabilities'
