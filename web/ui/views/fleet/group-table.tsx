import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { FleetDisplay, GroupRow, HostRow } from '../../../shared/displays.ts'
import type { Actions } from '../../parts/actions.ts'
import { useRenderInSteps } from '../../parts/render-in-steps.ts'
import { type Column, useTable } from '../../parts/table.tsx'
import { classOfLevel } from '../../parts/text.ts'
import { useAnswer, useClient } from '../../parts/use-answer.ts'

interface GroupTableProps {
  readonly answer: FleetDisplay
  readonly actions: Actions
  /** The group that is shown open; NaN: none. */
  readonly chosen: number
  /** The host to look at in it. */
  readonly host: string | undefined
}

const COLUMNS: readonly Column<GroupRow>[] = [
  { title: 'Hosts', by: ({ title }) => title },
  { title: 'Count', by: ({ count }) => count, isNumber: true },
  { title: 'Microarchitecture', by: ({ microarchitecture, vendor }) => microarchitecture ?? vendor ?? '' },
  { title: 'Signature', by: ({ signature }) => signature },
  { title: 'Level', by: ({ level }) => level ?? '' },
  { title: 'Features', by: ({ featureCount }) => featureCount, isNumber: true },
  { title: 'Microcode', by: ({ microcodes }) => microcodes.join() },
]
const WITH_POOLS: readonly Column<GroupRow>[] = [
  ...COLUMNS,
  { title: 'Pool', by: ({ pools }) => pools.join() },
]

const textOf = ({
  title,
  names,
  microarchitecture,
  vendor,
  signature,
  level,
  microcodes,
  pools,
}: GroupRow): string =>
  [title, ...names, microarchitecture, vendor, signature, level, ...microcodes, ...pools].join(' ')

export function GroupTable({ answer, actions, chosen, host }: GroupTableProps) {
  const client = useClient()
  const withPools = answer.pools.length > 1
  const { shown, heads, filter } = useTable(answer.groups, withPools ? WITH_POOLS : COLUMNS, textOf)
  // Memoized, so that adding rows does not render the existing ones again.
  const all = useMemo(
    () =>
      shown.map(group => (
        <Row
          key={group.id}
          {...{ group, withPools }}
          host={group.id === chosen ? (host ?? '') : undefined}
          isOutlier={answer.outlierGroups.includes(group.id)}
          remove={() => void actions.apply(client.act('remove', group.id))}
        />
      )),
    [answer, shown, chosen, host],
  )
  const rows = useRenderInSteps(all, 20)
  return (
    <>
      {filter}
      <div class="scroll" tabIndex={0} role="region" aria-label="Hosts grouped by CPU">
        <table class="groups">
          <thead>
            <tr>
              {heads}
              <th scope="col">
                <span class="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>{rows}</tbody>
        </table>
      </div>
    </>
  )
}

interface RowProps {
  readonly group: GroupRow
  readonly withPools: boolean
  readonly isOutlier: boolean
  /** The host to look at; empty: the group itself; undefined: not chosen. */
  readonly host: string | undefined
  readonly remove: () => void
}

function Row({ group, withPools, isOutlier, host, remove }: RowProps) {
  const row = useRef<HTMLTableRowElement>(null)
  useEffect(() => {
    if (host !== undefined) row.current?.scrollIntoView({ block: 'center' })
  }, [host])
  return (
    <tr ref={row} class={host === undefined ? undefined : 'active'}>
      <th scope="row">
        <HostNames {...{ group, host }} />
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
      <td class="figures">{group.microcodes.join(', ') || '–'}</td>
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
function HostNames({ group, host }: Pick<RowProps, 'group' | 'host'>) {
  const { id, title, count, names } = group
  const [open, setOpen] = useState(false)
  if (count === 1) return <>{title}</>
  return (
    <details open={host !== undefined} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{title}</summary>
      {/* Names that are there are found by the browser's own search, which opens what holds them. */}
      {names.length > 0 ? <Names {...{ names, host }} /> : open && <HostList {...{ host }} group={id} />}
    </details>
  )
}

/** The names of a large fleet's group, which are sent on request. */
function HostList({ group, host }: { readonly group: number; readonly host: string | undefined }) {
  const hosts = useAnswer('hosts', group) ?? NO_HOSTS
  return <Names names={hosts.map(({ name }) => name)} host={host} />
}

function Names({ names, host }: { readonly names: readonly string[]; readonly host: string | undefined }) {
  const shown = useRenderInSteps(names, 100)
  return (
    <ul class="names">
      {shown.map(name => (
        <li key={name}>{name === host ? <mark>{name}</mark> : name}</li>
      ))}
    </ul>
  )
}

const NO_HOSTS: readonly HostRow[] = []
