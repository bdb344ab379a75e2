import { useMemo, useState } from 'preact/hooks'
import type { FaultAnswer, FleetAnswer, GroupAnswer, HostAnswer, OddAnswer } from '../../shared/answers.ts'
import type { ViewProps } from '../app.tsx'
import { useGradually } from '../gradually.ts'
import { scopeOf } from '../header.tsx'
import { Finding, plural } from '../parts.tsx'
import { useAnswer, useClient } from '../use-answer.ts'

export function FleetView({ place, go, state, deeds }: ViewProps) {
  const answer = useAnswer('fleet', scopeOf(place))
  const remove = useRemove(deeds)
  // Kept, so that a row that is there is not looked at again when others come.
  const rows = useMemo(
    () =>
      answer?.groups.map(group => (
        <Row key={group.id} {...{ group, answer }} remove={() => remove(group.id)} />
      )) ?? [],
    [answer],
  )
  const odd = useGradually(answer?.odd ?? NO_ODD, 1)
  const groups = useGradually(rows, 20)
  if (!answer) return <Finding title={undefined} />
  return (
    <>
      <Finding title={state.hosts === 0 ? withoutHosts(state) : answer.title}>
        {state.hosts > 0 && (
          <>
            {plural(answer.hosts, 'host')}, {plural(answer.groups.length, 'CPU')}
            {answer.pools.length > 1 && `, ${plural(answer.pools.length, 'pool')}`}
            {answer.guests > 0 && `, ${plural(answer.guests, 'guest')}`}
          </>
        )}
      </Finding>
      {state.hosts === 0 && state.others > 0 && (
        <p>
          <button type="button" class="strong" onClick={() => go({ view: 'baseline' })}>
            Show the baseline
          </button>
        </p>
      )}
      <Faults list={state.faults} open={state.hosts === 0} />
      {answer.groups.length > 0 && <Levels answer={answer} />}
      {answer.groups.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Hosts by their CPU">
          <table class="groups">
            <thead>
              <tr>
                <th scope="col">Hosts</th>
                <th scope="col" class="number">
                  Count
                </th>
                <th scope="col">Silicon</th>
                <th scope="col">Signature</th>
                <th scope="col">Level</th>
                <th scope="col" class="number">
                  Features
                </th>
                <th scope="col">Microcode</th>
                {answer.pools.length > 1 && <th scope="col">Pool</th>}
                <th scope="col">
                  <span class="unseen">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>{groups}</tbody>
          </table>
        </div>
      )}
      {answer.odd.length > 0 && (
        <section aria-labelledby="odd">
          <h2 id="odd">Odd ones out</h2>
          {odd.map(odd => (
            <Odd key={odd.group} {...{ odd, answer }} show={feature => go({ view: 'matrix', feature })} />
          ))}
          {answer.oddGroups.length > answer.odd.length && (
            <p class="faint">and {plural(answer.oddGroups.length - answer.odd.length, 'group')} more</p>
          )}
        </section>
      )}
    </>
  )
}

/** What there is to say where nothing is part of a fleet. */
function withoutHosts({ others, guests }: ViewProps['state']): string {
  if (others > 0)
    return `Only a baseline can be told of ${others === 1 ? 'this CPU' : `these ${others} CPUs`}`
  return guests > 0
    ? `${plural(guests, 'guest')} and no host: add the hosts too`
    : 'Nothing here could be used'
}

const NO_ODD: readonly OddAnswer[] = []

function useRemove({ does }: ViewProps['deeds']) {
  const client = useClient()
  return (id: number) => void does(client.ask('remove', id))
}

