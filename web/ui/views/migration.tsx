import type { FleetDisplay, GuestRow, MigrationDisplay } from '../../shared/displays.ts'
import { Headline } from '../parts/headline.tsx'
import { type PageRoute, scopeOfRoute } from '../parts/route.ts'
import { useAnswer } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'
import { MAX_BOXES } from './migration/boxes.ts'
import { MigrationGraph } from './migration/graph.tsx'
import { GuestTable } from './migration/guests.tsx'
import { MoveResult } from './migration/move-result.tsx'
import { SourceSelect } from './migration/source-select.tsx'

/** Between which groups guests can move, where each guest can go, and the obstacles of one move. */
export function MigrationContent({ route, navigate }: ViewProps) {
  const scope = scopeOfRoute(route)
  const answer = useAnswer('migration', scope)
  const fleet = useAnswer('fleet', scope)
  const { guest, from, to } = selectionOf(route, answer, fleet)
  const there = useAnswer('move', guest ? { guest: guest.guest } : { group: from ?? -1 }, to)
  const back = useAnswer('move', { group: to }, from ?? to)
  if (!answer || !fleet) return <Headline title={undefined} />
  const select = (a: number | undefined, b: number) =>
    navigate({ from: a === undefined ? route.from : String(a), to: String(b) }, 'replace')
  const { guests, clusters } = answer
  return (
    <>
      <Headline title={answer.title}>
        An arrow: guests with the full CPU of their host can move there, but not back. Select an arrow,{' '}
        {guests.length > 0 ? 'two groups, or a guest and a group' : 'or two groups one after the other'}, to
        see what prevents the move.
      </Headline>
      <div class="graph-and-detail">
        <div class="scroll" tabIndex={0} role="region" aria-label="Migration graph">
          <MigrationGraph {...{ answer, fleet, from, to, select }} open={guest?.open} />
          {clusters.length > MAX_BOXES && (
            <p class="faint">
              The graph shows the {MAX_BOXES} largest of {clusters.length} sets. Select others by name.
            </p>
          )}
        </div>
        <div class="moves">
          <div class="controls">
            <SourceSelect
              name="From"
              value={guest ? `guest:${guest.guest}` : String(from)}
              {...{ fleet, guests }}
              set={value => navigate({ from: value, to: String(to) }, 'replace')}
            />
            {from !== undefined && (
              <button type="button" onClick={() => select(to, from)}>
                Swap
              </button>
            )}
            <SourceSelect
              name="To"
              value={String(to)}
              {...{ fleet }}
              set={value => select(from, Number(value))}
            />
          </div>
          <MoveResult move={there} />
          {from !== undefined && from !== to && <MoveResult move={back} />}
        </div>
        {guests.length > 0 && (
          <GuestTable
            {...{ guests }}
            chosen={guest?.guest}
            choose={name => navigate({ from: `guest:${name}`, to: undefined }, 'replace')}
          />
        )}
      </div>
    </>
  )
}

interface Selection {
  readonly guest: GuestRow | undefined
  /** Undefined: a guest is selected. */
  readonly from: number | undefined
  readonly to: number
}

/** What the route selects. Defaults: the first two sets; for a guest the first group that it cannot move to. */
function selectionOf(
  { from, to }: PageRoute,
  answer: MigrationDisplay | undefined,
  fleet: FleetDisplay | undefined,
): Selection {
  const guest = answer?.guests.find(one => `guest:${one.guest}` === from)
  const ids = answer?.clusters.map(({ id }) => id) ?? []
  const groupOf = (value: string | undefined, otherwise: number | undefined) => {
    const id = value === undefined ? otherwise : Number(value)
    return (fleet?.groups.some(group => group.id === id) ? id : otherwise) ?? -1
  }
  const closed = fleet?.groups.find(({ id }) => guest && !guest.open.includes(id))?.id
  return {
    guest,
    from: guest ? undefined : groupOf(from, ids[0]),
    to: groupOf(to, closed ?? ids[1] ?? ids[0]),
  }
}
