import type { FleetAnswer, GuestRow } from '../../shared/answers.ts'
import type { Traveller } from '../../shared/protocol.ts'
import type { ViewProps } from '../app.tsx'
import { scopeOf } from '../header.tsx'
import { Finding } from '../parts.tsx'
import { useAnswer } from '../use-answer.ts'
import { Graph } from './migration/graph.tsx'
import { Guests } from './migration/guests.tsx'
import { DRAWN } from './migration/layout.ts'
import { Way } from './migration/way.tsx'

export function MigrationView({ place, go }: ViewProps) {
  const scope = scopeOf(place)
  const answer = useAnswer('migration', scope)
  const fleet = useAnswer('fleet', scope)
  const guest = answer?.guests.find(one => `guest:${one.guest}` === place.from)
  const ids = answer?.clusters.map(({ id }) => id) ?? []
  const groupOf = (value: string | undefined, otherwise: number | undefined) => {
    const id = value === undefined ? otherwise : Number(value)
    return (fleet?.groups.some(group => group.id === id) ? id : otherwise) ?? -1
  }
  const from = guest ? undefined : groupOf(place.from, ids[0])
  const closed = fleet?.groups.find(({ id }) => guest && !guest.open.includes(id))?.id
  const to = groupOf(place.to, closed ?? ids[1] ?? ids[0])
  const there = useAnswer('move', travellerOf(guest, from), to)
  const back = useAnswer('move', { group: to }, from ?? to)
  if (!answer || !fleet) return <Finding title={undefined} />
  const select = (a: number | undefined, b: number) =>
    go({ from: a === undefined ? place.from : String(a), to: String(b) }, 'replace')
  return (
    <>
      <Finding title={answer.title}>
        An arrow is a way that guests with all of their host’s CPU can go, and not come back. Choose an arrow,
        two groups{answer.guests.length > 0 ? ', or a guest and a group' : ''} one after the other, and see
        what stands in the way.
      </Finding>
      <div class="graph-and-detail">
        <div class="scroll" tabIndex={0} role="region" aria-label="Ways of migration">
          <Graph {...{ answer, fleet, from, to, select }} open={guest?.open} />
          {answer.clusters.length > DRAWN && (
            <p class="faint">
              The {DRAWN} largest of {answer.clusters.length} sets are drawn; any two can be chosen by name.
            </p>
          )}
        </div>
        <div class="moves">
          <div class="controls">
            <Choice
              name="From"
              value={guest ? `guest:${guest.guest}` : String(from)}
              {...{ fleet }}
              guests={answer.guests}
              set={value => go({ from: value, to: String(to) }, 'replace')}
            />
            {from !== undefined && (
              <button type="button" onClick={() => select(to, from)}>
                Turn
              </button>
            )}
            <Choice name="To" value={String(to)} {...{ fleet }} set={value => select(from, Number(value))} />
          </div>
          <Way move={there} />
          {from !== undefined && from !== to && <Way move={back} />}
        </div>
        {answer.guests.length > 0 && (
          <Guests
            guests={answer.guests}
            chosen={guest?.guest}
            choose={name => go({ from: `guest:${name}`, to: undefined }, 'replace')}
          />
        )}
      </div>
    </>
  )
}

const travellerOf = (guest: GuestRow | undefined, group: number | undefined): Traveller =>
  guest ? { guest: guest.guest } : { group: group ?? -1 }

interface ChoiceProps {
  readonly name: string
  /** A group's id, or `guest:` and a name. */
  readonly value: string
  readonly fleet: FleetAnswer
  readonly guests?: readonly GuestRow[]
  readonly set: (value: string) => void
}

const Choice = ({ name, value, fleet, guests = [], set }: ChoiceProps) => {
  const groups = fleet.groups.map(({ id, title }) => (
    <option key={id} value={id} selected={String(id) === value}>
      {title}
    </option>
  ))
  return (
    <label>
      {name}{' '}
      <select value={value} onChange={({ currentTarget }) => set(currentTarget.value)}>
        {guests.length === 0 ? groups : <optgroup label="All of the CPU of">{groups}</optgroup>}
        {guests.length > 0 && (
          <optgroup label="Guest">
            {guests.map(({ guest }) => (
              <option key={guest} value={`guest:${guest}`} selected={`guest:${guest}` === value}>
                {guest}
              </option>
            ))}
          </optgroup>
        )}
      </select>
    </label>
  )
}