function Row({
  group,
  answer,
  remove,
}: {
  readonly group: GroupAnswer
  readonly answer: FleetAnswer
  readonly remove: () => void
}) {
  const odd = answer.oddGroups.includes(group.id)
  return (
    <tr>
      <th scope="row">
        <Names group={group} />
        {odd && <span class="mark">unlike its kind</span>}
      </th>
      <td class="number">
        {group.count}
        <span class="unit"> {group.count === 1 ? 'host' : 'hosts'}</span>
      </td>
      <td>{group.silicon || group.vendor || '–'}</td>
      <td class="figures">{group.signature || '–'}</td>
      <td>
        <span class={`level ${levelClass(group.level)}`}>{group.level ?? 'none'}</span>
      </td>
      <td class="number">
        {group.features}
        <span class="unit"> features</span>
      </td>
      <td class="figures">{group.microcode.join(', ') || '–'}</td>
      {answer.pools.length > 1 && <td>{group.pools.map(label => label || '–').join(', ')}</td>}
      <td>
        <button type="button" class="quiet" onClick={remove} aria-label={`Take out ${group.title}`}>
          Take out
        </button>
      </td>
    </tr>
  )
}

/** One host by its name; several behind the first. */
function Names({ group: { id, title, count } }: { readonly group: GroupAnswer }) {
  const [open, setOpen] = useState(false)
  if (count === 1) return <>{title}</>
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{title}</summary>
      {open && <Hosts id={id} />}
    </details>
  )
}

function Hosts({ id }: { readonly id: number }) {
  const hosts = useGradually(useAnswer('hosts', id) ?? NONE, 100)
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

const NONE: readonly HostAnswer[] = []

/** `v4` of `x86-64-v4` */
export const levelClass = (level: string | null): string => level?.replace('x86-64-', '') || 'none'

function Levels({ answer: { levels, hosts } }: { readonly answer: FleetAnswer }) {
  return (
    <ul class="levels" aria-label="Hosts by level">
      {levels.map(one => (
        <li key={one.level} class={levelClass(one.level)} style={{ flexGrow: one.hosts }}>
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

function Odd({
  odd,
  answer,
  show,
}: {
  readonly odd: OddAnswer
  readonly answer: FleetAnswer
  readonly show: (feature: string) => void
}) {
  const group = answer.groups.find(({ id }) => id === odd.group)
  if (!group) return null
  const others = odd.normHosts > 1 ? ` and ${plural(odd.normHosts - 1, 'host')} like it` : ''
  const causes = new Map(odd.lacks.map(one => [`${one.cause} ${one.remedy}`, one]))
  return (
    <article class="odd">
      <h3>
        {group.title}
        <span>
          {' '}
          the silicon of {odd.norm}
          {others}
          {odd.lacks.length > 0 && `, without ${plural(odd.lacks.length, 'feature')}`}
          {odd.has.length > 0 && `, with ${odd.has.length} more`}
        </span>
      </h3>
      {[...causes.values()].map(({ cause, meaning, remedy, confidence }) => (
        <div class="cause" key={cause + remedy}>
          <p>
            {odd.lacks
              .filter(one => one.cause === cause && one.remedy === remedy)
              .map(({ feature, title }) => (
                <button
                  type="button"
                  class="feature"
                  key={feature}
                  title={title}
                  onClick={() => show(feature)}
                >
                  {feature}
                </button>
              ))}
          </p>
          <p>
            <b>{meaning || cause}</b>
            {remedy && `: ${remedy}`} <span class="faint">({confidence} confidence)</span>
          </p>
        </div>
      ))}
    </article>
  )
}

interface FaultsProps {
  readonly list: readonly FaultAnswer[]
  /** Whether notes are shown too. */
  readonly open: boolean
}

function Faults({ list, open }: FaultsProps) {
  const faults = list.filter(({ kind }) => kind === 'fault')
  const notes = list.filter(({ kind }) => kind === 'note')
  return (
    <>
      {faults.length > 0 && (
        <section class="faults" aria-labelledby="faults">
          <h2 id="faults">{plural(faults.length, 'file')} could not be used</h2>
          <ul>
            {faults.slice(0, 50).map(({ source, text }) => (
              <li key={source}>
                <b>{source}</b>
                <pre>{text}</pre>
              </li>
            ))}
          </ul>
          {faults.length > 50 && <p>and {faults.length - 50} more</p>}
        </section>
      )}
      {notes.length > 0 && (
        <details class="notes" open={open}>
          <summary>{plural(notes.length, 'note')} on what was read</summary>
          <ul>
            {notes.slice(0, 200).map(({ source, text }) => (
              <li key={source + text}>
                <b>{source}</b> {text}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}
