import type { FleetDisplay, GuestRow } from '../../../shared/displays.ts'

interface SourceSelectProps {
  readonly name: string
  /** A group's id, or `guest:` and a name. */
  readonly value: string
  readonly fleet: FleetDisplay
  readonly guests?: readonly GuestRow[]
  readonly set: (value: string) => void
}

/** Selects a group, or a guest where there are any. */
export function SourceSelect({ name, value, fleet, guests = [], set }: SourceSelectProps) {
  const groups = fleet.groups.map(({ id, title }) => (
    <option key={id} value={id} selected={String(id) === value}>
      {title}
    </option>
  ))
  return (
    <label>
      {name}{' '}
      <select value={value} onChange={({ currentTarget }) => set(currentTarget.value)}>
        {guests.length === 0 ? groups : <optgroup label="Full CPU of">{groups}</optgroup>}
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
