import { useMemo, useState } from 'preact/hooks'
import type { FleetDisplay, GroupRow, HostRow } from '../../../shared/displays.ts'
import type { Actions } from '../../parts/actions.ts'
import { useRenderInSteps } from '../../parts/render-in-steps.ts'
import { classOfLevel } from '../../parts/text.ts'
import { useAnswer, useClient } from '../../parts/use-answer.ts'

interface GroupTableProps {
  readonly answer: FleetDisplay
  readonly actions: Actions
}

export function GroupTable({ answer, actions }: GroupTableProps) {
  const client = useClient()
  const withPools = answer.pools.length > 1
  // Memoized, so that adding rows does not render the existing ones again.
  const all = useMemo(
    () =>
      answer.groups.map(group => (
        <Row
          key={group.id}
          {...{ group, withPools }}
          isOutlier={answer.outlierGroups.includes(group.id)}
          remove={() => void actions.apply(client.act('remove', group.id))}
        />
      )),
    [answer],
  )
  const rows = useRenderInSteps(all, 20)
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Hosts grouped by CPU">
      <table class="groups">
        <thead>
          <tr>
            <th scope="col">Hosts</th>
            <th scope="col" class="number">
              Count
            </th>
            <th scope="col">Microarchitecture</th>
            <th scope="col">Signature</th>
            <th scope="col">Level</th>
            <th scope="col" class="number">
              Features
            </th>
            <th scope="col">Microcode</th>
            {withPools && <th scope="col">Pool</th>}
            <th scope="col">
              <span class="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>{rows}</tbody>
      </table>
    </div>
  )
}

interface RowProps {
  readonly group: GroupRow
  readonly withPools: boolean
  readonly isOutlier: boolean
  readonly remove: () => void
}

function Row({ group, withPools, isOutlier, remove }: RowProps) {
  return (
    <tr>
      <th scope="row">
        <HostNames group={group} />
        {isOutlier && <span class="mark">outlier</span>}
      </th>
      <td class="number">
        {group.count}
        <span class="unit"> {group.count === 1 ? 'host' : 'hosts'}</span>
      </td>
      <td>{group.microarchitecture || group.vendor || '–'}</td>
      <td class="figures">{group.signature || '–'}</td>
      <td>
        <span class={`level ${classOfLevel(group.level)}`}>{group.level ?? 'none'}</span>
      </td>
      <td class="number">
        {group.featureCount}
        <span class="unit"> features</span>
      </td>
      <td class="figures">{group.microcode.join(', ') || '–'}</td>
      {withPools && <td>{group.pools.map(label => label || '–').join(', ')}</td>}
      <td>
        <button type="button" class="quiet" onClick={remove} aria-label={`Remove ${group.title}`}>
          Remove
        </button>
      </td>
    </tr>
  )
}

/** The name of a single host; of several hosts a summary that opens. */
function HostNames({ group: { id, title, count } }: { readonly group: GroupRow }) {
  const [open, setOpen] = useState(false)
  if (count === 1) return <>{title}</>
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{title}</summary>
      {open && <HostList group={id} />}
    </details>
  )
}

function HostList({ group }: { readonly group: number }) {
  const hosts = useRenderInSteps(useAnswer('hosts', group) ?? NO_HOSTS, 100)
  return (
    <ul class="names">
      {hosts.map(({ name, path }) => (
        <li key={name} title={path}>
          {name}
        </li>
      ))}
    </ul>
  )
}

const NO_HOSTS: readonly HostRow[] = []
