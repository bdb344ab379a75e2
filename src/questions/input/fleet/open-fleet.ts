import { ParseError } from '../../../core/parse-error.ts'
import type { Context } from '../../context.ts'
import type { Note } from '../../words/note.ts'
import { type FleetInput, fleetOfInput } from './read-fleet.ts'
import { type FleetView, viewOf } from './view.ts'

/** A fleet that was read, ready for questions. */
export interface OpenedFleet {
  readonly view: FleetView
  readonly notes: readonly Note[]
}

const opened = new WeakMap<object, OpenedFleet>()

/**
 * An input that stands for a fleet that was already read, from files for instance: questions take it as they take
 * documents, and nothing is read twice.
 */
export function inputOfFleet(fleet: OpenedFleet): FleetInput {
  const input: FleetInput = { documents: [] }
  opened.set(input.documents, fleet)
  return input
}

/** The fleet of a request. @throws ParseError, LibvirtError */
export function openFleet(context: Context, input: FleetInput): OpenedFleet {
  const known = opened.get(input.documents)
  if (known) return known
  const { fleet, notes } = fleetOfInput(context, input)
  return { view: viewOf(context, fleet), notes }
}

/** The fleet of a request, which must have a host. @throws ParseError, LibvirtError */
export function openFleetWithHosts(context: Context, input: FleetInput): OpenedFleet {
  const fleet = openFleet(context, input)
  if (fleet.view.fleet.hosts.length === 0) throw new ParseError('no host in the documents')
  return fleet
}
