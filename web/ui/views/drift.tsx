import { useEffect, useState } from 'preact/hooks'
import type { DriftDisplay } from '../../shared/displays.ts'
import { ActionList } from '../parts/action-list.tsx'
import { PoolDeltas, Some } from '../parts/delta.tsx'
import { RemedyList } from '../parts/features.tsx'
import { FileInputs } from '../parts/file-inputs.tsx'
import { Headline } from '../parts/headline.tsx'
import { useRenderInSteps } from '../parts/render-in-steps.ts'
import { formatCount, formatNames } from '../parts/text.ts'
import { useAnswer, useClient } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'

/** What changed between two recordings of the fleet, and what that does to pools and guests. */
export function DriftContent(props: ViewProps) {
  const { route, navigate } = props
  const isOlder = route.older === 'yes'
  const answer = useAnswer('drift', isOlder)
  if (answer === undefined) return <Headline title={undefined} />
  if (answer === null)
    return (
      <>
        <Headline title="Drop a second recording of this fleet to see what changed" />
        <Second {...props} />
      </>
    )
  const { before, after } = answer.hosts
  const [here, second] = ['those that were here', 'the second recording']
  return (
    <>
      <Headline title={answer.title}>
        Before: {formatCount(before, 'host')}, {isOlder ? second : here}. Now: {formatCount(after, 'host')},{' '}
        {isOlder ? here : second}.
      </Headline>
      <div class="controls">
        <button type="button" onClick={() => navigate({ older: isOlder ? undefined : 'yes' }, 'replace')}>
          Swap before and now
        </button>
        <Second {...props} />
      </div>
      <ActionList actions={answer.actions} />
      <Hosts title="Gone" names={answer.gone} />
      <Hosts title="New" names={answer.added} />
      <Changed list={answer.changed} />
      {answer.pools.length + answer.guests.length > 0 && (
        <section aria-labelledby="delta">
          <h2 id="delta">Pools and guests</h2>
          <PoolDeltas delta={answer} />
        </section>
      )}
    </>
  )
}

/** Chooses the second recording: files, or what the browser keeps. */
function Second({ actions, navigate, route }: ViewProps) {
  const client = useClient()
  const [kept, setKept] = useState<readonly { readonly id: string; readonly time: number }[]>([])
  useEffect(() => {
    void client.ask('kept').then(setKept, () => {})
  }, [client])
  const others = kept.filter(({ id }) => id !== route.fleet)
  return (
    <div class="choices">
      <span>Compare with</span>
      <FileInputs
        add={files => {
          if (files.length === 0) return
          navigate({ older: undefined }, 'replace')
          actions.compareWith(files)
        }}
      />
      {others.length > 0 && (
        <select
          aria-label="A fleet that this browser keeps"
          value=""
          onChange={({ currentTarget: { value } }) => {
            navigate({ older: 'yes' }, 'replace')
            void actions.apply(client.act('compareWithKept', value))
          }}
        >
          <option value="">What this browser keeps…</option>
          {others.map(({ id, time }) => (
            <option key={id} value={id}>
              kept {new Date(time).toLocaleString()}
            </option>
          ))}
        </select>
      )}
    </div>
  )
}

const Hosts = ({ title, names }: { readonly title: string; readonly names: readonly string[] }) =>
  names.length > 0 && (
    <details open={names.length < 13}>
      <summary>
        <b>{title}</b> {formatCount(names.length, 'host')}
      </summary>
      {names.join(', ')}
    </details>
  )

function Changed({ list }: { readonly list: DriftDisplay['changed'] }) {
  const shown = useRenderInSteps(list, 10)
  if (list.length === 0) return null
  const hosts = list.reduce((sum, one) => sum + one.hosts.length, 0)
  return (
    <section aria-labelledby="changed">
      <h2 id="changed">
        Changed <span class="faint">{formatCount(hosts, 'host')}</span>
      </h2>
      {shown.map(({ hosts, facts, lost, gained }) => (
        <article class="outlier" key={hosts[0]}>
          <h3 title={hosts.join(', ')}>
            {formatNames(hosts)} {hosts.length > 1 && <span>{formatCount(hosts.length, 'host')}</span>}
          </h3>
          {facts.map(({ what, before, now }) => (
            <p key={what}>
              {what}: {before} → {now}
            </p>
          ))}
          {lost.length > 0 && (
            <div>
              <p class="bad">
                {formatCount(lost.flatMap(({ features }) => features).length, 'feature')} lost
              </p>
              <RemedyList list={lost} />
            </div>
          )}
          <Some what="gained" list={gained} />
        </article>
      ))}
    </section>
  )
}
