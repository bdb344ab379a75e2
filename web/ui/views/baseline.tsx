import type { BaselineDisplay, ModelRow, WrittenCpu } from '../../shared/displays.ts'
import { CopyButton, Toggle } from '../parts/controls.tsx'
import { FeatureList } from '../parts/features.tsx'
import { Headline } from '../parts/headline.tsx'
import { scopeOfRoute } from '../parts/route.ts'
import { formatCount, formatNames } from '../parts/text.ts'
import { useAnswer } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'

/** The baseline CPU as libvirt XML and as QEMU's argument, its models, and the features that guests lose. */
export function BaselineContent({ route, navigate }: ViewProps) {
  const options = {
    expand: route.expand === 'yes',
    migratable: route.migratable === 'yes',
    best: route.best === 'yes',
    onModel: route.on ?? '',
    qemu: route.qemu ?? '',
  }
  const answer = useAnswer('baseline', scopeOfRoute(route), options)
  if (!answer) return <Headline title={undefined} />
  const [xml, ...others] = answer.cpu?.written ?? []
  return (
    <>
      <Headline title={answer.title}>{answer.guests?.how}</Headline>
      <Version list={answer.versions} {...{ route, navigate }} />
      {answer.guests && (
        <div class="baseline given">
          {answer.guests.written.map(one => (
            <Definition key={one.name} {...one} />
          ))}
        </div>
      )}
      <h2 class="libvirts">
        libvirt’s cpu-baseline <span class="faint">{answer.cpu?.why}</span>
      </h2>
      <Controls {...{ route, navigate }} />
      {answer.error !== undefined && <BaselineError {...{ answer, route, navigate }} />}
      <div class="baseline cpu-baseline">
        {xml && <Definition {...xml} />}
        <div class="beside">
          {others.map(one => (
            <Definition key={one.name} {...one} />
          ))}
          <Notes list={answer.notes} />
          <Models list={answer.models} select={model => navigate({ on: model }, 'replace')} />
          {answer.lost && <Lost list={answer.lost} />}
        </div>
      </div>
    </>
  )
}

type RouteProps = Pick<ViewProps, 'route' | 'navigate'>

/** Selects the QEMU that is to read what is written for it. */
const Version = ({
  list: [newest, ...older],
  route,
  navigate,
}: RouteProps & { readonly list: BaselineDisplay['versions'] }) =>
  newest && (
    <div class="controls">
      <label>
        Write for{' '}
        <select
          value={older.find(version => version === route.qemu) ?? newest}
          onChange={({ currentTarget: { value } }) =>
            navigate({ qemu: value === newest ? undefined : value }, 'replace')
          }
        >
          <option value={newest}>QEMU {newest}, the newest known</option>
          {older.map(version => (
            <option key={version} value={version} selected={version === route.qemu}>
              QEMU {version}
            </option>
          ))}
        </select>
      </label>
    </div>
  )

const OPTIONS = [
  ['migratable', 'only migratable features'],
  ['expand', 'list the model’s features'],
  ['best', 'improve on libvirt’s answer where possible'],
] as const

const Controls = ({ route, navigate }: RouteProps) => (
  <div class="controls">
    {OPTIONS.map(([name, label]) => (
      <Toggle
        key={name}
        on={route[name] === 'yes'}
        set={on => navigate({ [name]: on ? 'yes' : undefined }, 'replace')}
      >
        {label}
      </Toggle>
    ))}
    {route.on && (
      <button type="button" onClick={() => navigate({ on: undefined }, 'replace')}>
        Let libvirt choose the model
      </button>
    )}
  </div>
)

function BaselineError({ answer, route, navigate }: RouteProps & { readonly answer: BaselineDisplay }) {
  const pools = useAnswer('pools')?.cards ?? []
  return (
    <section class="problems">
      <h2>libvirt’s error{answer.culprit && `, caused by ${answer.culprit}`}</h2>
      <pre>error: {answer.error}</pre>
      {pools.length > 1 && route.pool === undefined && (
        <p>
          Each pool has its own baseline:{' '}
          {pools.map(({ label }) => (
            <button type="button" class="feature" key={label} onClick={() => navigate({ pool: `=${label}` })}>
              {label || 'no pool'}
            </button>
          ))}
        </p>
      )}
      {route.best !== 'yes' && (
        <p>Select “improve on libvirt’s answer” to get a baseline for hosts of several vendors.</p>
      )}
    </section>
  )
}

/** The CPU in the format of one program. */
const Definition = ({ name, text, unsaid }: WrittenCpu) => (
  <section class="definition">
    <h2>
      {name} {text && <CopyButton text={text} what={name} />}
    </h2>
    {text && <pre tabIndex={0}>{text.startsWith('-cpu') ? allowBreaks(text) : text}</pre>}
    {unsaid.map(one => (
      <p class="unsaid" key={one}>
        <b>Not expressed:</b> {one}
      </p>
    ))}
  </section>
)

/** Allows a line break after each comma, but not within a name. */
const allowBreaks = (text: string) =>
  text.split(/(?<=,)/).map(part => (
    <>
      <span class="whole">{part}</span>
      <wbr />
    </>
  ))

const Notes = ({ list }: { readonly list: readonly string[] }) =>
  list.length > 0 && (
    <section aria-labelledby="notes">
      <h2 id="notes">Notes</h2>
      <ul class="plain">
        {list.map(note => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </section>
  )

interface ModelsProps {
  readonly list: readonly ModelRow[]
  readonly select: (model: string) => void
}

const Models = ({ list, select }: ModelsProps) =>
  list.length > 0 && (
    <section aria-labelledby="models">
      <h2 id="models">Models for this baseline</h2>
      <ul class="models">
        {list.map(({ model, why, added, disabled, needs }) => (
          <li key={model}>
            <button type="button" onClick={() => select(model)} title={`Define the baseline with ${model}`}>
              {model}
            </button>
            <span>{why}</span>
            <span class="faint">
              {formatCount(added, 'feature')} added, {disabled} disabled · {needs}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )

/** Up to this many groups of lost features are open. */
const MAX_OPEN = 5

const Lost = ({ list }: { readonly list: NonNullable<BaselineDisplay['lost']> }) => (
  <section aria-labelledby="lost">
    <h2 id="lost">{list.length === 0 ? 'No features are lost' : 'Features that guests lose'}</h2>
    {list.map(({ hosts, features }) => (
      <details key={hosts.join('\n')} open={list.length <= MAX_OPEN}>
        <summary>
          {formatCount(features.length, 'feature')} missing on {formatNames(hosts)}
        </summary>
        <FeatureList list={features} />
      </details>
    ))}
  </section>
)
