import type { FleetDisplay } from '../../shared/displays.ts'
import { ActionList } from '../parts/action-list.tsx'
import { Headline } from '../parts/headline.tsx'
import { scopeOfRoute } from '../parts/route.ts'
import { classOfLevel, formatCount } from '../parts/text.ts'
import { useAnswer } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'
import { GroupTable } from './fleet/group-table.tsx'
import { Outliers } from './fleet/outliers.tsx'
import { FileProblems } from './fleet/problems.tsx'

/** The hosts grouped by CPU, the outliers among them, and the files that could not be used. */
export function FleetContent({ route, navigate, state, actions }: ViewProps) {
  const answer = useAnswer('fleet', scopeOfRoute(route))
  if (!answer) return <Headline title={undefined} />
  const isFleet = state.hosts > 0
  return (
    <>
      <Headline title={isFleet ? answer.title : titleWithoutHosts(state)}>
        {isFleet && <Counts answer={answer} />}
      </Headline>
      {!isFleet && state.unplaced > 0 && (
        <p>
          <button type="button" class="strong" onClick={() => navigate({ view: 'baseline' })}>
            Show the baseline
          </button>
        </p>
      )}
      <ActionList actions={answer.actions} />
      <FileProblems list={state.problems} open={!isFleet} />
      {answer.groups.length > 0 && (
        <>
          <Levels answer={answer} />
          <GroupTable {...{ answer, actions }} chosen={Number(route.group)} host={route.host} />
        </>
      )}
      <Outliers answer={answer} show={feature => navigate({ view: 'matrix', feature })} />
    </>
  )
}

function titleWithoutHosts({ unplaced, guests }: ViewProps['state']): string {
  if (unplaced > 0)
    return `For ${unplaced === 1 ? 'this CPU' : `these ${unplaced} CPUs`} only the baseline can be shown`
  return guests > 0
    ? `${formatCount(guests, 'guest')} but no hosts: add the hosts too`
    : 'No file could be used'
}

const Counts = ({ answer: { hosts, groups, pools, guests } }: { readonly answer: FleetDisplay }) => (
  <>
    {formatCount(hosts, 'host')}, {formatCount(groups.length, 'CPU')}
    {pools.length > 1 && `, ${formatCount(pools.length, 'pool')}`}
    {guests > 0 && `, ${formatCount(guests, 'guest')}`}
  </>
)

function Levels({ answer: { levels, hosts } }: { readonly answer: FleetDisplay }) {
  return (
    <ul class="levels" aria-label="Hosts by level">
      {levels.map(one => (
        <li key={one.level} class={classOfLevel(one.level)} style={{ flexGrow: one.hosts }}>
          <span class="swatch" />
          <b>{one.level || 'no level'}</b>
          <span>
            {one.hosts} of {hosts}
          </span>
        </li>
      ))}
    </ul>
  )
}
