import type { BaselineAnswer } from '../../shared/answers.ts'
import type { ViewProps } from '../app.tsx'
import { scopeOf } from '../header.tsx'
import { Copy, Features, Finding, plural, Toggle } from '../parts.tsx'
import { useAnswer } from '../use-answer.ts'

export function BaselineView({ place, go }: ViewProps) {
  const options = {
    expand: place.expand === 'yes',
    migratable: place.migratable === 'yes',
    best: place.best === 'yes',
    onModel: place.on ?? '',
  }
  const answer = useAnswer('baseline', scopeOf(place), options)
  const pools = useAnswer('pools')?.cards ?? []
  if (!answer) return <Finding title={undefined} />
  const toggle = (name: 'expand' | 'migratable' | 'best') => (on: boolean) =>
    go({ [name]: on ? 'yes' : undefined }, 'replace')
  return (
    <>
      <Finding title={answer.title}>{answer.cpu?.why}</Finding>
      <div class="controls">
        <Toggle on={options.migratable} set={toggle('migratable')}>
          only what can be migrated
        </Toggle>
        <Toggle on={options.expand} set={toggle('expand')}>
          spell out the model
        </Toggle>
        <Toggle on={options.best} set={toggle('best')}>
          better than libvirt where it can be
        </Toggle>
        {options.onModel && (
          <button type="button" onClick={() => go({ on: undefined }, 'replace')}>
            Let libvirt choose the model
          </button>
        )}
      </div>
      {answer.error !== undefined && (
        <section class="faults">
          <h2>libvirt’s answer{answer.culprit && `, about ${answer.culprit}`}</h2>
          <pre>error: {answer.error}</pre>
          {pools.length > 1 && place.pool === undefined && (
            <p>
              Each pool has one of its own:{' '}
              {pools.map(({ label }) => (
                <button type="button" class="feature" key={label} onClick={() => go({ pool: `=${label}` })}>
                  {label || 'no pool'}
                </button>
              ))}
            </p>
          )}
          {!options.best && <p>“Better than libvirt” answers hosts of several vendors with a CPU of none.</p>}
        </section>
      )}
      <div class="baseline">
        {answer.cpu?.written.slice(0, 1).map(one => (
          <Written key={one.name} {...one} />
        ))}
        <Beside {...{ answer }} on={model => go({ on: model }, 'replace')} />
      </div>
    </>
  )
}

/** Lines may end behind each comma, not within a name. */
const wrappable = (text: string) =>
  text.split(/(?<=,)/).map(part => (
    <>
      <span class="whole">{part}</span>
      <wbr />
    </>
  ))

/** The CPU in some program's words. */
const Written = ({ name, text }: { readonly name: string; readonly text: string }) => (
  <section class="written">
    <h2>
      {name} <Copy text={text} what={name} />
    </h2>
    <pre tabIndex={0}>{text.startsWith('-cpu') ? wrappable(text) : text}</pre>
  </section>
)

function Beside({ answer, on }: { readonly answer: BaselineAnswer; readonly on: (model: string) => void }) {
  return (
    <div class="beside">
      {answer.cpu?.written.slice(1).map(one => (
        <Written key={one.name} {...one} />
      ))}
      {answer.notes.length > 0 && (
        <section aria-labelledby="notes">
          <h2 id="notes">Notes</h2>
          <ul class="plain">
            {answer.notes.map(note => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </section>
      )}
      {answer.models.length > 0 && (
        <section aria-labelledby="models">
          <h2 id="models">Models to write it with</h2>
          <ul class="models">
            {answer.models.map(({ model, why, added, disabled, needs }) => (
              <li key={model}>
                <button type="button" onClick={() => on(model)} title={`The baseline on ${model}`}>
                  {model}
                </button>
                <span>{why}</span>
                <span class="faint">
                  {added} to add, {disabled} to disable · {needs}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="lost">
        <h2 id="lost">{answer.lost.length === 0 ? 'Nothing is lost' : 'What guests lose, and to whom'}</h2>
        {answer.lost.map(({ hosts, features }) => (
          <details key={hosts.join('\n')} open={answer.lost.length < 6}>
            <summary>
              {plural(features.length, 'feature')} not on {few(hosts)}
            </summary>
            <Features list={features} />
          </details>
        ))}
      </section>
    </div>
  )
}

const few = (names: readonly string[]): string =>
  names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
